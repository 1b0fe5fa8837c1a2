"""Candidates that are being looked into, over REST (K063)."""

from __future__ import annotations

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.decisions import STAMPS, InUseFilter
from accounts.api.market import InUseMixin
from accounts.models import Qualification
from accounts.services import qualification as services
from kam.access.dates import business_today
from kam.api.serializers import ModelSerializer, Serializer
from kam.api.viewsets import EditableViewSet


class QualificationSerializer(ModelSerializer):
    """Until when and up to what amount a candidate is looked into; `due` says that deadline or cap
    has been passed and somebody has to decide."""

    fixed = ("account",)
    due = serializers.SerializerMethodField()

    class Meta:
        model = Qualification
        fields = (
            "id",
            "account",
            *services.QUALIFICATION_FIELDS,
            "due",
            "verdict",
            "reason",
            "decided_on",
            "decided_by",
            *STAMPS,
        )
        read_only_fields = ("verdict", "reason", "decided_on", "decided_by", *STAMPS)
        extra_kwargs = {"currency": {"required": False}}

    def get_due(self, row: Qualification) -> bool:
        return row.is_due(business_today())


class VerdictSerializer(Serializer):
    """Go or no-go, and why."""

    verdict = serializers.ChoiceField(choices=Qualification.Verdict.choices)
    reason = serializers.CharField(max_length=2000)


class QualificationFilter(InUseFilter):
    """By verdict and deadline; `due=true` finds those that wait for a decision."""

    due = django_filters.BooleanFilter(method="by_due")

    class Meta:
        model = Qualification
        fields = ("verdict", "deadline")

    def by_due(self, rows: QuerySet, name: str, value: bool) -> QuerySet:  # noqa: FBT001  (django-filter's signature)
        due = rows.due(business_today())  # type: ignore[attr-defined]
        return due if value else rows.exclude(pk__in=due.order_by().values("pk"))


class QualificationViewSet(InUseMixin, EditableViewSet):
    """Qualifications (K063). DELETE archives; archived ones are listed with `archived=true`."""

    model = Qualification
    serializer_class = QualificationSerializer
    filterset_class = QualificationFilter
    ordering_fields = ("deadline", "started_on", "updated_at")
    search_fields = ("account__name", "question")

    def perform_create(self, serializer: QualificationSerializer) -> None:
        values = dict(serializer.validated_data)
        serializer.instance = services.start_qualification(
            actor=self.request.user, account=values.pop("account"), changes=values
        )

    def perform_update(self, serializer: QualificationSerializer) -> None:
        serializer.instance = services.update_qualification(
            actor=self.request.user,
            qualification=serializer.instance,
            expected_version=self.version,
            changes=dict(serializer.validated_data),
        )

    def perform_destroy(self, instance: Qualification) -> None:
        services.archive_qualification(
            actor=self.request.user, qualification=instance, expected_version=self.version
        )

    def perform_restore(self, instance: Qualification, version: int | None) -> Qualification:
        return services.restore_qualification(
            actor=self.request.user, qualification=instance, expected_version=version
        )

    @extend_schema(request=VerdictSerializer, responses=QualificationSerializer)
    @action(detail=True, methods=["post"])
    def decide(self, request: Request, pk: str) -> Response:
        """Go or no-go, and why: for who confirms stages of the account."""
        qualification = self.get_object()
        given = VerdictSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        decided = services.decide_qualification(
            actor=request.user,
            qualification=qualification,
            **given.validated_data,
        )
        return self.respond(decided, self.represent(decided))
