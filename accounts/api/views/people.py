"""Contacts and talks over REST."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import exports, services
from accounts.api import serializers as bodies
from accounts.models import (
    Contact,
    Interaction,
)
from kam.access.dates import business_today
from kam.api.external import ExternalIdMixin, by_external_id_schema
from kam.api.viewsets import EditableViewSet


@by_external_id_schema(bodies.ContactSerializer, bodies.ContactSerializer)
class ContactViewSet(ExternalIdMixin, EditableViewSet):
    """People at the customers."""

    model = Contact
    export_layout = exports.CONTACTS
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
    held = ("external_ids",)

    def get_queryset(self) -> Any:
        return super().get_queryset().active()

    def numbered_among(self, values: dict[str, Any]) -> dict[str, Any]:
        return {"account__programme": values["account"].programme_id}

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
    export_layout = exports.TALKS
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
    held = ("contacts",)

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
