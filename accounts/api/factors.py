"""Critical success factors of customers over REST (K057; handbook 4.9)."""

from __future__ import annotations

from rest_framework import serializers

from accounts import exports
from accounts.api.decisions import InUseFilter
from accounts.api.market import InUseMixin
from accounts.models import SuccessFactor
from accounts.services import factor as services
from kam.api.serializers import ModelSerializer
from kam.api.viewsets import EditableViewSet

STAMPS = ("version", "created_at", "updated_at", "archived_at")


class FactorSerializer(ModelSerializer):
    """What decides for a customer: `weight` of 100, `ours` and `best_other` 0 to 10 as it sees
    them, `gap` by how much we are ahead (null: not known)."""

    fixed = ("account",)
    gap = serializers.IntegerField(read_only=True, allow_null=True)

    class Meta:
        model = SuccessFactor
        fields = ("id", "account", *services.FACTOR_FIELDS, "gap", *STAMPS)
        read_only_fields = STAMPS


class FactorFilter(InUseFilter):
    """By account, confidence and day."""

    class Meta:
        model = SuccessFactor
        fields = ("confidence", "as_of")


class FactorViewSet(InUseMixin, EditableViewSet):
    """Critical success factors (K057). DELETE archives; archived ones are listed with
    `archived=true`."""

    model = SuccessFactor
    export_layout = exports.FACTORS
    serializer_class = FactorSerializer
    filterset_class = FactorFilter
    ordering_fields = ("weight", "ours", "best_other", "as_of", "updated_at")
    search_fields = ("account__name", "name", "rival")

    def perform_create(self, serializer: FactorSerializer) -> None:
        values = dict(serializer.validated_data)
        serializer.instance = services.create_factor(
            actor=self.request.user, account=values.pop("account"), changes=values
        )

    def perform_update(self, serializer: FactorSerializer) -> None:
        serializer.instance = services.update_factor(
            actor=self.request.user,
            factor=serializer.instance,
            expected_version=self.version,
            changes=dict(serializer.validated_data),
        )

    def perform_destroy(self, instance: SuccessFactor) -> None:
        services.archive_factor(
            actor=self.request.user, factor=instance, expected_version=self.version
        )

    def perform_restore(self, instance: SuccessFactor, version: int | None) -> SuccessFactor:
        return services.restore_factor(
            actor=self.request.user, factor=instance, expected_version=version
        )
