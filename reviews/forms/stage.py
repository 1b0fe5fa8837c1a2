"""Forms of a stage review."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from crispy_forms.layout import Fieldset, Layout
from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.choices import Initiator, Stage, UncouplingReason
from kam.web.forms import ServiceForm, ShapeForm
from reviews import scoring, services
from reviews.choices import CheckState, ClosingStatus, Side
from reviews.models import StageReview

HUNDRED = Decimal(100)
SHARE_DIGITS = 6


class DateInput(forms.DateInput):
    """The browser's own date field; its value is ISO whatever the reader's format."""

    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class PercentField(forms.DecimalField):
    """A ratio 0..1 that people type as a percentage."""

    def prepare_value(self, value: Any) -> Any:
        return (value * HUNDRED).normalize() if isinstance(value, Decimal) else value

    def clean(self, value: Any) -> Decimal | None:
        typed = super().clean(value)
        return None if typed is None else typed / HUNDRED

    def has_changed(self, initial: Any, data: Any) -> bool:
        return super().has_changed(self.prepare_value(initial), data)


def share_field() -> PercentField:
    """Share of wallet in percent."""
    return PercentField(
        label=_("Share of wallet (%)"),
        required=False,
        min_value=0,
        max_value=100,
        max_digits=9,
        decimal_places=SHARE_DIGITS,
        help_text=_("Only if you know better than the data; it is marked as assumed."),
    )


class StartForm(ShapeForm):
    """A new review."""

    side = forms.ChoiceField(label=_("Whose view"), choices=Side.choices, initial=Side.SUPPLIER)
    reviewed_on = forms.DateField(label=_("Reviewed on"), widget=DateInput())
    participants = forms.CharField(label=_("Answered together by"), max_length=250, required=False)
    share_of_wallet = share_field()
    prefill = forms.BooleanField(
        label=_("Start from the answers of the last review"),
        required=False,
        initial=True,
        help_text=_("They count only once you confirm them."),
    )

    def __init__(self, *args: Any, has_last: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not has_last:
            del self.fields["prefill"]


class ReviewForm(ServiceForm):
    """Date, participants and given share of a draft."""

    share_of_wallet = share_field()

    class Meta:
        model = StageReview
        fields = services.EDITABLE_FIELDS
        widgets = {"reviewed_on": DateInput()}


class AnswerForm(forms.Form):
    """One answer; `version` is that of the answer, 0 for a new one."""

    score = forms.TypedChoiceField(
        choices=[(value, value) for value in range(scoring.MAX_SCORE + 1)],
        coerce=int,
        required=False,
        empty_value=None,
    )
    evidence = forms.CharField(required=False)
    file = forms.IntegerField(required=False, min_value=1)
    version = forms.IntegerField(required=False, min_value=0)
    keep = forms.IntegerField(required=False, min_value=0)


class CheckForm(forms.Form):
    """An item of the checklist."""

    state = forms.ChoiceField(choices=CheckState.choices)
    note = forms.CharField(required=False)
    version = forms.IntegerField(required=False, min_value=0)


class SignalForm(forms.Form):
    """A signal of uncoupling."""

    is_present = forms.BooleanField(required=False)
    evidence = forms.CharField(required=False)
    version = forms.IntegerField(required=False, min_value=0)


class StepForm(ShapeForm):
    """A step of a review; the hidden `version` is the state that the person read."""

    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def with_version(self, version: int) -> Any:
        """What was sent, carrying another version, so that sending it again is meant."""
        data = self.data.copy()  # type: ignore[attr-defined]
        data[self.add_prefix("version")] = str(version)
        return data


class ProposalForm(StepForm):
    """The stage that people propose, with what the rules of handbook 2.5 ask for.

    Fields that the account's standing cannot need are not there.
    """

    decided_stage = forms.ChoiceField(label=_("Stage"), widget=forms.RadioSelect)
    reason = forms.CharField(
        label=_("Reason"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Needed unless the evidence recommends the stage."),
    )
    what_changed = forms.CharField(
        label=_("What has changed"), required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    override = forms.BooleanField(
        label=_("Override time, checklist and recommendation"),
        required=False,
        help_text=_("A programme manager decides; it stays marked on the timeline for ever."),
    )
    override_evidence_1 = forms.CharField(
        label=_("First evidence for the override"), required=False, max_length=500
    )
    override_evidence_2 = forms.CharField(
        label=_("Second evidence for the override"), required=False, max_length=500
    )
    uncoupling_reason = forms.ChoiceField(
        label=_("Reason for uncoupling"),
        required=False,
        choices=[("", "—"), *UncouplingReason.choices],
    )
    initiator = forms.ChoiceField(
        label=_("Who ends it"), required=False, choices=[("", "—"), *Initiator.choices]
    )

    CLOSING = "close_"

    def __init__(self, *args: Any, review: StageReview, stages: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        stage = review.account.stage
        choices = [(value, Stage(value).label) for value in stages]
        if stage == Stage.UNCOUPLING:
            choices += [(f"{self.CLOSING}{value}", label) for value, label in ClosingStatus.choices]
        self.fields["decided_stage"].choices = choices
        unneeded = {"what_changed"} if Stage.UNCOUPLING in stages else set()
        if stage == Stage.UNCOUPLING:
            unneeded = {"uncoupling_reason", "initiator"}
        if stage is None and Stage.UNCOUPLING not in stages:
            unneeded = {"uncoupling_reason", "initiator"}
            if len(stages) == len(Stage) - 1:
                unneeded |= {"what_changed"}
        if stage in (None, Stage.UNCOUPLING, Stage.SYNERGISTIC):
            unneeded |= {"override", "override_evidence_1", "override_evidence_2"}
        for name in unneeded:
            del self.fields[name]
        self.helper.layout = Layout(*self._groups())

    def _groups(self) -> list[Any]:
        """The fields that are there, with those of an override and of an end under headings."""
        override = ("override", "override_evidence_1", "override_evidence_2")
        end = ("uncoupling_reason", "initiator")
        plain = ("decided_stage", "reason", "what_changed", "version")
        groups: list[Any] = [name for name in plain if name in self.fields]
        for label, names in ((_("Only to override"), override), (_("Only to uncouple"), end)):
            if names[0] in self.fields:
                groups.append(Fieldset(label, *names, css_class="fs"))
        return groups

    @property
    def decision(self) -> dict[str, Any]:
        """What the service takes."""
        chosen = dict(self.cleaned_data)
        evidences = [chosen.pop(f"override_evidence_{place}", "") for place in (1, 2)]
        chosen.pop("version", None)
        if chosen.get("override"):
            chosen["override_evidence"] = evidences
        stage = chosen["decided_stage"]
        if stage.startswith(self.CLOSING):
            chosen |= {"decided_stage": None, "closing_status": stage.removeprefix(self.CLOSING)}
        if chosen["decided_stage"] != Stage.UNCOUPLING:
            chosen.pop("uncoupling_reason", None)
            chosen.pop("initiator", None)
        return chosen

    def add_error(self, field: str | None, error: Any) -> None:
        """Refusals about the pair of evidences or the checklist have no field of their own."""
        if field == "override_evidence":
            field = "override_evidence_1"
        super().add_error(field if field in self.fields else None, error)


class RejectionForm(StepForm):
    """Why a proposal is refused."""

    rejection_reason = forms.CharField(
        label=_("Why"),
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("The proposer reads it; the account keeps its stage."),
    )
