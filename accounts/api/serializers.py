"""Bodies of the customers' resources (`design.md` 6): shape only, services decide."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from accounts.models import (
    Account,
    Conflict,
    ConflictException,
    Contact,
    Fact,
    Interaction,
    Product,
    ProductLine,
    Site,
    StageChange,
    StatusChange,
)
from accounts.models.people import BuyingRole
from accounts.services.account import EDITABLE_FIELDS as ACCOUNT_FIELDS
from accounts.services.interaction import EDITABLE_FIELDS as INTERACTION_FIELDS
from accounts.services.people import EDITABLE_FIELDS as CONTACT_FIELDS
from accounts.services.product import LINE_FIELDS, PRODUCT_FIELDS
from accounts.services.site import EDITABLE_FIELDS as SITE_FIELDS
from kam.api.external import ExternalIdSerializer
from kam.api.serializers import ModelSerializer, Serializer

STAMPS = ("version", "created_at", "updated_at", "archived_at")


class AccountSerializer(ModelSerializer):
    """A customer. A parent that the caller may not see reads as none, and stays when none is sent
    back. `stage` null: not assessed."""

    fixed = ("programme",)
    external_ids = ExternalIdSerializer(many=True, required=False)

    class Meta:
        model = Account
        fields = (
            "id",
            "programme",
            *ACCOUNT_FIELDS,
            "team",
            "external_ids",
            "status",
            "status_since",
            "rationale",
            "rationale_types",
            "stage",
            "stage_since",
            "relationship_index",
            "reviewed_on",
            "review_due_on",
            "merged_into",
            *STAMPS,
        )
        read_only_fields = (
            "status",
            "status_since",
            "rationale",
            "rationale_types",
            "stage",
            "stage_since",
            "relationship_index",
            "reviewed_on",
            "review_due_on",
            "merged_into",
            *STAMPS,
        )

    def to_representation(self, instance: Account) -> dict[str, Any]:
        body = super().to_representation(instance)
        if "parent" in body and not instance.parent_is_visible:  # type: ignore[attr-defined]
            body["parent"] = None
        return body


class DecidedAccountSerializer(AccountSerializer):
    """An account whose team or status was just written, with what rules warn of without refusing
    it."""

    warnings = serializers.ListField(child=serializers.CharField(), read_only=True, required=False)

    class Meta(AccountSerializer.Meta):
        fields = (*AccountSerializer.Meta.fields, "warnings")  # type: ignore[assignment]
        sometimes = ("warnings",)


class PutAccountSerializer(AccountSerializer):
    """An account by its number elsewhere: the address names the number, so the body does not."""

    external_ids = None  # type: ignore[assignment]
    fixed = ()

    class Meta(AccountSerializer.Meta):
        fields = tuple(  # type: ignore[assignment]
            name for name in AccountSerializer.Meta.fields if name not in ("external_ids", "team")
        )


class SiteSerializer(ModelSerializer):
    """A place of the customer."""

    fixed = ("account",)

    class Meta:
        model = Site
        fields = ("id", "account", *SITE_FIELDS, *STAMPS)
        read_only_fields = STAMPS


class ContactSerializer(ModelSerializer):
    """A person at the customer; `last_talked_on` follows from the interactions."""

    fixed = ("account",)
    buying_roles = serializers.ListField(
        child=serializers.ChoiceField(choices=BuyingRole.choices), required=False
    )
    external_ids = ExternalIdSerializer(many=True, read_only=True)

    class Meta:
        model = Contact
        fields = (
            "id",
            "account",
            *CONTACT_FIELDS,
            "external_ids",
            "last_talked_on",
            "quiet_on",
            *STAMPS,
        )
        read_only_fields = ("last_talked_on", "quiet_on", *STAMPS)


class InteractionSerializer(ModelSerializer):
    """A talk. A line "@Tom by Friday: quote Aarhus" in `text` makes an action."""

    fixed = ("account",)
    happened_on = serializers.DateField(required=False)

    class Meta:
        model = Interaction
        fields = ("id", "account", *INTERACTION_FIELDS, "user", *STAMPS)
        read_only_fields = ("user", *STAMPS)


class LoggedSerializer(InteractionSerializer):
    """A talk just written down, and in sentences what its lines made besides."""

    made = serializers.ListField(child=serializers.CharField(), read_only=True)

    class Meta(InteractionSerializer.Meta):
        fields = (*InteractionSerializer.Meta.fields, "made")  # type: ignore[assignment]


class ExceptionSerializer(ModelSerializer):
    """Somebody to whom a barrier does not apply."""

    class Meta:
        model = ConflictException
        fields = ("id", "user", "reason", "valid_from", "valid_until")


class ExceptionEndSerializer(Serializer):
    """The last day of an exception."""

    valid_until = serializers.DateField()


class ConflictSerializer(ModelSerializer):
    """Two accounts that stand in each other's way; only `valid_until` changes later."""

    fixed = ("a", "b", "kind", "valid_from")
    exceptions = ExceptionSerializer(many=True, read_only=True)

    class Meta:
        model = Conflict
        fields = ("id", "a", "b", "kind", "valid_from", "valid_until", "exceptions", *STAMPS)
        read_only_fields = STAMPS


class ProductLineSerializer(ModelSerializer):
    """Products that are looked at together."""

    fixed = ("programme",)

    class Meta:
        model = ProductLine
        fields = ("id", "programme", *LINE_FIELDS, *STAMPS)
        read_only_fields = STAMPS


class ProductSerializer(ModelSerializer):
    """Something we sell; codes are case-sensitive."""

    fixed = ("programme",)
    external_ids = ExternalIdSerializer(many=True, read_only=True)

    class Meta:
        model = Product
        fields = ("id", "programme", *PRODUCT_FIELDS, "external_ids", *STAMPS)
        read_only_fields = STAMPS


class FactSerializer(ModelSerializer):
    """A dated figure about an account."""

    class Meta:
        model = Fact
        fields = ("id", "account", "kind", "value", "as_of", "source", "confidence", "created_at")


class StatusChangeSerializer(ModelSerializer):
    """One step of an account's status."""

    class Meta:
        model = StatusChange
        fields = (
            "id",
            "account",
            "from_status",
            "to_status",
            "decided_on",
            "decided_by",
            "reason",
            "rationale_types",
            "override",
            "created_at",
        )


class StageChangeSerializer(ModelSerializer):
    """One step of an account's stage."""

    class Meta:
        model = StageChange
        fields = (
            "id",
            "account",
            "from_stage",
            "to_stage",
            "happened_on",
            "proposed_by",
            "confirmed_by",
            "reason",
            "override",
            "first_assessment",
            "uncoupling_reason",
            "initiator",
            "scores",
            "review",
            "created_at",
        )
