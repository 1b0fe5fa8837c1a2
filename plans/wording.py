"""Objectives that name a tool instead of an aim (K134)."""

from __future__ import annotations

import re

from django.utils.translation import gettext as _

TOOL = re.compile(r"\b(?:cross|up)[\s-]?sell(?:ing|s)?\b", re.IGNORECASE)
"""Cross-selling and up-selling: tools of selling, no targets."""


def rewording(title: str) -> str:
    """What to write instead, where an objective's title names a tool; empty where it does not."""
    found = TOOL.search(title)
    if found is None:
        return ""
    return _(
        "“%(tool)s” is a tool, not an aim. Say what the customer solves or gains by it, and what we"
        " reach; put the tool under it as a strategy that extends the range."
    ) % {"tool": found.group()}
