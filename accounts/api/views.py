"""The customers over REST: the same services and refusals as the pages."""

from __future__ import annotations

from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import services
from accounts.api import money
from accounts.api import serializers as bodies
from accounts.api.filters import AccountApiFilter
from accounts.models import (
    Account,
    Conflict,
    Contact,
    Fact,
    Interaction,
    Product,
    ProductLine,
    Site,
    StageChange,
    StatusChange,
)
from accounts.services import product as product_services
from accounts.services.team import load_warnings
from kam.access.dates import business_today
from kam.api.bulk import BulkMixin
from kam.api.etag import if_match
from kam.api.external import ExternalIdMixin, by_external_id_schema
from kam.api.viewsets import CreateMixin, EditableViewSet, ReadOnlyViewSet, UpdateMixin


def _pairs(numbers: list[dict[str, str]]) -> list[tuple[str, str]]:
    return [(item["system"], item["value"]) for item in numbers]


@by_external_id_schema(bodies.PutAccountSerializer, bodies.AccountSerializer)
class AccountViewSet(ExternalIdMixin, EditableViewSet):
    """Customers. DELETE archives; archived ones are listed with `archived=true`."""

    model = Account
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

    def get_queryset(self) -> Any:
        rows = super().get_queryset().with_parent_for(self.request.user)
        hides = self.action == "list" and "archived" not in self.request.query_params
        return rows.active() if hides else rows

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

    @extend_schema(
        request=bodies.StatusDecisionSerializer, responses=bodies.DecidedAccountSerializer
    )
    @action(detail=True, methods=["post"])
    def status(self, request: Request, pk: str) -> Response:
        """Appoint as key account, groom, maintain, handle diplomatically, release."""
        account = self.get_object()
        body = bodies.StatusDecisionSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        version = if_match(request) if "If-Match" in request.headers else None
        values = {"decided_on": business_today(), **body.validated_data}
        account = services.set_status(
            actor=request.user, account=account, expected_version=version, **values
        )
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


@by_external_id_schema(bodies.ContactSerializer, bodies.ContactSerializer)
class ContactViewSet(ExternalIdMixin, EditableViewSet):
    """People at the customers."""

    model = Contact
    serializer_class = put_serializer_class = bodies.ContactSerializer
    filterset_fields = {
        "account": ["exact"],
        "level": ["exact"],
        "confidence": ["exact"],
        "influence": ["exact", "gte"],
        "quiet_on": ["lt"],
    }
    ordering_fields = ("name", "last_talked_on", "influence", "updated_at")
    search_fields = ("name", "email")

    def get_queryset(self) -> Any:
        return super().get_queryset().active().prefetch_related("external_ids")

    def perform_put(
        self, *, system: str, value: str, values: dict[str, Any]
    ) -> tuple[Contact, bool]:
        """See `services.put_contact`."""
        return services.put_contact(
            actor=self.request.user,
            account=values.pop("account"),
            system=system,
            value=value,
            changes=values,
        )

    def search_rows(self, rows: Any, text: str) -> Any:
        """By part of the name, or by the start of the address."""
        return rows.found_by(text)

    def perform_create(self, serializer: bodies.ContactSerializer) -> None:
        values = dict(serializer.validated_data)
        serializer.instance = services.create_contact(
            actor=self.request.user, account=values.pop("account"), changes=values
        )

    def perform_update(self, serializer: bodies.ContactSerializer) -> None:
        serializer.instance = services.update_contact(
            actor=self.request.user,
            contact=serializer.instance,
            expected_version=self.version,
            changes=serializer.validated_data,
        )

    def perform_destroy(self, instance: Contact) -> None:
        services.archive_contact(
            actor=self.request.user, contact=instance, expected_version=self.version
        )


class InteractionViewSet(EditableViewSet):
    """Talks with people of the customers."""

    model = Interaction
    serializer_class = bodies.InteractionSerializer
    filterset_fields = {
        "account": ["exact"],
        "kind": ["exact"],
        "user": ["exact"],
        "contacts": ["exact"],
        "happened_on": ["exact", "gte", "lte"],
    }
    ordering_fields = ("happened_on", "updated_at")
    search_fields = ("text",)

    def get_queryset(self) -> Any:
        return super().get_queryset().active()

    def perform_create(self, serializer: bodies.InteractionSerializer) -> None:
        values = dict(serializer.validated_data)
        logged = services.log_contact(
            actor=self.request.user,
            account=values.pop("account"),
            changes=values,
            today=business_today(),
        )
        serializer.instance = logged.interaction
        self.made = logged.made

    def represent(self, obj: Any) -> dict[str, Any] | None:
        data = super().represent(obj)
        return data if data is None or self.action != "create" else {**data, "made": self.made}

    @extend_schema(responses={201: bodies.LoggedSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().create(request, *args, **kwargs)

    def perform_update(self, serializer: bodies.InteractionSerializer) -> None:
        serializer.instance = services.update_interaction(
            actor=self.request.user,
            interaction=serializer.instance,
            expected_version=self.version,
            changes=dict(serializer.validated_data),
            today=business_today(),
        )

    def perform_destroy(self, instance: Interaction) -> None:
        services.archive_interaction(
            actor=self.request.user, interaction=instance, expected_version=self.version
        )


class ConflictViewSet(BulkMixin, CreateMixin, UpdateMixin, ReadOnlyViewSet):
    """Conflicts and information barriers; they are ended (`valid_until`), never deleted."""

    model = Conflict
    serializer_class = bodies.ConflictSerializer
    filterset_fields = ("a", "b", "kind")
    ordering_fields = ("valid_from", "valid_until", "updated_at")
    search_fields = ("a__name", "b__name")

    def get_queryset(self) -> Any:
        return super().get_queryset().prefetch_related("exceptions")

    def perform_create(self, serializer: bodies.ConflictSerializer) -> None:
        serializer.instance = services.create_conflict(
            actor=self.request.user, **serializer.validated_data
        )

    def perform_update(self, serializer: bodies.ConflictSerializer) -> None:
        if "valid_until" in serializer.validated_data:
            serializer.instance = services.end_conflict(
                actor=self.request.user,
                conflict=serializer.instance,
                last_day=serializer.validated_data["valid_until"],
                expected_version=self.version,
            )

    @extend_schema(request=bodies.ExceptionSerializer, responses=bodies.ConflictSerializer)
    @action(detail=True, methods=["post"])
    def exceptions(self, request: Request, pk: str) -> Response:
        """Except somebody from a barrier, by name and with a reason."""
        conflict = self.get_object()
        body = bodies.ExceptionSerializer(data=request.data, context=self.get_serializer_context())
        body.is_valid(raise_exception=True)
        services.add_exception(actor=request.user, conflict=conflict, **body.validated_data)
        return self.respond(conflict, self.represent(conflict), status.HTTP_201_CREATED)

    @extend_schema(
        request=bodies.ExceptionEndSerializer,
        responses=bodies.ConflictSerializer,
        parameters=[
            OpenApiParameter(
                "exception", int, OpenApiParameter.PATH, description="Id of the exception."
            )
        ],
    )
    @action(detail=True, methods=["post"], url_path=r"exceptions/(?P<exception>[0-9]+)/end")
    def end_exception(self, request: Request, pk: str, exception: str) -> Response:
        """Let an exception end after a day."""
        conflict = self.get_object()
        ended = get_object_or_404(conflict.exceptions.all(), pk=exception)
        body = bodies.ExceptionEndSerializer(
            data=request.data, context=self.get_serializer_context()
        )
        body.is_valid(raise_exception=True)
        last_day = body.validated_data["valid_until"]
        services.end_exception(actor=request.user, exception=ended, last_day=last_day)
        return self.respond(conflict, self.represent(conflict))


class ProductLineViewSet(EditableViewSet):
    """Product lines."""

    model = ProductLine
    serializer_class = bodies.ProductLineSerializer
    filterset_fields = ("programme",)
    ordering_fields = ("name", "updated_at")
    search_fields = ("name",)

    def get_queryset(self) -> Any:
        return super().get_queryset().active()

    def perform_create(self, serializer: bodies.ProductLineSerializer) -> None:
        values = dict(serializer.validated_data)
        serializer.instance = product_services.create_product_line(
            actor=self.request.user, programme=values.pop("programme"), changes=values
        )

    def perform_update(self, serializer: bodies.ProductLineSerializer) -> None:
        serializer.instance = product_services.update_product_line(
            actor=self.request.user,
            line=serializer.instance,
            expected_version=self.version,
            changes=serializer.validated_data,
        )

    def perform_destroy(self, instance: ProductLine) -> None:
        product_services.archive(
            actor=self.request.user, item=instance, expected_version=self.version
        )


@by_external_id_schema(bodies.ProductSerializer, bodies.ProductSerializer)
class ProductViewSet(ExternalIdMixin, EditableViewSet):
    """What we sell."""

    model = Product
    serializer_class = put_serializer_class = bodies.ProductSerializer
    filterset_fields = ("programme", "line", "code")
    ordering_fields = ("code", "name", "updated_at")
    search_fields = ("code", "name")

    def get_queryset(self) -> Any:
        return super().get_queryset().active().prefetch_related("external_ids")

    def perform_put(
        self, *, system: str, value: str, values: dict[str, Any]
    ) -> tuple[Product, bool]:
        """See `services.put_product`."""
        return services.put_product(
            actor=self.request.user,
            programme=values.pop("programme"),
            system=system,
            value=value,
            changes=values,
        )

    def perform_create(self, serializer: bodies.ProductSerializer) -> None:
        values = dict(serializer.validated_data)
        serializer.instance = product_services.create_product(
            actor=self.request.user, programme=values.pop("programme"), changes=values
        )

    def perform_update(self, serializer: bodies.ProductSerializer) -> None:
        serializer.instance = product_services.update_product(
            actor=self.request.user,
            product=serializer.instance,
            expected_version=self.version,
            changes=serializer.validated_data,
        )

    def perform_destroy(self, instance: Product) -> None:
        product_services.archive(
            actor=self.request.user, item=instance, expected_version=self.version
        )


class FactViewSet(ReadOnlyViewSet):
    """Dated figures about accounts, written down by reviews and plans."""

    model = Fact
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
