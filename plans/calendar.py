"""What of plans stands in people's calendars: their own actions, and milestones they may see."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from django.utils.translation import gettext as _

from kam.access.querysets import Reader
from kam.calendars.events import MOST, Event, Window
from plans.models import Action, Milestone
from plans.reading import as_read


def actions(user: Reader, window: Window) -> Iterator[Event]:
    """Open actions of the person, on the day on which they are due."""
    rows = Action.objects.visible_to(user).of(user).open()
    due = rows.filter(due__range=(window.first, window.last)).select_related("account")
    for row in due.order_by("due", "pk")[:MOST]:
        assert row.due is not None  # noqa: S101  (the filter says so)
        title = f"{row.text} ({row.account})"
        path = row.account.get_absolute_url()
        yield Event(f"action-{row.pk}", row.due, title, path, row.updated_at, row.version)


def milestones(user: Reader, window: Window) -> Iterator[Event]:
    """Milestones of plans, as the person reads them, that are not reached yet."""
    rows = Milestone.objects.visible_to(user).current().with_read("date")
    days = (window.first.isoformat(), window.last.isoformat())
    due = rows.filter(read_date__range=days, reached_on=None)
    for row in due.select_related("objective__plan__account").order_by("read_date", "pk")[:MOST]:
        shown = cast("Milestone", as_read(row))
        plan = row.objective.plan
        title = _("Milestone: %(text)s (%(account)s)") % {
            "text": shown.result,
            "account": plan.account,
        }
        path = plan.get_absolute_url()
        yield Event(f"milestone-{row.pk}", shown.date, title, path, row.updated_at, row.version)
