"""Parts of a review's page that come so often that a template would be slow."""

from __future__ import annotations

from django import template
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from reviews.sheet import AnswerRow

register = template.Library()

CHOICE = (
    '<label title="{value}: {label}"><input type="radio" id="{item}-{value}" name="score"'
    ' value="{value}"{state} aria-label="{value}: {label}">'
    '<span aria-hidden="true">{value}</span></label>'
)


@register.simple_tag
def score_choices(row: AnswerRow, can_answer: bool) -> SafeString:  # noqa: FBT001  (a template tag's flag)
    """The five scores of a statement as radio buttons; a page has a hundred and twenty."""
    locked = "" if can_answer else " disabled"
    return format_html_join(
        "",
        CHOICE,
        (
            {
                "item": row.item,
                "value": choice.value,
                "label": choice.label,
                "state": f"{' checked' if choice.checked else ''}{locked}",
            }
            for choice in row.choices
        ),
    )
