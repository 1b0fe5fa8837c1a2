"""What an action says when it is done: a toast, with Undo where it can be taken back."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest

UNDO = "undo:"


def done(request: HttpRequest, text: str, *, undo: str = "") -> None:
    """Say `text` in a toast; `undo` is an address that takes the action back when posted to."""
    messages.success(request, text, extra_tags=f"{UNDO}{undo}" if undo else "")
