"""How far what follows from the passing of days has been written down."""

from __future__ import annotations

from django.db import models


class NotedDay(models.Model):
    """The last day whose turns the task called `name` has noted, in the commit that noted them."""

    name = models.CharField(max_length=40, primary_key=True)
    day = models.DateField()

    def __str__(self) -> str:
        return f"{self.name}: {self.day}"
