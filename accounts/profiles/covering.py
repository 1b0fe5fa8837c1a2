"""Who looks after which part of a customer: its companies, sites, units and countries (K059, K036).

A key account is scattered over companies and sites, and our side of it over business units. A part
is looked after when somebody manages it and somebody talked with it within 90 days; it is quiet
when it is managed but nobody did; else nobody looks after it.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from django.db import models
from django.db.models import Count, Max
from django.utils.translation import gettext_lazy as _

from accounts import figures
from accounts.models import Account, Contact, Interaction, Site
from kam.access.querysets import Reader

DORMANT = datetime.timedelta(days=90)
"""After so long without a talk a part is quiet, as a member of the team is dormant (K036)."""
LONGEST = 500
"""Companies of a group that are looked at, in the order of names."""


class State(models.TextChoices):
    """Whether somebody looks after a part of the customer."""

    COVERED = "covered", _("looked after")
    QUIET = "quiet", _("nobody talked there for 90 days")
    NOBODY = "nobody", _("nobody manages it")


class By(models.TextChoices):
    """What parts are put together by."""

    PLACE = "place", _("Companies and sites")
    UNIT = "unit", _("Our units")
    COUNTRY = "country", _("Countries")


class Place(NamedTuple):
    """A company of the customer, or one of its sites (`site`); sales are of companies alone."""

    account: Account
    site: Site | None
    country: str
    unit: str
    manager: str
    contacts: int
    last_talk: datetime.date | None
    sales: Decimal | None
    state: State

    @property
    def name(self) -> str:
        """What the place is called."""
        return str(self.site or self.account)


class Line(NamedTuple):
    """Places that one of our units, or a country, has together."""

    name: str
    places: int
    covered: int
    quiet: int
    nobody: int
    sales: Decimal | None

    @property
    def share(self) -> Decimal | None:
        """Places looked after of all, 0..1."""
        return figures.ratio(Decimal(self.covered), Decimal(self.places))


class Coverage(NamedTuple):
    """The parts of a customer; `whole` is all of them, `left_out` companies beyond `LONGEST`."""

    places: list[Place]
    whole: Line
    currency: str
    period: figures.Period
    left_out: int

    def by(self, what: str) -> list[Line]:
        """Places by our unit or by country; what has none comes last."""
        name = {By.UNIT: _unit_of, By.COUNTRY: _country_of}[By(what)]
        found: dict[str, list[Place]] = {}
        for place in self.places:
            found.setdefault(name(place), []).append(place)
        lines = [line_of(key, rows) for key, rows in found.items()]
        return sorted(lines, key=lambda line: (not line.name, line.name.casefold()))


def coverage_of(account: Account, reader: Reader, on: datetime.date) -> Coverage:
    """Companies and sites of `account` and of what lies below it, as far as `reader` sees them: the
    same few queries for any number of them."""
    group = Account.objects.in_group_of(account, reader).active()
    rows = group.with_manager().select_related("business_unit").order_by("path")
    companies = list(rows[: LONGEST + 1])
    left_out = group.count() - LONGEST if len(companies) > LONGEST else 0
    companies = companies[:LONGEST]
    pks = [row.pk for row in companies]
    rates = figures.rates_on(account.programme, on)
    period = figures.year_of_sales(group, on)
    sold = dict(
        figures.revenue_rows(group, period, rates, "account").values_list("account", "total")
    )
    talks = Interaction.objects.active().filter(account__in=pks, happened_on__lte=on)
    last = dict(talks.order_by().values_list("account").annotate(Max("happened_on")))
    people = Contact.objects.active().filter(account__in=pks).order_by()
    known = dict(people.values_list("account").annotate(Count("pk")))
    at_site = {
        site: (count, talked)
        for site, count, talked in people.exclude(site=None)
        .values_list("site")
        .annotate(Count("pk"), Max("last_talked_on"))
    }
    sites: dict[int, list[Site]] = {}
    for site in Site.objects.active().filter(account__in=pks).order_by("name", "pk"):
        sites.setdefault(site.account_id, []).append(site)
    places = []
    for row in companies:
        talk = last.get(row.pk)
        places.append(_place(row, None, known.get(row.pk, 0), talk, sold.get(row.pk), on))
        for site in sites.get(row.pk, ()):
            count, talk = at_site.get(site.pk, (0, None))
            places.append(_place(row, site, count, talk, None, on))
    return Coverage(places, line_of("", places), rates.home, period, left_out)


def _place(
    account: Account,
    site: Site | None,
    contacts: int,
    talk: datetime.date | None,
    sales: Decimal | None,
    on: datetime.date,
) -> Place:
    manager = account.manager_name  # type: ignore[attr-defined]
    if not manager:
        state = State.NOBODY
    else:
        state = State.COVERED if talk is not None and talk >= on - DORMANT else State.QUIET
    unit = account.business_unit.name if account.business_unit else ""
    country = (site.country if site else "") or account.country
    return Place(account, site, country, unit, manager, contacts, talk, sales, state)


def line_of(name: str, places: Sequence[Place]) -> Line:
    """Places together under a name; sales of which none is known are not available."""
    counts = {state: sum(row.state == state for row in places) for state in State}
    known = [row.sales for row in places if row.sales is not None]
    return Line(
        name,
        len(places),
        counts[State.COVERED],
        counts[State.QUIET],
        counts[State.NOBODY],
        sum(known, Decimal(0)) if known else None,
    )


def _unit_of(place: Place) -> str:
    return place.unit


def _country_of(place: Place) -> str:
    return place.country
