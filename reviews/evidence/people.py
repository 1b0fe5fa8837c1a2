"""Who talks to whom: contact breadth (handbook 2.4, A1 to A4)."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import Account, Contact, Interaction
from accounts.models.people import BuyingRole
from kam.access.prepared import kept_objects
from kam.access.querysets import Reader, sight_of
from kam.web.formatting import short_day
from reviews.evidence.base import SHOWN_RECORDS, TOP, Evidence, Found, Record
from reviews.models import StageReview
from teams.models import Membership, TeamRole

QUARTER_DAYS = 90
"""How recent a talk has to be to count as working contact (handbook 2.4, A3)."""

LINK_DAYS = 180
"""How far back a talk still shows that somebody knows a person."""

NO_TALK = gettext_lazy("no talk in 180 days")

DECISIVE = {BuyingRole.DECIDER, BuyingRole.ECONOMIC_BUYER}


@dataclass(frozen=True)
class _Talks:
    """Who of ours talked to whom of theirs, in the last 180 days."""

    users_by_contact: dict[int, set[int]]
    users_lately: set[int]
    last_by_contact: dict[int, datetime.date]
    last_by_user: dict[int, datetime.date]


def contact_breadth(review: StageReview, reader: Reader) -> Found:
    """A1 to A4, from members of the team, people of the customer, and talks."""
    account, on = review.account, review.reviewed_on
    contacts = _contacts(account, reader)
    talks = _talks(account, reader, on)
    members = _members(account, on)
    decisive = [contact for contact in contacts if DECISIVE & set(contact.buying_roles)]
    page = Record(_("people"), reverse("accounts:people", args=[account.pk]))
    return {
        "A1": [_functions(members, talks, page)],
        "A2": [_levels(contacts, talks, on), *_sponsors(members, talks, page)],
        "A3": [_deciders(decisive, talks, on, page)],
        "A4": [_single_links(decisive, talks, members, page)],
    }


def _contacts(account: Account, reader: Reader) -> list[Contact]:
    def rows(account: int) -> QuerySet[Contact]:
        people = Contact.objects.visible_to(reader).active().filter(account=account)
        return people.order_by("name", "pk")

    return kept_objects(("people", sight_of(reader)), rows, account=account.pk)


def _members(account: Account, on: datetime.date) -> list[Membership]:
    if account.team_id is None:
        return []

    def rows(team: int, on: datetime.date) -> QuerySet[Membership]:
        members = Membership.objects.filter(team=team).valid_on(on)
        return members.select_related("user", "function").order_by("pk")

    return kept_objects("members of a team", rows, team=account.team_id, on=on)


def _talks(account: Account, reader: Reader, on: datetime.date) -> _Talks:
    def held(account: int, since: datetime.date, on: datetime.date) -> QuerySet:
        talks = Interaction.objects.visible_to(reader).active().filter(account=account)
        talks = talks.filter(happened_on__range=(since, on)).order_by("happened_on")
        return talks.values_list("user_id", "contacts", "happened_on")

    since = on - datetime.timedelta(days=LINK_DAYS)
    key = ("talks", sight_of(reader))
    rows = kept_objects(key, held, account=account.pk, since=since, on=on)
    users: dict[int, set[int]] = defaultdict(set)
    lately: set[int] = set()
    last: dict[int, datetime.date] = {}
    last_by_user: dict[int, datetime.date] = {}
    for user, contact, day in rows:
        if (on - day).days <= QUARTER_DAYS:
            lately.add(user)
        if contact is not None:
            users[contact].add(user)
            last[contact] = day
        last_by_user[user] = day
    return _Talks(users, lately, last, last_by_user)


def _functions(members: Iterable[Membership], talks: _Talks, page: Record) -> Evidence:
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
        return Evidence(_("No talk without the manager in 90 days"), 0, (page,))
    text = ngettext(
        "%(count)d function talked to them in 90 days beside the manager: %(names)s",
        "%(count)d functions talked to them in 90 days beside the manager: %(names)s",
        len(names),
    )
    values = {"count": len(names), "names": ", ".join(names)}
    return Evidence(text % values, min(len(names), TOP), (page,))


def _levels(contacts: Iterable[Contact], talks: _Talks, on: datetime.date) -> Evidence:
    talked = [
        contact
        for contact in contacts
        if contact.level and _recent(talks.last_by_contact.get(contact.pk), on)
    ]
    reached = {contact.level for contact in talked}
    records = _named(talked)
    names = [str(label) for value, label in Contact.Level.choices if value in reached]
    missing = [str(label) for value, label in Contact.Level.choices if value not in reached]
    if not names:
        return Evidence(_("No talk on any level in 90 days"), 0)
    if not missing:
        return Evidence(_("All 3 levels in 90 days"), TOP, records)
    text = _("%(count)d of 3 levels in 90 days: %(names)s; none %(missing)s")
    values = {"count": len(names), "names": ", ".join(names), "missing": ", ".join(missing)}
    return Evidence(text % values, len(names), records)


def _sponsors(members: Iterable[Membership], talks: _Talks, page: Record) -> list[Evidence]:
    """When our executive sponsor talked to them last."""
    found = []
    for member in members:
        if member.role != TeamRole.SPONSOR:
            continue
        day = talks.last_by_user.get(member.user_id)
        when = _("last talk %(day)s") % {"day": short_day(day)} if day else NO_TALK
        text = _("Our sponsor %(name)s: %(when)s") % {"name": member.user, "when": when}
        found.append(Evidence(text, None, (page,)))
    return found


def _deciders(decisive: list[Contact], talks: _Talks, on: datetime.date, page: Record) -> Evidence:
    if not decisive:
        return Evidence(_("No decider or economic buyer known"), 0, (page,))
    parts = []
    for contact in decisive:
        last = talks.last_by_contact.get(contact.pk)
        day = short_day(last) if last else NO_TALK
        parts.append(f"{contact.name} {day}")
    recent = [_recent(talks.last_by_contact.get(contact.pk), on) for contact in decisive]
    says = TOP if all(recent) else 2 if any(recent) else 0
    return Evidence("; ".join(parts), says, _named(decisive))


def _single_links(
    decisive: list[Contact], talks: _Talks, members: Iterable[Membership], page: Record
) -> Evidence:
    if not decisive:
        return Evidence(_("No decider or economic buyer known"), None, (page,))
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
        return Evidence("; ".join([*unknown, *single]), 0 if unknown else 1, _named(decisive))
    return Evidence(_("Every decisive contact has two links or more"), TOP, _named(decisive))


def _named(contacts: Iterable[Contact]) -> tuple[Record, ...]:
    records = [Record(contact.name, contact.get_absolute_url()) for contact in contacts]
    return tuple(records[:SHOWN_RECORDS])


def _recent(day: datetime.date | None, on: datetime.date) -> bool:
    return day is not None and (on - day).days <= QUARTER_DAYS
