"""Target profiles of brands, how accounts match them, and target lists over REST (K093, K095)."""

from __future__ import annotations

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
from accounts.api.profiles import NUMBER, STAMPS, FollowedMixin
from accounts.choices import TargetStatus
from accounts.models import (
    Account,
    Channel,
    ProfileParameter,
    Target,
    TargetProfile,
    TargetRange,
)
from accounts.profiles import matching
from accounts.profiles.asking import read_wish
from accounts.services import parameter as parameters
from accounts.services import targeting
from kam.api.bulk import BulkMixin
from kam.api.errors import refused
from kam.api.filters import FilterSet, IdFilter
from kam.api.serializers import ModelSerializer, Serializer
from kam.api.viewsets import CreateMixin, EditableViewSet, ReadOnlyViewSet

LONGEST = 200
"""Matches that one answer holds."""


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
