"""Many rows in one call: `POST /{resource}/bulk/`, up to 1,000 items (`design.md` 6)."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import OperationalError, transaction
from django.utils.translation import gettext as _
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from kam.api.errors import inside, is_deadlock, refused

LARGEST = 1_000
TRIES = 3
"""How often a call is done that other calls stood against."""


class BulkItemSerializer(serializers.Serializer):
    """What became of one item; `errors` as in a problem, with pointers into the item."""

    status = serializers.IntegerField(help_text="As if it had been sent alone.")
    id = serializers.IntegerField(required=False)
    errors = serializers.ListField(child=serializers.DictField(), required=False)


class BulkResultSerializer(serializers.Serializer):
    """Results in the order of the items."""

    results = BulkItemSerializer(many=True)


class BulkMixin:
    """Creates items, or with `id` and `version` changes them: all or none, with `atomic=false`
    each for itself. Every `EditableViewSet` has it; add it to others that create."""

    @action(detail=False, methods=["post"])
    def bulk(self: Any, request: Request) -> Response:
        """Create or change up to 1,000 rows: all or none, or with `atomic=false` each for itself.

        An item with `id` and `version` changes that row; any other one creates a row.
        """
        wish = request.query_params.get("atomic", "true")
        if wish not in ("true", "false"):
            raise refused("atomic", "switch", _("true or false."))
        items = request.data
        if not isinstance(items, list) or not 1 <= len(items) <= LARGEST:
            raise ValidationError(_("A list of 1 to 1,000 items."), code="items")
        if wish == "true":
            results = self._all_or_none(items)
        else:
            results = [self._leniently(item) for item in items]
        return Response({"results": results})

    def _all_or_none(self: Any, items: list[Any]) -> list[dict[str, Any]]:
        """Do all items in one transaction, again where another call stood against it.

        Rows that are named are locked first, in the order of their keys: two calls that name the
        same rows in another order wait for one another instead of standing in each other's way.
        """
        for left in reversed(range(TRIES)):
            try:
                with transaction.atomic():
                    self._lock_named(items)
                    return [self._strictly(number, item) for number, item in enumerate(items)]
            except OperationalError as error:
                if not is_deadlock(error) or not left:
                    raise
        raise AssertionError("the last try returns or raises")

    def _lock_named(self: Any, items: list[Any]) -> None:
        named = {item.get("id") for item in items if isinstance(item, dict)}
        keys = {key for key in named if isinstance(key, int) and not isinstance(key, bool)}
        if not keys:
            return
        shown = list(self.get_queryset().filter(pk__in=keys).values_list("pk", flat=True))
        rows = self.model._default_manager.filter(pk__in=shown).order_by("pk")
        list(rows.select_for_update(of=("self",), no_key=True).values_list("pk"))

    def _strictly(self: Any, number: int, item: Any) -> dict[str, Any]:
        """Do one item; its refusals point into the list."""
        try:
            return self._do(item)
        except DjangoValidationError as error:
            raise inside(error, str(number)) from error
        except ValidationError as error:
            raise ValidationError({str(number): error.detail}) from error

    def _leniently(self: Any, item: Any) -> dict[str, Any]:
        """Do one item in a transaction of its own; a refusal is its result."""
        try:
            with transaction.atomic():
                return self._do(item)
        except Exception as error:  # noqa: BLE001  (handle_exception raises what is no refusal)
            body = self.handle_exception(error).data
        return {"status": body["status"], "errors": body.get("errors", [])}

    def _do(self: Any, item: Any) -> dict[str, Any]:
        """Do one item as the call would that it stands for."""
        changing = isinstance(item, dict) and "id" in item
        self.action = "partial_update" if changing else "create"
        try:
            return self._do_as(item, changing=changing)
        finally:
            self.action = "bulk"

    def _do_as(self: Any, item: Any, *, changing: bool) -> dict[str, Any]:
        if changing and not hasattr(self, "perform_update"):
            detail = ErrorDetail(_("Rows of this kind are not changed."), "fixed")
            raise ValidationError({"id": [detail]})
        obj = self._target(item) if changing else None
        if changing:
            item = {name: value for name, value in item.items() if name not in ("id", "version")}
        serializer = self.get_serializer(obj, data=item, partial=changing)
        serializer.is_valid(raise_exception=True)
        if changing:
            self.perform_update(serializer)
        else:
            self.perform_create(serializer)
        code = status.HTTP_200_OK if changing else status.HTTP_201_CREATED
        return {"status": code, "id": serializer.instance.pk}

    def _target(self: Any, item: dict[str, Any]) -> Any:
        """The visible row that `item` names; 400 where it names none or no version."""
        pk, version = item["id"], item.get("version")
        if not isinstance(version, int) or isinstance(version, bool):
            detail = ErrorDetail(_("Send the version that you read."), "version_required")
            raise ValidationError({"version": [detail]})
        known = isinstance(pk, int) and not isinstance(pk, bool)
        obj = self.get_queryset().filter(pk=pk).first() if known else None
        if obj is None:
            raise ValidationError({"id": [ErrorDetail(_("There is no such row."), "not_found")]})
        self.item_version = version
        return obj
