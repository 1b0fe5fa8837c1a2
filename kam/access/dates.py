"""The day that counts for rights and due dates."""

import datetime

from django.utils import timezone


def business_today() -> datetime.date:
    """Today in the installation's zone, whatever zone the reader has chosen for moments."""
    return business_day(timezone.now())


def business_day(moment: datetime.datetime) -> datetime.date:
    """The day in the installation's zone to which `moment` belongs."""
    return timezone.localdate(moment, timezone.get_default_timezone())


def end_of_business_day(day: datetime.date) -> datetime.datetime:
    """The moment at which `day` is over in the installation's zone."""
    midnight = datetime.datetime.combine(day + datetime.timedelta(days=1), datetime.time())
    return timezone.make_aware(midnight, timezone.get_default_timezone())
