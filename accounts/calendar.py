"""What of the customers stands in people's calendars: stage reviews that fall due."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _

from accounts.choices import Status
from accounts.models import Account
from kam.access.querysets import Reader
from kam.calendars.events import MOST, Event, Window


def reviews(user: Reader, window: Window) -> Iterator[Event]:
    """The next stage review of accounts that the person sees."""
    watched = Account.objects.visible_to(user).active().of_status(Status.KEY, Status.GROOMED)
    due = watched.filter(review_due_on__range=(window.first, window.last))
    for row in due.order_by("review_due_on", "pk")[:MOST]:
        assert row.review_due_on is not None  # noqa: S101  (the filter says so)
        title = _("Stage review due: %(account)s") % {"account": row}
        path = row.get_absolute_url()
        yield Event(f"review-{row.pk}", row.review_due_on, title, path, row.updated_at, row.version)
