"""Criteria, scores and positions over REST (handbook 3.1-3.3)."""

from __future__ import annotations

import datetime
from typing import Any

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.effort import EffortMixin
from accounts.choices import Confidence, Horizon
from accounts.models import Account, CriteriaSet, Criterion, Position, Score
from accounts.scoring.criteria import Kind
from accounts.scoring.evidence import evidence_of
from accounts.scoring.holding import InForce, criteria_on
from accounts.scoring.index import Cuts, Quadrant, quadrant
from accounts.services import criteria as sets
from accounts.services import scoring
from kam.api.bulk import BulkMixin
from kam.api.filters import FilterSet
from kam.api.serializers import ModelSerializer, Serializer, VisibleRelatedField
from kam.api.viewsets import CreateMixin, ReadOnlyViewSet
from teams.models import Programme
from teams.programme_settings import setting


class CriterionSerializer(ModelSerializer):
    """A criterion: `weight` of 100, and what the scores 0, 5 and 10 mean."""

    class Meta:
        model = Criterion
        fields = sets.CRITERION_FIELDS
        extra_kwargs = {"group": {"required": False, "allow_blank": True}}


class CriteriaSetSerializer(ModelSerializer):
    """A set of criteria, in force from `valid_from` until the next one's; never changed: post
    another. With an `account` (kind `strength`) it holds that customer's own weights."""

    criteria = CriterionSerializer(many=True)

    class Meta:
        model = CriteriaSet
        fields = (
            "id",
            "programme",
            "account",
            "kind",
            "number",
            "valid_from",
            "reason",
            "criteria",
            "published_by",
            "published_at",
        )
        read_only_fields = ("number", "published_by", "published_at")
        extra_kwargs = {"valid_from": {"required": False}}


class CriteriaInForceSerializer(Serializer):
    """What holds on a day; `id` null and `number` 0: the handbook's own set, which nobody has
    published yet."""

    id = serializers.IntegerField(source="pk", allow_null=True)
    kind = serializers.ChoiceField(choices=Kind.choices)
    number = serializers.IntegerField()
    valid_from = serializers.DateField(source="since", allow_null=True)
    criteria = serializers.SerializerMethodField()

    @extend_schema_field(CriterionSerializer(many=True))
    def get_criteria(self, held: InForce) -> list[dict[str, Any]]:
        """The criteria in order."""
        return [
            {
                **row._asdict(),
                "name": str(row.name),
                "weight": str(row.weight),
                "low": str(row.low),
                "middle": str(row.middle),
                "high": str(row.high),
            }
            for row in held.criteria
        ]


class HoldingSerializer(Serializer):
    """What to look up: a programme, or an account with its own weights of strength."""

    programme = VisibleRelatedField(Programme, required=False)
    account = VisibleRelatedField(Account, required=False)
    on = serializers.DateField(required=False)


HOLDING = (
    OpenApiParameter("programme", int, description="Programme; one's first when left out."),
    OpenApiParameter("account", int, description="Account whose own weights count."),
    OpenApiParameter("on", datetime.date, description="Day; today when left out."),
)


class CriteriaViewSet(BulkMixin, CreateMixin, ReadOnlyViewSet):
    """Sets of criteria, the latest first; `in-force/` tells which hold on a day."""

    model = CriteriaSet
    serializer_class = CriteriaSetSerializer
    filterset_fields = ("programme", "account", "kind")
    ordering_fields = ("valid_from", "number", "published_at")
    search_fields = ("reason", "account__name")
    held = ("criteria",)

    def changed_rows(self, rows: Any, moment: datetime.datetime) -> Any:
        """Sets published since."""
        return rows.filter(published_at__gte=moment)

    def perform_create(self, serializer: CriteriaSetSerializer) -> None:
        serializer.instance = sets.publish_criteria(
            actor=self.request.user, **serializer.validated_data
        )

    @property
    def query_parameters(self) -> tuple[Any, ...]:
        """What `in-force/` is asked; the other actions have no parameters of their own."""
        return HOLDING if self.action == "in_force" else ()

    @extend_schema(
        parameters=list(HOLDING),
        responses=CriteriaInForceSerializer(many=True),
        filters=False,
    )
    @action(detail=False, url_path="in-force", pagination_class=None)
    def in_force(self, request: Request) -> Response:
        """The sets of attractiveness and strength that hold on a day."""
        given = HoldingSerializer(
            data=request.query_params.dict(), context=self.get_serializer_context()
        )
        given.is_valid(raise_exception=True)
        account, programme = (given.validated_data.get(name) for name in ("account", "programme"))
        if programme is None:
            programme = account.programme if account else Programme.objects.first_for(request.user)
        if programme is None:
            return Response([])
        on = given.validated_data.get("on") or programme.today()
        pks = [account.pk] if account else []
        held = criteria_on(programme.pk, on, pks)
        worth, rank = held.of(account.pk if account else 0)
        return Response(CriteriaInForceSerializer([worth, rank], many=True).data)


class ScoreSerializer(ModelSerializer):
    """A score of an account on a criterion, 0..10; `scorer` null: agreed by the group. In: with
    `agreed` false it is the caller's own; `value` null takes it back. A later score supersedes an
    earlier one, which stays."""

    agreed = serializers.BooleanField(default=True, write_only=True)

    class Meta:
        model = Score
        fields = (
            "id",
            "account",
            "code",
            "horizon",
            "agreed",
            "scorer",
            "value",
            "confidence",
            "evidence",
            "customer_said",
            "scored_on",
            "scored_by",
            "created_at",
            "superseded_at",
        )
        read_only_fields = ("scorer", "scored_on", "scored_by", "created_at", "superseded_at")


class ScoreFilter(FilterSet):
    """By account, criterion, horizon, scorer; `agreed` and `in_force` as switches."""

    horizon = django_filters.ChoiceFilter(choices=Horizon.choices)
    confidence = django_filters.ChoiceFilter(choices=Confidence.choices)
    agreed = django_filters.BooleanFilter(field_name="scorer", lookup_expr="isnull")
    in_force = django_filters.BooleanFilter(field_name="superseded_at", lookup_expr="isnull")

    class Meta:
        model = Score
        fields = ("code", "scorer", "scored_by", "scored_on")


class SuggestionSerializer(Serializer):
    """The score that the data suggest for a criterion, and from what."""

    code = serializers.CharField()
    score = serializers.IntegerField(min_value=0, max_value=10)
    source = serializers.CharField()


class EvidenceSerializer(Serializer):
    """What the data say of an account: suggested scores, and the share 0..1 of the four fields
    (what they buy, how much, our revenue, profit or potential) that are known; below 0.75 the data
    are thin."""

    account = serializers.IntegerField()
    suggestions = SuggestionSerializer(many=True)
    readiness = serializers.DecimalField(max_digits=3, decimal_places=2, coerce_to_string=False)
    is_thin = serializers.BooleanField()


EVIDENCE_OF = (OpenApiParameter("account", int, required=True, description="Account."),)


class AskedAccountSerializer(Serializer):
    """Of which account."""

    account = VisibleRelatedField(Account)


class ScoringViewSet(BulkMixin, CreateMixin, ReadOnlyViewSet):
    """Scores, those that were superseded among them. `bulk/` takes a whole sheet, all or none."""

    model = Score
    serializer_class = ScoreSerializer
    filterset_class = ScoreFilter
    ordering_fields = ("scored_on", "code", "value", "created_at")
    search_fields = ("account__name", "evidence")

    @property
    def query_parameters(self) -> tuple[OpenApiParameter, ...]:
        """What `evidence/` is asked; the other actions have no parameters of their own."""
        return EVIDENCE_OF if getattr(self, "action", "") == "evidence" else ()

    def changed_rows(self, rows: Any, moment: datetime.datetime) -> Any:
        """Scores given or superseded since."""
        return rows.filter(created_at__gte=moment) | rows.filter(superseded_at__gte=moment)

    @extend_schema(
        parameters=list(EVIDENCE_OF),
        responses=EvidenceSerializer,
        filters=False,
    )
    @action(detail=False, pagination_class=None)
    def evidence(self, request: Request) -> Response:
        """The scores that the data suggest for an account, and how much is known of it."""
        asked = AskedAccountSerializer(
            data=request.query_params.dict(), context=self.get_serializer_context()
        )
        asked.is_valid(raise_exception=True)
        account = asked.validated_data["account"]
        programme = account.programme
        found = evidence_of(
            [account],
            programme=programme,
            reader=request.user,  # type: ignore[arg-type]
            on=programme.today(),
        )[account.pk]
        suggestions = [{"code": code, **item._asdict()} for code, item in found.suggestions.items()]
        answer = {
            "account": account.pk,
            "suggestions": suggestions,
            "readiness": found.readiness.share,
            "is_thin": found.readiness.is_thin,
        }
        return Response(EvidenceSerializer(answer).data)

    def perform_create(self, serializer: ScoreSerializer) -> None:
        values = dict(serializer.validated_data)
        given = scoring.Given(
            account=values["account"],
            code=values["code"],
            value=values.get("value"),
            horizon=values.get("horizon", Horizon.TODAY),
            is_agreed=values["agreed"],
            confidence=values.get("confidence", Confidence.ASSUMED),
            evidence=values.get("evidence", ""),
            customer_said=values.get("customer_said", False),
        )
        serializer.instance = scoring.give_score(actor=self.request.user, given=given)


class PositionSerializer(ModelSerializer):
    """Where an account stands: attractiveness and strength 0..10, the scored shares of their
    weight 0..1, and the field of the matrix by the programme's cut."""

    quadrant = serializers.SerializerMethodField()

    class Meta:
        model = Position
        fields = (
            "id",
            "account",
            "horizon",
            "attractiveness",
            "strength",
            "attractiveness_scored",
            "strength_scored",
            "is_provisional",
            "quadrant",
            "computed_on",
            "superseded_at",
        )
        read_only_fields = fields
        extra_kwargs = {
            "attractiveness": {"coerce_to_string": False},
            "strength": {"coerce_to_string": False},
        }

    @extend_schema_field(serializers.ChoiceField(choices=Quadrant.choices, allow_null=True))
    def get_quadrant(self, row: Position) -> str | None:
        """The field of the matrix; null while an index is missing."""
        if row.attractiveness is None or row.strength is None:
            return None
        programme = row.account.programme
        cuts = self.context.setdefault("cuts", {})
        if programme.pk not in cuts:
            cuts[programme.pk] = setting(programme, "matrix_cut", programme.today())
        cut = cuts[programme.pk]
        return quadrant(row.attractiveness, row.strength, Cuts(cut, cut)).value


class PositionFilter(FilterSet):
    """By account and horizon; `in_force` as a switch."""

    horizon = django_filters.ChoiceFilter(choices=Horizon.choices)
    in_force = django_filters.BooleanFilter(field_name="superseded_at", lookup_expr="isnull")

    class Meta:
        model = Position
        fields = {"computed_on": ["exact"], "attractiveness": ["gte", "lte"], "strength": ["gte"]}


class PositionViewSet(EffortMixin, ReadOnlyViewSet):
    """Positions in the matrix, past ones among them: movement over time."""

    model = Position
    serializer_class = PositionSerializer
    filterset_class = PositionFilter
    ordering_fields = ("computed_on", "attractiveness", "strength")
    search_fields = ("account__name",)
    follows = ("account__programme",)

    def changed_rows(self, rows: QuerySet, moment: datetime.datetime) -> Any:
        """Positions taken or left since."""
        return rows.filter(computed_at__gte=moment) | rows.filter(superseded_at__gte=moment)
