"""Contacts and products by their number in another system (`design.md` 6)."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Account, Contact, ContactExternalId, Product, ProductExternalId
from accounts.numbers import told
from accounts.services.people import create_contact, update_contact
from accounts.services.product import create_product, update_product
from kam.changes import record
from kam.changes.errors import field_error
from teams.models import Programme, User


@transaction.atomic
def put_contact(
    *, actor: User, account: Account, system: str, value: str, changes: dict[str, Any]
) -> tuple[Contact, bool]:
    """Create or update the person who has the number `value` in `system`; whether they are new.

    Only people whom `actor` sees count: a number that somebody has at a hidden account is free.
    Raises PermissionDenied or ValidationError (the person belongs to another account).
    """
    Programme.objects.select_for_update(no_key=True).get(pk=account.programme_id)  # in turn
    seen = Account.objects.visible_to(actor).filter(programme=account.programme_id)
    numbers = ContactExternalId.objects.filter(system=system, value=value)
    known = numbers.filter(account__in=seen.order_by().values("pk")).order_by("pk").first()
    if known is not None:
        if known.account_id != account.pk:
            raise field_error("account", _("It stays as it was made."), "fixed")
        contact = update_contact(
            actor=actor, contact=known.contact, expected_version=None, changes=changes
        )
        return contact, False
    contact = create_contact(actor=actor, account=account, changes=changes)
    _give(actor, ContactExternalId(contact=contact, account=account), contact, system, value)
    return contact, True


@transaction.atomic
def put_product(
    *, actor: User, programme: Programme, system: str, value: str, changes: dict[str, Any]
) -> tuple[Product, bool]:
    """Create or update the product that has the number `value` in `system`; whether it is new.

    Raises PermissionDenied or ValidationError.
    """
    Programme.objects.select_for_update(no_key=True).get(pk=programme.pk)  # in turn
    numbers = ProductExternalId.objects.filter(programme=programme, system=system, value=value)
    known = numbers.select_related("product").first()
    if known is not None:
        product = update_product(
            actor=actor, product=known.product, expected_version=None, changes=changes
        )
        return product, False
    product = create_product(actor=actor, programme=programme, changes=changes)
    _give(actor, ProductExternalId(product=product, programme=programme), product, system, value)
    return product, True


def _give(actor: User, number: Any, obj: Any, system: str, value: str) -> None:
    number.system, number.value = system, value
    number.full_clean()
    number.save(force_insert=True)
    after = {"external_ids": [told((system, value))]}
    record.change(actor=actor, obj=obj, before={"external_ids": []}, after=after)
