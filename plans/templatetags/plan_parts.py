"""Small parts of a plan's page."""

from __future__ import annotations

from typing import Any

from django import template
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from kam.web.templatetags.parts import icon
from plans.choices import ActionStatus, ObjectiveStatus, PlanStatus, RiskBand
from plans.kinds import IN_PLACE

register = template.Library()

STATUS_ICONS = {
    PlanStatus.DRAFT: "pencil",
    PlanStatus.IN_REVIEW: "clipboard-check",
    PlanStatus.APPROVED: "check",
    PlanStatus.ACTIVE: "circle-check",
    PlanStatus.SUPERSEDED: "history",
    PlanStatus.CLOSED: "lock",
}
ACTION_TONES = {
    ActionStatus.BLOCKED: ("warn", "alert-triangle"),
    ActionStatus.DONE: ("good", "circle-check"),
}
OBJECTIVE_TONES = {
    ObjectiveStatus.ACHIEVED: ("good", "circle-check"),
    ObjectiveStatus.MISSED: ("bad", "alert-octagon"),
}
BAND_TONES = {
    RiskBand.LOW: ("good", "circle-check"),
    RiskBand.MEDIUM: ("warn", "alert-triangle"),
    RiskBand.HIGH: ("bad", "alert-octagon"),
    RiskBand.CRITICAL: ("bad", "alert-octagon"),
}


@register.inclusion_tag("plans/_field.html", takes_context=True)
def editable(
    context: template.Context,
    kind: str,
    row: Any,
    field: str,
    writes: bool,  # noqa: FBT001  (a template tag's flag)
) -> dict[str, Any]:
    """A text field that opens in place where `writes`, else plain text."""
    model_field = row._meta.get_field(field)
    return {
        "kind": kind,
        "row": row,
        "field": field,
        "label": model_field.verbose_name,
        "hint": model_field.help_text,
        "value": getattr(row, field),
        "multiline": IN_PLACE[kind][1][field],
        "writes": writes,
        "id": f"f-{kind}-{row.pk}-{field}",
        "url": reverse("plans:field", args=[kind, row.pk, field]),
    }


def _toned(tone: str, shape: str, word: Any) -> SafeString:
    return format_html('<span class="st {}">{}{}</span>', tone, icon(shape), word)


@register.simple_tag
def action_state(action: Any) -> SafeString:
    """State of an action in words, with a shape where it matters."""
    state = action.state
    if state in ACTION_TONES:
        return _toned(*ACTION_TONES[state], state.label)
    return format_html("{}", state.label)


@register.simple_tag
def objective_state(status: str, label: str) -> SafeString:
    """Computed status of an objective."""
    if status in OBJECTIVE_TONES:
        return _toned(*OBJECTIVE_TONES[ObjectiveStatus(status)], label)
    return format_html('<span class="sm nw mut">{}</span>', label)


@register.simple_tag
def risk_band(risk: Any) -> SafeString:
    """Band of a risk with its score."""
    tone, shape = BAND_TONES[risk.band]
    return _toned(tone, shape, format_html("{} {}", risk.band.label, risk.score))


@register.simple_tag
def plan_status(plan: Any) -> SafeString:
    """Status of a plan's working copy as a chip."""
    return format_html(
        '<span class="chip">{}{}</span>',
        icon(STATUS_ICONS[PlanStatus(plan.status)]),
        plan.get_status_display(),
    )


@register.simple_tag
def pie(section: Any) -> SafeString:
    """How much of a section is filled; the figure stands beside it."""
    return format_html(
        '<svg class="pie" viewBox="0 0 16 16" aria-hidden="true">'
        '<circle class="pie-t" cx="8" cy="8" r="5.5"/>'
        '<circle class="pie-v {}" cx="8" cy="8" r="5.5" pathLength="100" '
        'stroke-dasharray="{} 100" transform="rotate(-90 8 8)"/></svg>',
        "full" if section.filled == section.required else "",
        section.share,
    )
