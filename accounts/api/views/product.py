"""Products and their lines over REST."""

from __future__ import annotations

from typing import Any

from accounts import exports, services
from accounts.api import serializers as bodies
from accounts.models import (
    Product,
    ProductLine,
)
from accounts.services import product as product_services
from kam.api.external import ExternalIdMixin, by_external_id_schema
from kam.api.viewsets import EditableViewSet


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
    export_layout = exports.PRODUCTS
    serializer_class = put_serializer_class = bodies.ProductSerializer
    filterset_fields = ("programme", "line", "code")
    ordering_fields = ("code", "name", "updated_at")
    search_fields = ("code", "name")
    held = ("external_ids",)

    def get_queryset(self) -> Any:
        return super().get_queryset().active()

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
