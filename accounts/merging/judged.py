"""Rules for what people judged and decided about accounts: scores, decisions, expectations."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.merging.rules import Joining, Rule, Stays


class Followed(Rule):
    """Rows of which one is in force for each of `keys`: the one of the account that stays goes on,
    the other becomes past, and both histories are one."""

    def __init__(self, relation: str, *keys: str, words: Any = "") -> None:
        super().__init__(relation, words=words)
        self.keys = keys

    def carry(self, joining: Joining) -> None:
        standing = self.rows(joining.survivor.pk).filter(superseded_at=None)
        taken = {self._key(row) for row in standing}
        for row in self.rows(joining.loser.pk).filter(superseded_at=None).order_by("pk"):
            if self._key(row) in taken:
                joining.journal.change(row, {"superseded_at": timezone.now()})
        rows = self.moving(joining)
        joining.journal.move(rows, self.field, joining.survivor.pk, quiet=self.quiet)

    def moving(self, joining: Joining) -> QuerySet:
        """Rows that go to the account that stays."""
        return self.rows(joining.loser.pk)

    def _key(self, row: Any) -> tuple[Any, ...]:
        return tuple(getattr(row, name) for name in self.keys)


class OfRuns(Followed):
    """Decisions: where one run led to a decision about both, each keeps its own, so that the run
    goes on telling what came of it."""

    def moving(self, joining: Joining) -> QuerySet:
        """Decisions but those of runs that decided about both."""
        held = self.rows(joining.survivor.pk).exclude(selection=None).order_by()
        return super().moving(joining).exclude(selection__in=held.values("selection"))


class OneOpen(Rule):
    """Rows of which an account has one that is open: that of the account that stays goes on, the
    other is archived."""

    def carry(self, joining: Joining) -> None:
        standing = joining.survivor.pk
        if any(row.is_open for row in self.rows(standing)):
            for row in self.rows(joining.loser.pk).order_by("pk"):
                if row.is_open:
                    joining.journal.change(row, {"archived_at": timezone.now()})
        super().carry(joining)


OF_ACCOUNTS = (
    Followed("accounts.Score.account", "code", "horizon", "scorer_id", words=_("scores")),
    OfRuns("accounts.Decision.account", words=_("decisions")),
    Rule("accounts.Expectation.account", words=_("expectation records")),
    Followed("accounts.Rating.account", "parameter_id", words=_("ratings")),
    Followed("accounts.Target.account", "brand_id", words=_("places on target lists")),
    Followed("accounts.ProfileEntry.account", "field", words=_("profile entries")),
    Rule("accounts.PreferredBenefit.account"),
    Rule("accounts.SuccessFactor.account"),
    OneOpen("accounts.Qualification.account", words=_("qualifications")),
    OneOpen("accounts.ReturnCase.account", words=_("bases of the return")),
    Rule("accounts.BudgetLine.account", words=_("budget lines")),
    Stays("accounts.Position.account", "is worked out from the scores that it has"),
    Stays("accounts.CriteriaSet.account", "its own weights were those of this customer"),
)
"""Rules for rows that point to an account."""
