"""Products in product lines: the programme's list of what we sell."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction

from accounts.models import Product, ProductLine
from kam.changes import editing
from teams import policies
from teams.models import Programme, User

LINE_FIELDS = ("name",)
PRODUCT_FIELDS = ("code", "name", "line")


@transaction.atomic
def create_product_line(
    *, actor: User, programme: Programme, changes: dict[str, Any]
) -> ProductLine:
    """Add a product line. Raises PermissionDenied or ValidationError."""
    line = ProductLine(programme=programme, **changes)
    return _create(actor, line, LINE_FIELDS)


@transaction.atomic
def create_product(*, actor: User, programme: Programme, changes: dict[str, Any]) -> Product:
    """Add a product; codes are case-sensitive (`design.md` 11).

    Raises PermissionDenied or ValidationError.
    """
    return _create(actor, Product(programme=programme, **changes), PRODUCT_FIELDS)


@transaction.atomic
def update_product_line(
    *, actor: User, line: ProductLine, expected_version: int | None, changes: dict[str, Any]
) -> ProductLine:
    """Rename a line. Raises PermissionDenied, VersionConflict or ValidationError."""
    line = _managed(actor, line)
    return editing.save(actor=actor, obj=line, changes=changes, expected_version=expected_version)


@transaction.atomic
def update_product(
    *, actor: User, product: Product, expected_version: int | None, changes: dict[str, Any]
) -> Product:
    """Change a product. Raises PermissionDenied, VersionConflict or ValidationError."""
    product = _managed(actor, product)
    return editing.save(
        actor=actor, obj=product, changes=changes, expected_version=expected_version
    )


@transaction.atomic
def archive(
    *, actor: User, item: Product | ProductLine, expected_version: int | None = None
) -> Product | ProductLine:
    """Take a product or line out of use; sales lines keep it."""
    return editing.archive(
        actor=actor, obj=_managed(actor, item), expected_version=expected_version
    )


@transaction.atomic
def restore(
    *, actor: User, item: Product | ProductLine, expected_version: int | None = None
) -> Product | ProductLine:
    """Bring a product or line back."""
    return editing.restore(
        actor=actor, obj=_managed(actor, item), expected_version=expected_version
    )


def _create(actor: User, item: Any, fields: tuple[str, ...]) -> Any:
    if not policies.can_edit_programme(actor, item.programme):
        raise PermissionDenied
    return editing.create(actor=actor, obj=item, fields=("programme", *fields))


def _managed(actor: User, item: Any) -> Any:
    item = editing.locked(item)
    if not policies.can_edit_programme(actor, item.programme):
        raise PermissionDenied
    return item
