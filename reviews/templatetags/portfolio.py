"""Charts of the portfolio, drawn by the server so that the first paint needs no script."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from kam.web import formatting
from reviews.portfolio import MonthPair

register = template.Library()

WIDTH, HEIGHT, HEAD = 720, 180, 12
LABEL = f'<text class="mb-t" x="{{}}" y="{HEIGHT + 12}" text-anchor="middle">{{}}</text>'


@register.simple_tag
def month_bars(pairs: Sequence[MonthPair]) -> SafeString:
    """Revenue by month (filled) beside the year before (outlined), on one scale from zero."""
    known = [value for pair in pairs for value in (pair.now, pair.before) if value is not None]
    top = max([*known, Decimal(0)])
    low = min([*known, Decimal(0)])
    spread = (top - low) or Decimal(1)
    scale = Decimal(HEIGHT - 2 * HEAD) / spread
    zero = HEAD + top * scale
    step = Decimal(WIDTH) / max(len(pairs), 1)
    wide = step * Decimal("0.3")
    bars = []
    for place, pair in enumerate(pairs):
        left = step * place + step * Decimal("0.18")
        for offset, value, kind in ((0, pair.before, "mb-b"), (1, pair.now, "mb-n")):
            if value is None:
                continue
            high = abs(value) * scale
            y = zero - high if value >= 0 else zero
            x = left + offset * (wide + 2)
            bars.append((kind, f"{x:.1f}", f"{y:.1f}", f"{wide:.1f}", f"{high:.1f}"))
    labels = (
        (f"{step * place + step / 2:.1f}", formatting.month(pair.month)[:3])
        for place, pair in enumerate(pairs)
    )
    return format_html(
        '<svg class="mbars" viewBox="0 0 {} {}" role="img" aria-label="{}">'
        '<line class="mb-0" x1="0" x2="{}" y1="{}" y2="{}"/>{}{}</svg>',
        WIDTH,
        HEIGHT + 18,
        _finding(pairs),
        WIDTH,
        f"{zero:.1f}",
        f"{zero:.1f}",
        format_html_join(
            "", '<rect class="{}" x="{}" y="{}" width="{}" height="{}" rx="1"/>', bars
        ),
        format_html_join(
            "",
            f'<text class="mb-t" x="{{}}" y="{HEIGHT + 12}" text-anchor="middle">{{}}</text>',
            labels,
        ),
    )


def _finding(pairs: Sequence[MonthPair]) -> str:
    """What the chart says, in a sentence."""
    best = max(
        (pair for pair in pairs if pair.now is not None),
        key=lambda pair: pair.now or 0,
        default=None,
    )
    if best is None or not best.now:
        return _("No sales in these months.")
    return _("Revenue by month and a year before; the best month was %(month)s.") % {
        "month": formatting.month(best.month)
    }
