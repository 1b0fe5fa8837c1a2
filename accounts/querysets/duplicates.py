"""Who sees which pair of possible duplicates, and which merge."""

from __future__ import annotations

from typing import Any, Self

from django.db import models
from django.db.models import Exists, OuterRef, Q

from accounts.querysets.hanging import HangingQuerySet
from kam.access.once import asking_once
from kam.access.querysets import Reader, at_one_of, scope_model


class DuplicateQuerySet(models.QuerySet):
    """Pairs both sides of which somebody may see: of a pair with a hidden side nothing shows."""

    def visible_to(self, user: Reader) -> Self:
        """Pairs of accounts, or of people at accounts, that `user` may see."""
        return self._within("visible_to", user)

    def editable_by(self, user: Reader) -> Self:
        """Pairs on which `user` may decide that they are not the same: editor of both sides."""
        return self._within("editable_by", user)

    def mergeable_by(self, user: Reader) -> Self:
        """Pairs that `user` may merge: accounts are the programme manager's, people the account's
        editors'."""
        accounts = self._within("managed_by", user).filter(kind="account")
        people = self._within("editable_by", user).filter(kind="contact")
        return accounts | people

    def _within(self, method: str, user: Reader) -> Self:
        everybody: Any = scope_model()._default_manager.all()
        shown = getattr(everybody, method)(user).order_by().values("pk")
        return self.filter(account_a__in=shown, account_b__in=shown)

    def standing(self) -> Self:
        """Pairs of which neither side is archived: what is left to decide about."""
        return self.filter(
            Q(contact_a=None) | Q(contact_a__archived_at=None, contact_b__archived_at=None),
            account_a__archived_at=None,
            account_b__archived_at=None,
            account_a__staged_by=None,
            account_b__staged_by=None,
        )

    def of_run(self, run: int) -> Self:
        """Pairs with an account or a person that the import `run` has made."""
        models_of = self.model._meta.apps.get_model
        staged = models_of("accounts.StagedAccount").objects.filter(run=run, created=True)
        accounts = staged.order_by().values("account")
        records = models_of("imports.StagedRecord").objects.filter(run=run, created=True)
        people = records.order_by().values("object_id")
        made = Q(kind="account") & (Q(account_a__in=accounts) | Q(account_b__in=accounts))
        return self.filter(
            made | Q(kind="contact") & (Q(contact_a__in=people) | Q(contact_b__in=people))
        )

    def with_rights_of(self, user: Reader) -> Self:
        """Annotates `may_dismiss` and `may_merge`."""
        own = self.model._default_manager.filter(pk=OuterRef("pk")).order_by()
        return self.annotate(
            may_dismiss=Exists(own.editable_by(user)), may_merge=Exists(own.mergeable_by(user))
        )

    def for_list(self) -> Self:
        """All that the list of pairs shows, the likeliest first."""
        related = ("account_a", "account_b", "contact_a", "contact_b", "decided_by")
        return self.select_related(*related).order_by("-score", "pk")


class MergeQuerySet(HangingQuerySet):
    """Merges, for whoever sees the account that stays, and the one that was taken up: after a
    merge is taken back these may be different people."""

    def visible_to(self, user: Reader) -> Self:
        """Merges both sides of which `user` may see."""
        of_people = Q(loser=None)
        with asking_once():
            accounts: Any = scope_model()._default_manager.all().visible_to(user)
            seen = of_people | Q(at_one_of(accounts, "loser", user))
            return super().visible_to(user).filter(seen)

    def for_list(self) -> Self:
        """All that lists of merges show, the latest first."""
        related = ("account", "loser", "contact", "lost_contact", "merged_by", "undone_by")
        return self.select_related(*related).order_by("-pk")


class MergeStepQuerySet(HangingQuerySet):
    """What merges did."""

    account_path = "merge__account"
