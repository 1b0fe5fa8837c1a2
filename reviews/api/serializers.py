"""Stage reviews as other systems read and write them (`design.md` 6)."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.choices import Initiator, Stage, UncouplingReason
from kam.api.reading import loaded, stands_alone
from kam.api.serializers import ModelSerializer, Serializer
from reviews import scoring
from reviews.choices import CheckState, ClosingStatus, Side
from reviews.models import StageReview
from reviews.services import DECISION_FIELDS
from reviews.texts import CHECK_TEXTS


@stands_alone
class RatioField(serializers.DecimalField):
    """A ratio of 0..1, read as number or string and handed out as a number."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_digits=9, decimal_places=8, min_value=0, max_value=1, **options)

    def to_representation(self, value: Any) -> float:  # type: ignore[override]
        return float(value)


class AnswerSerializer(Serializer):
    """An answer; D1 is computed from the share of wallet and says so."""

    score = serializers.IntegerField(
        min_value=0, max_value=scoring.MAX_SCORE, allow_null=True, help_text="0 to 4."
    )
    evidence = serializers.CharField(
        required=False,
        allow_blank=True,
        help_text="Any text, link or file (`/files/12/`); a 3 or 4 without it counts as 2.",
    )
    answered_on = serializers.DateField(required=False)
    is_confirmed = serializers.BooleanField(
        read_only=True, help_text="False: taken over from last time, does not count."
    )
    is_computed = serializers.BooleanField(read_only=True)
    is_assumed = serializers.BooleanField(
        read_only=True, help_text="D1 from a share that was given, or is not confirmed."
    )


class SentAnswerSerializer(AnswerSerializer):
    """What is accepted: an answer as it was handed out may be sent back."""

    is_confirmed = serializers.BooleanField(required=False)
    is_computed = serializers.BooleanField(required=False)
    is_assumed = serializers.BooleanField(required=False)


@stands_alone
class AnswersField(serializers.DictField):
    """Answers by statement; they are handed out as `_Shown` writes them, field by field."""

    child = SentAnswerSerializer()

    def to_representation(self, value: dict[str, Any]) -> dict[str, Any]:
        return value


class CheckSerializer(Serializer):
    """An item of the checklist for leaving the present stage."""

    state = serializers.ChoiceField(choices=CheckState.choices)
    note = serializers.CharField(required=False, allow_blank=True, default="")


class BlockerSerializer(Serializer):
    """A condition of the stage above that is not met; `dimension` is null for the index."""

    stage = serializers.ChoiceField(choices=Stage.choices)
    rule = serializers.ChoiceField(choices=("index", "gate", "floor"))
    dimension = serializers.ChoiceField(choices=scoring.DIMENSIONS, allow_null=True)
    actual = serializers.FloatField()
    required = serializers.FloatField()
    side = serializers.ChoiceField(choices=Side.choices)


class GapSerializer(Serializer):
    """A dimension that we see at least twenty points better than the customer."""

    dimension = serializers.ChoiceField(choices=scoring.DIMENSIONS)
    supplier = serializers.FloatField()
    customer = serializers.FloatField()


class UncouplingSerializer(Serializer):
    """Signals found, and what they amount to."""

    signals = serializers.ListField(child=serializers.ChoiceField(choices=scoring.SIGNALS))
    level = serializers.ChoiceField(choices=("none", "warning", "recommended"))


ANSWER_FIELDS = ("item", "score", "evidence", "answered_on", "is_confirmed")
"""What a body holds of a stored answer."""
OUTCOME = (
    "dimensions",
    "index",
    "recommended_stage",
    "scored_stage",
    "blockers",
    "capped",
    "outdated",
    "insufficient",
    "answered",
    "customer_stage",
    "perception_gaps",
    "uncoupling",
)
DECISION = (
    *DECISION_FIELDS,
    "author",
    "proposed_by",
    "proposed_at",
    "decided_by",
    "decided_at",
    "decided_on",
    "rejection_reason",
)


class StageReviewSerializer(ModelSerializer):
    """One review: answers in, what the evidence says out. Scores are plain numbers."""

    answers = AnswersField(required=False)
    share_of_wallet = RatioField(required=False, allow_null=True)
    share_used = RatioField(read_only=True)
    uncoupling_signals = serializers.DictField(
        child=serializers.CharField(allow_null=True),
        required=False,
        help_text="Signals that people saw: U1 to U10 and what shows it; null takes one back.",
    )
    checklist = serializers.DictField(child=CheckSerializer(), required=False)
    prefill = serializers.BooleanField(
        required=False,
        write_only=True,
        help_text="A new review: take over the answers of the last one, to be confirmed.",
    )
    dimensions = serializers.SerializerMethodField()
    index = serializers.SerializerMethodField()
    scored_stage = serializers.SerializerMethodField()
    blockers = serializers.SerializerMethodField()
    capped = serializers.SerializerMethodField()
    outdated = serializers.SerializerMethodField()
    insufficient = serializers.SerializerMethodField()
    answered = serializers.SerializerMethodField()
    customer_stage = serializers.SerializerMethodField()
    perception_gaps = serializers.SerializerMethodField()
    uncoupling = serializers.SerializerMethodField()

    class Meta:
        model = StageReview
        fields = (
            "id",
            "account",
            "side",
            "reviewed_on",
            "participants",
            "share_of_wallet",
            "share_used",
            "share_origin",
            "share_is_assumed",
            "answers",
            "uncoupling_signals",
            "checklist",
            "prefill",
            *OUTCOME,
            "status",
            *DECISION,
            "created_at",
            "updated_at",
            "version",
        )
        read_only_fields = (
            "share_origin",
            "share_is_assumed",
            "recommended_stage",
            "status",
            *DECISION,
            "version",
        )

    def get_fields(self) -> dict[str, Any]:
        """Account and side are fixed once the review is there."""
        fields = super().get_fields()
        if isinstance(self.instance, StageReview):
            for name in ("account", "side"):
                if name in fields:
                    fields[name].required = False
        return fields

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        if isinstance(self.instance, StageReview):
            fixed: dict[str, Any] = {
                name: [serializers.ErrorDetail(_("This cannot be changed."), code="fixed")]
                for name in ("account", "side")
                if name in values and values[name] != getattr(self.instance, name)
            }
            if values.get("prefill"):
                error = serializers.ErrorDetail(_("Only a new review is prefilled."), code="fixed")
                fixed["prefill"] = [error]
            if fixed:
                raise serializers.ValidationError(fixed)
        return values

    def validate_answers(self, answers: dict[str, Any]) -> dict[str, Any]:
        return _known(answers, scoring.ITEMS, _("There is no such statement."))

    def validate_uncoupling_signals(self, signals: dict[str, Any]) -> dict[str, Any]:
        return _known(signals, scoring.SIGNALS, _("There is no such signal."))

    def validate_checklist(self, checklist: dict[str, Any]) -> dict[str, Any]:
        return _known(checklist, CHECK_TEXTS, _("There is no such item."))

    def to_representation(self, review: StageReview) -> dict[str, Any]:
        return super().to_representation(_Shown(review))

    @extend_schema_field({"type": "object", "additionalProperties": {"type": ["number", "null"]}})
    def get_dimensions(self, review: Any) -> dict[str, float | None]:
        return review.outcome.get("dimensions", {})

    def get_index(self, review: Any) -> float | None:
        return review.outcome.get("index")

    def get_scored_stage(self, review: Any) -> str | None:
        return review.outcome.get("scored")

    @extend_schema_field(BlockerSerializer(many=True))
    def get_blockers(self, review: Any) -> list[dict[str, Any]]:
        return review.outcome.get("blockers", [])

    def get_capped(self, review: Any) -> list[str]:
        return review.outcome.get("capped", [])

    def get_outdated(self, review: Any) -> list[str]:
        return review.outcome.get("outdated", [])

    def get_insufficient(self, review: Any) -> list[str]:
        return review.outcome.get("insufficient", [])

    def get_answered(self, review: Any) -> int:
        return review.outcome.get("answered", 0)

    def get_customer_stage(self, review: Any) -> str | None:
        return review.outcome.get("customer_stage")

    @extend_schema_field(GapSerializer(many=True))
    def get_perception_gaps(self, review: Any) -> list[dict[str, Any]]:
        return review.outcome.get("gaps", [])

    @extend_schema_field(UncouplingSerializer)
    def get_uncoupling(self, review: Any) -> dict[str, Any]:
        return review.outcome.get("uncoupling", {"signals": [], "level": "none"})


class _Shown:
    """A review whose answers, signals and checks read as the dictionaries that clients send."""

    def __init__(self, review: StageReview) -> None:
        self._review = review

    def __getattr__(self, name: str) -> Any:
        return getattr(self._review, name)

    @property
    def answers(self) -> dict[str, dict[str, Any]]:
        shown: dict[str, dict[str, Any]] = {
            answer.item: {
                "score": answer.score,
                "evidence": answer.evidence,
                "answered_on": answer.answered_on.isoformat(),
                "is_confirmed": answer.is_confirmed,
                "is_computed": False,
                "is_assumed": False,
            }
            for answer in loaded(self._review, "answers")
        }
        if self._review.share_used is not None:
            shown[scoring.COMPUTED_ITEM] = {
                "score": scoring.wallet_score(self._review.share_used),
                "evidence": "",
                "answered_on": self._review.reviewed_on.isoformat(),
                "is_confirmed": True,
                "is_computed": True,
                "is_assumed": self._review.share_is_assumed,
            }
        return {item: shown[item] for item in scoring.ITEMS if item in shown}

    @property
    def uncoupling_signals(self) -> dict[str, str]:
        marks = [mark for mark in loaded(self._review, "signals") if mark.is_present]
        return {mark.code: mark.evidence for mark in marks}

    @property
    def checklist(self) -> dict[str, dict[str, str]]:
        return {
            check.code: {"state": check.state, "note": check.note}
            for check in loaded(self._review, "checks")
        }


def _known(values: dict[str, Any], names: Any, text: str) -> dict[str, Any]:
    unknown = [name for name in values if name not in names]
    if unknown:
        detail = serializers.ErrorDetail(text, code="unknown")
        raise serializers.ValidationError({name: [detail] for name in unknown})
    return values


class ProposalSerializer(Serializer):
    """The stage that is proposed, or the status that closes an uncoupling."""

    decided_stage = serializers.ChoiceField(choices=Stage.choices, required=False, allow_null=True)
    closing_status = serializers.ChoiceField(
        choices=ClosingStatus.choices, required=False, allow_blank=True
    )
    reason = serializers.CharField(required=False, allow_blank=True)
    what_changed = serializers.CharField(required=False, allow_blank=True)
    override = serializers.BooleanField(required=False)
    override_evidence = serializers.ListField(
        child=serializers.CharField(max_length=500), required=False, max_length=10
    )
    uncoupling_reason = serializers.ChoiceField(
        choices=UncouplingReason.choices, required=False, allow_blank=True
    )
    initiator = serializers.ChoiceField(choices=Initiator.choices, required=False, allow_blank=True)


class ConfirmationSerializer(Serializer):
    """Which of last time's answers count from today; all of them unless named."""

    items = serializers.ListField(
        child=serializers.ChoiceField(choices=scoring.ITEMS), required=False
    )


class RecordSerializer(Serializer):
    """Something that is stored, and where it opens."""

    label = serializers.CharField()
    url = serializers.CharField()


class EvidenceSerializer(Serializer):
    """A sentence from the data; `says` is the score that they support, null: none."""

    text = serializers.CharField()
    says = serializers.IntegerField(allow_null=True)
    records = RecordSerializer(many=True)


class RejectionSerializer(Serializer):
    """Why a proposal is refused."""

    reason = serializers.CharField()
