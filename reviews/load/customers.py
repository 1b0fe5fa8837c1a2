"""Accounts of the synthetic programme in groups of five, their people and money."""

from __future__ import annotations

import datetime
import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import F, TextField, Value
from django.db.models.functions import Cast, Concat
from django.utils import timezone

from accounts.choices import LADDER, REVIEW_DAYS, Stage, Status
from accounts.models import (
    Account,
    Activity,
    ActivityCost,
    Contact,
    ExternalId,
    Interaction,
    LedgerEntry,
    MonthTotal,
    Product,
    StageChange,
)
from kam.changes.models import Change
from reviews.demo.figures import known_since, months_before
from reviews.load.people import Crew
from reviews.load.store import insert
from teams.models import Team

GROUP = 5
"""Accounts of one customer group: the top and four below it; every second group has a team."""
STATUSES = (Status.KEY, Status.GROOMED, Status.MAINTAINED, Status.CANDIDATE, Status.CANDIDATE)
STAGES: tuple[Stage, ...] = (*LADDER, Stage.UNCOUPLING)
WORDS = ("Amber", "Basalt", "Copper", "Delta", "Ember", "Fjord", "Granite", "Harbour", "Iris")
TRADES = ("Foods", "Paper", "Rail", "Chemicals", "Pharma", "Textiles", "Optics")
COUNTRIES = ("Austria", "Denmark", "France", "Germany", "Ireland", "Poland", "United Kingdom")
LINED = 10
"""Every tenth account has sales lines; the others have monthly totals only."""
MONTHS = 24
PENNY = Decimal("0.01")


@dataclass
class Customer:
    """An account with its place in the programme, and its team's number if it has one."""

    account: Account
    place: int
    team: int | None


def stage_of(place: int) -> Stage:
    """Stage of the assessed account at `place`."""
    return STAGES[place // GROUP // 2 % len(STAGES)]


def open_accounts(
    crew: Crew, places: range, teams: list[Team], today: datetime.date
) -> list[Customer]:
    """Accounts at `places`, which begin with the top of a group; `teams` are those of their groups.

    Key and groomed accounts are assessed; stage, index and dates follow from the place.
    """
    numbers = itertools.count()
    given: dict[int, tuple[int, Team]] = {}
    for group in sorted({place // GROUP for place in places}):
        if group % 2 == 0:
            given[group] = (group // 2, teams[next(numbers)])
    customers = []
    for place in places:
        number, team = given.get(place // GROUP, (None, None))
        customers.append(Customer(_account(crew, place, team, today), place, number))
    tops = [row.account for row in customers if row.place % GROUP == 0]
    Account.objects.bulk_create(tops, batch_size=500)
    by_group = {row.place // GROUP: row.account for row in customers if row.place % GROUP == 0}
    below = [row for row in customers if row.place % GROUP]
    for row in below:
        row.account.parent = row.account.root = by_group[row.place // GROUP]
    Account.objects.bulk_create([row.account for row in below], batch_size=500)
    _set_paths(crew)
    return customers


def _account(crew: Crew, place: int, team: Team | None, today: datetime.date) -> Account:
    status = STATUSES[place % GROUP] if team else Status.CANDIDATE
    word, trade = WORDS[place // GROUP % len(WORDS)], TRADES[place // 3 % len(TRADES)]
    account = Account(
        programme=crew.programme,
        name=f"{word} {trade} {place:06}",
        status=status,
        business_unit=crew.units[place // GROUP % len(crew.units)],
        team=team,
        country=COUNTRIES[place % len(COUNTRIES)],
        industry=trade,
        currency="EUR" if place % 10 == 3 else "",
    )
    if status in (Status.KEY, Status.GROOMED):
        stage = stage_of(place)
        account.stage = stage
        account.reviewed_on = today - datetime.timedelta(days=place % 120)
        account.stage_since = account.reviewed_on
        account.review_due_on = account.reviewed_on + datetime.timedelta(days=REVIEW_DAYS[stage])
        account.status_since = today - datetime.timedelta(days=400)
        account.rationale = "Chosen for a load test."
        account.rationale_types = ["revenue_today"]
    return account


def _set_paths(crew: Crew) -> None:
    """Paths follow from the keys, which the database has given."""
    fresh = Account.objects.filter(programme=crew.programme, path="")
    slash = Value("/", TextField())
    own = Concat(slash, Cast("pk", TextField()), slash)
    fresh.filter(parent=None).update(path=own, root=F("pk"))
    fresh.update(path=Concat(slash, Cast("parent_id", TextField()), own))


def introduce(crew: Crew, customers: list[Customer], today: datetime.date) -> None:
    """Outside numbers, contacts, talks, the timeline and what the log says of it all."""
    insert(
        ExternalId,
        ("account", "programme", "system", "value"),
        ((row.account.pk, crew.programme.pk, "erp", str(500_000 + row.place)) for row in customers),
    )
    contacts = Contact.objects.bulk_create(_contacts(customers, today), batch_size=500)
    by_account = {row.account.pk: row for row in customers}
    talked = [person for person in contacts if person.last_talked_on]
    talks = Interaction.objects.bulk_create(
        [
            Interaction(
                account_id=person.account_id,
                happened_on=person.last_talked_on,
                kind="call",
                user=crew.manager_of(by_account[person.account_id].team or 0),
                text=f"Talked with {person.name} about the quarter.",
            )
            for person in talked
        ],
        batch_size=500,
    )
    insert(
        Interaction.contacts.through,
        ("interaction", "contact"),
        ((talk.pk, person.pk) for talk, person in zip(talks, talked, strict=True)),
    )
    _log(crew, customers)


def _contacts(customers: list[Customer], today: datetime.date) -> list[Contact]:
    people = []
    for row in customers:
        for number in range(4 if row.team is not None else 1):
            days = (row.place * 7 + number * 11) % 90
            talked = today - datetime.timedelta(days=days) if row.team is not None else None
            interval = 30 if number == 0 and talked else None
            people.append(
                Contact(
                    account=row.account,
                    name=f"{COUNTRIES[number]} Contact {row.place:06}-{number}",
                    job_title="Head of purchasing" if number == 0 else "Buyer",
                    email=f"c{row.place:06}-{number}@load.example",
                    function="Purchasing",
                    level="management" if number == 0 else "operational",
                    buying_roles=["buyer"],
                    influence=5 - number,
                    attitude=number % 3 - 1,
                    interval_days=interval,
                    confidence="confirmed" if number % 2 else "assumed",
                    last_talked_on=talked,
                    quiet_on=talked + datetime.timedelta(days=30) if talked and interval else None,
                )
            )
    return people


def _log(crew: Crew, customers: list[Customer]) -> None:
    StageChange.objects.bulk_create(
        [
            StageChange(
                account=row.account,
                to_stage=row.account.stage,
                happened_on=row.account.stage_since,
                proposed_by=crew.manager_of(row.team or 0),
                confirmed_by=crew.director,
                reason="First assessment.",
                first_assessment=True,
            )
            for row in customers
            if row.account.stage
        ],
        batch_size=500,
    )
    now = timezone.now().isoformat()
    insert(
        Change,
        (
            "at",
            "actor",
            "source",
            "source_reference",
            "verb",
            "object_type",
            "object_id",
            "object_label",
            "account_id",
            "audience",
            "before",
            "after",
        ),
        (
            (
                now,
                crew.director.pk,
                "command",
                "seed",
                "created",
                Account._meta.label_lower,
                row.account.pk,
                row.account.name,
                row.account.pk,
                "account",
                "{}",
                json.dumps({"name": row.account.name, "status": row.account.status}),
            )
            for row in customers
        ),
    )


def sell(
    customers: list[Customer], products: list[Product], crew: Crew, today: datetime.date
) -> None:
    """Two years of monthly totals for everybody; for every tenth account from its sales lines."""
    months = months_before(today, MONTHS)
    lined = [row for row in customers if row.place % LINED == 0]
    insert(
        LedgerEntry,
        (
            "programme",
            "account",
            "booked_on",
            "product",
            "quantity",
            "amount",
            "currency",
            "cost",
            "document",
            "source",
            "identity",
            "recorded_on",
        ),
        (line for row in lined for line in _lines(row, products, crew, today)),
    )
    insert(
        MonthTotal,
        (
            "account",
            "month",
            "currency",
            "recorded_on",
            "revenue",
            "cost",
            "lines",
            "lines_without_cost",
        ),
        (
            (
                row.account.pk,
                month,
                row.account.currency or crew.programme.currency,
                known_since(month, today),
                str(sum(amounts)),
                str(sum(cost_of(amount) for amount in amounts)),
                len(amounts),
                0,
            )
            for row in customers
            for step, month in enumerate(months)
            for amounts in [amounts_of(row.place, step)]
        ),
    )


def amounts_of(place: int, step: int) -> tuple[Decimal, Decimal]:
    """The two sales of a month; a few customers are large, as in life."""
    size = 40 if place % 50 == 0 else 8 if place % GROUP == 0 else 1
    base = Decimal(900 + (place * 37 + step * 53) % 700) * size
    return base, (base * Decimal("0.375")).quantize(PENNY)


def cost_of(amount: Decimal) -> Decimal:
    """Cost of goods of one sale."""
    return (amount * Decimal("0.62")).quantize(PENNY)


def _lines(
    row: Customer, products: list[Product], crew: Crew, today: datetime.date
) -> Iterator[tuple]:
    for step, month in enumerate(months_before(today, MONTHS)):
        for number, amount in enumerate(amounts_of(row.place, step)):
            yield (
                crew.programme.pk,
                row.account.pk,
                month.replace(day=5 + 10 * number),
                products[(row.place + number) % len(products)].pk,
                step + 1,
                str(amount),
                row.account.currency or crew.programme.currency,
                str(cost_of(amount)),
                f"L{row.place:06}-{step:02}-{number}",
                "erp",
                (row.place * 1000 + step * 10 + number).to_bytes(16, "big"),
                known_since(month, today),
            )


def serve(
    customers: list[Customer], activities: list[Activity], crew: Crew, today: datetime.date
) -> None:
    """A year of costs to serve for key accounts."""
    months = months_before(today, 12)
    now = timezone.now().isoformat()
    insert(
        ActivityCost,
        (
            "account",
            "activity",
            "month",
            "amount",
            "currency",
            "source",
            "recorded_on",
            "version",
            "created_at",
            "updated_at",
        ),
        (
            (
                row.account.pk,
                activity.pk,
                month,
                100 + (row.place + 17 * step + 29 * number) % 90,
                row.account.currency or crew.programme.currency,
                "seed",
                known_since(month, today),
                1,
                now,
                now,
            )
            for row in customers
            if row.account.status == Status.KEY
            for step, month in enumerate(months)
            for number, activity in enumerate(activities)
        ),
    )
