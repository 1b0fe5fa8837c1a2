"""The score sheet as a file: what `accounts.exports.scores` hands out comes in again (K062)."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.choices import Confidence, Horizon
from accounts.imports.records.customers import (
    ACCOUNT_FIELDS,
    BLAMED,
    REASONS,
    SYSTEM_OPTION,
    CustomerKind,
    CustomerSession,
    unknown_option,
)
from accounts.models import Account, CriteriaSet, Score
from accounts.querysets import AccountQuerySet
from accounts.scoring.holding import criteria_on
from accounts.services.scoring import Given, place_accounts, problem_with
from kam.access.dates import business_today
from kam.imports.kinds import Field, Outcome
from kam.imports.models import Run, StagedRecord
from kam.imports.parts import batched
from kam.imports.records import Cells, Wanted
from kam.imports.records.session import Judged
from kam.imports.refusal import Refused

PART = 500
"""Accounts whose positions are worked out together."""
AGREED, OWN = "agreed", "own"
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


def _words(choices: Any) -> dict[str, str]:
    """Value by its code and by its word, in small letters."""
    words = {str(item.label).casefold(): item.value for item in choices}
    return words | {item.value: item.value for item in choices}


class ScoresKind(CustomerKind):
    """Scores of accounts, agreed ones and the importing person's own."""

    name: ClassVar = "scores"
    label: ClassVar = gettext_lazy("Scores")
    seen_at: ClassVar = (gettext_lazy("See the scores"), "accounts:scores")
    model: ClassVar = Score
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

    def before_publishing(self, run: Run, part: list[StagedRecord]) -> None:
        """Scores that stand where new ones come are superseded."""
        accounts = Account.objects.select_for_update(of=("self",), no_key=True)
        list(accounts.filter(pk__in=_accounts_of(part)).order_by("pk"))
        standing = _standing(_accounts_of(part))
        over = [standing[key].pk for item in part if (key := _key(item.after)) in standing]
        Score.objects.filter(pk__in=over).update(superseded_at=timezone.now())

    def withdrawn(self, run: Run, part: list[StagedRecord]) -> None:
        """Where a score of the run stands, the one that was superseded last stands again."""
        mine = [item.object_id for item in part]
        standing = list(Score.objects.filter(pk__in=mine, superseded_at=None))
        rows = Score.objects.filter(pk__in=[row.pk for row in standing])
        rows.update(superseded_at=timezone.now())
        others = Score.objects.filter(account__in=_accounts_of(part)).exclude(pk__in=mine)
        past = others.exclude(superseded_at=None).order_by("superseded_at", "pk")
        former = {_key_of(row): row.pk for row in past}
        back = [former[key] for row in standing if (key := _key_of(row)) in former]
        Score.objects.filter(pk__in=back).update(superseded_at=None)

    def publish(self, run: Run) -> None:
        """Scores count; positions follow."""
        super().publish(run)
        _place(run)

    def withdraw(self, run: Run, actor_id: int) -> None:
        """Scores count no longer, those before them do."""
        super().withdraw(run, actor_id)
        _place(run)


def _accounts_of(part: Iterable[StagedRecord]) -> set[int]:
    return {item.after["account"] for item in part if "account" in item.after}


def _key(values: Any) -> tuple[Any, ...]:
    return values["account"], values["code"], values["horizon"], values["scorer"]


def _standing(accounts: Iterable[int]) -> dict[tuple[Any, ...], Score]:
    rows = Score.objects.filter(superseded_at=None, account__in=accounts).order_by()
    return {_key_of(row): row for row in rows}


def _key_of(row: Score) -> tuple[Any, ...]:
    return row.account_id, row.code, row.horizon, row.scorer_id


def _place(run: Run) -> None:
    """Work out the positions of all accounts that the run scores anew."""
    staged = StagedRecord.objects.filter(run=run).order_by("row")
    pks = sorted({item.after["account"] for item in staged.iterator() if "account" in item.after})
    for part in batched(pks, PART):
        rows = Account.objects.filter(pk__in=part).order_by("pk")
        place_accounts(rows.select_for_update(of=("self",), no_key=True), business_today())


class ScoresSession(CustomerSession):
    """One pass over scores. A row whose score is empty, or stands already, says nothing."""

    model: ClassVar = Score
    reasons: ClassVar = {**REASONS, "no_criterion": gettext_lazy("names no criterion")}

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        own = CriteriaSet.objects.filter(programme=run.scope_id).exclude(account=None)
        pks = own.order_by().values_list("account", flat=True)
        self.today = business_today()
        self.held = criteria_on(run.scope_id, self.today, pks)
        accounts = Account.objects.filter(programme=run.scope_id).order_by()
        self.known = _standing(accounts.values("pk"))  # type: ignore[arg-type]
        self.horizons, self.confidences = _words(Horizon), _words(Confidence)

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

    def find(self, wanted: Wanted) -> int | None:
        """The score that says the same; another one is superseded, not changed."""
        row = self.known.get(_key(wanted.values))
        if row is None or any(getattr(row, name) != wanted.values[name] for name in SAID):
            return None
        return row.pk

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

    def _decide(self, number: int, wanted: Wanted, obj: Any) -> Judged:
        judged = super()._decide(number, wanted, obj)
        says_nothing = obj is not None or wanted.values["value"] is None
        return judged._replace(changes={}) if says_nothing else judged

    def _count(self, outcome: Outcome, judged: Judged) -> None:
        if judged.changes:
            super()._count(outcome, judged)
        else:
            self.taken += 1
            outcome.unchanged += 1

    def store(self, outcome: Outcome) -> None:
        """Write down the scores that are new."""
        judged: Sequence[Judged] = outcome.payload
        outcome.payload = [item for item in judged if item.changes]
        super().store(outcome)
