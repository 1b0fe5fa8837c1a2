"""What the data already say about a statement, beside which people judge (`design.md` 4.4).

Only what is stored is said; a statement without data says so. `says` is the score that the data
support, so that a page can show where they disagree.
"""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Account, Contact, Interaction
from accounts.models.people import BuyingRole
from kam.web.formatting import percent, short_day
from plans.models import Plan
from reviews import scoring
from reviews.choices import ShareOrigin
from reviews.models import StageReview
from teams.models import Membership, TeamRole

QUARTER_DAYS = 90
"""How recent a talk has to be to count as working contact (handbook 2.4, A3)."""

LINK_DAYS = 180
"""How far back a talk still shows that somebody knows a person."""

DECISIVE = {BuyingRole.DECIDER, BuyingRole.ECONOMIC_BUYER}


@dataclass(frozen=True)
class Evidence:
    """A sentence from the data; `says` is the score that they support, None where they are mute."""

    text: str
    says: int | None = None

    @property
    def found(self) -> bool:
        return bool(self.text)


NOTHING = Evidence("")


@dataclass(frozen=True)
class _Talks:
    """Who of ours talked to whom of theirs, in the last 180 days."""

    users_by_contact: dict[int, set[int]]
    users_lately: set[int]
    last_by_contact: dict[int, datetime.date]


def gather(review: StageReview) -> dict[str, Evidence]:
    """Evidence for every statement of `review`, as of its day. Five queries."""
    account, on = review.account, review.reviewed_on
    contacts = list(Contact.objects.active().filter(account=account).order_by("name", "pk"))
    talks = _talks(account, on)
    members = list(
        Membership.objects.filter(team=account.team_id)
        .valid_on(on)
        .select_related("user", "function")
        .order_by("pk")
    )
    found = dict.fromkeys(scoring.ITEMS, NOTHING)
    found["A1"] = _functions(members, talks)
    found["A2"] = _levels(contacts, talks, on)
    decisive = [contact for contact in contacts if DECISIVE & set(contact.buying_roles)]
    found["A3"] = _deciders(decisive, talks, on)
    found["A4"] = _single_links(decisive, talks, members)
    found["C1"] = _plan(account)
    found["D1"] = wallet(review.share_used, review.share_origin)
    return found


def wallet(share_ratio: Decimal | None, origin: str) -> Evidence:
    """The share of wallet that D1 is computed from."""
    says = scoring.wallet_score(share_ratio)
    if share_ratio is None:
        return Evidence(_("Unknown: no category purchases stored. Give a share if you know one."))
    if origin == ShareOrigin.GIVEN:
        return Evidence(_("Given: %(share)s") % {"share": percent(share_ratio)}, says)
    return Evidence(_("Computed: %(share)s") % {"share": percent(share_ratio)}, says)


def _talks(account: Account, on: datetime.date) -> _Talks:
    earliest = on - datetime.timedelta(days=LINK_DAYS)
    rows = (
        Interaction.objects.active()
        .filter(account=account, happened_on__range=(earliest, on))
        .values_list("user_id", "contacts", "happened_on")
        .order_by("happened_on")
    )
    users: dict[int, set[int]] = defaultdict(set)
    lately: set[int] = set()
    last: dict[int, datetime.date] = {}
    for user, contact, day in rows:
        if (on - day).days <= QUARTER_DAYS:
            lately.add(user)
        if contact is not None:
            users[contact].add(user)
            last[contact] = day
    return _Talks(users, lately, last)


def _functions(members: Iterable[Membership], talks: _Talks) -> Evidence:
    names = sorted(
        {
            member.function.name
            for member in members
            if member.function
            and member.role != TeamRole.KAM
            and member.user_id in talks.users_lately
        }
    )
    if not names:
        return Evidence(_("No talk without the manager in 90 days"), 0)
    text = ngettext(
        "%(count)d function talked to them in 90 days beside the manager: %(names)s",
        "%(count)d functions talked to them in 90 days beside the manager: %(names)s",
        len(names),
    )
    return Evidence(text % {"count": len(names), "names": ", ".join(names)}, min(len(names), 3))


def _levels(contacts: Iterable[Contact], talks: _Talks, on: datetime.date) -> Evidence:
    reached = {
        contact.level
        for contact in contacts
        if contact.level and _recent(talks.last_by_contact.get(contact.pk), on)
    }
    names = [str(label) for value, label in Contact.Level.choices if value in reached]
    missing = [str(label) for value, label in Contact.Level.choices if value not in reached]
    if not names:
        return Evidence(_("No talk on any level in 90 days"), 0)
    if not missing:
        return Evidence(_("All 3 levels in 90 days"), 3)
    text = _("%(count)d of 3 levels in 90 days: %(names)s; none %(missing)s")
    values = {"count": len(names), "names": ", ".join(names), "missing": ", ".join(missing)}
    return Evidence(text % values, len(names))


def _deciders(decisive: list[Contact], talks: _Talks, on: datetime.date) -> Evidence:
    if not decisive:
        return Evidence(_("No decider or economic buyer known"), 0)
    parts = []
    for contact in decisive:
        last = talks.last_by_contact.get(contact.pk)
        day = short_day(last) if last else _("no talk in 180 days")
        parts.append(f"{contact.name} {day}")
    recent = [_recent(talks.last_by_contact.get(contact.pk), on) for contact in decisive]
    says = 3 if all(recent) else 2 if any(recent) else 0
    return Evidence("; ".join(parts), says)


def _single_links(
    decisive: list[Contact], talks: _Talks, members: Iterable[Membership]
) -> Evidence:
    if not decisive:
        return Evidence(_("No decider or economic buyer known"))
    names = {member.user_id: str(member.user) for member in members}
    single, unknown = [], []
    for contact in decisive:
        users = talks.users_by_contact.get(contact.pk, set())
        if not users:
            unknown.append(_("nobody talks to %(contact)s") % {"contact": contact.name})
        elif len(users) == 1:
            person = names.get(next(iter(users)), _("somebody outside the team"))
            text = _("%(contact)s only through %(person)s")
            single.append(text % {"contact": contact.name, "person": person})
    if unknown or single:
        return Evidence("; ".join([*unknown, *single]), 0 if unknown else 1)
    return Evidence(_("Every decisive contact has two links or more"), 3)


def _plan(account: Account) -> Evidence:
    plan = Plan.objects.active().filter(account=account).order_by("-starts_on", "pk").first()
    if plan is None:
        return Evidence(_("No plan yet"), 0)
    if plan.approved_on:
        text = _("Plan “%(title)s”, approved %(day)s")
        return Evidence(text % {"title": plan.title, "day": short_day(plan.approved_on)})
    return Evidence(_("Plan “%(title)s”, not approved") % {"title": plan.title})


def _recent(day: datetime.date | None, on: datetime.date) -> bool:
    return day is not None and (on - day).days <= QUARTER_DAYS
