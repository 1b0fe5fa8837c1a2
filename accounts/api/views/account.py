"""Accounts, their sites, facts and steps over REST."""

from __future__ import annotations

from typing import Any

from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import exports, services
from accounts.api import coverage as coverages
from accounts.api import money
from accounts.api import serializers as bodies
from accounts.api.decisions import StatusDecisionSerializer
from accounts.api.filters import AccountApiFilter
from accounts.models import (
    Account,
    Fact,
    Site,
    StageChange,
    StatusChange,
)
from accounts.services.decision import decide
from accounts.services.team import load_warnings
from kam.access.dates import business_today
from kam.api.errors import Conflict
from kam.api.etag import if_match
from kam.api.external import ExternalIdMixin, by_external_id_schema
from kam.api.viewsets import EditableViewSet, ReadOnlyViewSet


def _pairs(numbers: list[dict[str, str]]) -> list[tuple[str, str]]:
    return [(item["system"], item["value"]) for item in numbers]


@by_external_id_schema(bodies.PutAccountSerializer, bodies.AccountSerializer)
class AccountViewSet(ExternalIdMixin, EditableViewSet):
    """Customers. DELETE archives; archived ones are listed with `archived=true`."""

    model = Account
    export_layout = exports.ACCOUNTS
    serializer_class = bodies.AccountSerializer
    put_serializer_class = bodies.PutAccountSerializer
    filterset_class = AccountApiFilter
    ordering_fields = (
        "name",
        "updated_at",
        "created_at",
        "status_since",
        "review_due_on",
        "relationship_index",
    )
    search_fields = ("name",)
    held = ("external_ids",)
    warnings: list[str] | None = None
    """What the load of the managers warns of after team or status were written."""

    def represent(self, obj: Any) -> dict[str, Any] | None:
        data = super().represent(obj)
        if data is None or self.warnings is None:
            return data
        return {**data, "warnings": self.warnings}

    @extend_schema(responses={201: bodies.DecidedAccountSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().create(request, *args, **kwargs)

    @extend_schema(responses=bodies.DecidedAccountSerializer)
    def update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().update(request, *args, **kwargs)

    @extend_schema(responses=bodies.DecidedAccountSerializer)
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().partial_update(request, *args, **kwargs)

    @property
    def query_parameters(self) -> tuple[Any, ...]:
        """The period of the figures; the other actions have no parameters of their own."""
        return money.PERIOD if self.action == "figures" else ()

    @extend_schema(responses=money.FiguresSerializer, parameters=list(money.PERIOD))
    @action(detail=True)
    def figures(self, request: Request, pk: str) -> Response:
        """Revenue, costs, margin and contribution of the account over a period, by month."""
        visible = Account.objects.visible_to(request.user).select_related("programme")
        account = get_object_or_404(visible, pk=pk)
        body = money.figures_of(request.user, account, request.query_params)
        return Response(money.FiguresSerializer(body).data)

    @extend_schema(responses=coverages.CoverageSerializer)
    @action(detail=True)
    def coverage(self, request: Request, pk: str) -> Response:
        """Companies, sites, units and countries of the customer: which of them somebody looks after
        and which nobody (K059)."""
        visible = Account.objects.visible_to(request.user).select_related("programme")
        account = get_object_or_404(visible, pk=pk)
        body = coverages.body_of(account, request.user)
        return Response(coverages.CoverageSerializer(body).data)

    def get_queryset(self) -> Any:
        rows = super().get_queryset().with_parent_for(self.request.user)
        hides = self.action == "list" and "archived" not in self.request.query_params
        return rows.active() if hides else rows

    def get_object(self) -> Any:
        """The account; one that another has taken up can be read and not written to."""
        account = super().get_object()
        if account.merged_into_id is not None and self.request.method not in SAFE_METHODS:
            text = _("It has been merged into account %(into)d.") % {"into": account.merged_into_id}
            raise Conflict(text, "merged")
        return account

    def search_rows(self, rows: Any, text: str) -> Any:
        """By part of the name, or by the start of a number in another system."""
        return rows.found_by(text)

    def perform_create(self, serializer: bodies.AccountSerializer) -> None:
        values = dict(serializer.validated_data)
        team = values.pop("team", None)
        serializer.instance = services.register_account(
            actor=self.request.user,
            programme=values.pop("programme"),
            team=team,
            external_ids=_pairs(values.pop("external_ids", [])),
            changes=values,
        )
        if team is not None:
            self.warnings = load_warnings(serializer.instance, on=business_today())

    def perform_update(self, serializer: bodies.AccountSerializer) -> None:
        values = dict(serializer.validated_data)
        numbers = values.pop("external_ids", None)
        options = {"team": values.pop("team")} if "team" in values else {}
        serializer.instance = services.save_account(
            actor=self.request.user,
            account=serializer.instance,
            expected_version=self.version,
            external_ids=None if numbers is None else _pairs(numbers),
            changes=values,
            **options,
        )
        if options:
            self.warnings = load_warnings(serializer.instance, on=business_today())

    def perform_destroy(self, instance: Account) -> None:
        services.archive_account(
            actor=self.request.user, account=instance, expected_version=self.version
        )

    def perform_put(
        self, *, system: str, value: str, values: dict[str, Any]
    ) -> tuple[Account, bool]:
        """See `services.put_account`."""
        return services.put_account(
            actor=self.request.user,
            programme=values.pop("programme"),
            system=system,
            value=value,
            changes=values,
        )

    @extend_schema(request=StatusDecisionSerializer, responses=bodies.DecidedAccountSerializer)
    @action(detail=True, methods=["post"])
    def status(self, request: Request, pk: str) -> Response:
        """Appoint as key account, groom, maintain, handle diplomatically, review, release."""
        account = self.get_object()
        body = StatusDecisionSerializer(data=request.data, context=self.get_serializer_context())
        body.is_valid(raise_exception=True)
        version = if_match(request) if "If-Match" in request.headers else None
        wish = body.wish(account, version)
        decided_on = body.validated_data.get("decided_on")
        made = decide(actor=request.user, wishes=[wish], on=decided_on)
        account = made[0].account
        self.warnings = load_warnings(account, on=business_today())
        return self.respond(account, self.represent(account))

    @extend_schema(request=None, responses=bodies.AccountSerializer)
    @action(detail=True, methods=["post"])
    def restore(self, request: Request, pk: str) -> Response:
        """Bring an archived account back."""
        account = self.get_object()
        version = if_match(request) if "If-Match" in request.headers else None
        account = services.restore_account(
            actor=request.user, account=account, expected_version=version
        )
        return self.respond(account, self.represent(account))


class SiteViewSet(EditableViewSet):
    """Places of the customers."""

    model = Site
    export_layout = exports.SITES
    serializer_class = bodies.SiteSerializer
    filterset_fields = ("account", "country", "city")
    ordering_fields = ("name", "updated_at")
    search_fields = ("name", "city")

    def get_queryset(self) -> Any:
        return super().get_queryset().active()

    def perform_create(self, serializer: bodies.SiteSerializer) -> None:
        values = dict(serializer.validated_data)
        serializer.instance = services.create_site(
            actor=self.request.user, account=values.pop("account"), changes=values
        )

    def perform_update(self, serializer: bodies.SiteSerializer) -> None:
        serializer.instance = services.update_site(
            actor=self.request.user,
            site=serializer.instance,
            expected_version=self.version,
            changes=serializer.validated_data,
        )

    def perform_destroy(self, instance: Site) -> None:
        services.archive_site(actor=self.request.user, site=instance, expected_version=self.version)


class FactViewSet(ReadOnlyViewSet):
    """Dated figures about accounts, written down by reviews and plans."""

    model = Fact
    export_layout = exports.FACTS
    serializer_class = bodies.FactSerializer
    filterset_fields = ("account", "kind", "confidence")
    ordering_fields = ("as_of", "created_at")
    search_fields = ("kind", "source")
    changed_field = "created_at"


class StatusChangeViewSet(ReadOnlyViewSet):
    """Every step of every account's status: who, when, why."""

    model = StatusChange
    serializer_class = bodies.StatusChangeSerializer
    filterset_fields = ("account", "to_status", "override")
    ordering_fields = ("decided_on", "created_at")
    search_fields = ("reason",)
    changed_field = "created_at"


class StageChangeViewSet(ReadOnlyViewSet):
    """Every step of every account's stage: who, when, why."""

    model = StageChange
    serializer_class = bodies.StageChangeSerializer
    filterset_fields = ("account", "to_stage", "override")
    ordering_fields = ("happened_on", "created_at")
    search_fields = ("reason",)
    changed_field = "created_at"
