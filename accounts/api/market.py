"""Trade channels and category purchases over REST (handbook 3.4)."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import F, QuerySet

from accounts import exports
from accounts.api.market_map import MarketMapMixin
from accounts.choices import PurchaseConfidence, UseType
from accounts.models import CategoryPurchase, Channel
from accounts.services import channel as channels
from accounts.services import purchase as purchases
from kam.api.filters import FilterSet, IdFilter
from kam.api.serializers import ModelSerializer
from kam.api.viewsets import EditableViewSet
from teams.api.views.restoring import RestoreMixin

STAMPS = ("version", "created_at", "updated_at", "archived_at")


class ChannelSerializer(ModelSerializer):
    """A trade channel; `path` holds the ids from the top of the tree down, `full_name` the
    names."""

    fixed = ("programme",)

    class Meta:
        model = Channel
        fields = ("id", "programme", *channels.CHANNEL_FIELDS, "path", "full_name", *STAMPS)
        read_only_fields = ("path", "full_name", *STAMPS)


class ChannelFilter(FilterSet):
    """By programme, code and place; `under` takes in the channel and all below it."""

    under = IdFilter(method="by_place")
    archived = django_filters.BooleanFilter(
        field_name="archived_at", lookup_expr="isnull", exclude=True
    )

    class Meta:
        model = Channel
        fields = ("programme", "parent", "code")

    def by_place(self, rows: QuerySet, name: str, value: Any) -> QuerySet:
        channels = Channel.objects.visible_to(self.request.user).order_by()
        return _below(rows, "path", value, channels)


class InUseMixin(RestoreMixin):
    """Lists show what is in use; archived rows are listed with `archived=true`."""

    def get_queryset(self: Any) -> Any:
        rows = super().get_queryset()  # type: ignore[misc]
        hides = self.action == "list" and "archived" not in self.request.query_params
        return rows.active() if hides else rows


class ChannelViewSet(InUseMixin, EditableViewSet):
    """Trade channels, a tree in each programme. DELETE archives; archived ones are listed with
    `archived=true`."""

    model = Channel
    export_layout = exports.CHANNELS
    serializer_class = ChannelSerializer
    filterset_class = ChannelFilter
    ordering_fields = ("name", "full_name", "path", "updated_at")
    search_fields = ("full_name", "code")

    def perform_create(self, serializer: ChannelSerializer) -> None:
        values = dict(serializer.validated_data)
        serializer.instance = channels.create_channel(
            actor=self.request.user, programme=values.pop("programme"), changes=values
        )

    def perform_update(self, serializer: ChannelSerializer) -> None:
        serializer.instance = channels.update_channel(
            actor=self.request.user,
            channel=serializer.instance,
            expected_version=self.version,
            changes=dict(serializer.validated_data),
        )

    def perform_destroy(self, instance: Channel) -> None:
        channels.archive_channel(
            actor=self.request.user, channel=instance, expected_version=self.version
        )

    def perform_restore(self, instance: Channel, version: int | None) -> Channel:
        return channels.restore_channel(
            actor=self.request.user, channel=instance, expected_version=version
        )


class CategoryPurchaseSerializer(ModelSerializer):
    """What an account, one of its sites, or a whole channel buys in a category over a period:
    `account` or `channel`, and `amount` or `volume` or both. Null is unknown, 0 is nothing;
    `category` (a product line) null is all that we could sell."""

    fixed = purchases.HOLDER_FIELDS

    class Meta:
        model = CategoryPurchase
        fields = (
            "id",
            "programme",
            *purchases.HOLDER_FIELDS,
            *purchases.PURCHASE_FIELDS,
            "recorded_on",
            "recorded_by",
            *STAMPS,
        )
        read_only_fields = ("programme", "recorded_on", "recorded_by", *STAMPS)
        extra_kwargs = {"currency": {"required": False}}


class CategoryPurchaseFilter(FilterSet):
    """By whose they are, category, use, confidence, source and period; `under_channel` takes in
    accounts and markets of the channel and all below it."""

    use_type = django_filters.ChoiceFilter(choices=UseType.choices)
    confidence = django_filters.ChoiceFilter(choices=PurchaseConfidence.choices)
    under_channel = IdFilter(method="by_channel")
    archived = django_filters.BooleanFilter(
        field_name="archived_at", lookup_expr="isnull", exclude=True
    )

    class Meta:
        model = CategoryPurchase
        fields = {
            "programme": ["exact"],
            "account": ["exact"],
            "site": ["exact"],
            "channel": ["exact"],
            "category": ["exact", "isnull"],
            "currency": ["exact"],
            "source": ["exact"],
            "period_from": ["exact", "gte", "lte"],
            "period_until": ["exact", "gte", "lte"],
            "as_of": ["gte", "lte"],
        }

    def by_channel(self, rows: QuerySet, name: str, value: Any) -> QuerySet:
        channels = Channel.objects.visible_to(self.request.user).order_by()
        inside = _below(channels, "path", value, channels).values("pk")
        return rows.in_channels(inside)


class CategoryPurchaseViewSet(MarketMapMixin, InUseMixin, EditableViewSet):
    """Category purchases. Those of accounts follow the account; those of a whole channel are for
    whoever reads the whole programme. DELETE archives; archived ones are listed with
    `archived=true`."""

    model = CategoryPurchase
    export_layout = exports.PURCHASES
    serializer_class = CategoryPurchaseSerializer
    filterset_class = CategoryPurchaseFilter
    ordering_fields = ("period_until", "amount", "volume", "as_of", "updated_at")
    search_fields = ("account__name", "channel__name", "category__name", "source")

    def perform_create(self, serializer: CategoryPurchaseSerializer) -> None:
        values = dict(serializer.validated_data)
        serializer.instance = purchases.record_purchase(
            actor=self.request.user,
            account=values.pop("account", None),
            channel=values.pop("channel", None),
            changes=values,
        )

    def perform_update(self, serializer: CategoryPurchaseSerializer) -> None:
        serializer.instance = purchases.update_purchase(
            actor=self.request.user,
            purchase=serializer.instance,
            expected_version=self.version,
            changes=dict(serializer.validated_data),
        )

    def perform_destroy(self, instance: CategoryPurchase) -> None:
        purchases.archive_purchase(
            actor=self.request.user, purchase=instance, expected_version=self.version
        )

    def perform_restore(self, instance: CategoryPurchase, version: int | None) -> CategoryPurchase:
        return purchases.restore_purchase(
            actor=self.request.user, purchase=instance, expected_version=version
        )


def _below(rows: QuerySet, name: str, top: Any, channels: QuerySet) -> QuerySet:
    """Those of `rows` whose path `name` begins with that of `top`, one of `channels`."""
    paths = channels.filter(pk=top).values("path")[:1]
    return rows.annotate(top=paths).filter(**{f"{name}__startswith": F("top")})
