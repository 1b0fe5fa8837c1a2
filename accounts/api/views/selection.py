"""Selections over REST (`design.md` 6; handbook 3.5)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api import selection as bodies
from accounts.api.decisions import DecideSerializer, DecisionSerializer
from accounts.models import Selection
from accounts.selection.comparing import differing
from accounts.selection.sight import all_as_seen, as_seen
from accounts.services import selection as runs
from accounts.services.decision import Wish, decide
from kam.api.errors import inside
from kam.api.viewsets import EditableViewSet


class SelectionViewSet(EditableViewSet):
    """Selection runs. `POST` the problem, `solve/` it in the background, follow it by `GET`
    (`status`, `progress`), `decide/` on accounts. A solved one stays as it is: `copy/` it to
    change it. DELETE archives."""

    model = Selection
    serializer_class = bodies.SelectionSerializer
    filterset_fields = ("programme", "status", "created_by")
    # Neither order nor filter by what is reckoned with every account (value, cost, gap): either
    # would tell whoever stands before a barrier what the sums they see leave out.
    ordering_fields = ("created_at", "updated_at")
    search_fields = ("name",)
    follows = ("job",)

    @property
    def query_parameters(self) -> tuple[OpenApiParameter, ...]:
        """What `compare/` is asked; the list has filters."""
        return bodies.RUNS if getattr(self, "action", "") == "compare" else ()

    def get_serializer_class(self) -> type:
        return (
            bodies.SelectionListSerializer if self.action == "list" else bodies.SelectionSerializer
        )

    def get_queryset(self) -> Any:
        rows = Selection.objects.visible_to(self.request.user)
        if self.action != "list":
            return rows.select_related("programme", "job")
        return rows.for_list().active()

    def written(self, rows: Sequence[Any]) -> Any:
        return super().written(all_as_seen(rows, self.request.user))

    def perform_create(self, serializer: bodies.SelectionSerializer) -> None:
        values = dict(serializer.validated_data)
        programme = values.pop("programme")
        given = {name: values.pop(name) for name in runs.GIVEN if name in values}
        serializer.instance = runs.create_selection(
            actor=self.request.user, programme=programme, changes=values, given=given
        )

    def perform_update(self, serializer: bodies.SelectionSerializer) -> None:
        values = dict(serializer.validated_data)
        whole = () if serializer.partial else runs.GIVEN
        given = {name: values.pop(name, None) for name in runs.GIVEN if name in {*values, *whole}}
        serializer.instance = runs.update_selection(
            actor=self.request.user,
            selection=serializer.instance,
            expected_version=self.version,
            changes=values,
            given=given,
        )

    def perform_destroy(self, instance: Selection) -> None:
        runs.archive_selection(
            actor=self.request.user, selection=instance, expected_version=self.version
        )

    @extend_schema(request=None, responses={202: bodies.SelectionSerializer})
    @action(detail=True, methods=["post"])
    def solve(self, request: Request, pk: str) -> Response:
        """Solve it in the background; asking again changes nothing."""
        run = runs.solve_selection(actor=request.user, selection=self.get_object())
        return self.respond(run, self.represent(run), status.HTTP_202_ACCEPTED)

    @extend_schema(request=None, responses=bodies.SelectionSerializer)
    @action(detail=True, methods=["post"])
    def stop(self, request: Request, pk: str) -> Response:
        """Stop solving; nothing but the scenario stays."""
        run = runs.stop_selection(actor=request.user, selection=self.get_object())
        return self.respond(run, self.represent(run))

    @extend_schema(request=None, responses={201: bodies.SelectionSerializer})
    @action(detail=True, methods=["post"])
    def copy(self, request: Request, pk: str) -> Response:
        """The same scenario once more, to be changed beside this one."""
        run = runs.copy_selection(actor=request.user, selection=self.get_object())
        return self.respond(run, self.represent(run), status.HTTP_201_CREATED)

    @extend_schema(parameters=list(bodies.RUNS), responses=bodies.ComparedSerializer, filters=False)
    @action(detail=False, pagination_class=None)
    def compare(self, request: Request) -> Response:
        """Scenarios side by side, and the accounts on which they differ."""
        asked = bodies.AskedRunsSerializer(
            data={"runs": [pk for pk in request.query_params.get("runs", "").split(",") if pk]},
            context=self.get_serializer_context(),
        )
        asked.is_valid(raise_exception=True)
        found = asked.validated_data["runs"]
        seen = [as_seen(run, request.user) for run in found]  # type: ignore[arg-type]
        answer = {
            "scenarios": seen,
            "differing": list(differing(seen, request.user)),  # type: ignore[arg-type]
        }
        return Response(
            bodies.ComparedSerializer(answer, context=self.get_serializer_context()).data
        )

    @extend_schema(request=DecideSerializer, responses=DecisionSerializer(many=True))
    @action(detail=True, methods=["post"])
    def decide(self, request: Request, pk: str) -> Response:
        """Decide about accounts: status, manager and a record of each, all or none."""
        run = self.get_object()
        body = DecideSerializer(data=request.data, context=self.get_serializer_context())
        body.is_valid(raise_exception=True)
        wishes = [Wish(**row) for row in body.validated_data["decisions"]]
        try:
            made = decide(actor=request.user, wishes=wishes, selection=run)
        except ValidationError as error:
            raise inside(error, "decisions", str(getattr(error, "place", 0))) from error
        return Response(DecisionSerializer(made, many=True).data)
