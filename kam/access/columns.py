"""What is known of a column without asking the database."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db import models


def never_empty(model: type[models.Model], path: str) -> bool:
    """Whether every row has a value at `path`: its order then says nothing of empty ones, and an
    index gives it."""
    for name in path.split("__"):
        try:
            field: Any = model._meta.pk if name == "pk" else model._meta.get_field(name)
        except FieldDoesNotExist:  # worked out by the query
            return False
        if not field.concrete or field.null:
            return False
        model = field.related_model
    return True
