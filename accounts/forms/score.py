"""The form of one score with its grounds (K046; handbook 3.1, 3.2)."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.translation import gettext_lazy

from accounts.choices import Confidence, Horizon
from accounts.scoring.criteria import HIGHEST
from accounts.services.scoring import ANY
from kam.web.addresses import key_in
from kam.web.forms import ShapeForm

AGREED, MINE = "agreed", "mine"


class ScoreForm(ShapeForm):
    """A score of one criterion: of the group or one's own."""

    wide = ("evidence",)

    value = forms.IntegerField(
        label=gettext_lazy("Score"),
        required=False,
        validators=[MinValueValidator(0), MaxValueValidator(HIGHEST)],
        help_text=gettext_lazy("0 to 10. Empty takes it back."),
    )
    horizon = forms.ChoiceField(label=gettext_lazy("For when"), choices=Horizon.choices)
    whose = forms.ChoiceField(label=gettext_lazy("Whose score"))
    confidence = forms.ChoiceField(label=gettext_lazy("Confidence"), choices=Confidence.choices)
    evidence = forms.CharField(
        label=gettext_lazy("Evidence"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("What speaks for it, and where it is written."),
    )
    customer_said = forms.BooleanField(label=gettext_lazy("The customer said so"), required=False)

    seen = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput)

    def __init__(self, *args: Any, may_agree: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        agreed = [(AGREED, gettext_lazy("agreed by the group"))] if may_agree else []
        self.fields["whose"].choices = [*agreed, (MINE, gettext_lazy("mine"))]  # type: ignore[attr-defined]

    @property
    def before(self) -> int | None:
        """The score that was shown, None where there was none; `ANY` where another one is given
        now than the form was opened for."""
        given = self.cleaned_data
        shown, _colon, value = given["seen"].rpartition(":")
        if shown != f"{given['whose']}:{given['horizon']}":
            return ANY
        return key_in(value)


def seen_as(whose: str, horizon: str, value: int | None) -> str:
    """What a form carries along of the score that it shows."""
    return f"{whose}:{horizon}:{'' if value is None else value}"
