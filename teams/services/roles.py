"""Roles for the installation, a programme or a unit: who holds which from when to when."""

from __future__ import annotations

import datetime

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from kam.access.dates import business_today
from kam.changes import access, editing, record
from kam.changes.errors import field_error
from teams import policies
from teams.models import BusinessUnit, Programme, RoleGrant, User

FIELDS = ("user", "role", "programme", "business_unit", "valid_from", "valid_until")


def lock_administrators() -> None:
    """One change at a time to who administers, so that the last one cannot slip away."""
    rows = RoleGrant.objects.filter(role="administrator").select_for_update(of=("self",))
    list(rows.order_by("pk").values_list("pk", flat=True))


def refuse_no_administrator() -> None:
    """Raise ValidationError unless an active person administers, without an end."""
    if not RoleGrant.objects.permanent_administrators().exists():
        raise ValidationError(
            _("Somebody must remain administrator, without an end date."), code="last_administrator"
        )


@transaction.atomic
def grant_role(
    *,
    actor: User,
    user: User,
    role: str,
    programme: Programme | None = None,
    business_unit: BusinessUnit | None = None,
    valid_from: datetime.date | None,
    valid_until: datetime.date | None = None,
) -> RoleGrant:
    """Give `user` a role from one day to another, both included.

    An administrator is one of the installation, a senior manager one of a unit, everybody else
    of a programme. Raises PermissionDenied, or ValidationError where the role is held already on
    one of the days.
    """
    user = User.objects.select_for_update(no_key=True).get(pk=user.pk)
    if not policies.can_edit_person(actor, user):
        raise PermissionDenied
    if not user.is_active:
        raise field_error("user", _("This person cannot sign in."), "inactive")
    grant = RoleGrant(
        user=user,
        role=role,
        programme=programme,
        business_unit=business_unit,
        valid_from=valid_from,
        valid_until=valid_until,
    )
    grant.full_clean()
    same = RoleGrant.objects.filter(
        user=user, role=role, programme=programme, business_unit=business_unit
    )
    if any(grant.overlaps(held) for held in same):
        raise ValidationError(_("This person holds the role already in those days."), code="held")
    grant = editing.create(
        actor=actor,
        obj=grant,
        fields=FIELDS,
        audience="programme",
        audience_id=programme_of(grant),
    )
    if grant.is_valid_on(business_today()):
        access.log_access(actor=actor, user=user, obj=grant, verb=access.GRANTED)
    return grant


def programme_of(grant: RoleGrant) -> int | None:
    """The programme whose matter the role is; None for the installation's."""
    return grant.business_unit.programme_id if grant.business_unit else grant.programme_id


@transaction.atomic
def end_role(
    *,
    actor: User,
    grant: RoleGrant,
    valid_until: datetime.date,
    expected_version: int | None = None,
) -> RoleGrant | None:
    """End a role after the day `valid_until`.

    A role that would end before it begins is withdrawn: the row goes, the log keeps it, and None
    is returned. Raises PermissionDenied, VersionConflict, or ValidationError where nobody would
    remain administrator.
    """
    lock_administrators()
    grant = editing.locked(grant)
    if not policies.can_edit_grant(actor, grant):
        raise PermissionDenied
    editing.expect(grant, expected_version)
    ended: RoleGrant | None = None
    today = business_today()
    if grant.is_valid_on(today) and valid_until < today:
        access.log_access(actor=actor, user=grant.user, obj=grant, verb=access.REVOKED)
    if grant.valid_from and valid_until < grant.valid_from:
        record.change(
            actor=actor,
            obj=grant,
            verb="withdrawn",
            before=record.snapshot(grant, FIELDS),
            after={},
            audience="programme",
            audience_id=programme_of(grant),
        )
        grant.delete()
    else:
        ended = editing.save(
            actor=actor,
            obj=grant,
            changes={"valid_until": valid_until},
            verb="ended",
            audience="programme",
            audience_id=programme_of(grant),
        )
    if grant.role == "administrator":
        refuse_no_administrator()
    return ended
