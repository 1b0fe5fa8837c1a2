"""Base of all serializers: they check shape alone, refuse what they do not know, write nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db import models
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail
from rest_framework.validators import UniqueValidator

from kam.access.once import asking_once
from kam.access.prepared import kept_objects
from kam.access.querysets import sight_of
from kam.api import reading
from kam.api.errors import refused
from kam.api.filters import LARGEST_ID
from kam.api.models import Token


def choices_for(model: type[models.Model], user: Any) -> models.QuerySet:
    """Rows of `model` that `user` may point to."""
    rows = model._default_manager.all()
    for method in ("colleagues_of", "visible_to"):
        if hasattr(rows, method):
            return getattr(rows, method)(user)
    raise ImproperlyConfigured(f"{model.__name__} has no visible_to().")


class VisibleRelatedField(serializers.PrimaryKeyRelatedField):
    """An id of a row that the caller may see; any other id is one that does not exist.

    `to` is the model where no model field says it; which of its rows count, `choices_for` says.
    """

    def __init__(self, to: type[models.Model] | None = None, **kwargs: Any) -> None:
        if to is not None:
            kwargs["queryset"] = to._default_manager.none()
        super().__init__(**kwargs)

    def get_queryset(self) -> Any:
        queryset = super().get_queryset()
        if queryset is None:
            return None
        return choices_for(queryset.model, self.context["request"].user)

    def to_internal_value(self, data: Any) -> Any:
        """The row; SQL that looks it up is kept. 1.5 is no row's key."""
        if isinstance(data, float):
            self.fail("incorrect_type", data_type=type(data).__name__)
        if type(data) is not int or not 0 < data <= LARGEST_ID or self.queryset is None:
            return super().to_internal_value(data)
        reader = self.context["request"].user
        with asking_once():
            rows = kept_objects(
                ("choice", type(self), self.queryset.model, sight_of(reader)),
                lambda pk: self.get_queryset().filter(pk=pk),
                pk=data,
            )
        if not rows:
            self.fail("does_not_exist", pk_value=data)
        return rows[0]


class StrictMixin:
    """Refuses unknown members of the body; `?fields=a,b` cuts the answer down."""

    def get_fields(self) -> dict[str, Any]:
        fields = super().get_fields()  # type: ignore[misc]
        wanted = self._wanted()
        if wanted is None:
            return fields
        for name in wanted:
            if name not in fields:
                raise refused("fields", "unknown_field", _("There is no field %s.") % name)
        return {name: field for name, field in fields.items() if name in wanted}

    def _wanted(self) -> list[str] | None:
        parent = self.parent  # type: ignore[attr-defined]
        outermost = parent is None or (
            isinstance(parent, serializers.ListSerializer) and parent.parent is None
        )
        request = self.context.get("request")  # type: ignore[attr-defined]
        if not outermost or request is None or request.method not in ("GET", "HEAD"):
            return None
        text = request.query_params.get("fields")
        return None if text is None else text.split(",")

    @cached_property
    def _steps(self) -> tuple[reading.Step, ...]:
        steps = reading.steps_for(type(self))  # type: ignore[arg-type]
        if self._wanted() is None:
            return steps
        return tuple(step for step in steps if step.name in self.fields)  # type: ignore[attr-defined]

    def to_representation(self, instance: Any) -> Any:
        """As REST framework does it, with what follows from the class worked out once."""
        if isinstance(instance, Mapping):
            return super().to_representation(instance)  # type: ignore[misc]
        return reading.body_of(instance, self._steps, self)

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict):
            unknown = [name for name in data if name not in self.fields]  # type: ignore[attr-defined]
            if unknown:
                detail = ErrorDetail(_("There is no such field."), code="unknown_field")
                raise serializers.ValidationError({name: [detail] for name in unknown})
        return super().to_internal_value(data)  # type: ignore[misc]


reading.PLAIN.append(StrictMixin.to_representation)


class Serializer(StrictMixin, serializers.Serializer):
    """A body that is not a model's."""

    def create(self, validated_data: Any) -> Any:
        raise NotImplementedError("Only services write.")

    def update(self, instance: Any, validated_data: Any) -> Any:
        raise NotImplementedError("Only services write.")


_built: dict[tuple[type, str], tuple[Any, dict[str, Any]]] = {}
"""What fields are made of."""


class ModelSerializer(StrictMixin, serializers.ModelSerializer):
    """A model's body: `Meta.fields` lists them all, writable ones are the service's
    `EDITABLE_FIELDS`, the rest are `read_only_fields`. Relations are ids of what the caller sees;
    uniqueness is left to `full_clean()` in the service."""

    serializer_related_field = VisibleRelatedField
    fixed: tuple[str, ...] = ()
    """What is said when a row is made and stays, e.g. its account: repeated, never changed."""

    def validate(self, attrs: Any) -> Any:
        """Take `fixed` fields out of an update, after refusing those that differ."""
        if self.instance is None:
            return attrs
        refusal = ErrorDetail(_("This cannot be changed."), code="fixed")
        moved = [
            name
            for name in self.fixed
            if name in attrs and attrs.pop(name) != getattr(self.instance, name)
        ]
        if moved:
            raise serializers.ValidationError({name: [refusal] for name in moved})
        return attrs

    def get_validators(self) -> list[Any]:
        return []

    def build_field(self, *given: Any) -> tuple[Any, dict[str, Any]]:
        """Kind and options of a field, which follow from the model and are worked out once."""
        key = (type(self), given[0])
        if key not in _built:
            _built[key] = super().build_field(*given)
        field_class, options = _built[key]
        return field_class, dict(options)

    def build_standard_field(self, field_name: str, model_field: Any) -> Any:
        field_class, options = super().build_standard_field(field_name, model_field)
        if "validators" in options:
            kept = [item for item in options["validators"] if not isinstance(item, UniqueValidator)]
            options["validators"] = kept
        return field_class, options

    def create(self, validated_data: Any) -> Any:
        raise NotImplementedError("Only services write.")

    def update(self, instance: Any, validated_data: Any) -> Any:
        raise NotImplementedError("Only services write.")


class ErrorSerializer(serializers.Serializer):
    """One refused value."""

    pointer = serializers.CharField(
        help_text="JSON pointer into the body; `?name` for a query parameter; empty for the whole."
    )
    code = serializers.CharField()
    detail = serializers.CharField()


class ProblemSerializer(serializers.Serializer):
    """A refusal (RFC 9457)."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    errors = ErrorSerializer(many=True, required=False)  # type: ignore[assignment]


class TokenSerializer(ModelSerializer):
    """A token without its secret; `days` bounds its life when it is made."""

    days = serializers.IntegerField(
        min_value=1, max_value=3650, required=False, allow_null=True, write_only=True
    )

    class Meta:
        model = Token
        fields = (
            "id",
            "name",
            "scope",
            "owner",
            "prefix",
            "days",
            "created_at",
            "expires_at",
            "revoked_at",
            "last_used_on",
        )
        read_only_fields = ("owner", "prefix", "expires_at", "revoked_at", "last_used_on")


class NewTokenSerializer(TokenSerializer):
    """A token just made: the only time that its secret is shown."""

    secret = serializers.CharField(read_only=True)

    class Meta(TokenSerializer.Meta):
        fields = (*TokenSerializer.Meta.fields, "secret")  # type: ignore[assignment]


class MyTokenSerializer(serializers.ModelSerializer):
    """The token of the call."""

    class Meta:
        model = Token
        fields = ("id", "name", "scope", "prefix", "expires_at")


class MeSerializer(serializers.Serializer):
    """Who the caller is."""

    id = serializers.IntegerField()
    username = serializers.CharField()
    name = serializers.CharField()
    time_zone = serializers.CharField()
    token = MyTokenSerializer(allow_null=True)
