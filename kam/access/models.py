"""Base of everything that is in force from one day to another."""

import datetime

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _


class Dated(models.Model):
    """A row in force from `valid_from` to `valid_until`, both days included; empty means open."""

    valid_from = models.DateField(_("from"), null=True, blank=True)
    valid_until = models.DateField(_("until"), null=True, blank=True)

    class Meta:
        abstract = True

    def clean(self) -> None:
        super().clean()
        if self.valid_from and self.valid_until and self.valid_until < self.valid_from:
            raise ValidationError({"valid_until": _("The end is before the beginning.")})

    def is_valid_on(self, on: datetime.date) -> bool:
        """Whether the row is in force on the day `on`."""
        begun = self.valid_from is None or self.valid_from <= on
        return begun and (self.valid_until is None or self.valid_until >= on)

    def overlaps(self, other: "Dated") -> bool:
        """Whether both are in force on some common day."""
        starts_late = self.valid_from and other.valid_until and self.valid_from > other.valid_until
        ends_early = self.valid_until and other.valid_from and self.valid_until < other.valid_from
        return not (starts_late or ends_early)
