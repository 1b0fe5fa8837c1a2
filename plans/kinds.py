"""Rows of plans by the word that addresses use for them, and what can be edited in place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from plans import forms
from plans.models import (
    Action,
    Milestone,
    Objective,
    Plan,
    Risk,
    Strategy,
    SwotEntry,
)


@dataclass(frozen=True)
class Kind:
    """One kind of row: its model, its form, its section, what a new one is called."""

    name: str
    model: Any
    form: Any
    section: str
    new: Any
    change: Any
    parent: str = "plan"


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            "objective",
            Objective,
            forms.ObjectiveForm,
            "objectives",
            _("New objective"),
            _("Objective"),
        ),
        Kind(
            "strategy",
            Strategy,
            forms.StrategyForm,
            "objectives",
            _("New strategy"),
            _("Strategy"),
            "objective",
        ),
        Kind(
            "milestone",
            Milestone,
            forms.MilestoneForm,
            "objectives",
            _("New milestone"),
            _("Milestone"),
            "objective",
        ),
        Kind("swot", SwotEntry, forms.SwotEntryForm, "swot", _("New entry"), _("Entry")),
        Kind("risk", Risk, forms.RiskForm, "risks", _("New risk"), _("Risk")),
    )
}

IN_PLACE: dict[str, tuple[Any, dict[str, bool]]] = {
    "plan": (
        Plan,
        {
            "title": False,
            "rationale": True,
            "ambition": False,
            "key_messages": True,
            "defection_contingency": True,
        },
    ),
    "objective": (Objective, {"title": False}),
    "strategy": (Strategy, {"text": False}),
    "milestone": (Milestone, {"result": False}),
    "swot": (SwotEntry, {"text": False, "evidence": True}),
    "risk": (
        Risk,
        {"title": False, "cause": True, "effect": True, "contingency": True, "trigger": True},
    ),
    "action": (Action, {"text": False}),
}
"""Text fields edited in place: model and, for each field, whether it has several lines."""
