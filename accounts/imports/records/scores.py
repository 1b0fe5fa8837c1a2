"""The score sheet as a file: what `accounts.exports.scores` hands out comes in again (K062)."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from typing import Any, ClassVar

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.choices import Confidence, Horizon
from accounts.imports.directory import spoken
from accounts.imports.records.customers import (
    ACCOUNT_FIELDS,
    BLAMED,
    REASONS,
    SYSTEM_OPTION,
    unknown_option,
)
from accounts.imports.records.followed import FollowedKind, FollowedSession, Following
from accounts.models import Account, CriteriaSet, Score
from accounts.querysets import AccountQuerySet
from accounts.scoring.holding import criteria_on
from accounts.services.scoring import Given, place_accounts, problem_with
from kam.access.dates import business_today
from kam.imports.kinds import Field
from kam.imports.models import Run, StagedRecord
from kam.imports.parts import batched
from kam.imports.records import Cells, Wanted
from kam.imports.refusal import Refused

PART = 500
"""Accounts whose positions are worked out together."""
AGREED, OWN = "agreed", "own"
FOLLOWING = Following(Score, "account", "code", "horizon", "scorer")
SAID = ("value", "confidence", "evidence", "customer_said")
FIELDS = (
    *ACCOUNT_FIELDS,
    Field("criterion", gettext_lazy("Criterion, code"), "text", ("code", "criterion code")),
    Field("score", gettext_lazy("Score"), "number", ("value", "points", "rating")),
    Field(
        "horizon",
        gettext_lazy("Horizon"),
        "text",
        (),
        gettext_lazy("today or year3; empty: today"),
    ),
    Field(
        "whose",
        gettext_lazy("Whose score"),
        "text",
        ("whose",),
        gettext_lazy("agreed or own (yours); empty: agreed"),
    ),
    Field("confidence", gettext_lazy("Confidence"), "text", ("certainty",)),
    Field("evidence", gettext_lazy("Evidence"), "text", ("reason", "comment", "source")),
    Field("customer_said", gettext_lazy("The customer said so"), "text", ("customer said",)),
    Field("scored_on", gettext_lazy("Scored on"), "date", ("date",)),
)


class ScoresKind(FollowedKind):
    """Scores of accounts, agreed ones and the importing person's own."""

    name: ClassVar = "scores"
    label: ClassVar = gettext_lazy("Scores")
    seen_at: ClassVar = (gettext_lazy("See the scores"), "accounts:scores")
    model: ClassVar = Score
    following: ClassVar = FOLLOWING
    by_parts: ClassVar = True
    fields: ClassVar = FIELDS
    options: ClassVar = (unknown_option("reject"), SYSTEM_OPTION)
    blamed: ClassVar = {
        **BLAMED,
        "no_criterion": ("criterion",),
        "bad_code": ("criterion",),
        "bad_value": ("score",),
        **{f"bad_{field.name}": (field.name,) for field in FIELDS},
    }
    shown: ClassVar = (
        gettext_lazy("Account"),
        gettext_lazy("Criterion"),
        gettext_lazy("Horizon"),
        gettext_lazy("Score"),
    )
    previewed: ClassVar = ("account_name/account", "criterion", "horizon", "score")
    numeric: ClassVar = frozenset({3})

    def problems(self, mapping: Iterable[str]) -> list[str]:
        """Account, criterion and score."""
        given = set(mapping)
        missing = super().problems(given)
        if "criterion" not in given:
            missing.append(_("Say which column holds the code of the criterion."))
        if "score" not in given:
            missing.append(_("Say which column holds the score."))
        return missing

    def open(self, run: Run) -> ScoresSession:
        """Begin a pass over scores."""
        return ScoresSession(run)

    def publish(self, run: Run) -> None:
        """Scores count; positions follow."""
        super().publish(run)
        _place(run)

    def withdraw(self, run: Run, actor_id: int) -> None:
        """Scores count no longer, those before them do."""
        super().withdraw(run, actor_id)
        _place(run)


def _place(run: Run) -> None:
    """Work out the positions of all accounts that the run scores anew."""
    staged = StagedRecord.objects.filter(run=run).order_by("row")
    pks = sorted({item.after["account"] for item in staged.iterator() if "account" in item.after})
    for part in batched(pks, PART):
        rows = Account.objects.filter(pk__in=part).order_by("pk")
        place_accounts(rows.select_for_update(of=("self",), no_key=True), business_today())


class ScoresSession(FollowedSession):
    """One pass over scores."""

    model: ClassVar = Score
    following: ClassVar = FOLLOWING
    said: ClassVar = SAID
    reasons: ClassVar = {**REASONS, "no_criterion": gettext_lazy("names no criterion")}

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        own = CriteriaSet.objects.filter(programme=run.scope_id).exclude(account=None)
        pks = own.order_by().values_list("account", flat=True)
        self.today = business_today()
        self.held = criteria_on(run.scope_id, self.today, pks)
        self.horizons, self.confidences = spoken(Horizon), spoken(Confidence)

    def rights(self, accounts: AccountQuerySet) -> AccountQuerySet:
        """Accounts whose scores the run's owner may agree on."""
        return accounts.editable_by(self.run.owner)

    def read(self, cells: Cells) -> Wanted:
        """The score of a row."""
        account: Any = self.account(cells)
        code = cells.text("criterion")
        if not code:
            raise Refused("no_criterion")
        whose = cells.choice("whose", {AGREED: AGREED, OWN: OWN}) or AGREED
        said = cells.choice("customer_said", {"yes": True, "no": False, "1": True, "0": False})
        values: dict[str, Any] = {
            "account": account,
            "code": code,
            "horizon": cells.choice("horizon", self.horizons) or Horizon.TODAY.value,
            "scorer": self.run.owner_id if whose == OWN else None,
            "value": cells.whole("score"),
            "confidence": cells.choice("confidence", self.confidences) or Confidence.ASSUMED.value,
            "evidence": cells.text("evidence"),
            "customer_said": bool(said),
            "scored_on": self._day(cells.date("scored_on")),
            "scored_by": self.run.owner_id,
        }
        called = self.called.get(account, account)
        return Wanted(((called, code, values["horizon"], values["scorer"]),), values)

    def _day(self, day: datetime.date | None) -> datetime.date:
        if day is not None and day > self.today:
            raise Refused("bad_scored_on", _("has a day that is still to come"))
        return day or self.today

    def check(self, wanted: Wanted, obj: Any) -> None:
        """What holds for a score that somebody types."""
        values = wanted.values
        if obj is not None or values["value"] is None:
            return
        account = values["account"]
        pk = account if isinstance(account, int) else 0
        said = {name: values[name] for name in ("horizon", *SAID)}
        error = problem_with(Given(Account(pk=pk), values["code"], **said), None, self.held)
        if error is not None:
            raise error
