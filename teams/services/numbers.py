"""Teams by their number in another system (`design.md` 6)."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction

from kam.changes import record
from teams.models import Programme, Team, TeamExternalId, User
from teams.services.teams import create_team, update_team


@transaction.atomic
def put_team(
    *, actor: User, programme: Programme, system: str, value: str, changes: dict[str, Any]
) -> tuple[Team, bool]:
    """Create or update the team that has the number `value` in `system`; whether it is new.

    The number of a team that `actor` may not see is refused like any other that they may not
    create. Raises PermissionDenied or ValidationError.
    """
    Programme.objects.select_for_update(no_key=True).get(pk=programme.pk)  # in turn
    numbers = TeamExternalId.objects.filter(programme=programme, system=system, value=value)
    known = numbers.select_related("team").first()
    if known is not None:
        if not Team.objects.visible_to(actor).filter(pk=known.team_id).exists():
            raise PermissionDenied
        team = update_team(actor=actor, team=known.team, expected_version=None, changes=changes)
        return team, False
    team = create_team(actor=actor, programme=programme, **changes)
    number = TeamExternalId(team=team, programme=programme, system=system, value=value)
    number.full_clean()
    number.save(force_insert=True)
    record.change(
        actor=actor,
        obj=team,
        before={"external_ids": []},
        after={"external_ids": [str(number)]},
        audience="team",
        audience_id=team.pk,
    )
    return team, True
