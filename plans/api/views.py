"""Plans, what hangs on them, and actions over REST: the same services, the same refusals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Account
from kam.access.dates import business_today
from kam.api.etag import if_match
from kam.api.viewsets import EditableViewSet
from plans import services
from plans.api import serializers
from plans.filters import ActionFilter, ReadFilterSet
from plans.models import (
    Action,
    CorporateObjective,
    CustomerGoal,
    Milestone,
    Objective,
    Plan,
    Risk,
    Strategy,
    SwotEntry,
)


def without(values: dict[str, Any], *names: str) -> dict[str, Any]:
    """`values` less what names the place of a new row."""
    return {name: value for name, value in values.items() if name not in names}


def optional_version(request: Request) -> int | None:
    """The version in `If-Match`, when a step sends one."""
    return if_match(request) if "If-Match" in request.headers else None


class ReadViewSet(EditableViewSet):
    """Rows filtered, sorted and searched by the content that the caller reads."""

    filterset_base = ReadFilterSet
    read_orders: tuple[str, ...] = ()

    @property
    def ordering_fields(self) -> dict[str, str]:
        """By content, and by change."""
        return {name: f"read_{name}" for name in self.read_orders} | {"updated_at": "updated_at"}

    def filter_queryset(self, queryset: Any) -> Any:
        if "ordering" in self.request.query_params:
            queryset = queryset.with_read(*self.read_orders)
        return super().filter_queryset(queryset)

    def search_rows(self, rows: Any, text: str) -> Any:
        """Rows in whose content the words of `text` occur."""
        return rows.found_by(text, self.search_fields)


class PlanViewSet(ReadViewSet):
    """Plans. DELETE puts a draft away that never came into force."""

    model = Plan
    serializer_class = serializers.PlanSerializer
    filterset_fields = ("account", "status", "in_force", "author")
    read_orders = ("starts_on", "ends_on")
    search_fields = ("title", "account__name")

    def get_queryset(self) -> Any:
        return super().get_queryset().active()

    def perform_create(self, serializer: Any) -> None:
        values = serializer.validated_data
        serializer.instance = services.create_plan(
            actor=self.request.user,
            account=values["account"],
            values=without(values, "account"),
        )

    def perform_update(self, serializer: Any) -> None:
        plan = serializer.instance
        serializer.instance = services.update_plan(
            actor=self.request.user,
            plan=plan,
            expected_version=self.version,
            changes=serializer.validated_data,
        )

    def perform_destroy(self, instance: Plan) -> None:
        services.archive_plan(actor=self.request.user, plan=instance, expected_version=self.version)

    def _step(
        self, request: Request, perform: Callable[..., Plan], body: type, **more: Any
    ) -> Response:
        plan = self.get_object()
        serializer = body(data=request.data, context=self.get_serializer_context())
        serializer.is_valid(raise_exception=True)
        plan = perform(
            actor=request.user,
            plan=plan,
            expected_version=optional_version(request),
            **serializer.validated_data,
            **more,
        )
        return self.respond(plan, self.represent(plan))

    @extend_schema(request=serializers.StepSerializer, responses={200: serializers.PlanSerializer})
    @action(detail=True, methods=["post"])
    def submit(self, request: Request, pk: str) -> Response:
        """Hand the plan in for approval."""
        return self._step(request, services.submit_plan, serializers.StepSerializer)

    @extend_schema(request=serializers.StepSerializer, responses={200: serializers.PlanSerializer})
    @action(detail=True, methods=["post"], url_path="request-changes")
    def request_changes(self, request: Request, pk: str) -> Response:
        """Send the plan back with a comment."""
        return self._step(request, services.request_changes, serializers.StepSerializer)

    @extend_schema(request=serializers.StepSerializer, responses={200: serializers.PlanSerializer})
    @action(detail=True, methods=["post"], url_path="check-finance")
    def check_finance(self, request: Request, pk: str) -> Response:
        """Finance has looked at the figures."""
        return self._step(request, services.check_finance, serializers.StepSerializer)

    @extend_schema(request=serializers.StepSerializer, responses={200: serializers.PlanSerializer})
    @action(detail=True, methods=["post"])
    def approve(self, request: Request, pk: str) -> Response:
        """Approve the plan: somebody else than its author and submitter."""
        return self._step(
            request, services.approve_plan, serializers.StepSerializer, today=business_today()
        )

    @extend_schema(request=None, responses={200: serializers.PlanSerializer})
    @action(detail=True, methods=["post"])
    def activate(self, request: Request, pk: str) -> Response:
        """Put the approved plan in force."""
        plan = services.activate_plan(
            actor=request.user,
            plan=self.get_object(),
            expected_version=optional_version(request),
            today=business_today(),
        )
        return self.respond(plan, self.represent(plan))

    @extend_schema(request=serializers.StepSerializer, responses={200: serializers.PlanSerializer})
    @action(detail=True, methods=["post"])
    def revise(self, request: Request, pk: str) -> Response:
        """Open the plan for writing; the approved version stays in force."""
        return self._step(request, services.revise_plan, serializers.StepSerializer)

    @extend_schema(request=serializers.CloseSerializer, responses={200: serializers.PlanSerializer})
    @action(detail=True, methods=["post"])
    def close(self, request: Request, pk: str) -> Response:
        """End the plan with what came of it."""
        return self._step(
            request, services.close_plan, serializers.CloseSerializer, today=business_today()
        )


class ContentViewSet(ReadViewSet):
    """Rows of plans."""

    parent = "plan"

    def get_queryset(self) -> Any:
        return super().get_queryset().current()

    def perform_create(self, serializer: Any) -> None:
        row: Any = self.model(**serializer.validated_data)
        serializer.instance = services.add_content(actor=self.request.user, row=row)

    def perform_update(self, serializer: Any) -> None:
        row = serializer.instance
        serializer.instance = services.update_content(
            actor=self.request.user,
            row=row,
            expected_version=self.version,
            changes=serializer.validated_data,
        )

    def perform_destroy(self, instance: Any) -> None:
        services.archive_content(
            actor=self.request.user, row=instance, expected_version=self.version
        )


class ObjectiveViewSet(ContentViewSet):
    """Objectives of plans."""

    model = Objective
    serializer_class = serializers.ObjectiveSerializer
    filterset_fields = {
        "plan": ["exact"],
        "plan__account": ["exact"],
        "type": ["exact"],
        "owner": ["exact"],
        "shared": ["exact"],
        "due": ["exact", "lt", "gt"],
    }
    read_orders = ("position", "due")
    search_fields = ("title", "kpi")

    @extend_schema(
        request=serializers.ReasonSerializer, responses={200: serializers.ObjectiveSerializer}
    )
    @action(detail=True, methods=["post"])
    def drop(self, request: Request, pk: str) -> Response:
        """Give the objective up, with a reason."""
        objective = self.get_object()
        body = serializers.ReasonSerializer(
            data=request.data, context=self.get_serializer_context()
        )
        body.is_valid(raise_exception=True)
        objective = services.drop_objective(
            actor=request.user,
            objective=objective,
            today=business_today(),
            expected_version=optional_version(request),
            **body.validated_data,
        )
        return self.respond(objective, self.represent(objective))

    @extend_schema(request=None, responses={200: serializers.ObjectiveSerializer})
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, pk: str) -> Response:
        """Take a dropped objective up again."""
        objective = services.resume_objective(
            actor=request.user,
            objective=self.get_object(),
            expected_version=optional_version(request),
        )
        return self.respond(objective, self.represent(objective))


class StrategyViewSet(ContentViewSet):
    """Strategies of objectives."""

    model = Strategy
    serializer_class = serializers.StrategySerializer
    parent = "objective"
    filterset_fields = ("objective", "objective__plan", "kind")
    read_orders = ("position",)
    search_fields = ("text",)


class MilestoneViewSet(ContentViewSet):
    """Milestones of objectives."""

    model = Milestone
    serializer_class = serializers.MilestoneSerializer
    parent = "objective"
    filterset_fields = ("objective", "objective__plan", "date")
    read_orders = ("date",)
    search_fields = ("result",)


class SwotEntryViewSet(ContentViewSet):
    """Strengths, weaknesses, opportunities and threats."""

    model = SwotEntry
    serializer_class = serializers.SwotEntrySerializer
    filterset_fields = ("plan", "quadrant", "objective", "risk")
    read_orders = ("quadrant",)
    search_fields = ("text", "evidence")


class RiskViewSet(ContentViewSet):
    """Risks of plans, the worst first."""

    model = Risk
    serializer_class = serializers.RiskSerializer
    filterset_fields = ("plan", "plan__account", "category", "owner", "state")
    read_orders = ("review_on",)
    search_fields = ("title", "cause", "effect")


class ActionViewSet(EditableViewSet):
    """Actions: what is due first on top. The account and a text are enough."""

    model = Action
    serializer_class = serializers.ActionSerializer
    filterset_class = ActionFilter
    ordering_fields = ("due", "start", "updated_at")
    search_fields = ("text",)

    def get_queryset(self) -> Any:
        return super().get_queryset().active()

    def perform_create(self, serializer: Any) -> None:
        values = serializer.validated_data
        serializer.instance = services.create_action(
            actor=self.request.user,
            account=values["account"],
            values=without(values, "account"),
            today=business_today(),
        )

    def perform_update(self, serializer: Any) -> None:
        row = serializer.instance
        serializer.instance = services.update_action(
            actor=self.request.user,
            action=row,
            expected_version=self.version,
            changes=serializer.validated_data,
            today=business_today(),
        )

    def perform_destroy(self, instance: Action) -> None:
        services.archive_action(
            actor=self.request.user, action=instance, expected_version=self.version
        )

    @extend_schema(
        request=serializers.NoteSerializer, responses={200: serializers.ActionSerializer}
    )
    @action(detail=True, methods=["post"])
    def close(self, request: Request, pk: str) -> Response:
        """Tick the action off."""
        row = self.get_object()
        body = serializers.NoteSerializer(data=request.data, context=self.get_serializer_context())
        body.is_valid(raise_exception=True)
        row = services.close_action(
            actor=request.user,
            action=row,
            today=business_today(),
            expected_version=optional_version(request),
            **body.validated_data,
        )
        return self.respond(row, self.represent(row))

    @extend_schema(request=None, responses={200: serializers.ActionSerializer})
    @action(detail=True, methods=["post"])
    def reopen(self, request: Request, pk: str) -> Response:
        """Open the action again."""
        row = services.reopen_action(
            actor=request.user,
            action=self.get_object(),
            today=business_today(),
            expected_version=optional_version(request),
        )
        return self.respond(row, self.represent(row))

    @extend_schema(
        request=serializers.CaptureSerializer, responses={201: serializers.ActionSerializer}
    )
    @action(detail=False, methods=["post"])
    def capture(self, request: Request) -> Response:
        """Add an action from one line: "Tom: quote for Aarhus, 20 June"."""
        body = serializers.CaptureSerializer(
            data=request.data, context=self.get_serializer_context()
        )
        body.is_valid(raise_exception=True)
        visible = Account.objects.visible_to(request.user)
        account = visible.filter(pk=body.validated_data["account"]).first()
        if account is None:
            raise Http404
        row = services.capture_action(
            actor=request.user,
            account=account,
            line=body.validated_data["line"],
            today=account.programme.today(),
        )
        return self.respond(row, self.represent(row), 201)


class CustomerGoalViewSet(EditableViewSet):
    """Goals of customers."""

    model = CustomerGoal
    serializer_class = serializers.CustomerGoalSerializer
    filterset_fields = ("account", "confidence")
    ordering_fields = ("text", "stated_on", "updated_at")
    search_fields = ("text", "source")

    def get_queryset(self) -> Any:
        return super().get_queryset().active()

    def perform_create(self, serializer: Any) -> None:
        values = serializer.validated_data
        serializer.instance = services.create_customer_goal(
            actor=self.request.user,
            account=values["account"],
            values=without(values, "account"),
        )

    def perform_update(self, serializer: Any) -> None:
        goal = serializer.instance
        serializer.instance = services.update_customer_goal(
            actor=self.request.user,
            goal=goal,
            expected_version=self.version,
            changes=serializer.validated_data,
        )

    def perform_destroy(self, instance: CustomerGoal) -> None:
        services.archive_goal(actor=self.request.user, goal=instance, expected_version=self.version)


class CorporateObjectiveViewSet(EditableViewSet):
    """Aims of our own company."""

    model = CorporateObjective
    serializer_class = serializers.CorporateObjectiveSerializer
    filterset_fields = ("programme",)
    ordering_fields = ("text", "updated_at")
    search_fields = ("text",)

    def get_queryset(self) -> Any:
        return super().get_queryset().active()

    def perform_create(self, serializer: Any) -> None:
        values = serializer.validated_data
        serializer.instance = services.create_corporate_objective(
            actor=self.request.user,
            programme=values["programme"],
            values=without(values, "programme"),
        )

    def perform_update(self, serializer: Any) -> None:
        aim = serializer.instance
        serializer.instance = services.update_corporate_objective(
            actor=self.request.user,
            aim=aim,
            expected_version=self.version,
            changes=serializer.validated_data,
        )

    def perform_destroy(self, instance: CorporateObjective) -> None:
        services.archive_goal(actor=self.request.user, goal=instance, expected_version=self.version)
