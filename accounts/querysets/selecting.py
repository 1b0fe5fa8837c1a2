"""Criteria, scores, positions, selections and decisions."""

from __future__ import annotations

import datetime
from typing import Any, Self

from django.apps import apps
from django.db import models
from django.db.models import Q

from accounts.choices import Horizon
from accounts.querysets.hanging import HangingQuerySet
from accounts.scoring.index import LEAST_SCORED
from kam.access.querysets import Reader
from kam.changes.querysets import TrackedQuerySet
from teams.querysets import ProgrammeScopedQuerySet


class CriteriaSetQuerySet(ProgrammeScopedQuerySet):
    """Sets of criteria: known to all people of the programme; one of an account, to whoever sees
    that."""

    def visible_to(self, user: Reader) -> Self:
        """Sets of programmes and of accounts that `user` may see."""
        accounts: Any = apps.get_model("accounts.Account")._default_manager.all()
        shown = accounts.visible_to(user).order_by().values("pk")
        return super().visible_to(user).filter(Q(account=None) | Q(account__in=shown))

    def in_force(self, programme: int, kind: str, on: datetime.date) -> Self:
        """The programme's set of a kind on the day `on`, first; of two of one day the later."""
        rows = self.filter(programme=programme, account=None, kind=kind, valid_from__lte=on)
        return rows.order_by("-valid_from", "-number")

    def for_list(self) -> Self:
        """Sets with their criteria, the latest of each kind first."""
        related = ("programme", "account", "published_by")
        rows = self.select_related(*related).prefetch_related("criteria")
        return rows.order_by("-published_at", "-pk")


class ScoreQuerySet(HangingQuerySet):
    """Scores of accounts."""

    def in_force(self) -> Self:
        """Scores that no later one has superseded, without those taken back."""
        return self.filter(superseded_at=None).exclude(value=None)

    def agreed(self) -> Self:
        """What the group agreed on."""
        return self.filter(scorer=None)

    def for_list(self) -> Self:
        """Scores with account and people, latest first."""
        return self.select_related("account", "scorer", "scored_by").order_by("-scored_on", "-pk")


class PositionQuerySet(HangingQuerySet):
    """Positions in the matrix."""

    def in_force(self) -> Self:
        """Present positions."""
        return self.filter(superseded_at=None)

    def weighable(self) -> Self:
        """Present positions of today from which a selection may choose: enough of the weight of
        both indexes is scored (handbook 3.2)."""
        return self.in_force().filter(
            horizon=Horizon.TODAY,
            attractiveness_scored__gte=LEAST_SCORED,
            strength_scored__gte=LEAST_SCORED,
        )

    def known_on(self, day: datetime.date) -> Self:
        """The position of each account and horizon as the system knew it at the end of `day`."""
        later = self.model._default_manager.filter(
            account=models.OuterRef("account"),
            horizon=models.OuterRef("horizon"),
            computed_on__lte=day,
            pk__gt=models.OuterRef("pk"),
        )
        return self.filter(computed_on__lte=day).exclude(models.Exists(later))


class SelectionQuerySet(ProgrammeScopedQuerySet, TrackedQuerySet):
    """Selection runs: they weigh customers against each other, so that they are for whoever reads
    the whole programme."""

    def visible_to(self, user: Reader) -> Self:
        """Runs of programmes that `user` reads as a whole; names in them follow the accounts."""
        programmes: Any = apps.get_model("teams.Programme")._default_manager.all()
        return self.filter(programme__in=programmes.read_whole_by(user).order_by().values("pk"))

    def for_list(self) -> Self:
        """Runs without problem and answer, which may be large; latest first."""
        return (
            self.select_related("programme", "created_by", "decided_by", "job")
            .defer("problem", "result", "given", "marks")
            .order_by("-created_at", "-pk")
        )


class DecisionQuerySet(HangingQuerySet):
    """Decisions on accounts."""

    def in_force(self) -> Self:
        """The last decision on each account."""
        return self.filter(superseded_at=None)

    def for_list(self) -> Self:
        """Decisions with account, run and people, latest first."""
        related = ("account", "selection", "manager", "decided_by")
        return self.select_related(*related).order_by("-decided_on", "-pk")
