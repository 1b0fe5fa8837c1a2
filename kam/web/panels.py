"""Panels: parts of a page that belong to other apps, which register them here.

`AppConfig.ready()` calls `register("account", Panel(...))`; the page puts
`{% page_panels "account" account area="side" %}` where they belong.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe

from kam.access.querysets import Reader

PanelContext = Callable[[HttpRequest, Any], dict[str, Any]]


def anybody(user: Reader, obj: Any) -> bool:
    """Shown to whoever sees the page."""
    return True


@dataclass(frozen=True)
class Panel:
    """A part of a page: `template` is rendered with `context(request, obj)`.

    `visible(user, obj)` leaves it out; `area` is where on the page (`main`, `side` …).
    """

    name: str
    template: str
    context: PanelContext
    order: int = 50
    area: str = ""
    visible: Callable[[Reader, Any], bool] = anybody


_pages: dict[str, dict[str, Panel]] = defaultdict(dict)


def register(page: str, panel: Panel) -> None:
    """Add `panel` to `page`; a second one of the same name replaces the first."""
    _pages[page][panel.name] = panel


def of(page: str, area: str = "") -> list[Panel]:
    """Panels of `page`, in their order; those of one `area` if named."""
    chosen = (item for item in _pages[page].values() if not area or item.area == area)
    return sorted(chosen, key=lambda item: (item.order, item.name))


def render(request: HttpRequest, *, page: str, obj: Any = None, area: str = "") -> SafeString:
    """The panels of `page` as HTML."""
    return mark_safe(  # noqa: S308  (rendered templates, escaped there)
        "".join(
            render_to_string(item.template, item.context(request, obj), request)
            for item in of(page, area)
            if item.visible(request.user, obj)
        )
    )
