"""Trees stored as paths of primary keys, "/1/5/12/": any depth, subtree by prefix, no recursion."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Value
from django.db.models.functions import Concat, Substr
from django.db.models.lookups import PatternLookup, StartsWith
from django.utils.translation import gettext as _


class PathField(models.TextField):
    """Path of a node. It is searched by `startswith`, whatever the size of the tree."""


@PathField.register_lookup
class Below(StartsWith):
    """The path begins with another. SQLite is asked for a range, because its LIKE uses no index:
    in a path only digits and slashes follow, and both stand before the colon."""

    def as_sqlite(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        """The range, of whatever stands on either side."""
        path, path_params = self.process_lhs(compiler, connection)
        top, top_params = super(PatternLookup, self).process_rhs(compiler, connection)
        sql = f"({path} >= {top} AND {path} < {top} || ':')"
        return sql, (*path_params, *top_params) * 2


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
