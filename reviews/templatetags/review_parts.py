"""Parts of a review's page that come so often that a template would be slow."""

from __future__ import annotations

from functools import lru_cache

from django import template
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from reviews.sheet import AnswerRow
from reviews.texts import STATEMENTS

register = template.Library()

CHOICE = (
    '<label title="{value}: {label}"><input type="radio" id="{item}-{value}" name="score"'
    ' value="{value}"{state} aria-label="{value}: {label}">'
    '<span aria-hidden="true">{value}</span></label>'
)


@register.simple_tag
def score_choices(row: AnswerRow, can_answer: bool) -> SafeString:  # noqa: FBT001  (a template tag's flag)
    """The five scores of a statement as radio buttons; a page has a hundred and twenty."""
    chosen = row.answer.score if row.answer else None
    return _choices(row.item, chosen, can_answer, get_language())


@lru_cache(maxsize=1000)
def _choices(
    item: str,
    chosen: int | None,
    can_answer: bool,  # noqa: FBT001  (a template tag's flag)
    _language: str | None,
) -> SafeString:
    locked = "" if can_answer else " disabled"
    return format_html_join(
        "",
        CHOICE,
        (
            {
                "item": item,
                "value": value,
                "label": label,
                "state": f"{' checked' if value == chosen else ''}{locked}",
            }
            for value, label in enumerate(STATEMENTS[item].scale)
        ),
    )
