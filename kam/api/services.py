"""Making and revoking tokens."""

from __future__ import annotations

import datetime
import secrets

from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from kam.api.models import Token, digest
from kam.changes import record
from kam.changes.models import Change

LOGGED = ("name", "prefix", "scope", "expires_at")


def _refuse_stranger(actor: models.Model | None, owner: models.Model) -> None:
    """Only the owner and administrators handle a token; `actor` None is the shell."""
    if actor is None or actor.pk == owner.pk:
        return
    people = get_user_model()._default_manager.filter(pk=actor.pk, is_active=True)
    if not people.holding("administrator").exists():  # type: ignore[attr-defined]
        raise PermissionDenied


@transaction.atomic
def create_token(
    *,
    actor: models.Model | None,
    owner: models.Model,
    name: str,
    scope: str,
    days: int | None = None,
) -> tuple[Token, str]:
    """Make a token for `owner`, valid for `days` (None: until revoked); returns it and its secret.

    Raises PermissionDenied (neither owner nor administrator) or ValidationError (`system`, which
    never signs in).
    """
    _refuse_stranger(actor, owner)
    people = get_user_model()._default_manager.all().people()  # type: ignore[attr-defined]
    if not people.filter(pk=owner.pk).exists():
        raise ValidationError(_("Nobody calls as this user: tokens are people's."), code="owner")
    secret = f"kam_{secrets.token_urlsafe(32)}"
    token = Token(
        owner=owner,
        name=name,
        scope=scope,
        prefix=secret[:10],
        secret_hash=digest(secret),
        expires_at=timezone.now() + datetime.timedelta(days=days) if days else None,
    )
    token.full_clean()
    token.save(force_insert=True)
    record.change(
        actor=actor,
        obj=token,
        verb="created",
        after=record.snapshot(token, LOGGED),
        audience=Change.Audience.PRIVATE,
        audience_id=owner.pk,
    )
    return token, secret


@transaction.atomic
def revoke_token(*, actor: models.Model | None, token: Token) -> Token:
    """Close a token for good; a second time changes nothing.

    Raises PermissionDenied (neither owner nor administrator).
    """
    token = Token.objects.select_for_update(of=("self",)).select_related("owner").get(pk=token.pk)
    _refuse_stranger(actor, token.owner)
    if token.revoked_at is not None:
        return token
    token.revoked_at = timezone.now()
    token.save(update_fields=["revoked_at"])
    record.change(
        actor=actor,
        obj=token,
        verb="revoked",
        before={"revoked_at": None},
        after={"revoked_at": token.revoked_at},
        audience=Change.Audience.PRIVATE,
        audience_id=token.owner_id,
    )
    return token
