"""Accounts about which something is to be decided, or decided again (K048, K049, K128; 3.6)."""

from __future__ import annotations

import datetime
from collections.abc import Collection
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import (
    Case,
    DecimalField,
    Exists,
    F,
    OuterRef,
    Q,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.choices import Horizon, Status
from accounts.models import Decision, Position, Score, StatusChange
from accounts.querysets import AccountQuerySet
from accounts.selection.gathering import CONSIDERED
from accounts.services.decision import STATUS_OF
from kam.web.formatting import number, short_day
from teams.models import ProgrammeSetting
from teams.programme_settings import DEFINITIONS

YEAR = datetime.timedelta(days=365)
"""After so long scores are looked at again (K128)."""


class Step(NamedTuple):
    """What is still to be said of an account that has a status without a decision: the decision
    that says it, and in words."""

    action: str
    text: Any


STEPS = {
    Status.KEY: Step(Decision.Action.APPOINT, gettext_lazy("Say why it is a key account")),
    Status.GROOMED: Step(
        Decision.Action.GROOM, gettext_lazy("Say what makes it key, and when you look again")
    ),
    Status.MAINTAINED: Step(Decision.Action.MAINTAIN, gettext_lazy("Say how it is served")),
    Status.DIPLOMATIC: Step(
        Decision.Action.HANDLE, gettext_lazy("Say what you tell it, and whether to keep it")
    ),
}
"""The next step by status; candidates wait for their first decision, who has gone needs none."""


def undecided(accounts: AccountQuerySet) -> AccountQuerySet:
    """Those of `accounts` that have their status without a decision that made it so, as imports
    and the end of an uncoupling leave them: nobody said how they are served (K049), what makes
    them key (K048), what they are told (K050) or, of key accounts without a reason, why they are
    key (K004)."""
    made = Decision.objects.in_force().filter(account=OuterRef("pk")).order_by()
    lacks = Q()
    for status in STEPS:
        actions = [action for action, becomes in STATUS_OF.items() if becomes == status]
        fitting = made.filter(action__in=[*actions, Decision.Action.REVIEW])
        unexplained = Q(rationale="") if status == Status.KEY else Q()
        lacks |= Q(unexplained, ~Exists(fitting), status=status)
    return accounts.filter(lacks)


def served_by(accounts: AccountQuerySet, ways: Collection[str]) -> AccountQuerySet:
    """Those of `accounts` that are maintained in one of `ways` (K049)."""
    made = Decision.objects.in_force().filter(account=OuterRef("pk")).order_by()
    maintained = made.filter(action=Decision.Action.MAINTAIN, service_model__in=ways)
    return accounts.filter(Exists(maintained), status=Status.MAINTAINED)


def with_origin(accounts: AccountQuerySet) -> AccountQuerySet:
    """Annotates `origin`: what was noted when the account got its status, null where nothing was
    (it came so)."""
    steps = StatusChange.objects.filter(account=OuterRef("pk"), to_status=OuterRef("status"))
    latest = steps.order_by("-decided_on", "-pk")
    return accounts.annotate(origin=Subquery(latest.values("reason")[:1]))


def looked_at_again(
    accounts: AccountQuerySet, today: datetime.date, low: Collection[int] = ()
) -> AccountQuerySet:
    """Those of `accounts` that wait for a decision on the day `today`, key accounts first; `low`
    are keys of those that brought less than they cost for two years running.

    Annotated: `asked` (why a review was decided, null without one), `trigger` and `groomed_until`
    of groomed accounts, `scored_last`, `yields_little`, and `worth` (attractiveness) with the
    programme's `cut`.
    """
    rows = _with_state(accounts.active().exclude(status=Status.EXITED), today)
    is_low = When(pk__in=list(low), then=Value(value=True))
    rows = rows.annotate(yields_little=Case(is_low, default=Value(value=False)))
    is_key = Q(status=Status.KEY)
    is_kept = Q(kept_at__gt=F("placed_at"))
    never = Q(scored_last=None)
    matters = (
        Q(asked__isnull=False)
        | Q(status=Status.GROOMED) & (Q(groomed_until=None) | Q(groomed_until__lte=today))
        | Q(status__in=CONSIDERED, scored_last__lt=today - YEAR)
        | is_key & never
        | is_key & Q(yields_little=True)
        | is_key & Q(worth__lt=F("cut")) & (Q(kept_at=None) | ~is_kept)
    )
    keys_first = Case(When(is_key, then=Value(0)), default=Value(1))
    return rows.filter(matters).with_manager().order_by(keys_first, "name", "pk")


def _with_state(accounts: AccountQuerySet, today: datetime.date) -> AccountQuerySet:
    made = Decision.objects.in_force().filter(account=OuterRef("pk")).order_by()
    review = made.filter(action=Decision.Action.REVIEW)
    groom = made.filter(action=Decision.Action.GROOM)
    scores = Score.objects.in_force().agreed().filter(account=OuterRef("pk"))
    scores = scores.filter(horizon=Horizon.TODAY).order_by("-scored_on")
    places = Position.objects.in_force().filter(account=OuterRef("pk"), horizon=Horizon.TODAY)
    place = places.order_by()
    settings = ProgrammeSetting.objects.filter(
        programme=OuterRef("programme"), name="matrix_cut", valid_from__lte=today
    ).order_by("-valid_from", "-pk")
    usual = Value(DEFINITIONS["matrix_cut"].default, output_field=DecimalField())
    appoint = made.filter(action=Decision.Action.APPOINT)
    return accounts.annotate(
        asked=Subquery(review.values("reason")[:1]),
        trigger=Subquery(groom.values("trigger")[:1]),
        groomed_until=Subquery(groom.values("review_on")[:1]),
        kept_at=Subquery(appoint.values("created_at")[:1]),
        scored_last=Subquery(scores.values("scored_on")[:1]),
        worth=Subquery(place.values("attractiveness")[:1]),
        placed_at=Subquery(place.values("computed_at")[:1]),
        cut=Coalesce(Subquery(settings.values("value")[:1]), usual),
    )


def reasons_of(account: Any, today: datetime.date) -> list[str]:
    """Why one of `looked_at_again` is there, in words."""
    found = []
    if account.asked is not None:
        found.append(_("To be reviewed: %(reason)s") % {"reason": account.asked})
    if account.status == Status.GROOMED:
        found += _of_groomed(account, today)
    if account.status == Status.KEY and _is_below(account):
        told = {"worth": number(account.worth, 2), "cut": number(Decimal(account.cut), 1)}
        found.append(_("Attractiveness %(worth)s, below the cut of %(cut)s.") % told)
    if account.status == Status.KEY and account.yields_little:
        found.append(_("Brought less than it cost for two years running."))
    if account.scored_last is None:
        found += [_("Never scored.")] if account.status == Status.KEY else []
    elif account.scored_last < today - YEAR and account.status in CONSIDERED:
        found.append(_("Last scored on %(day)s.") % {"day": short_day(account.scored_last)})
    return found


def _of_groomed(account: Any, today: datetime.date) -> list[str]:
    if account.groomed_until is None:
        return [_("Groomed, with no day to look again.")]
    if account.groomed_until > today:
        return []
    told = {"day": short_day(account.groomed_until), "trigger": account.trigger}
    return [_("Groomed until %(day)s. Becomes key when: %(trigger)s") % told]


def _is_below(account: Any) -> bool:
    kept = account.kept_at is not None and account.kept_at > account.placed_at
    return account.worth is not None and account.worth < Decimal(account.cut) and not kept
