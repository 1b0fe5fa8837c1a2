"""Texts that name files."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.html import format_html, urlize
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from kam.documents.references import REFERENCE

register = template.Library()
SHORT = 60
"""Characters of an address that are shown."""


@register.filter
def naming_files(text: str, named: dict[int, Any]) -> SafeString:
    """`text` with a link in place of each file that it names and that is among `named`: those
    that the reader may see. Of others it says only that there is one."""
    parts, end = [], 0
    for found in REFERENCE.finditer(text):
        parts += [_plain(text[end : found.start()]), _file(named.get(int(found[1])))]
        end = found.end()
    return mark_safe("".join([*parts, _plain(text[end:])]))  # noqa: S308  (each part is escaped)


def _file(file: Any) -> SafeString:
    if file is None:
        return format_html('<span class="mut">{}</span>', _("a file that you may not see"))
    return format_html('<a href="{}">{}</a>', file.get_absolute_url(), file.name)


def _plain(text: str) -> str:
    linked = urlize(text, trim_url_limit=SHORT, nofollow=True, autoescape=True)
    return linked.replace("\n", "<br>")
