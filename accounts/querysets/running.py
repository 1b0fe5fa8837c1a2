"""What the programme spends and changes, and candidates that are being looked into."""

from __future__ import annotations

import datetime
from typing import Any, Self

from django.apps import apps
from django.db.models import Exists, F, OuterRef, Q

from accounts.querysets.hanging import TrackedHangingQuerySet
from kam.access.querysets import Reader
from kam.changes.querysets import TrackedQuerySet
from teams.querysets import ProgrammeScopedQuerySet


class QualificationQuerySet(TrackedHangingQuerySet):
    """Candidates that are being looked into, or were (K063)."""

    def undecided(self) -> Self:
        """Those about which nobody has said go or no-go."""
        return self.active().filter(verdict="")

    def due(self, today: datetime.date) -> Self:
        """Undecided ones past their deadline or their cap."""
        return self.undecided().filter(Q(deadline__lt=today) | Q(spent__gt=F("cap")))

    def with_rights_of(self, user: Reader) -> Self:
        """Annotates `may_edit` and `may_decide`; at an archived account nobody does."""
        accounts: Any = apps.get_model("accounts.Account")._default_manager.all()
        own = accounts.active().filter(pk=OuterRef("account")).order_by()
        return self.annotate(
            may_edit=Exists(own.editable_by(user)), may_decide=Exists(own.confirmable_by(user))
        )

    def for_list(self) -> Self:
        """All that lists show, the undecided first by their deadline."""
        return self.select_related("account", "decided_by").order_by("verdict", "deadline", "pk")


class BudgetLineQuerySet(ProgrammeScopedQuerySet, TrackedQuerySet):
    """Budget: of an account for whoever sees it, of the programme for whoever reads all of it."""

    def visible_to(self, user: Reader) -> Self:
        """Lines that `user` may see."""
        accounts: Any = apps.get_model("accounts.Account")._default_manager.all()
        programmes: Any = apps.get_model("teams.Programme")._default_manager.all()
        shown = accounts.visible_to(user).order_by().values("pk")
        whole = programmes.read_whole_by(user).order_by().values("pk")
        return self.filter(Q(account__in=shown) | Q(account=None, programme__in=whole))

    def for_list(self) -> Self:
        """All that lists show."""
        related = self.select_related("programme", "account")
        return related.order_by("-year", "account__name", "cost_type", "pk")


class OrganisationChangeQuerySet(ProgrammeScopedQuerySet, TrackedQuerySet):
    """Changes in the programme's organisation, pay among them: for whoever reads all of it."""

    def visible_to(self, user: Reader) -> Self:
        """Changes of programmes that `user` reads as a whole."""
        programmes: Any = apps.get_model("teams.Programme")._default_manager.all()
        return self.filter(programme__in=programmes.read_whole_by(user).order_by().values("pk"))

    def unassessed(self) -> Self:
        """Those of which nobody has said what they do to accounts."""
        return self.active().filter(Q(impact="") | Q(risk=""))

    def for_list(self) -> Self:
        """All that lists show, the latest first."""
        return self.select_related("programme", "assessed_by").order_by("-effective_on", "-pk")
