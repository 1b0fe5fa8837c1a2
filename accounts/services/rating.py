"""Ratings of accounts on profile parameters (K092, K095)."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.choices import Area, Confidence
from accounts.models import Account, ProfileParameter, Rating
from accounts.models.profile import LEAST_SAMPLE
from accounts.services.followed import ANY, RowsError, changed_meanwhile, lock_for, supersede
from accounts.services.parameter import value_problem
from kam.access.dates import business_today
from kam.changes.errors import field_error
from teams.models import User

RATING_FIELDS = (
    "account",
    "parameter",
    "value",
    "choice",
    "sample",
    "source",
    "confidence",
    "rated_on",
)
SAID = ("value", "choice", "sample", "source", "confidence", "rated_on")


class Rated(NamedTuple):
    """A rating that somebody gives; without `value` and `choice` it takes back what stands.

    `before` is the key of the rating that they read (None: there was none): where another one
    stands by now, theirs is refused. `ANY` asks nothing.
    """

    account: Account
    parameter: ProfileParameter
    value: Decimal | None = None
    choice: str = ""
    sample: int | None = None
    source: str = ""
    confidence: str = Confidence.ASSUMED
    rated_on: datetime.date | None = None
    before: int | None = ANY

    @property
    def says_nothing(self) -> bool:
        """Whether it takes back what stands."""
        return self.value is None and not self.choice


@transaction.atomic
def give_ratings(*, actor: User, ratings: Sequence[Rated]) -> list[Rating]:
    """Record ratings, all or none: for who edits the accounts. Returns the new rows; what says
    nothing new leaves none, and of two for the same cell the later one counts.

    Raises PermissionDenied or `RowsError`: off the scale, a parameter that does not hold for the
    account's channel, an audience of fewer than `LEAST_SAMPLE` people, a day to come, changed by
    somebody else meanwhile.
    """
    accounts = {given.account.pk for given in ratings}
    lock_for(actor, accounts)
    ratings = _with_fresh_parameters(ratings)
    rows = Rating.objects.filter(superseded_at=None, account__in=accounts)
    present = {(row.account_id, row.parameter_id): row for row in rows}
    today = business_today()
    wanted = {(given.account.pk, given.parameter.pk): given for given in ratings}
    refusals = []
    for place, given in enumerate(ratings):
        before = present.get((given.account.pk, given.parameter.pk))
        error = problem_with(given, today) or changed_meanwhile("value", given.before, before)
        if error is not None:
            refusals.append((place, error))
    if refusals:
        raise RowsError(refusals)
    news = []
    for key, given in wanted.items():
        before = present.get(key)
        row = _row(actor, given, today)
        is_new = before is None or any(getattr(before, name) != getattr(row, name) for name in SAID)
        stood = before is not None and (before.value is not None or before.choice)
        if is_new and (stood or not given.says_nothing):
            news.append((row, before))
    return supersede(actor=actor, rows=news, fields=RATING_FIELDS)


def give_rating(*, actor: User, given: Rated) -> Rating:
    """Record one rating, as `give_ratings`; returns the one in force, which may be an earlier one
    that says the same. Raises ValidationError where there is nothing to take back."""
    made = give_ratings(actor=actor, ratings=[given])
    if made:
        return made[0]
    rows = Rating.objects.filter(
        superseded_at=None, account=given.account, parameter=given.parameter
    )
    row = rows.first()
    if row is None:
        raise field_error("value", _("There is no rating to take back."), "nothing")
    return row


def problem_with(given: Rated, today: datetime.date) -> ValidationError | None:
    """What is wrong with a rating by itself; None if nothing is."""
    account, parameter = given.account, given.parameter
    if account.is_archived:
        return field_error("account", _("It is archived: restore it first."), "archived")
    if parameter.programme_id != account.programme_id or parameter.is_archived:
        return field_error("parameter", _("The account is not rated on it."), "foreign")
    if not holds_for(parameter, account):
        words = _("It is asked in the channel %(channel)s only.")
        told = words % {"channel": parameter.channel}
        return field_error("parameter", told, "channel")
    if given.rated_on and given.rated_on > today:
        return field_error("rated_on", _("That day is still to come."), "future")
    if given.confidence not in Confidence.values:
        return field_error("confidence", _("Choose from the list."), "choice")
    if parameter.area != Area.AUDIENCE:
        if given.sample is not None:
            words = _("Only figures on an audience count people.")
            return field_error("sample", words, "audience")
    elif given.sample is not None and given.sample < LEAST_SAMPLE:
        words = _("A figure on fewer than %(count)d people tells about single ones.")
        return field_error("sample", words % {"count": LEAST_SAMPLE}, "few")
    return value_problem(parameter, given.value, given.choice)


def holds_for(parameter: ProfileParameter, account: Account) -> bool:
    """Whether accounts of this channel are rated on `parameter`."""
    if parameter.channel is None:
        return True
    mine = account.channel.path if account.channel else ""
    return mine.startswith(parameter.channel.path)


def _with_fresh_parameters(ratings: Sequence[Rated]) -> list[Rated]:
    """`ratings` on scales as they stand now, locked: nobody narrows one meanwhile."""
    locked = ProfileParameter.objects.select_for_update(of=("self",), no_key=True).order_by("pk")
    fresh = locked.select_related("channel").in_bulk({given.parameter.pk for given in ratings})
    return [given._replace(parameter=fresh[given.parameter.pk]) for given in ratings]


def _row(actor: User, given: Rated, today: datetime.date) -> Rating:
    return Rating(
        account=given.account,
        parameter=given.parameter,
        value=given.value,
        choice=given.choice,
        sample=None if given.says_nothing else given.sample,
        source=given.source.strip(),
        confidence=given.confidence,
        rated_on=given.rated_on or today,
        rated_by=actor,
    )
