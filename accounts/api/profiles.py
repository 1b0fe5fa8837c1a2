"""Profile parameters, ratings, target profiles with matches and target lists (K092-K095)."""

from __future__ import annotations

import datetime
from typing import Any

import django_filters
from django.db.models import F, QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import exports
from accounts.api.market import InUseMixin
from accounts.choices import Area, Confidence, TargetStatus
from accounts.models import (
    Account,
    Channel,
    PreferredBenefit,
    ProfileEntry,
    ProfileParameter,
    Rating,
    Target,
    TargetProfile,
    TargetRange,
)
from accounts.models.profile import VALUE
from accounts.profiles import matching
from accounts.profiles.asking import read_wish
from accounts.services import parameter as parameters
from accounts.services import profile as known
from accounts.services import rating as rated
from accounts.services import targeting
from kam.api.bulk import BulkMixin
from kam.api.errors import refused
from kam.api.filters import FilterSet, IdFilter
from kam.api.serializers import ModelSerializer, Serializer
from kam.api.viewsets import CreateMixin, EditableViewSet, ReadOnlyViewSet

STAMPS = ("version", "created_at", "updated_at", "archived_at")
NUMBER: dict[str, Any] = {
    "max_digits": VALUE["max_digits"],
    "decimal_places": VALUE["decimal_places"],
    "required": False,
    "allow_null": True,
    "coerce_to_string": False,
}
LONGEST = 200
"""Matches that one answer holds."""


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


class RangeSerializer(ModelSerializer):
    """What is wanted on a parameter: numbers from `at_least` to `at_most`, both included and either
    open, or one of `wanted`. `weight` counts among those of all ranges."""

    weight = serializers.DecimalField(max_digits=5, decimal_places=2, coerce_to_string=False)
    at_least = serializers.DecimalField(**NUMBER)
    at_most = serializers.DecimalField(**NUMBER)
    wanted = serializers.ListField(
        child=serializers.CharField(max_length=parameters.LONGEST_OPTION), required=False
    )

    class Meta:
        model = TargetRange
        fields = targeting.RANGE_FIELDS


class TargetProfileSerializer(ModelSerializer):
    """The outlet that a brand (a product line) looks for in a channel and all below it (null: of
    the whole programme). `ranges` are written as a whole."""

    fixed = ("programme",)
    ranges = RangeSerializer(many=True)

    class Meta:
        model = TargetProfile
        fields = ("id", "programme", *targeting.PROFILE_FIELDS, "ranges", *STAMPS)
        read_only_fields = STAMPS


class TargetProfileFilter(FilterSet):
    """By programme, brand and channel."""

    archived = django_filters.BooleanFilter(
        field_name="archived_at", lookup_expr="isnull", exclude=True
    )

    class Meta:
        model = TargetProfile
        fields = ("programme", "brand", "channel")


class VerdictSerializer(Serializer):
    """One parameter of the target profile at an account: `fits`, `misses` or `unrated`, and what
    stands there."""

    parameter = serializers.IntegerField(source="wanted.parameter_id")
    state = serializers.ChoiceField(choices=["fits", "misses", "unrated"])
    value = serializers.SerializerMethodField()
    choice = serializers.SerializerMethodField()

    @extend_schema_field(serializers.DecimalField(**NUMBER))
    def get_value(self, row: matching.Verdict) -> Any:
        """The number that it is rated at, if any."""
        return row.rating.value if row.rating else None

    def get_choice(self, row: matching.Verdict) -> str:
        """What it is rated as, if anything."""
        return row.rating.choice if row.rating else ""


SHARE: dict[str, Any] = {"max_digits": 7, "decimal_places": 6, "allow_null": True}


class MatchSerializer(Serializer):
    """An account in the ranking. `match`, `rated` and what is `possible`, were all that is unrated
    within the target, are shares 0..1 of the weight."""

    rank = serializers.IntegerField()
    account = serializers.IntegerField()
    name = serializers.CharField()
    channel = serializers.IntegerField(allow_null=True)
    match = serializers.DecimalField(**SHARE)
    rated = serializers.DecimalField(**SHARE)
    possible = serializers.DecimalField(**SHARE)
    target_status = serializers.ChoiceField(choices=TargetStatus.choices, allow_blank=True)
    target_since = serializers.DateField(allow_null=True)
    parameters = VerdictSerializer(many=True)


class MatchesSerializer(Serializer):
    """A part of the ranking; `next_after` is the rank to go on behind, null at the end."""

    results = MatchSerializer(many=True)
    next_after = serializers.IntegerField(allow_null=True)


MATCHES_OF = (
    OpenApiParameter("after", int, description="Go on behind this rank."),
    OpenApiParameter("channel", int, description="With all below it; the profile's when left out."),
    OpenApiParameter(
        "target_status",
        str,
        enum=[*TargetStatus.values, "none"],
        description="Where the brand stands there; none: on no list.",
    ),
    OpenApiParameter(
        "rated",
        str,
        many=True,
        description=(
            "Accounts rated so, by code of the parameter: `footfall:3..5`, `age_18_30:30..`, "
            "`location:city centre`. Repeat it for further parameters: all have to hold."
        ),
    ),
)


class TargetProfileViewSet(InUseMixin, EditableViewSet):
    """What brands look for; `matches/` ranks the accounts. DELETE archives; archived ones are
    listed with `archived=true`."""

    model = TargetProfile
    export_layout = exports.TARGET_PROFILES
    serializer_class = TargetProfileSerializer
    filterset_class = TargetProfileFilter
    ordering_fields = ("updated_at", "created_at")
    search_fields = ("brand__name", "note")
    held = ("ranges",)

    @property
    def query_parameters(self) -> tuple[OpenApiParameter, ...]:
        """What `matches/` is asked; the other actions have no parameters of their own."""
        return MATCHES_OF if getattr(self, "action", "") == "matches" else ()

    @extend_schema(parameters=list(MATCHES_OF), responses=MatchesSerializer, filters=False)
    @action(detail=True, pagination_class=None)
    def matches(self, request: Request, pk: str) -> Response:
        """Accounts that the caller may see, best match first (K093)."""
        profile = self.get_object()
        rows = self._wanted(request, profile)
        after = _whole(request.query_params.get("after", "0"))
        part = list(rows[after : after + LONGEST + 1])
        shown = part[:LONGEST]
        found = matching.verdicts([profile], shown)
        results = []
        for rank, row in enumerate(shown, start=after + 1):
            match = matching.match_of(profile, row)
            results.append(
                {
                    "rank": rank,
                    "account": row.pk,
                    "name": row.name,
                    "channel": row.channel_id,
                    "match": matching.rounded(match.share),
                    "rated": matching.rounded(match.rated_share),
                    "possible": matching.rounded(match.possible),
                    "target_status": row.target_status,
                    "target_since": row.target_since,
                    "parameters": found[profile.pk, row.pk],
                }
            )
        more = after + LONGEST if len(part) > LONGEST else None
        return Response(MatchesSerializer({"results": results, "next_after": more}).data)

    def _wanted(self, request: Request, profile: TargetProfile) -> QuerySet[Account]:
        rows = matching.ranked(profile, Account.objects.visible_to(request.user))  # type: ignore[arg-type]
        asked = request.query_params
        if channel := asked.get("channel"):
            top = Channel.objects.visible_to(request.user)  # type: ignore[arg-type]
            paths = top.filter(pk=_whole(channel, "channel")).order_by().values("path")[:1]
            rows = rows.annotate(top=paths).filter(channel__path__startswith=F("top"))
        if status := asked.get("target_status"):
            if status not in (*TargetStatus.values, "none"):
                raise refused("target_status", "invalid_choice", "No such status.")
            rows = rows.filter(target_status="" if status == "none" else status)
        holding = ProfileParameter.objects.visible_to(request.user)  # type: ignore[arg-type]
        by_code = {row.code: row for row in holding.filter(programme=profile.programme_id)}
        wishes = []
        for text in asked.getlist("rated"):
            wish = read_wish(text, by_code)
            if wish is None:
                raise refused("rated", "invalid", "No such parameter, or not on its scale.")
            wishes.append(wish)
        return matching.rated_as(rows, wishes)

    def perform_create(self, serializer: TargetProfileSerializer) -> None:
        values = dict(serializer.validated_data)
        serializer.instance = targeting.create_target_profile(
            actor=self.request.user,
            programme=values.pop("programme"),
            ranges=values.pop("ranges"),
            changes=values,
        )

    def perform_update(self, serializer: TargetProfileSerializer) -> None:
        values = dict(serializer.validated_data)
        serializer.instance = targeting.update_target_profile(
            actor=self.request.user,
            profile=serializer.instance,
            expected_version=self.version,
            ranges=values.pop("ranges", None),
            changes=values,
        )

    def perform_destroy(self, instance: TargetProfile) -> None:
        targeting.archive_target_profile(
            actor=self.request.user, profile=instance, expected_version=self.version
        )

    def perform_restore(self, instance: TargetProfile, version: int | None) -> TargetProfile:
        return targeting.restore_target_profile(
            actor=self.request.user, profile=instance, expected_version=version
        )


def _whole(text: str, name: str = "after") -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise refused(name, "invalid", "A whole number.")
    return int(text)


class TargetSerializer(ModelSerializer):
    """How far a brand (a product line) has come at an account. A later row supersedes an earlier
    one, which stays."""

    class Meta:
        model = Target
        fields = ("id", *targeting.TARGET_FIELDS, "decided_by", "created_at", "superseded_at")
        read_only_fields = ("decided_by", "created_at", "superseded_at")
        extra_kwargs = {"since": {"required": False}}


class TargetFilter(FilterSet):
    """By account, channel with all below it, brand and status; `in_force` as a switch."""

    status = django_filters.ChoiceFilter(choices=TargetStatus.choices)
    under = IdFilter(method="by_channel")
    in_force = django_filters.BooleanFilter(field_name="superseded_at", lookup_expr="isnull")

    class Meta:
        model = Target
        fields = ("brand", "since", "decided_by")

    def by_channel(self, rows: QuerySet, name: str, value: Any) -> QuerySet:
        """Rows of accounts in a channel or below it."""
        shown = Channel.objects.visible_to(self.request.user).order_by()
        paths = shown.filter(pk=value).values("path")[:1]
        return rows.annotate(top=paths).filter(account__channel__path__startswith=F("top"))


class TargetViewSet(FollowedMixin, BulkMixin, CreateMixin, ReadOnlyViewSet):
    """Target lists, steps that were superseded among them."""

    model = Target
    export_layout = exports.TARGETS
    serializer_class = TargetSerializer
    filterset_class = TargetFilter
    ordering_fields = ("since", "status", "created_at")
    search_fields = ("account__name", "brand__name", "note")

    def perform_create(self, serializer: TargetSerializer) -> None:
        given = targeting.Aim(**serializer.validated_data)
        serializer.instance = targeting.set_target(actor=self.request.user, given=given)


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
