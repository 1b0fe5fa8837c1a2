"""Stage reviews over REST: the same services and refusals as the pages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from kam.access.dates import business_today
from kam.api.etag import if_match
from kam.api.reading import LOADED, load_children
from kam.api.viewsets import EditableViewSet
from reviews import evidence, exports, services
from reviews.api.serializers import (
    ANSWER_FIELDS,
    ConfirmationSerializer,
    EvidenceSerializer,
    ProposalSerializer,
    RejectionSerializer,
    StageReviewSerializer,
)
from reviews.models import Answer, StageReview

CONTENT = {"answers": "answers", "uncoupling_signals": "signals", "checklist": "checks"}
"""Members of the body that are no columns, and what services call them."""


EVIDENCE = {
    "type": "object",
    "additionalProperties": {
        "type": "array",
        "items": {
            "type": "object",
            "required": ["text", "says", "records"],
            "properties": {
                "text": {"type": "string"},
                "says": {"type": ["integer", "null"]},
                "records": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["label", "url"],
                        "properties": {"label": {"type": "string"}, "url": {"type": "string"}},
                    },
                },
            },
        },
    },
}
"""The answer of `evidence`; drf-spectacular knows no mapping of serializers."""


class StageReviewViewSet(EditableViewSet):
    """Stage reviews: any number per account and day.

    A new one is a draft whose recommendation follows its answers. `propose`, `withdraw`, `confirm`
    and `reject` move it on; `If-Match` is optional there and compared when it is sent.
    """

    model = StageReview
    export_layout = exports.REVIEWS
    serializer_class = StageReviewSerializer
    filterset_fields = {
        "account": ["exact"],
        "side": ["exact"],
        "status": ["exact"],
        "recommended_stage": ["exact"],
        "decided_stage": ["exact"],
        "reviewed_on": ["exact", "gte", "lte"],
    }
    ordering_fields = ("reviewed_on", "index", "updated_at")
    search_fields = ("account__name",)
    held = ("signals", "checks")

    def get_queryset(self) -> Any:
        return super().get_queryset().active()

    def load(self, rows: Sequence[Any]) -> None:
        """Signals and checks, and answers as plain tuples: there are two dozen to a review."""
        super().load(rows)
        columns = ("review_id", *ANSWER_FIELDS)
        load_children(
            rows,
            "review_id",
            LOADED + "answers",
            lambda: Answer.objects.order_by().values_list(*columns, named=True),
        )

    def perform_create(self, serializer: StageReviewSerializer) -> None:
        values = _content(serializer.validated_data)
        serializer.instance = services.start_review(
            actor=self.request.user, on=business_today(), **values
        )

    def perform_update(self, serializer: StageReviewSerializer) -> None:
        values = _content(serializer.validated_data)
        content = {name: values.pop(name) for name in CONTENT.values() if name in values}
        changes = {name: values[name] for name in services.EDITABLE_FIELDS if name in values}
        serializer.instance = services.update_review(
            actor=self.request.user,
            review=serializer.instance,
            on=business_today(),
            changes=changes,
            expected_version=self.version,
            **content,
        )

    def perform_destroy(self, instance: StageReview) -> None:
        services.archive_review(
            actor=self.request.user, review=instance, expected_version=self.version
        )

    @extend_schema(request=ConfirmationSerializer, responses=StageReviewSerializer)
    @action(detail=True, methods=["post"], url_path="confirm-answers")
    def confirm_answers(self, request: Request, pk: str) -> Response:
        """Let answers taken over from last time count as of today."""
        review = self.get_object()
        items = self._body(ConfirmationSerializer).get("items")
        return self._step(review, services.confirm_answers, on=business_today(), items=items)

    @extend_schema(responses=OpenApiResponse(EVIDENCE, "Evidence by statement, A1 to F4."))
    @action(detail=True, filter_backends=[], pagination_class=None)
    def evidence(self, request: Request, pk: str) -> Response:
        """What the stored data say beside each statement, as far as the caller may read them."""
        found = evidence.gather(self.get_object(), request.user)
        shown = {item: EvidenceSerializer(rows, many=True).data for item, rows in found.items()}
        return Response(shown)

    @extend_schema(request=ProposalSerializer, responses=StageReviewSerializer)
    @action(detail=True, methods=["post"])
    def propose(self, request: Request, pk: str) -> Response:
        """Propose a stage; the scores stand still from now on."""
        review = self.get_object()
        decision = self._body(ProposalSerializer)
        return self._step(review, services.propose, decision=decision, on=business_today())

    @extend_schema(request=None, responses=StageReviewSerializer)
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: str) -> Response:
        """Take a proposal back."""
        return self._step(self.get_object(), services.withdraw)

    @extend_schema(request=None, responses=StageReviewSerializer)
    @action(detail=True, methods=["post"])
    def confirm(self, request: Request, pk: str) -> Response:
        """Confirm a proposed stage; never the proposer."""
        return self._step(self.get_object(), services.confirm, on=business_today())

    @extend_schema(request=RejectionSerializer, responses=StageReviewSerializer)
    @action(detail=True, methods=["post"])
    def reject(self, request: Request, pk: str) -> Response:
        """Refuse a proposed stage with a reason."""
        review = self.get_object()
        reason = self._body(RejectionSerializer)["reason"]
        return self._step(review, services.reject, reason=reason, on=business_today())

    def _body(self, serializer_class: Any) -> dict[str, Any]:
        serializer = serializer_class(data=self.request.data, context=self.get_serializer_context())
        serializer.is_valid(raise_exception=True)
        return serializer.validated_data

    def _step(
        self, review: StageReview, service: Callable[..., StageReview], **options: Any
    ) -> Response:
        version = if_match(self.request) if "If-Match" in self.request.headers else None
        review = service(
            actor=self.request.user, review=review, expected_version=version, **options
        )
        return self.respond(review, self.represent(review))


def _content(values: dict[str, Any]) -> dict[str, Any]:
    """The body with the names that services use."""
    return {CONTENT.get(name, name): value for name, value in values.items()}
