"""How well accounts match what a brand looks for (K093), worked out by the database.

    match = weight of the parameters whose rating lies within the target
            / weight of all parameters that the target profile asks

A parameter that nobody has rated stays in the denominator: it is stated, and never counts as a
match. What could still be reached, were all unrated parameters within the target, is `possible`.
Worked example: location 40 wanted "city centre" or "station", footfall 35 wanted 4..5, guests of
18 to 30 years 25 wanted 30 % or more. An outlet in the city centre with a footfall of 3 and no
figure on its guests matches 40 / 100 = 40 %; 75 % is rated, 65 % could be reached.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import models
from django.db.models import Case, Exists, F, OuterRef, Q, Subquery, Sum, Value, When
from django.db.models.functions import Coalesce

from accounts.models import Account, ProfileParameter, Rating, Target, TargetProfile, TargetRange
from accounts.querysets import AccountQuerySet
from accounts.selection.problem import SIX_PLACES

POINTS = 100
"""Points of one unit of weight: weights have two places, so that sums of points are exact."""
MATCHED, NEAR = Decimal("0.75"), Decimal("0.5")
"""From here an outlet counts as fitting, or as near to it (project's choice)."""


class Match(NamedTuple):
    """What an account earns of the points of a target profile, and how many of them are rated."""

    earned: int
    rated: int
    whole: int

    @property
    def share(self) -> Decimal | None:
        """The match, 0..1; None where nothing is asked."""
        return self._of(self.earned)

    @property
    def rated_share(self) -> Decimal | None:
        """How much of the weight is rated, 0..1."""
        return self._of(self.rated)

    @property
    def possible(self) -> Decimal | None:
        """The match, were everything unrated within the target, 0..1."""
        return self._of(self.earned + self.whole - self.rated)

    def _of(self, points: int) -> Decimal | None:
        return Decimal(points) / Decimal(self.whole) if self.whole else None


class Verdict(NamedTuple):
    """One parameter of a target profile at an account; `rating` None: nobody has rated it."""

    wanted: TargetRange
    rating: Rating | None
    fits: bool

    @property
    def state(self) -> str:
        """`fits`, `misses` or `unrated`."""
        if self.rating is None:
            return "unrated"
        return "fits" if self.fits else "misses"


class Wish(NamedTuple):
    """Accounts rated from `at_least` to `at_most`, or as one of `choices`, on a parameter."""

    parameter: ProfileParameter
    at_least: Decimal | None = None
    at_most: Decimal | None = None
    choices: tuple[str, ...] = ()

    @property
    def condition(self) -> Q:
        """Of ratings."""
        return _within(self.parameter.pk, self.at_least, self.at_most, self.choices)


def points_of(row: TargetRange) -> int:
    """Points that a parameter is worth."""
    return int(row.weight * POINTS)


def within(row: TargetRange) -> Q:
    """Ratings that lie within what a target profile wants on one parameter; both ends belong."""
    return _within(row.parameter_id, row.at_least, row.at_most, row.wanted)


def _within(
    parameter: int, at_least: Decimal | None, at_most: Decimal | None, choices: Sequence[str]
) -> Q:
    if choices:
        return Q(parameter=parameter, choice__in=list(choices))
    condition = Q(parameter=parameter, value__isnull=False)
    if at_least is not None:
        condition &= Q(value__gte=at_least)
    if at_most is not None:
        condition &= Q(value__lte=at_most)
    return condition


def earned_by(rows: Sequence[TargetRange]) -> Case:
    """Points that a rating earns: those of its parameter within the target, else none."""
    return Case(
        *(When(within(row), then=Value(points_of(row))) for row in rows),
        default=Value(0),
        output_field=models.IntegerField(),
    )


def worth_of(rows: Sequence[TargetRange]) -> Case:
    """Points that stand on the parameter of a rating, whatever it says."""
    return Case(
        *(When(parameter=row.parameter_id, then=Value(points_of(row))) for row in rows),
        default=Value(0),
        output_field=models.IntegerField(),
    )


def asked_of(profile: TargetProfile, accounts: AccountQuerySet) -> AccountQuerySet:
    """Those of `accounts` that a target profile speaks of: active ones in its channel."""
    rows = accounts.active().filter(programme=profile.programme_id)
    return (
        rows
        if profile.channel is None
        else rows.filter(channel__path__startswith=profile.channel.path)
    )


def ranked(profile: TargetProfile, accounts: AccountQuerySet) -> AccountQuerySet:
    """Accounts that a target profile speaks of, best match first; of equal ones that of which more
    is rated. Annotates `earned` and `rated` (points), and `target_status` and `target_since` of
    the brand's target list."""
    rows = list(profile.ranges.all())
    mine = Rating.objects.in_force().filter(
        account=OuterRef("pk"), parameter__in=[row.parameter_id for row in rows]
    )
    listed = Target.objects.in_force().filter(account=OuterRef("pk"), brand=profile.brand_id)
    listed = listed.order_by()
    return (
        asked_of(profile, accounts)
        .select_related("channel")
        .annotate(
            earned=_sum(mine, earned_by(rows)) if rows else Value(0),
            rated=_sum(mine, worth_of(rows)) if rows else Value(0),
            target_status=Coalesce(Subquery(listed.values("status")[:1]), Value("")),
            target_since=Subquery(listed.values("since")[:1]),
        )
        .order_by(F("earned").desc(), F("rated").desc(), "name", "pk")
    )


def _sum(ratings: models.QuerySet, points: Case) -> Coalesce:
    found = ratings.order_by().values("account").annotate(points=Sum(points)).values("points")
    return Coalesce(Subquery(found), Value(0), output_field=models.IntegerField())


def match_of(profile: TargetProfile, account: Any) -> Match:
    """The match of an account of `ranked`."""
    whole = sum(points_of(row) for row in profile.ranges.all())
    return Match(account.earned, account.rated, whole)


def judged(ratings: models.QuerySet, profiles: Iterable[TargetProfile]) -> models.QuerySet:
    """Annotates `ratings` with `fits_<range>` for every range of `profiles`: whether they lie
    within."""
    wanted = [row for profile in profiles for row in profile.ranges.all()]
    inside = {
        f"fits_{row.pk}": Case(
            When(within(row), then=True), default=False, output_field=models.BooleanField()
        )
        for row in wanted
    }
    return ratings.annotate(**inside)


def verdicts(
    profiles: Iterable[TargetProfile],
    accounts: Iterable[Account],
    ratings: Iterable[Rating] | None = None,
) -> Mapping[tuple[int, int], list[Verdict]]:
    """What each of `accounts` is on each parameter of each of `profiles`, by the keys of both:
    one query, none where `ratings` in force were `judged` before."""
    asked, known = list(profiles), list(accounts)
    rows = ratings
    if rows is None:
        rows = judged(Rating.objects.in_force().filter(account__in=known).order_by(), asked)
    found = {(row.account_id, row.parameter_id): row for row in rows} if asked and known else {}
    return {
        (profile.pk, account.pk): [
            Verdict(
                row,
                rating := found.get((account.pk, row.parameter_id)),
                rating is not None and getattr(rating, f"fits_{row.pk}"),
            )
            for row in profile.ranges.all()
        ]
        for profile in asked
        for account in known
    }


def summed(rows: Iterable[Verdict]) -> Match:
    """The match of one account from its verdicts."""
    known = list(rows)
    return Match(
        sum(points_of(row.wanted) for row in known if row.fits),
        sum(points_of(row.wanted) for row in known if row.rating is not None),
        sum(points_of(row.wanted) for row in known),
    )


def profiles_for(account: Account, profiles: models.QuerySet) -> models.QuerySet:
    """Those of `profiles` that speak of `account`."""
    path = account.channel.path if account.channel else ""
    steps = [int(step) for step in path.strip("/").split("/") if step]
    mine = Q(channel=None) | Q(channel__in=steps)
    return profiles.filter(mine, programme=account.programme_id)


def rated_as(accounts: AccountQuerySet, wishes: Iterable[Wish]) -> AccountQuerySet:
    """Those of `accounts` that are rated as all of `wishes` ask (K095: by audience)."""
    for wish in wishes:
        mine = Rating.objects.in_force().filter(wish.condition, account=OuterRef("pk"))
        accounts = accounts.filter(Exists(mine.order_by()))
    return accounts


def rounded(share: Decimal | None) -> Decimal | None:
    """A share with six places."""
    return None if share is None else share.quantize(SIX_PLACES)
