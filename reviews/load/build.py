"""The steps of the synthetic programme, in portions, so that memory stays flat."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from decimal import Decimal
from typing import NamedTuple

from django.db import transaction

from accounts import figures
from accounts.models import Activity, ExchangeRate, Product
from reviews.load import customers, market, people, work
from teams.models import Programme

PROGRAMME = "Load test {}"
PORTION = 1000
"""Accounts written together; whole pairs of groups."""
SIGN_INS = {
    "load_programme": "programme manager: sees everything",
    "load_senior": "senior manager of half of the units",
    "load_kam": "manager of three teams, and a member of others",
}
ACTIVITIES = {"visits": "Visits", "logistics": "Logistics", "service": "Service"}


class Programmes(NamedTuple):
    """What the database holds already: names of load tests and of all others."""

    own: list[str]
    others: list[str]

    @classmethod
    def present(cls) -> Programmes:
        """Look."""
        names = list(Programme.objects.order_by("pk").values_list("name", flat=True))
        start = PROGRAMME.format("")
        return cls(
            [name for name in names if name.startswith(start)],
            [name for name in names if not name.startswith(start)],
        )


@transaction.atomic
def build(
    count: int,
    today: datetime.date,
    password: str,
    progress: Callable[[int], None] | None = None,
) -> Programme:
    """Make the programme of `count` accounts as of `today`, all or nothing; `password` is that of
    `SIGN_INS`. `progress` is told how many accounts are written."""
    programme = Programme.objects.create(
        name=PROGRAMME.format(count),
        supplier_name="Load test",
        definition="A programme for load tests.",
        currency="GBP",
    )
    first = today - datetime.timedelta(days=1000)
    ExchangeRate.objects.create(
        programme=programme, currency="EUR", valid_from=first, rate=Decimal("0.86")
    )
    activities = Activity.objects.bulk_create(
        Activity(programme=programme, code=code, name=name) for code, name in ACTIVITIES.items()
    )
    products = Product.objects.bulk_create(
        Product(programme=programme, code=f"P{number:03}", name=f"Product {number}")
        for number in range(20)
    )
    channels = market.open_channels(programme)
    pairs = 2 * customers.GROUP
    crew = people.hire(programme, -(-count // pairs), password)
    for start in range(0, count, PORTION):
        places = range(start, min(start + PORTION, count))
        numbers = range(-(-places.start // pairs), -(-places.stop // pairs))
        teams = people.form_teams(crew, numbers, today)
        portion = customers.open_accounts(crew, places, teams, today)
        customers.introduce(crew, portion, today)
        customers.sell(portion, products, crew, today)
        customers.serve(portion, activities, crew, today)
        market.buy(portion, channels, crew, today)
        work.plan(crew, portion, today)
        work.review(crew, portion, today)
        if progress is not None:
            progress(places.stop)
    figures.keep_if_large(programme, today)
    return programme
