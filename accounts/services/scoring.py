"""Scores of accounts, and the positions that follow from them (K062; handbook 3.1-3.3)."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.choices import Confidence, Horizon
from accounts.models import Account, Position, Score
from accounts.scoring.criteria import CUSTOMER_SAID, HIGHEST, MIDDLE
from accounts.scoring.holding import Criteria, criteria_on
from accounts.scoring.index import index
from accounts.selection.problem import SIX_PLACES
from accounts.services.refusals import RefusalsError
from kam.access.dates import business_today
from kam.changes import record
from kam.changes.errors import field_error
from teams.models import User

PART = 500
"""Accounts whose positions are worked out together."""


ANY = -1
"""Whatever the score was before."""


class Given(NamedTuple):
    """A score that somebody gives: 0..10, or None to take it back.

    `before` is the score that they read (None: there was none): where it is another one by now,
    theirs is refused. `ANY` asks nothing.
    """

    account: Account
    code: str
    value: int | None
    horizon: str = Horizon.TODAY
    is_agreed: bool = True
    confidence: str = Confidence.ASSUMED
    evidence: str = ""
    customer_said: bool = False
    before: int | None = ANY


@transaction.atomic
def give_scores(
    *, actor: User, scores: Sequence[Given], on: datetime.date | None = None
) -> list[Score]:
    """Record scores, all or none; what says nothing new leaves no row. Returns the new rows.

    An agreed score is of whoever edits the account, one's own of whoever contributes to it. The
    customer's view (A10) above 5 needs evidence from the customer (K046). Of two for the same cell
    the later one counts. A few queries for any number of scores. Raises PermissionDenied, or
    `RefusalsError`: unknown criterion, no whole number 0..10, changed by somebody else meanwhile.
    """
    today = on or business_today()
    locked = Account.objects.select_for_update(of=("self",), no_key=True).order_by("pk")
    accounts = locked.in_bulk({given.account.pk for given in scores})
    _check_rights(actor, scores)
    scores = [given._replace(account=accounts[given.account.pk]) for given in scores]
    criteria = _criteria(accounts.values(), today)
    present = _present(accounts, actor)
    wanted = {_key(given, actor): given for given in scores}
    refusals = []
    for place, given in enumerate(scores):
        before = present.get(_key(given, actor))
        error = problem_with(given, before, criteria[given.account.programme_id])
        if error is not None:
            refusals.append((place, error))
    if refusals:
        raise RefusalsError(refusals)
    news = [
        (given, before)
        for given, before in ((given, present.get(key)) for key, given in wanted.items())
        if (before or given.value is not None) and _says(before) != _told(given)
    ]
    rows = _store(actor, news, today)
    place_accounts([accounts[pk] for pk in {row.account_id for row in rows}], today)
    return rows


def give_score(*, actor: User, given: Given) -> Score:
    """Record one score, as `give_scores`; returns the one in force, which may be an earlier one
    that says the same. Raises ValidationError where there is nothing to take back."""
    made = give_scores(actor=actor, scores=[given])
    if made:
        return made[0]
    rows = Score.objects.filter(superseded_at=None, account=given.account, code=given.code)
    scorer = None if given.is_agreed else actor
    row = rows.filter(horizon=given.horizon, scorer=scorer).first()
    if row is None:
        raise field_error("value", _("There is no score to take back."), "nothing")
    return row


def place_accounts(accounts: Iterable[Account], on: datetime.date) -> int:
    """Write the positions of `accounts` (locked) anew where they changed; returns how many.

    Five queries for any number of accounts of one programme.
    """
    by_pk = {account.pk: account for account in accounts}
    if not by_pk:
        return 0
    criteria = _criteria(by_pk.values(), on)
    scores: dict[tuple[int, str], dict[str, int]] = defaultdict(dict)
    agreed = Score.objects.in_force().agreed().filter(account__in=by_pk).order_by()
    for pk, horizon, code, value in agreed.values_list("account", "horizon", "code", "value"):
        scores[pk, horizon][code] = value or 0
    standing = {
        (row.account_id, row.horizon): row
        for row in Position.objects.in_force().filter(account__in=by_pk)
    }
    found = [
        _position(account, horizon, scores[account.pk, horizon], criteria[account.programme_id], on)
        for account in by_pk.values()
        for horizon in Horizon.values
        if (account.pk, horizon) in scores or (account.pk, horizon) in standing
    ]
    new = [row for row in found if _differs(row, standing.get((row.account_id, row.horizon)))]
    over = [standing[key] for row in new if (key := (row.account_id, row.horizon)) in standing]
    pks = [row.pk for row in over]
    Position.objects.filter(pk__in=pks).update(superseded_at=timezone.now())
    Position.objects.bulk_create(new)
    return len(new)


def place_part(programme_id: int, after: int, on: datetime.date) -> tuple[int, int | None]:
    """Work out the positions of the next accounts of a programme that have scores, those with a
    key above `after`; returns how many moved, and the last key, None when there are no more."""
    scored = Score.objects.in_force().filter(account=OuterRef("pk")).order_by().values("pk")[:1]
    rows = Account.objects.filter(Exists(scored), programme=programme_id, pk__gt=after)
    locked = rows.select_for_update(of=("self",), no_key=True).order_by("pk")
    part = list(locked[:PART])
    return place_accounts(part, on), part[-1].pk if part else None


def _check_rights(actor: User, scores: Sequence[Given]) -> None:
    agreed = {given.account.pk for given in scores if given.is_agreed}
    own = {given.account.pk for given in scores} - agreed
    _refuse_unless(Account.objects.editable_by(actor), agreed)
    _refuse_unless(Account.objects.contributable_by(actor), own)


def _refuse_unless(allowed: Any, pks: Collection[int]) -> None:
    if pks and allowed.filter(pk__in=pks).count() < len(pks):
        raise PermissionDenied


def _criteria(accounts: Iterable[Account], on: datetime.date) -> dict[int, Criteria]:
    """What holds in each programme of `accounts`."""
    by_programme: dict[int, list[int]] = defaultdict(list)
    for account in accounts:
        by_programme[account.programme_id].append(account.pk)
    return {programme: criteria_on(programme, on, pks) for programme, pks in by_programme.items()}


def problem_with(given: Given, before: Score | None, criteria: Criteria) -> ValidationError | None:
    """What is wrong with a score that takes the place of `before`; None if nothing is."""
    if given.account.is_archived:
        return field_error("account", _("It is archived: restore it first."), "archived")
    known = {row.code for part in criteria.of(given.account.pk) for row in part.criteria}
    if given.code not in known:
        return field_error("code", _("There is no such criterion: %s.") % given.code, "unknown")
    if given.horizon not in Horizon.values:
        return field_error("horizon", _("Choose from the list."), "choice")
    if given.confidence not in Confidence.values:
        return field_error("confidence", _("Choose from the list."), "choice")
    if given.value is not None and not 0 <= given.value <= HIGHEST:
        return field_error("value", _("A score is a whole number from 0 to 10."), "range")
    needs = given.code == CUSTOMER_SAID and (given.value or 0) > MIDDLE
    if needs and not (given.customer_said and given.evidence.strip()):
        text = _("Above 5 it needs evidence from the customer: what did they say, and when?")
        return field_error("evidence", text, "customer")
    now = before.value if before else None
    if given.before not in (ANY, now) and given.value != now:
        shown = _("none") if now is None else now
        words = _("Somebody changed it to %(score)s meanwhile.") % {"score": shown}
        return field_error("value", words, "meanwhile")
    return None


def _key(given: Given, actor: User) -> tuple[int, str, str, int | None]:
    return given.account.pk, given.code, given.horizon, None if given.is_agreed else actor.pk


def _present(accounts: Collection[int], actor: User) -> dict[tuple[Any, ...], Score]:
    rows = Score.objects.filter(superseded_at=None, account__in=list(accounts))
    return {
        (row.account_id, row.code, row.horizon, row.scorer_id): row
        for row in rows.filter(Q(scorer=None) | Q(scorer=actor))
    }


NOTHING = (None, Confidence.ASSUMED.value, "", False)
"""What is said where there is no score."""


def _says(row: Score | None) -> tuple[Any, ...]:
    if row is None:
        return NOTHING
    return row.value, row.confidence, row.evidence, row.customer_said


def _told(given: Given) -> tuple[Any, ...]:
    return given.value, str(given.confidence), given.evidence, given.customer_said


def _store(
    actor: User, news: Sequence[tuple[Given, Score | None]], on: datetime.date
) -> list[Score]:
    """Put scores in the place of those that stood there, with a row of history each."""
    over = [before.pk for _given, before in news if before is not None]
    Score.objects.filter(pk__in=over).update(superseded_at=timezone.now())
    rows = [
        Score(
            account=given.account,
            code=given.code,
            horizon=given.horizon,
            scorer=None if given.is_agreed else actor,
            value=given.value,
            confidence=given.confidence,
            evidence=given.evidence,
            customer_said=given.customer_said,
            scored_on=on,
            scored_by=actor,
        )
        for given, _before in news
    ]
    for row in rows:
        row.clean_fields()
    Score.objects.bulk_create(rows, batch_size=500)
    log = [
        record.Logged(
            row,
            "scored",
            {"value": before.value if before else None},
            {"code": row.code, "horizon": row.horizon, "value": row.value},
        )
        for row, (_given, before) in zip(rows, news, strict=True)
    ]
    record.many(actor=actor, rows=log)
    return rows


def _position(
    account: Account, horizon: str, scores: dict[str, int], criteria: Criteria, on: datetime.date
) -> Position:
    worth, rank = criteria.of(account.pk)
    attractiveness, strength = index(worth.weights, scores), index(rank.weights, scores)
    return Position(
        account=account,
        horizon=horizon,
        attractiveness=_rounded(attractiveness.value),
        strength=_rounded(strength.value),
        attractiveness_scored=attractiveness.scored.quantize(SIX_PLACES),
        strength_scored=strength.scored.quantize(SIX_PLACES),
        is_provisional=attractiveness.is_provisional or strength.is_provisional,
        attractiveness_set_id=worth.pk,
        strength_set_id=rank.pk,
        computed_on=on,
    )


def _rounded(value: Decimal | None) -> Decimal | None:
    return None if value is None else value.quantize(SIX_PLACES)


COMPARED = (
    "attractiveness",
    "strength",
    "attractiveness_scored",
    "strength_scored",
    "attractiveness_set_id",
    "strength_set_id",
)


def _differs(row: Position, standing: Position | None) -> bool:
    return standing is None or any(
        getattr(row, name) != getattr(standing, name) for name in COMPARED
    )
