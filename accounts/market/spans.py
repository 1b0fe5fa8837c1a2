"""Of which days purchases are recorded (handbook 3.4)."""

from __future__ import annotations

import datetime
from typing import NamedTuple

from accounts.models import CategoryPurchase
from teams.models import Programme, User


class Span(NamedTuple):
    """Days of which purchases are recorded."""

    first: datetime.date
    last: datetime.date

    @property
    def is_year(self) -> bool:
        """Whether it is twelve months."""
        after = self.last + datetime.timedelta(days=1)
        return (after.year - 1, after.month, after.day) == (
            self.first.year,
            self.first.month,
            self.first.day,
        )


def spans(reader: User, programme: Programme) -> list[Span]:
    """Periods with purchases of the programme, the latest first."""
    rows = CategoryPurchase.objects.visible_to(reader).active().filter(programme=programme)
    found = rows.order_by().values_list("period_from", "period_until").distinct()
    return sorted(
        (Span(*row) for row in found), key=lambda row: (row.last, row.first), reverse=True
    )


def usual(found: list[Span], today: datetime.date) -> Span | None:
    """The last whole year that has ended, else the last period."""
    years = (row for row in found if row.is_year and row.last < today)
    return next(years, found[0] if found else None)
