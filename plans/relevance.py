"""Whether an objective is relevant: the R of SMART (K026; handbook 4.3)."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _


def lacking(objective: Any) -> str:
    """What an objective is still to be linked to, in words; empty where it passes: to a goal or a
    success factor of the customer, and to an objective of our own company."""
    for_customer = objective.customer_goal_id or objective.success_factor_id
    for_us = objective.corporate_objective_id
    if not for_customer and not for_us:
        return _(
            "Relevance: link it to a goal or a success factor of the customer, and to an objective"
            " of our company"
        )
    if not for_customer:
        return _("Relevance: link it to a goal or a success factor of the customer")
    return "" if for_us else _("Relevance: link it to an objective of our company")
