"""The product's small parts: icon, stage glyph and rail, status, faces, bars (docs/components.md).

All are drawn by the server with attributes, so that the first paint needs no script and the strict
policy on styles holds.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

from django import template
from django.http import HttpRequest
from django.template.loader import get_template
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import slugify
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from kam.web import formatting, panels, toasts
from kam.web.addresses import address
from kam.web.glyphs import STAGE_NAMES, STAGES, UNCOUPLING, glyph, steps

register = template.Library()

TONES = {
    "good": "circle-check",
    "warn": "alert-triangle",
    "bad": "alert-octagon",
    "info": "info-circle",
    "none": "circle-dashed",
}
MARK = "-the-token-of-this-request-"
MOST_FRAMES = 600
"""Parts of frames that are kept; all are forgotten beyond that."""
_frame_parts: dict[tuple, str] = {}


register.simple_tag(address)


@register.simple_tag
@lru_cache(maxsize=1000)
def icon(name: str, small: bool = False, tone: str = "") -> SafeString:  # noqa: FBT001, FBT002  (a template tag's flag)
    """An outline icon of the sprite; hidden from screen readers, so a word stands beside it."""
    classes = " ".join(filter(None, ("i", "i-s" if small else "", tone)))
    return format_html(
        '<svg class="{}" aria-hidden="true"><use href="{}#{}"/></svg>',
        classes,
        static("vendor/icons.svg"),
        name,
    )


@register.simple_tag
def stage_glyph(stage: str | None, target: str | None = None, words: bool = True) -> SafeString:  # noqa: FBT001, FBT002  (a template tag's flag)
    """Five steps, as many filled as the stage has; `target` is outlined.

    `stage` None is "Not assessed". With `words` the stage's name stands beside it, else it is
    for screen readers only.
    """
    return glyph(stage or None, target or None, bool(words), get_language() or "")


@register.simple_tag
@lru_cache(maxsize=1)
def product_mark() -> SafeString:
    """The mark of the product: all five steps."""
    return format_html(
        '<svg class="gl" viewBox="0 0 29 16" aria-hidden="true">{}</svg>',
        steps("synergistic", None),
    )


@register.inclusion_tag("components/rail.html")
def stage_rail(
    stage: str | None,
    since: datetime.date | None = None,
    target: str | None = None,
    target_on: datetime.date | None = None,
) -> dict[str, Any]:
    """The stage rail of an account: reached steps filled, the target dashed, uncoupling apart."""
    reached = STAGES.index(stage) + 1 if stage in STAGES else 0
    steps = [
        {
            "name": STAGE_NAMES[name],
            "filled": f"on{number}" if number <= reached else "",
            "now": number == reached,
            "target": name == target and number > reached,
        }
        for number, name in enumerate(STAGES, 1)
    ]
    leaving = stage == UNCOUPLING
    return {
        "steps": steps,
        "since": since,
        "target_on": target_on,
        "uncoupling": STAGE_NAMES[UNCOUPLING],
        "leaving": leaving,
        "assessed": bool(reached) or leaving,
    }


@register.simple_tag
def status(tone: str, word: str) -> SafeString:
    """Shape and word, never colour alone; `tone` is good, warn, bad, info or none."""
    return format_html(
        '<span class="st {}">{}{}</span>', tone, icon(TONES.get(tone, TONES["none"])), word
    )


@register.simple_tag
def chip(text: str, key: bool = False) -> SafeString:  # noqa: FBT001, FBT002  (a template tag's flag)
    """A short label; `key` marks key accounts."""
    return format_html('<span class="chip{}">{}</span>', " chip-k" if key else "", text)


@register.simple_tag
def confidence(
    confirmed: bool,  # noqa: FBT001  (a template tag's flag)
    on: datetime.date | None = None,
    who: object = "",
) -> SafeString:
    """Confirmed with its date, or assumed with who and when: one never looks like the other."""
    word = _("confirmed") if confirmed else _("assumed")
    parts = [word, str(who) if who else "", formatting.short_day(on) if on else ""]
    return format_html(
        '<span class="as{}">{}{}</span>',
        " ok" if confirmed else "",
        icon("circle-check" if confirmed else "help-circle"),
        ", ".join(part for part in parts if part),
    )


def _initials(person: object) -> str:
    words = str(person).split()
    return getattr(person, "initials", "") or "".join(word[0] for word in words[:2]).upper()


@register.simple_tag
def avatar(person: object, kind: str = "", small: bool = True) -> SafeString:  # noqa: FBT001, FBT002  (a template tag's flag)
    """Round mark with initials and the name for screen readers and as tooltip.

    `kind`: `manager` (filled), `unknown` (dashed), or empty.
    """
    if person is None:
        return format_html('<span class="mut">{}</span>', _("nobody"))
    extra = {"manager": " av-k", "unknown": " av-x"}.get(kind, "")
    return format_html(
        '<span class="av{}{}" title="{}"><span aria-hidden="true">{}</span>'
        '<span class="vh">{}</span></span>',
        " av-s" if small else "",
        extra,
        person,
        _initials(person),
        person,
    )


@register.simple_tag(takes_context=True)
def frame_part(context: template.Context, name: str) -> SafeString:
    """A template of the frame, drawn anew only when something in it differs: most pages of a
    person carry the same navigation."""
    request, frame = context["request"], context["frame"]
    said = (name, get_language() or "", formatting.current_locale(), str(request.user))
    key = (*said, frame.key)
    html = _frame_parts.get(key)
    if html is None:
        if len(_frame_parts) >= MOST_FRAMES:
            _frame_parts.clear()
        drawn = {"frame": frame, "request": request, "csrf_token": MARK}
        html = _frame_parts[key] = get_template(name).render(drawn)
    return mark_safe(html.replace(MARK, str(context.get("csrf_token", ""))))  # noqa: S308  (a template's output)


@register.inclusion_tag("components/faces.html")
def faces(people: Iterable[tuple[object, str]], label: str = "") -> dict[str, Any]:
    """People with what they do, the manager first: `(person, role in words)` pairs."""
    return {"people": list(people), "label": label or _("Team")}


@register.simple_tag
@lru_cache(maxsize=1000)
def pips(value: int, of: int = 5, label: str = "") -> SafeString:
    """`value` of `of` dots, e.g. a contact's influence."""
    dots = format_html_join(
        "",
        '<circle class="{}" cx="{}" cy="4" r="3"/>',
        (("pon" if dot < value else "poff", 4 + 8 * dot) for dot in range(of)),
    )
    words = f"{label} {value} / {of}".strip()
    return format_html(
        '<span class="pips" role="img" aria-label="{}"><svg viewBox="0 0 {} 8" aria-hidden="true">'
        "{}</svg></span>",
        words,
        8 * of,
        dots,
    )


def _share(value: Any, top: Any) -> float:
    if value is None or not top:
        return 0.0
    return max(0.0, min(100.0, float(Decimal(str(value)) / Decimal(str(top)) * 100)))


@register.simple_tag
def bar(value: Any, top: Any = 100, mark: Any = None, tone: str = "") -> SafeString:
    """A bar on the scale 0..`top`; `mark` is an upright line, e.g. what the next stage asks for.

    The figure stands beside it, so the bar itself is hidden from screen readers.
    """
    line = (
        format_html('<line class="bar-m" x1="{0}" x2="{0}" y1="0" y2="6"/>', _share(mark, top))
        if mark is not None
        else ""
    )
    return format_html(
        '<svg class="bar" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="bar-t" width="100" height="6"/>'
        '<rect class="bar-v {}" width="{}" height="6"/>{}</svg>',
        f"v-{tone}" if tone else "",
        f"{_share(value, top):.2f}",
        line,
    )


@register.simple_tag
def sparkline(
    points: Sequence[Any], label: str, low: Any = None, high: Any = None, of: int | None = None
) -> SafeString:
    """A line on a given scale (baseline `low` to target `high`), `of` periods wide, gaps left out.

    Without a scale it runs from the least to the greatest point. `label` says the finding.
    """
    known = [(place, float(point)) for place, point in enumerate(points) if point is not None]
    if not known:
        return format_html('<span class="mut xs">{}</span>', _("no readings"))
    values = [point for place, point in known]
    bottom = float(low) if low is not None else min(values)
    top = float(high) if high is not None else max(values)
    wide = max((of or len(points)) - 1, 1)
    spread = (top - bottom) or 1.0

    def spot(place: int, point: float) -> tuple[str, str]:
        y = 24 - 22 * max(-0.05, min(1.05, (point - bottom) / spread))
        return f"{96 * place / wide:.1f}", f"{y:.1f}"

    spots = [spot(place, point) for place, point in known]
    plan = mark_safe('<line class="p" x1="0" y1="24" x2="96" y2="2"/>') if high is not None else ""
    return format_html(
        '<svg class="spark" viewBox="0 0 96 26" role="img" aria-label="{}">{}'
        '<polyline class="a" points="{}"/><circle class="e" r="2.5" cx="{}" cy="{}"/></svg>',
        label,
        plan,
        " ".join(f"{x},{y}" for x, y in spots),
        *spots[-1],
    )


@register.simple_block_tag(takes_context=True)
def panel(
    context: template.Context,
    content: str,
    title: str,
    sub: str = "",
    url: str = "",
    link: str = "",
    classes: str = "",
    name: str = "",
) -> SafeString:
    """A panel with its heading: `{% panel "What is due" sub="8 open" url=u link="All" %}…`.

    `name` is the id of the heading (else made from the title). The content brings its own padding
    (`<div class="p-b">`), since tables and lists reach the edge.
    """
    heading = name or f"p-{slugify(title)}"
    head = format_html('<h2 id="{}">{}</h2>', heading, title)
    if sub:
        head = format_html('{}<span class="sub">{}</span>', head, sub)
    if url:
        head = format_html('{}<div class="push"><a href="{}">{}</a></div>', head, url, link)
    return format_html(
        '<section class="panel {}" aria-labelledby="{}"><div class="p-h">{}</div>{}</section>',
        classes,
        heading,
        head,
        content,
    )


@register.simple_tag(takes_context=True)
def page_panels(
    context: template.Context, page: str, obj: Any = None, area: str = ""
) -> SafeString:
    """All panels that apps registered for `page` (and `area`), in their order."""
    request: HttpRequest = context["request"]
    return panels.render(request, page=page, obj=obj, area=area)


@register.simple_tag(takes_context=True)
def query(context: template.Context, **changes: Any) -> str:
    """Address of this page with parameters changed; None takes one away, paging starts again."""
    parameters = context["request"].GET.copy()
    if "page" not in changes:
        parameters.pop("page", None)
    for name, value in changes.items():
        if value is None or value == "":
            parameters.pop(name, None)
        else:
            parameters[name] = value
    encoded = urlencode(list(parameters.lists()), doseq=True)
    return f"?{encoded}" if encoded else "?"


@register.inclusion_tag("components/empty.html")
def empty(title: str, text: str = "", url: str = "", link: str = "") -> dict[str, Any]:
    """Nothing there yet: what it is for in a sentence, and the one action that fills it."""
    return {"title": title, "text": text, "url": url, "link": link}


@register.inclusion_tag("components/chart.html", takes_context=True)
def chart(
    context: template.Context,
    kind: str,
    data: dict[str, Any],
    name: str,
    finding: str,
    table: str,
    height: str = "h-300",
) -> dict[str, Any]:
    """A chart with its table behind a switch; `finding` is the sentence that it proves.

    `kind` is `bars`, `lines`, `pareto`, `radar` or `matrix`, `data` as in docs/components.md,
    `table` the template of the same rows (it gets the page's context). The page links the scripts.
    """
    here: dict[str, Any] = context.flatten()  # type: ignore[assignment]
    return here | {
        "kind": kind,
        "data": data,
        "id": name,
        "source": f"{name}-data",
        "finding": finding,
        "table_template": table,
        "height": height,
    }


@register.filter
def undo_address(message: Any) -> str:
    """Where a toast's Undo posts to; empty without."""
    tags = message.extra_tags or ""
    return tags.removeprefix(toasts.UNDO) if tags.startswith(toasts.UNDO) else ""
