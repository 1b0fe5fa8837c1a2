"""Sales lines, costs to serve, rates and figures over REST."""

from __future__ import annotations

import datetime
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers

from accounts import exports, figures
from accounts.models import Account, Activity, ActivityCost, ExchangeRate, LedgerEntry
from accounts.services import ledger
from accounts.views.money import PeriodForm
from kam.access.dates import business_today
from kam.access.querysets import Reader
from kam.api.bulk import BulkMixin
from kam.api.errors import refused
from kam.api.filters import FilterSet
from kam.api.serializers import ModelSerializer, Serializer
from kam.api.viewsets import CreateMixin, DestroyMixin, EditableViewSet, ReadOnlyViewSet
from kam.changes.models import Change
from teams.api.views.restoring import RestoreMixin

MONEY: dict[str, Any] = {"max_digits": 30, "decimal_places": 6, "allow_null": True}
PERIOD = (
    OpenApiParameter("from", str, description="First day, ISO 8601; open when left out."),
    OpenApiParameter("to", str, description="Last day, included; open when left out."),
    OpenApiParameter(
        "level",
        str,
        enum=["account", "group"],
        description="`account` (default): its own lines; `group`: with all visible below it.",
    ),
)


class LedgerEntrySerializer(ModelSerializer):
    """A sales line, net of tax; returns are negative, an unknown cost is null."""

    class Meta:
        model = LedgerEntry
        fields = ("id", "account", *ledger.ENTRY_FIELDS)
        extra_kwargs = {"currency": {"required": False}}


class LedgerEntryFilter(FilterSet):
    """By account, product, document, source and days."""

    class Meta:
        model = LedgerEntry
        fields = {
            "account": ["exact"],
            "product": ["exact"],
            "document": ["exact"],
            "source": ["exact"],
            "currency": ["exact"],
            "booked_on": ["exact", "gte", "lte"],
        }


class LedgerEntryViewSet(BulkMixin, CreateMixin, DestroyMixin, ReadOnlyViewSet):
    """Sales lines. Those of an import go with the import; DELETE takes back one entered here."""

    model = LedgerEntry
    export_layout = exports.LEDGER
    serializer_class = LedgerEntrySerializer
    filterset_class = LedgerEntryFilter
    ordering_fields = ("booked_on", "amount")
    search_fields = ("document", "source")

    def get_queryset(self) -> Any:
        return super().get_queryset().live()

    def changed_rows(self, rows: Any, moment: datetime.datetime) -> Any:
        """Lines of imports that were published since, and those that were entered here since."""
        entered = Change.objects.filter(
            object_type=LedgerEntry._meta.label_lower, verb="created", at__gte=moment
        )
        return rows.filter(
            Q(run__published_at__gte=moment) | Q(run=None, pk__in=entered.values("object_id"))
        )

    def perform_create(self, serializer: LedgerEntrySerializer) -> None:
        values = dict(serializer.validated_data)
        serializer.instance = ledger.enter_sales_line(
            actor=self.request.user, account=values.pop("account"), changes=values
        )

    def perform_destroy(self, instance: LedgerEntry) -> None:
        ledger.remove_sales_line(actor=self.request.user, entry=instance)


class ActivitySerializer(ModelSerializer):
    """A kind of cost to serve."""

    class Meta:
        model = Activity
        fields = ("id", "programme", "code", "name", "programme_cost")
        read_only_fields = fields


class ActivityViewSet(ReadOnlyViewSet):
    """Kinds of cost to serve."""

    model = Activity
    serializer_class = ActivitySerializer
    filterset_fields = ("programme", "code")
    ordering_fields = ("name", "updated_at")
    search_fields = ("code", "name")


class ActivityCostSerializer(ModelSerializer):
    """What one activity cost in a month: `amount`, or `quantity` times `rate`."""

    fixed = ("account",)

    class Meta:
        model = ActivityCost
        fields = ("id", "account", *ledger.COST_FIELDS, "version", "updated_at")
        read_only_fields = ("version", "updated_at")
        extra_kwargs = {"currency": {"required": False}, "amount": {"required": False}}


class ActivityCostViewSet(EditableViewSet):
    """Costs to serve by account, activity and month."""

    model = ActivityCost
    export_layout = exports.COSTS
    serializer_class = ActivityCostSerializer
    filterset_fields = ("account", "activity", "month", "source")
    ordering_fields = ("month", "amount", "updated_at")
    search_fields = ("activity__name", "source")

    def get_queryset(self) -> Any:
        return super().get_queryset().active()

    def perform_create(self, serializer: ActivityCostSerializer) -> None:
        values = dict(serializer.validated_data)
        serializer.instance = ledger.enter_activity_cost(
            actor=self.request.user, account=values.pop("account"), changes=values
        )

    def perform_update(self, serializer: ActivityCostSerializer) -> None:
        values = dict(serializer.validated_data)
        values.pop("account", None)
        serializer.instance = ledger.update_activity_cost(
            actor=self.request.user,
            cost=serializer.instance,
            expected_version=self.version,
            changes=values,
        )

    def perform_destroy(self, instance: ActivityCost) -> None:
        ledger.archive_activity_cost(
            actor=self.request.user, cost=instance, expected_version=self.version
        )


class ExchangeRateSerializer(ModelSerializer):
    """What one unit of a currency is worth in the programme's, from a day on."""

    class Meta:
        model = ExchangeRate
        fields = ("id", "programme", *ledger.RATE_FIELDS, "version", "updated_at")
        read_only_fields = ("version", "updated_at")


class ExchangeRateViewSet(BulkMixin, CreateMixin, DestroyMixin, RestoreMixin, ReadOnlyViewSet):
    """Dated exchange rates; a new day is a new row, a wrong one is archived and entered anew."""

    model = ExchangeRate
    export_layout = exports.RATES
    serializer_class = ExchangeRateSerializer
    filterset_fields = ("programme", "currency", "valid_from")
    ordering_fields = ("valid_from", "currency", "updated_at")
    search_fields = ("currency",)

    def get_queryset(self) -> Any:
        rows = super().get_queryset()
        return rows if self.action == "restore" else rows.active()

    def perform_destroy(self, instance: ExchangeRate) -> None:
        ledger.archive_exchange_rate(
            actor=self.request.user, rate=instance, expected_version=self.version
        )

    def perform_restore(self, instance: ExchangeRate, version: int | None) -> ExchangeRate:
        return ledger.restore_exchange_rate(
            actor=self.request.user, rate=instance, expected_version=version
        )

    def perform_create(self, serializer: ExchangeRateSerializer) -> None:
        values = dict(serializer.validated_data)
        serializer.instance = ledger.enter_exchange_rate(
            actor=self.request.user, programme=values.pop("programme"), changes=values
        )


class MonthSerializer(Serializer):
    """One month; null is "not available"."""

    month = serializers.DateField()
    revenue = serializers.DecimalField(source="figures.revenue", **MONEY)
    cost = serializers.DecimalField(source="figures.cost", **MONEY)
    gross_margin = serializers.DecimalField(source="figures.gross_margin", **MONEY)
    cost_to_serve = serializers.DecimalField(source="figures.cost_to_serve", **MONEY)
    contribution = serializers.DecimalField(source="figures.contribution", **MONEY)
    lines = serializers.IntegerField(source="figures.lines")


class FiguresSerializer(Serializer):
    """Sums of a period in the programme's currency; null is "not available", see `missing`."""

    currency = serializers.CharField()
    revenue = serializers.DecimalField(**MONEY)
    cost = serializers.DecimalField(**MONEY)
    gross_margin = serializers.DecimalField(**MONEY)
    cost_to_serve = serializers.DecimalField(**MONEY)
    contribution = serializers.DecimalField(**MONEY)
    lines = serializers.IntegerField()
    missing = serializers.ListField(child=serializers.CharField())
    months = MonthSerializer(many=True)


def figures_of(user: Reader, account: Account, parameters: Any) -> dict[str, Any]:
    """Body of `FiguresSerializer` for what `parameters` ask; 400 where they cannot be read."""
    form = PeriodForm(parameters)
    if not form.is_valid():
        name, problems = next(iter(form.errors.as_data().items()))
        raise refused(name, problems[0].code or "invalid", " ".join(problems[0].messages))
    level = parameters.get("level", "account")
    if level not in ("account", "group"):
        raise refused("level", "invalid_choice", _("account or group."))
    period = form.period()
    rates = figures.rates_on(account.programme, period.last or business_today())
    if level == "group":
        group = Account.objects.in_group_of(account, user).active()
        whole = figures.Chosen(lambda: group)
    else:
        whole = figures.just(account)
    months = figures.Months(whole, (period,), rates)
    found = months.total(period, bare=None if level == "group" else 0)
    names = ("revenue", "cost", "gross_margin", "cost_to_serve", "contribution")
    body = {name: getattr(found, name) for name in names}
    return body | {
        "currency": found.currency,
        "lines": found.lines,
        "missing": found.missing,
        "months": months.by_month(period),
    }
