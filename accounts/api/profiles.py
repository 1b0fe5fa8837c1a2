"""Profile parameters, ratings, and what is known of accounts over REST (K092, K094)."""

from __future__ import annotations

import datetime
from typing import Any

import django_filters
from rest_framework import serializers

from accounts import exports
from accounts.api.market import InUseMixin
from accounts.choices import Area, Confidence
from accounts.models import (
    PreferredBenefit,
    ProfileEntry,
    ProfileParameter,
    Rating,
)
from accounts.models.profile import VALUE
from accounts.services import parameter as parameters
from accounts.services import profile as known
from accounts.services import rating as rated
from kam.api.bulk import BulkMixin
from kam.api.filters import FilterSet
from kam.api.serializers import ModelSerializer
from kam.api.viewsets import CreateMixin, EditableViewSet, ReadOnlyViewSet

STAMPS = ("version", "created_at", "updated_at", "archived_at")
NUMBER: dict[str, Any] = {
    "max_digits": VALUE["max_digits"],
    "decimal_places": VALUE["decimal_places"],
    "required": False,
    "allow_null": True,
    "coerce_to_string": False,
}


class ParameterSerializer(ModelSerializer):
    """What accounts in `channel` and below (null: all) are rated on. `scale`: whole numbers from
    `lowest` to `highest`; `number`: any number within them, either open; `choice`: one of
    `options`."""

    fixed = ("programme",)
    lowest = serializers.DecimalField(**NUMBER)
    highest = serializers.DecimalField(**NUMBER)
    options = serializers.ListField(
        child=serializers.CharField(max_length=parameters.LONGEST_OPTION), required=False
    )

    class Meta:
        model = ProfileParameter
        fields = ("id", "programme", *parameters.PARAMETER_FIELDS, *STAMPS)
        read_only_fields = STAMPS


class ParameterFilter(FilterSet):
    """By programme, channel, code and what it tells about."""

    area = django_filters.ChoiceFilter(choices=Area.choices)
    archived = django_filters.BooleanFilter(
        field_name="archived_at", lookup_expr="isnull", exclude=True
    )

    class Meta:
        model = ProfileParameter
        fields = ("programme", "channel", "code", "kind")


class ParameterViewSet(InUseMixin, EditableViewSet):
    """Profile parameters. DELETE archives; archived ones are listed with `archived=true`."""

    model = ProfileParameter
    export_layout = exports.PARAMETERS
    serializer_class = ParameterSerializer
    filterset_class = ParameterFilter
    ordering_fields = ("name", "code", "area", "updated_at")
    search_fields = ("name", "code")

    def perform_create(self, serializer: ParameterSerializer) -> None:
        values = dict(serializer.validated_data)
        serializer.instance = parameters.create_parameter(
            actor=self.request.user, programme=values.pop("programme"), changes=values
        )

    def perform_update(self, serializer: ParameterSerializer) -> None:
        serializer.instance = parameters.update_parameter(
            actor=self.request.user,
            parameter=serializer.instance,
            expected_version=self.version,
            changes=dict(serializer.validated_data),
        )

    def perform_destroy(self, instance: ProfileParameter) -> None:
        parameters.archive_parameter(
            actor=self.request.user, parameter=instance, expected_version=self.version
        )

    def perform_restore(self, instance: ProfileParameter, version: int | None) -> ProfileParameter:
        return parameters.restore_parameter(
            actor=self.request.user, parameter=instance, expected_version=version
        )


class RatingSerializer(ModelSerializer):
    """What an account was found to be on a parameter: `value`, or `choice` where it is one of a
    list; without either it takes back what stands. A later rating supersedes an earlier one, which
    stays. `sample`: people whom a figure on an audience describes, ten or more."""

    value = serializers.DecimalField(**NUMBER)

    class Meta:
        model = Rating
        fields = (
            "id",
            *rated.RATING_FIELDS,
            "rated_by",
            "created_at",
            "superseded_at",
        )
        read_only_fields = ("rated_by", "created_at", "superseded_at")
        extra_kwargs = {"rated_on": {"required": False}}


class RatingFilter(FilterSet):
    """By account, parameter, value and day; `in_force` as a switch."""

    confidence = django_filters.ChoiceFilter(choices=Confidence.choices)
    in_force = django_filters.BooleanFilter(field_name="superseded_at", lookup_expr="isnull")

    class Meta:
        model = Rating
        fields = ("parameter", "parameter__area", "value", "choice", "rated_by", "rated_on")


class FollowedMixin:
    """Rows that are superseded instead of changed."""

    def changed_rows(self, rows: Any, moment: datetime.datetime) -> Any:
        """Rows made or superseded since."""
        return rows.filter(created_at__gte=moment) | rows.filter(superseded_at__gte=moment)


class RatingViewSet(FollowedMixin, BulkMixin, CreateMixin, ReadOnlyViewSet):
    """Ratings of accounts, those that were superseded among them. `bulk/` takes many, all or
    none."""

    model = Rating
    export_layout = exports.RATINGS
    serializer_class = RatingSerializer
    filterset_class = RatingFilter
    ordering_fields = ("rated_on", "value", "created_at")
    search_fields = ("account__name", "parameter__name", "source")

    def perform_create(self, serializer: RatingSerializer) -> None:
        given = rated.Rated(**serializer.validated_data)
        serializer.instance = rated.give_rating(actor=self.request.user, given=given)


class ProfileEntrySerializer(ModelSerializer):
    """What is known of an account on one `field` of its profile: text, one of the field's options,
    or a whole number; an empty `value` takes back what stands. A later entry supersedes an earlier
    one, which stays."""

    class Meta:
        model = ProfileEntry
        fields = ("id", *known.ENTRY_FIELDS, "recorded_by", "created_at", "superseded_at")
        read_only_fields = ("recorded_by", "created_at", "superseded_at")
        extra_kwargs = {"as_of": {"required": False}, "value": {"required": True}}


class ProfileEntryFilter(FilterSet):
    """By account, field and day; `in_force` as a switch."""

    confidence = django_filters.ChoiceFilter(choices=Confidence.choices)
    in_force = django_filters.BooleanFilter(field_name="superseded_at", lookup_expr="isnull")

    class Meta:
        model = ProfileEntry
        fields = ("field", "recorded_by", "as_of")


class ProfileEntryViewSet(FollowedMixin, BulkMixin, CreateMixin, ReadOnlyViewSet):
    """What is known of accounts: their business, customer insight, drivers, purchasing (K034,
    K070, K112, K113)."""

    model = ProfileEntry
    export_layout = exports.ENTRIES
    serializer_class = ProfileEntrySerializer
    filterset_class = ProfileEntryFilter
    ordering_fields = ("as_of", "field", "created_at")
    search_fields = ("account__name", "value", "source")

    def perform_create(self, serializer: ProfileEntrySerializer) -> None:
        given = known.Known(**serializer.validated_data)
        serializer.instance = known.record_entry(actor=self.request.user, given=given)


class BenefitSerializer(ModelSerializer):
    """What the account would gain as a preferred customer; `told_on` null: not told yet."""

    fixed = ("account",)

    class Meta:
        model = PreferredBenefit
        fields = ("id", "account", *known.BENEFIT_FIELDS, *STAMPS)
        read_only_fields = STAMPS


class BenefitFilter(FilterSet):
    """By account and the day on which it was told."""

    archived = django_filters.BooleanFilter(
        field_name="archived_at", lookup_expr="isnull", exclude=True
    )

    class Meta:
        model = PreferredBenefit
        fields = ("told_on",)


class BenefitViewSet(InUseMixin, EditableViewSet):
    """Preferred-customer benefits (K071). DELETE archives; archived ones are listed with
    `archived=true`."""

    model = PreferredBenefit
    export_layout = exports.BENEFITS
    serializer_class = BenefitSerializer
    filterset_class = BenefitFilter
    ordering_fields = ("told_on", "updated_at")
    search_fields = ("account__name", "text", "reaction")

    def perform_create(self, serializer: BenefitSerializer) -> None:
        values = dict(serializer.validated_data)
        serializer.instance = known.create_benefit(
            actor=self.request.user, account=values.pop("account"), changes=values
        )

    def perform_update(self, serializer: BenefitSerializer) -> None:
        serializer.instance = known.update_benefit(
            actor=self.request.user,
            benefit=serializer.instance,
            expected_version=self.version,
            changes=dict(serializer.validated_data),
        )

    def perform_destroy(self, instance: PreferredBenefit) -> None:
        known.archive_benefit(
            actor=self.request.user, benefit=instance, expected_version=self.version
        )

    def perform_restore(self, instance: PreferredBenefit, version: int | None) -> PreferredBenefit:
        return known.restore_benefit(
            actor=self.request.user, benefit=instance, expected_version=version
        )
