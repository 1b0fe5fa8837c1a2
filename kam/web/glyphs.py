"""The glyph of a stage: five steps, drawn by the server with attributes."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

STAGES = ("pre", "early", "mid", "partnership", "synergistic")
UNCOUPLING = "uncoupling"
STAGE_NAMES = {
    "pre": gettext_lazy("Pre-KAM"),
    "early": gettext_lazy("Early"),
    "mid": gettext_lazy("Mid"),
    "partnership": gettext_lazy("Partnership"),
    "synergistic": gettext_lazy("Synergistic"),
    UNCOUPLING: gettext_lazy("Uncoupling"),
}
_STEP, _WIDTH, _FOOT = 5.7, 4.2, 15.25


def steps(stage: str | None, target: str | None) -> SafeString:
    """Five rising steps: filled up to `stage`, outlined up to `target`."""
    reached = STAGES.index(stage) + 1 if stage in STAGES else 0
    aim = STAGES.index(target) + 1 if target in STAGES else 0
    rows = []
    for step in range(1, 6):
        height = 3 + 2.3 * step
        kind = f"f{reached}" if step <= reached else "ft" if step <= aim else "f0"
        x, y = 0.75 + _STEP * (step - 1), _FOOT - height
        rows.append((kind, f"{x:.2f}", f"{y:.2f}", _WIDTH, f"{height:.2f}"))
    return _rects(rows)


def _falling() -> SafeString:
    rows = []
    for step in range(5):
        height = 11.9 - 2.3 * step
        x, y = 0.9 + _STEP * step, 15.1 - height
        rows.append(("f6", f"{x:.2f}", f"{y:.2f}", 3.8, f"{height:.2f}"))
    return _rects(rows)


def _rects(rows: Iterable[tuple]) -> SafeString:
    shape = '<rect class="{}" x="{}" y="{}" width="{}" height="{}" rx="1"/>'
    return format_html_join("", shape, rows)


@lru_cache(maxsize=500)
def glyph(stage: str | None, target: str | None, words: bool, language: str) -> SafeString:  # noqa: FBT001  (as the tag)
    """The steps with the stage in words, on the page or for screen readers alone."""
    drawn = _falling() if stage == UNCOUPLING else steps(stage, target)
    name = STAGE_NAMES.get(stage or "", _("Not assessed"))
    shown = format_html("{}" if words else '<span class="vh">{}</span>', name)
    aim = (
        format_html('<span class="vh">, {} {}</span>', _("target"), STAGE_NAMES[target])
        if (target in STAGE_NAMES)
        else ""
    )
    return format_html(
        '<span class="sg"><svg class="gl" viewBox="0 0 29 16" aria-hidden="true">{}</svg>{}{}'
        "</span>",
        drawn,
        shown,
        aim,
    )
