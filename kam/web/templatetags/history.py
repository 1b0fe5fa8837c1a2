"""`{% history obj %}`: the newest changes of a record; `value` shows a typed value of a change."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

from django import template
from django.db import models
from django.utils.translation import gettext as _

from kam.changes.history import Line, describe
from kam.changes.models import Change
from kam.web import formatting

register = template.Library()
LONGEST = 300
"""Characters of a value that history shows."""


@register.filter
def value(item: Any) -> str:
    """A value in the reader's format; None reads "none"."""
    match item:
        case None:
            return _("none")
        case datetime.datetime():
            return formatting.moment(item)
        case datetime.date():
            return formatting.day(item)
        case Decimal() | int() | float():
            return formatting.number(item)
    return str(item)


@register.filter
def short_value(item: Any) -> str:
    """As `value`, no more than a few lines of it."""
    text = value(item)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


@register.inclusion_tag("web/_history.html", takes_context=True)
def history(context: template.Context, obj: models.Model, count: int = 10) -> dict[str, list[Line]]:
    """The newest `count` changes of `obj` that the reader may see."""
    user = context["request"].user
    rows = Change.objects.visible_to(user).of(obj).for_list()[:count]
    return {"lines": describe(rows, user)}
