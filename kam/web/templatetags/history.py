"""`{% history obj %}`: the newest changes of a record; `value` shows a typed value of a change."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django import template
from django.db import models
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from kam.changes.history import FieldChange, Line, describe
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


@register.simple_tag
def changed_fields(fields: Iterable[FieldChange], is_new: bool) -> SafeString:  # noqa: FBT001  (a template tag's flag)
    """Fields of a change, one below the other: what stood there is struck out, if anything did."""
    return format_html_join(
        "",
        '<div class="wrap"><span class="mut">{}:</span> {}</div>',
        ((field.label, _told(field, is_new)) for field in fields),
    )


def _told(field: FieldChange, is_new: bool) -> SafeString | str:  # noqa: FBT001  (as the tag)
    if field.hidden:
        return _("changed")
    after = short_value(field.after)
    if is_new:
        return after
    return format_html('<del class="mut">{}</del> → {}', short_value(field.before), after)


@register.inclusion_tag("web/_history.html", takes_context=True)
def history(context: template.Context, obj: models.Model, count: int = 10) -> dict[str, list[Line]]:
    """The newest `count` changes of `obj` that the reader may see."""
    user = context["request"].user
    rows = Change.objects.visible_to(user).of(obj).for_list()[:count]
    return {"lines": describe(rows, user)}
