"""Duplicates and merges over REST."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import services
from accounts.api import merging as bodies
from accounts.merging.preview import preview
from accounts.models import Account, Contact, DuplicateKind, DuplicatePair, Merge
from accounts.services import duplicate, search
from kam.api.errors import MEDIA_TYPE
from kam.api.etag import if_match
from kam.api.serializers import ProblemSerializer
from kam.api.viewsets import ReadOnlyViewSet


class DuplicateViewSet(ReadOnlyViewSet):
    """Pairs that may be one, the likeliest first; decided about with `dismiss`, or by a merge."""

    model = DuplicatePair
    serializer_class = bodies.DuplicateSerializer
    filterset_fields = {
        "kind": ["exact"],
        "state": ["exact"],
        "account_a": ["exact"],
        "account_b": ["exact"],
        "score": ["gte"],
    }
    ordering_fields = ("score", "found_at", "updated_at")
    search_fields = ("account_a__name", "account_b__name", "contact_a__name", "contact_b__name")

    @extend_schema(request=bodies.SearchSerializer, responses={202: bodies.SearchStartedSerializer})
    @action(detail=False, methods=["post"])
    def find(self, request: Request) -> Response:
        """Look for duplicates in the background, within what the caller sees."""
        body = bodies.SearchSerializer(data=request.data, context=self.get_serializer_context())
        body.is_valid(raise_exception=True)
        job = search.start_search(actor=request.user, account=body.validated_data["account"])
        data = bodies.SearchStartedSerializer(job).data
        return Response(data, status=status.HTTP_202_ACCEPTED)

    @extend_schema(request=bodies.DismissSerializer, responses=bodies.DuplicateSerializer)
    @action(detail=True, methods=["post"])
    def dismiss(self, request: Request, pk: str) -> Response:
        """The two are not the same: the pair is not proposed again."""
        pair = self.get_object()
        body = bodies.DismissSerializer(data=request.data, context=self.get_serializer_context())
        body.is_valid(raise_exception=True)
        return self._decide(pair, duplicate.dismiss_pair, note=body.validated_data["note"])

    @extend_schema(request=None, responses=bodies.DuplicateSerializer)
    @action(detail=True, methods=["post"])
    def reopen(self, request: Request, pk: str) -> Response:
        """A dismissed pair is to be decided about again."""
        return self._decide(self.get_object(), duplicate.reopen_pair)

    def _decide(self, pair: DuplicatePair, service: Any, **values: Any) -> Response:
        request = self.request
        version = if_match(request) if "If-Match" in request.headers else None
        pair = service(actor=request.user, pair=pair, expected_version=version, **values)
        return self.respond(pair, self.represent(pair))


class MergeViewSet(ReadOnlyViewSet):
    """Merges. A merged account stays readable with `merged_into`, and refuses writes with 409."""

    model = Merge
    serializer_class = bodies.MergeSerializer
    filterset_fields = ("kind", "account", "contact", "merged_by")
    ordering_fields = ("merged_at", "updated_at")
    search_fields = ("survivor_name", "loser_name")

    @extend_schema(
        request=bodies.NewMergeSerializer,
        responses={
            201: bodies.MergeSerializer,
            200: bodies.PreviewSerializer,
            (404, MEDIA_TYPE): ProblemSerializer,
        },
    )
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Let one take up the other; with `dry_run` say what would happen."""
        body = bodies.NewMergeSerializer(data=request.data, context=self.get_serializer_context())
        body.is_valid(raise_exception=True)
        given = body.validated_data
        model: Any = Account if given["kind"] == DuplicateKind.ACCOUNT else Contact
        rows = model.objects.visible_to(request.user)
        survivor, loser = (get_object_or_404(rows, pk=given[key]) for key in ("survivor", "loser"))
        if given["dry_run"]:
            return self._try(survivor, loser, given)
        merge = self._merge(survivor, loser, given)
        location = self.reverse_action("detail", args=[merge.pk])
        return self.respond(merge, self.represent(merge), 201, Location=location)

    def _merge(self, survivor: Any, loser: Any, given: dict[str, Any]) -> Merge:
        of_accounts = given["kind"] == DuplicateKind.ACCOUNT
        service: Any = services.merge_accounts if of_accounts else services.merge_contacts
        return service(
            actor=self.request.user,
            survivor=survivor,
            loser=loser,
            expected_version=given["survivor_version"],
            expected_loser_version=given["loser_version"],
            choices=given["choices"],
        )

    def _try(self, survivor: Any, loser: Any, given: dict[str, Any]) -> Response:
        """Do it, see what is refused, and take all of it back."""
        user = self.request.user
        shown = preview(survivor, loser, reader=user, wanted=given["choices"])
        try:
            with transaction.atomic():
                self._merge(survivor, loser, given)
                transaction.set_rollback(True)
        except ValidationError as error:
            known = shown.refusals
            known += [message for message in error.messages if message not in known]
        return Response(bodies.PreviewSerializer(shown).data)

    @extend_schema(request=None, responses=bodies.MergeSerializer)
    @action(detail=True, methods=["post"])
    def undo(self, request: Request, pk: str) -> Response:
        """Take a merge back: what moved goes back, what has come since stays (`kept`)."""
        merge = services.undo_merge(actor=request.user, merge=self.get_object())
        return self.respond(merge, self.represent(merge))
