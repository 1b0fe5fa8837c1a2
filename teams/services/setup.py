"""First use: the first administrator and the first programme, once."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from teams.models import Programme, User
from teams.services.people import create_user, system_user
from teams.services.programmes import create_programme
from teams.services.roles import grant_role


def is_set_up() -> bool:
    """Whether somebody can sign in."""
    return User.objects.people().exists()


@transaction.atomic
def set_up(
    *, person: dict[str, Any], password: str, programme: dict[str, Any]
) -> tuple[User, Programme]:
    """Make the administrator and the programme of a new installation.

    Two at once make one: the second waits for the row of the system user and is then refused
    with a ValidationError of code `done`.
    """
    actor = system_user()
    User.objects.select_for_update().get(pk=actor.pk)
    if is_set_up():
        raise ValidationError(_("This installation is set up already."), code="done")
    user = create_user(actor=actor, values=person, password=password)
    today = timezone.localdate(timezone=timezone.get_default_timezone())
    grant_role(actor=actor, user=user, role="administrator", valid_from=today)
    return user, create_programme(actor=user, values=programme)
