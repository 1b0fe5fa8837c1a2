"""Who sees which export."""

from __future__ import annotations

import datetime
from typing import Self

from django.db import models

from kam.access.querysets import Reader


class ExportQuerySet(models.QuerySet):
    """Files that were asked for."""

    def visible_to(self, user: Reader) -> Self:
        """One's own, nobody else's: a file holds what its owner may see."""
        return self.filter(owner=user.pk) if user.is_active else self.none()

    def unfinished(self) -> Self:
        """Those whose file is still to be made."""
        return self.filter(job__status__in=("ready", "running"))

    def expired(self, now: datetime.datetime) -> Self:
        """Those whose time is over, and those that came to nothing long ago."""
        return self.filter(expires_at__lt=now)

    def for_list(self) -> Self:
        """All that lists of exports show, the latest first."""
        return self.select_related("job").defer("reach").order_by("-pk")
