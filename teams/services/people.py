"""People who sign in: invited by an administrator, never registering themselves."""

from __future__ import annotations

from functools import partial
from typing import Any

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from allauth.usersessions.models import UserSession
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.mail import send_mail
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _

from kam.changes import editing, record
from kam.changes.errors import field_error
from teams import policies
from teams.models import RoleGrant, User
from teams.services.roles import lock_administrators, refuse_no_administrator

PERSON_FIELDS = ("username", "email", "first_name", "last_name")
OWN_FIELDS = (
    "first_name",
    "last_name",
    "time_zone",
    "locale",
    "theme",
    "density",
    "single_keys",
)
SYSTEM = "system"


@transaction.atomic
def system_user() -> User:
    """The user in whose name commands and imports write; made on first use, never signs in."""
    user, is_new = User.objects.get_or_create(
        username=SYSTEM, defaults={"first_name": "System", "password": "!"}
    )
    if is_new:
        RoleGrant.objects.create(user=user, role="administrator")
        record.created(actor=None, obj=user, fields=PERSON_FIELDS)
    return user


def _locked(user: User) -> User:
    """Fresh copy of `user`, locked; rows that point to it can still be written."""
    return User.objects.select_for_update(no_key=True).get(pk=user.pk)


@transaction.atomic
def create_user(
    *, actor: User, values: dict[str, Any], site_url: str = "", password: str | None = None
) -> User:
    """Add a person; `values` are of `PERSON_FIELDS`.

    With `site_url` (address of the installation) and an e-mail address the person gets a mail
    with a link to set a password. Raises PermissionDenied or ValidationError.
    """
    if not policies.can_manage_people(actor):
        raise PermissionDenied
    user = User(**values)
    user.set_password(password)  # None: no password signs in
    editing.create(actor=actor, obj=user, fields=PERSON_FIELDS)
    if site_url and user.email:
        _mail_invitation(actor, user, site_url)
    return user


@transaction.atomic
def update_user(
    *, actor: User, user: User, expected_version: int | None, changes: dict[str, Any]
) -> User:
    """Change `PERSON_FIELDS` of somebody; a new address ends links sent to the old one."""
    user = _locked(user)
    if not policies.can_edit_person(actor, user):
        raise PermissionDenied
    return editing.save(actor=actor, obj=user, changes=changes, expected_version=expected_version)


@transaction.atomic
def update_preferences(
    *, actor: User, expected_version: int | None, changes: dict[str, Any]
) -> User:
    """Change one's own name and how the application looks: `OWN_FIELDS`."""
    user = _locked(actor)
    if not user.is_active:
        raise PermissionDenied
    return editing.save(actor=actor, obj=user, changes=changes, expected_version=expected_version)


@transaction.atomic
def deactivate_user(*, actor: User, user: User, expected_version: int | None = None) -> User:
    """Bar somebody from signing in and end their sessions at once; their rows and roles stay.

    Raises PermissionDenied, VersionConflict, or ValidationError where nobody would remain
    administrator.
    """
    lock_administrators()
    user = _locked(user)
    if not policies.can_edit_person(actor, user):
        raise PermissionDenied
    user = editing.save(
        actor=actor,
        obj=user,
        changes={"is_active": False},
        verb="deactivated",
        expected_version=expected_version,
    )
    refuse_no_administrator()
    for session in UserSession.objects.filter(user=user):
        session.end()
    return user


@transaction.atomic
def activate_user(*, actor: User, user: User, expected_version: int | None = None) -> User:
    """Let somebody sign in again, with the roles that they still hold."""
    user = _locked(user)
    if not policies.can_edit_person(actor, user):
        raise PermissionDenied
    return editing.save(
        actor=actor,
        obj=user,
        changes={"is_active": True},
        verb="activated",
        expected_version=expected_version,
    )


@transaction.atomic
def send_invitation(*, actor: User, user: User, site_url: str) -> None:
    """Send (again) the mail with the link to set a password."""
    user = _locked(user)
    if not policies.can_edit_person(actor, user):
        raise PermissionDenied
    if not user.is_active:
        raise ValidationError(_("This person cannot sign in."), code="inactive")
    if not user.email:
        raise field_error("email", _("There is no address to write to."), "required")
    _mail_invitation(actor, user, site_url)


def _mail_invitation(actor: User, user: User, site_url: str) -> None:
    """Mail the link once the transaction stands; the link itself is never logged."""
    key = f"{user_pk_to_url_str(user)}-{default_token_generator.make_token(user)}"
    uid, _dash, token = key.partition("-")
    link = reverse("account_reset_password_from_key", kwargs={"uidb36": uid, "key": token})
    text = render_to_string(
        "teams/mail/invitation.txt",
        {"user": user, "actor": actor, "link": site_url.rstrip("/") + link},
    )
    record.change(actor=actor, obj=user, verb="invited", after={"email": user.email})
    transaction.on_commit(
        partial(send_mail, _("Your access to key accounts"), text, None, [user.email])
    )
