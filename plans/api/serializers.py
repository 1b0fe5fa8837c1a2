"""Bodies of plans and what hangs on them (`design.md` 6)."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from kam.access.dates import business_today
from kam.api.serializers import ModelSerializer, Serializer
from plans.choices import ActionStatus, ObjectiveStatus, RiskBand
from plans.models import (
    Action,
    CorporateObjective,
    CustomerGoal,
    Milestone,
    Objective,
    Plan,
    Risk,
    Strategy,
    SwotEntry,
)
from plans.reading import as_read
from plans.relevance import lacking
from plans.services.goals import CORPORATE_FIELDS, GOAL_FIELDS
from plans.wording import rewording

STAMPS = ("version", "created_at", "updated_at")


class ReadSerializer(ModelSerializer):
    """Rows of which readers see the content as last approved, editors the working copy."""

    def to_representation(self, instance: Any) -> dict[str, Any]:
        return super().to_representation(as_read(instance))


class PlanSerializer(ReadSerializer):
    """A plan; steps of its life are sub-actions."""

    fixed = ("account",)

    class Meta:
        model = Plan
        fields = (
            "id",
            "account",
            *Plan.CONTENT_FIELDS,
            "status",
            "in_force",
            "author",
            "submitted_by",
            "checked_by",
            "approved_on",
            "result",
            *STAMPS,
        )
        read_only_fields = (
            "status",
            "in_force",
            "author",
            "submitted_by",
            "checked_by",
            "approved_on",
            "result",
            *STAMPS,
        )
        extra_kwargs = {"currency": {"required": False}}


class StepSerializer(Serializer):
    """What a step of a plan's life says with it."""

    comment = serializers.CharField(required=False, allow_blank=True, default="")


class CloseSerializer(Serializer):
    """What came of a plan."""

    result = serializers.CharField()


class ReasonSerializer(Serializer):
    """Why."""

    reason = serializers.CharField()


class NoteSerializer(Serializer):
    """How an action ended."""

    note = serializers.CharField(required=False, allow_blank=True, default="")


class CaptureSerializer(Serializer):
    """One line: who, what, by when."""

    account = serializers.IntegerField(min_value=1)
    line = serializers.CharField(max_length=500)


class ObjectiveSerializer(ReadSerializer):
    """An objective; `status` is computed for today, `rewording` says what to write instead where
    the title names a tool of selling, `relevance` what it is still to be linked to (SMART: R); both
    are empty otherwise."""

    fixed = ("plan",)

    status = serializers.SerializerMethodField()
    rewording = serializers.SerializerMethodField()
    relevance = serializers.SerializerMethodField()

    class Meta:
        model = Objective
        fields = (
            "id",
            "plan",
            *Objective.CONTENT_FIELDS,
            *Objective.EXECUTION_FIELDS,
            "status",
            "rewording",
            "relevance",
            "dropped_on",
            "dropped_reason",
            *STAMPS,
        )
        read_only_fields = ("dropped_on", "dropped_reason", *STAMPS)

    @extend_schema_field(serializers.ChoiceField(choices=ObjectiveStatus.choices))
    def get_status(self, row: Objective) -> str:
        return row.status_on(business_today()).value

    def get_rewording(self, row: Objective) -> str:
        return rewording(row.title)

    def get_relevance(self, row: Objective) -> str:
        return lacking(row)


class StrategySerializer(ReadSerializer):
    """A strategy of an objective."""

    fixed = ("objective",)

    class Meta:
        model = Strategy
        fields = ("id", "objective", *Strategy.CONTENT_FIELDS, *STAMPS)
        read_only_fields = STAMPS


class MilestoneSerializer(ReadSerializer):
    """A milestone of an objective."""

    fixed = ("objective",)

    class Meta:
        model = Milestone
        fields = (
            "id",
            "objective",
            *Milestone.CONTENT_FIELDS,
            *Milestone.EXECUTION_FIELDS,
            *STAMPS,
        )
        read_only_fields = STAMPS


class SwotEntrySerializer(ReadSerializer):
    """A strength, weakness, opportunity or threat."""

    fixed = ("plan",)

    class Meta:
        model = SwotEntry
        fields = ("id", "plan", *SwotEntry.CONTENT_FIELDS, *STAMPS)
        read_only_fields = STAMPS


class RiskSerializer(ReadSerializer):
    """A risk; `score` is likelihood times impact, `band` what it comes to."""

    fixed = ("plan",)

    band = serializers.SerializerMethodField()
    score = serializers.IntegerField(read_only=True)
    expected_loss = serializers.DecimalField(
        max_digits=27, decimal_places=6, read_only=True, allow_null=True
    )

    class Meta:
        model = Risk
        fields = (
            "id",
            "plan",
            *Risk.CONTENT_FIELDS,
            *Risk.EXECUTION_FIELDS,
            "score",
            "band",
            "expected_loss",
            *STAMPS,
        )
        read_only_fields = STAMPS

    @extend_schema_field(serializers.ChoiceField(choices=RiskBand.choices))
    def get_band(self, row: Risk) -> str:
        return row.band.value


class ActionSerializer(ModelSerializer):
    """An action; `status` shows `blocked` while it waits for an unfinished one."""

    fixed = ("account",)

    class Meta:
        model = Action
        fields = ("id", "account", *Action.EDITABLE_FIELDS, "done_on", "author", *STAMPS)
        read_only_fields = ("done_on", "author", *STAMPS)

    def to_representation(self, instance: Action) -> dict[str, Any]:
        body = super().to_representation(instance)
        if "status" in body:
            body["status"] = ActionStatus(instance.state).value
        return body


class CustomerGoalSerializer(ModelSerializer):
    """A goal of the customer."""

    fixed = ("account",)

    class Meta:
        model = CustomerGoal
        fields = ("id", "account", *GOAL_FIELDS, *STAMPS)
        read_only_fields = STAMPS


class CorporateObjectiveSerializer(ModelSerializer):
    """An aim of our own company."""

    fixed = ("programme",)

    class Meta:
        model = CorporateObjective
        fields = ("id", "programme", *CORPORATE_FIELDS, *STAMPS)
        read_only_fields = STAMPS
