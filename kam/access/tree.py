"""Trees stored as paths of primary keys, "/1/5/12/": any depth, subtree by prefix, no recursion."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Value
from django.db.models.functions import Concat, Substr
from django.utils.translation import gettext as _


def path_for(node: Any) -> str:
    """Path of a saved `node` under its parent."""
    return f"{node.parent.path if node.parent_id else '/'}{node.pk}/"


def refuse_cycle(node: Any, parent: Any | None) -> None:
    """Raise `ValidationError` on `parent` when it is `node` or lies below it."""
    if parent is not None and node.pk and parent.path.startswith(node.path):
        text = _("This would make a circle: it lies below.")
        raise ValidationError({"parent": ValidationError(text, code="cycle")})


def move(queryset: models.QuerySet, old: str, new: str) -> int:
    """Put the whole subtree of `queryset` with path prefix `old` under prefix `new`.

    The caller holds a lock that keeps other moves of the same tree out. Returns rows changed.
    """
    rest = Substr(F("path"), len(old) + 1)
    return queryset.filter(path__startswith=old).update(path=Concat(Value(new), rest))
