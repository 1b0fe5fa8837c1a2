"""The day that counts for rights and due dates."""

import datetime

from django.utils import timezone


def business_today() -> datetime.date:
    """Today in the installation's zone, whatever zone the reader has chosen for moments."""
    return timezone.localdate(timezone=timezone.get_default_timezone())
