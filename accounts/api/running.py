"""Budget, return and changes of the organisation over REST (K023, K128, K131-K133)."""

from __future__ import annotations

import datetime
from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.decisions import STAMPS, InUseFilter
from accounts.api.market import InUseMixin
from accounts.models import BudgetLine, OrganisationChange, ReturnCase
from accounts.running.returns import measured, returns_of
from accounts.services import budget as budgets
from accounts.services import earning as earnings
from accounts.services import organisation as organisations
from kam.access.dates import business_today
from kam.api.serializers import ModelSerializer, Serializer
from kam.api.viewsets import EditableViewSet

AMOUNT: dict[str, Any] = {"max_digits": 24, "decimal_places": 2, "allow_null": True}
RATIO: dict[str, Any] = {"max_digits": 24, "decimal_places": 6, "allow_null": True}


class BudgetLineSerializer(ModelSerializer):
    """What a year of the programme is given; without `account` for the programme as a whole."""

    fixed = ("programme",)

    class Meta:
        model = BudgetLine
        fields = ("id", "programme", *budgets.BUDGET_FIELDS, *STAMPS)
        read_only_fields = STAMPS
        extra_kwargs = {"currency": {"required": False}}


class BudgetLineFilter(InUseFilter):
    """By programme, year and kind."""

    class Meta:
        model = BudgetLine
        fields = ("programme", "year", "cost_type")


class BudgetLineViewSet(InUseMixin, EditableViewSet):
    """Budget lines (K023, K131). DELETE archives; archived ones are listed with
    `archived=true`."""

    model = BudgetLine
    serializer_class = BudgetLineSerializer
    filterset_class = BudgetLineFilter
    ordering_fields = ("year", "amount", "updated_at")
    search_fields = ("text", "account__name")

    def perform_create(self, serializer: BudgetLineSerializer) -> None:
        values = dict(serializer.validated_data)
        serializer.instance = budgets.add_budget_line(
            actor=self.request.user, programme=values.pop("programme"), changes=values
        )

    def perform_update(self, serializer: BudgetLineSerializer) -> None:
        serializer.instance = budgets.update_budget_line(
            actor=self.request.user,
            line=serializer.instance,
            expected_version=self.version,
            changes=dict(serializer.validated_data),
        )

    def perform_destroy(self, instance: BudgetLine) -> None:
        budgets.archive_budget_line(
            actor=self.request.user, line=instance, expected_version=self.version
        )

    def perform_restore(self, instance: BudgetLine, version: int | None) -> BudgetLine:
        return budgets.restore_budget_line(
            actor=self.request.user, line=instance, expected_version=version
        )


class ReturnYearSerializer(Serializer):
    """A whole year as a key account; null is not known, `missing` says why."""

    number = serializers.IntegerField()
    first = serializers.DateField()
    last = serializers.DateField()
    contribution = serializers.DecimalField(**AMOUNT)
    counterfactual = serializers.DecimalField(**AMOUNT)
    more_contribution = serializers.DecimalField(**AMOUNT)
    more_cost = serializers.DecimalField(**AMOUNT)
    ratio = serializers.DecimalField(**RATIO)
    missing = serializers.ListField(child=serializers.CharField())


class ReturnSerializer(Serializer):
    """What an account brought over what it cost, in `currency`, year by year and together."""

    currency = serializers.CharField()
    years = ReturnYearSerializer(many=True)
    more_contribution = serializers.DecimalField(**AMOUNT, source="total.more_contribution")
    more_cost = serializers.DecimalField(**AMOUNT, source="total.more_cost")
    ratio = serializers.DecimalField(**RATIO, source="total.ratio")
    present_value = serializers.DecimalField(**AMOUNT, source="total.present_value")
    asks_for_review = serializers.BooleanField()
    verdict_from = serializers.DateField()


class ReturnCaseSerializer(ModelSerializer):
    """What a key account's return is measured against, and the verdict; `verdict_from` is the day
    until which that is locked (K133)."""

    fixed = ("account",)
    verdict_from = serializers.SerializerMethodField()

    class Meta:
        model = ReturnCase
        fields = (
            "id",
            "account",
            *earnings.CASE_FIELDS,
            "verdict",
            "verdict_reason",
            "verdict_on",
            "verdict_by",
            "verdict_from",
            *STAMPS,
        )
        read_only_fields = ("verdict", "verdict_reason", "verdict_on", "verdict_by", *STAMPS)
        extra_kwargs = {"currency": {"required": False}}

    @extend_schema_field(serializers.DateField())
    def get_verdict_from(self, row: ReturnCase) -> datetime.date:
        return earnings.verdict_from(row.started_on)


class ReturnVerdictSerializer(Serializer):
    """Whether a key account is worth it, and why."""

    verdict = serializers.ChoiceField(choices=ReturnCase.Verdict.choices)
    verdict_reason = serializers.CharField(max_length=2000)


class ReturnCaseFilter(InUseFilter):
    """By verdict and beginning."""

    class Meta:
        model = ReturnCase
        fields = ("verdict", "started_on")


class ReturnCaseViewSet(InUseMixin, EditableViewSet):
    """Return on key accounts (4.7). DELETE archives; archived ones are listed with
    `archived=true`."""

    model = ReturnCase
    serializer_class = ReturnCaseSerializer
    filterset_class = ReturnCaseFilter
    ordering_fields = ("started_on", "updated_at")
    search_fields = ("account__name", "growth_source")

    def perform_create(self, serializer: ReturnCaseSerializer) -> None:
        values = dict(serializer.validated_data)
        serializer.instance = earnings.record_case(
            actor=self.request.user, account=values.pop("account"), changes=values
        )

    def perform_update(self, serializer: ReturnCaseSerializer) -> None:
        serializer.instance = earnings.update_case(
            actor=self.request.user,
            case=serializer.instance,
            expected_version=self.version,
            changes=dict(serializer.validated_data),
        )

    def perform_destroy(self, instance: ReturnCase) -> None:
        earnings.archive_case(actor=self.request.user, case=instance, expected_version=self.version)

    def perform_restore(self, instance: ReturnCase, version: int | None) -> ReturnCase:
        return earnings.restore_case(
            actor=self.request.user, case=instance, expected_version=version
        )

    @extend_schema(responses=ReturnSerializer)
    @action(detail=True, methods=["get"])
    def figures(self, request: Request, pk: str) -> Response:
        """What it came to by the last whole month, year by year and together."""
        programme = self.get_object().account.programme
        cases = measured(ReturnCase.objects.visible_to(request.user).filter(pk=pk))
        (found,) = returns_of(cases, programme=programme, on=business_today()).values()
        return Response(ReturnSerializer(found).data)

    @extend_schema(request=ReturnVerdictSerializer, responses=ReturnCaseSerializer)
    @action(detail=True, methods=["post"])
    def verdict(self, request: Request, pk: str) -> Response:
        """Say whether it is worth it: not before 24 months."""
        case = self.get_object()
        given = ReturnVerdictSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        decided = earnings.give_verdict(
            actor=request.user,
            case=case,
            verdict=given.validated_data["verdict"],
            reason=given.validated_data["verdict_reason"],
        )
        return self.respond(decided, self.represent(decided))


class OrganisationChangeSerializer(ModelSerializer):
    """A change of structure, reporting line or pay; `assessed_on` is null until somebody has said
    what it does to accounts and how risky that is."""

    fixed = ("programme",)

    class Meta:
        model = OrganisationChange
        fields = (
            "id",
            "programme",
            *organisations.CHANGE_FIELDS,
            "assessed_by",
            "assessed_on",
            *STAMPS,
        )
        read_only_fields = ("assessed_by", "assessed_on", *STAMPS)


class OrganisationChangeFilter(InUseFilter):
    """By programme, kind and risk."""

    class Meta:
        model = OrganisationChange
        fields = ("programme", "kind", "risk")


class OrganisationChangeViewSet(InUseMixin, EditableViewSet):
    """Changes of the organisation (K132). DELETE archives; archived ones are listed with
    `archived=true`."""

    model = OrganisationChange
    serializer_class = OrganisationChangeSerializer
    filterset_class = OrganisationChangeFilter
    ordering_fields = ("effective_on", "updated_at")
    search_fields = ("text", "impact")

    def perform_create(self, serializer: OrganisationChangeSerializer) -> None:
        values = dict(serializer.validated_data)
        serializer.instance = organisations.record_change(
            actor=self.request.user, programme=values.pop("programme"), changes=values
        )

    def perform_update(self, serializer: OrganisationChangeSerializer) -> None:
        serializer.instance = organisations.update_change(
            actor=self.request.user,
            change=serializer.instance,
            expected_version=self.version,
            changes=dict(serializer.validated_data),
        )

    def perform_destroy(self, instance: OrganisationChange) -> None:
        organisations.archive_change(
            actor=self.request.user, change=instance, expected_version=self.version
        )

    def perform_restore(
        self, instance: OrganisationChange, version: int | None
    ) -> OrganisationChange:
        return organisations.restore_change(
            actor=self.request.user, change=instance, expected_version=version
        )
