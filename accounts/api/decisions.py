"""Decisions, capacities and what customers were told, over REST (`design.md` 6; handbook 3.6)."""

from __future__ import annotations

import datetime
from typing import Any

import django_filters
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail

from accounts.api.market import InUseMixin
from accounts.choices import RationaleType, Status
from accounts.models import Account, Decision, Expectation, ManagerCapacity
from accounts.services import capacity as capacities
from accounts.services import expectation as expectations
from accounts.services.decision import IN_RUNS, STATUS_OF, Wish
from kam.api.filters import FilterSet
from kam.api.serializers import ModelSerializer, Serializer, VisibleRelatedField
from kam.api.viewsets import EditableViewSet, ReadOnlyViewSet
from teams.models import User

STAMPS = ("version", "created_at", "updated_at", "archived_at")
MOST = 100
"""Decisions of one call: more would hold everybody else up."""
ACTION_OF = {status: action for action, status in STATUS_OF.items()}
"""What makes an account what it shall be."""


class DecidingSerializer(Serializer):
    """What a decision takes; which members are needed depends on it."""

    reason = serializers.CharField(max_length=2000, required=False, allow_blank=True)
    rationale_types = serializers.ListField(
        child=serializers.ChoiceField(choices=RationaleType.choices), required=False
    )
    manager = VisibleRelatedField(User, required=False, allow_null=True)
    service_model = serializers.ChoiceField(
        choices=Decision.ServiceModel.choices, required=False, allow_blank=True
    )
    trigger = serializers.CharField(max_length=250, required=False, allow_blank=True)
    review_on = serializers.DateField(required=False, allow_null=True)
    message = serializers.CharField(max_length=2000, required=False, allow_blank=True)
    answer = serializers.ChoiceField(
        choices=Decision.Answer.choices, required=False, allow_blank=True
    )
    override_reason = serializers.CharField(max_length=2000, required=False, allow_blank=True)


class WishSerializer(DecidingSerializer):
    """What is decided about one account: to appoint needs `rationale_types` and a `manager`, unless
    the account's team has one; to groom `trigger` and `review_on`; to maintain `service_model`; to
    handle `message` and `answer`; all a `reason`, and another one than the advice `deviation`."""

    account = VisibleRelatedField(Account)
    action = serializers.ChoiceField(choices=IN_RUNS)
    deviation = serializers.CharField(max_length=2000, required=False, allow_blank=True)


class StatusDecisionSerializer(DecidingSerializer):
    """A decision on one account outside a run: `status` what it becomes, or `action` (to review
    changes no status). What each needs is as in decisions of a run (K004, K048-K050)."""

    status = serializers.ChoiceField(choices=Status.choices, required=False)
    action = serializers.ChoiceField(choices=Decision.Action.choices, required=False)
    decided_on = serializers.DateField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """One of the two says what is decided."""
        if ("status" in attrs) == ("action" in attrs):
            raise serializers.ValidationError(
                {"status": [ErrorDetail(_("Send either a status or an action."), "required")]}
            )
        return attrs

    def wish(self, account: Account, version: int | None) -> Wish:
        """What is decided, once it is valid."""
        given = {name: value for name, value in self.validated_data.items() if name != "decided_on"}
        if "status" in given:
            given["action"] = ACTION_OF[given.pop("status")]
        return Wish(account, expected_version=version, **given)


class DecideSerializer(Serializer):
    """Decisions on accounts of a run, all or none."""

    decisions = serializers.ListField(child=WishSerializer(), allow_empty=False, max_length=MOST)


class DecisionSerializer(ModelSerializer):
    """What was decided about an account, beside what the run advised."""

    class Meta:
        model = Decision
        fields = (
            "id",
            "account",
            "selection",
            "action",
            "advice",
            "reason",
            "rationale_types",
            "deviation",
            "manager",
            "service_model",
            "trigger",
            "review_on",
            "message",
            "answer",
            "contribution",
            "override",
            "override_reason",
            "decided_on",
            "decided_by",
            "created_at",
            "superseded_at",
        )
        read_only_fields = fields


class DecisionViewSet(ReadOnlyViewSet):
    """Decisions, those that were followed by others among them."""

    model = Decision
    serializer_class = DecisionSerializer
    filterset_fields = ("selection", "action", "advice", "decided_by", "manager", "review_on")
    ordering_fields = ("decided_on", "review_on", "created_at")
    search_fields = ("account__name", "reason")

    def changed_rows(self, rows: Any, moment: datetime.datetime) -> Any:
        """Decisions made or followed by another since."""
        return rows.filter(created_at__gte=moment) | rows.filter(superseded_at__gte=moment)


class ExpectationSerializer(ModelSerializer):
    """What the customer was told of being a key account, and what it expects."""

    fixed = ("account",)

    class Meta:
        model = Expectation
        fields = ("id", "account", *expectations.EXPECTATION_FIELDS, "recorded_by", *STAMPS)
        read_only_fields = ("recorded_by", *STAMPS)


class InUseFilter(FilterSet):
    """What is in use, or with `archived=true` what is not."""

    archived = django_filters.BooleanFilter(
        field_name="archived_at", lookup_expr="isnull", exclude=True
    )


class ExpectationFilter(InUseFilter):
    """By account and days."""

    class Meta:
        model = Expectation
        fields = ("told_on", "agreed_on")


class CapacityFilter(InUseFilter):
    """By programme and person."""

    class Meta:
        model = ManagerCapacity
        fields = ("programme", "user")


class ExpectationViewSet(InUseMixin, EditableViewSet):
    """Expectation records (K129). DELETE archives; archived ones are listed with
    `archived=true`."""

    model = Expectation
    serializer_class = ExpectationSerializer
    filterset_class = ExpectationFilter
    ordering_fields = ("told_on", "agreed_on", "updated_at")
    search_fields = ("account__name", "told", "expected")

    def perform_create(self, serializer: ExpectationSerializer) -> None:
        values = dict(serializer.validated_data)
        serializer.instance = expectations.record_expectation(
            actor=self.request.user, account=values.pop("account"), changes=values
        )

    def perform_update(self, serializer: ExpectationSerializer) -> None:
        serializer.instance = expectations.update_expectation(
            actor=self.request.user,
            expectation=serializer.instance,
            expected_version=self.version,
            changes=dict(serializer.validated_data),
        )

    def perform_destroy(self, instance: Expectation) -> None:
        expectations.archive_expectation(
            actor=self.request.user, expectation=instance, expected_version=self.version
        )

    def perform_restore(self, instance: Expectation, version: int | None) -> Expectation:
        return expectations.restore_expectation(
            actor=self.request.user, expectation=instance, expected_version=version
        )


class CapacitySerializer(ModelSerializer):
    """How many accounts and how much effort (FTE) a manager can take on."""

    fixed = ("programme", "user")

    class Meta:
        model = ManagerCapacity
        fields = ("id", "programme", "user", "accounts", "effort", *STAMPS)
        read_only_fields = STAMPS


class CapacityViewSet(InUseMixin, EditableViewSet):
    """Capacities of managers; who has none recorded takes two accounts. DELETE archives; archived
    ones are listed with `archived=true`."""

    model = ManagerCapacity
    serializer_class = CapacitySerializer
    filterset_class = CapacityFilter
    ordering_fields = ("accounts", "updated_at")
    search_fields = ("user__first_name", "user__last_name")

    def perform_create(self, serializer: CapacitySerializer) -> None:
        serializer.instance = capacities.record_capacity(
            actor=self.request.user, **serializer.validated_data
        )

    def perform_update(self, serializer: CapacitySerializer) -> None:
        serializer.instance = capacities.update_capacity(
            actor=self.request.user,
            capacity=serializer.instance,
            expected_version=self.version,
            changes=dict(serializer.validated_data),
        )

    def perform_destroy(self, instance: ManagerCapacity) -> None:
        capacities.archive_capacity(
            actor=self.request.user, capacity=instance, expected_version=self.version
        )

    def perform_restore(self, instance: ManagerCapacity, version: int | None) -> ManagerCapacity:
        return capacities.restore_capacity(
            actor=self.request.user, capacity=instance, expected_version=version
        )
