"""Filters for numbers, money and dates; the rules are in `kam.web.formatting`."""

import datetime

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from kam.web import formatting
from kam.web.browsers import browser_name

register = template.Library()

register.filter("file_size", formatting.file_size)
register.filter("number", formatting.number)
register.filter("figure", formatting.figure)
register.filter("signed", formatting.signed)
register.filter("money", formatting.money)
register.filter("kilo", formatting.kilo)
register.filter("thousands", formatting.thousands)
register.filter("percent", formatting.percent)
register.filter("change", formatting.change)
register.filter("day", formatting.day)
register.filter("short_day", formatting.short_day)
register.filter("month", formatting.month)
register.filter("short_month", formatting.short_month)
register.filter("moment", formatting.moment)
register.filter("since", formatting.since)
register.filter("late", formatting.late)
register.filter("ago", formatting.ago)
register.filter("browser", browser_name)


@register.filter
def why(text: str, missing: str) -> SafeString | str:
    """Explain an `n/a`: `{{ ratio|percent|why:"no cost booked" }}` names the missing input."""
    if text != formatting.not_available():
        return text
    return format_html(
        '<span class="na" title="{}">{}<span class="vh">: {}</span></span>', missing, text, missing
    )


@register.filter
def tone_due(due: datetime.date | None, today: datetime.date) -> str:
    """CSS class of a due date: late is red and bold, today bold, later grey."""
    if due is None or due > today:
        return "mut"
    return "bad b" if due < today else "b"
