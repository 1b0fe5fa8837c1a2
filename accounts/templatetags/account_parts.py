"""What pages of customers ask of their reader."""

from __future__ import annotations

from typing import Any

from django import template

from teams import policies

register = template.Library()


@register.simple_tag(takes_context=True)
def reads_whole(context: Any) -> bool:
    """Whether the reader sees all of some programme, and so what weighs its customers."""
    return policies.reads_whole(context["request"].user)
