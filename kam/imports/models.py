"""Runs of files coming in."""

from django.db import models


class Run(models.Model):
    """One file on its way in; its rows count while `is_live`."""

    is_live = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"import {self.pk}"
