"""Forms of selection runs."""

from __future__ import annotations

from accounts.models import Selection
from accounts.services.selection import SELECTION_FIELDS
from kam.web.forms import ServiceForm


class SelectionForm(ServiceForm):
    """The limits of a scenario."""

    wide = ("name",)
    folded = ("cut",)

    class Meta:
        model = Selection
        fields = SELECTION_FIELDS


class LimitsForm(ServiceForm):
    """The limits as the row on top of a run, to solve it with."""

    class Meta:
        model = Selection
        fields = ("budget", "max_accounts", "hurdle", "attractiveness_weight", "min_stars")
