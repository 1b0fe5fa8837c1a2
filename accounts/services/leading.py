"""Who leads the team of an account that is decided on, and whether there is time for it (5.3)."""

from __future__ import annotations

import datetime
from decimal import Decimal
from itertools import chain, count

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from accounts.choices import Status
from accounts.models import Account, ManagerCapacity
from accounts.selection.gathering import effort_of
from accounts.services import barriers
from accounts.services.team import COUNTED, assign_team
from kam.changes.errors import field_error
from teams.models import Membership, Team, TeamRole, User
from teams.programme_settings import setting
from teams.services import add_membership, create_team

LONGEST_NAME = Team._meta.get_field("name").max_length or 0


def manager_of(account: Account, on: datetime.date) -> User | None:
    """Who manages the account's team on a day."""
    leads = Membership.objects.filter(team=account.team_id, role=TeamRole.KAM).valid_on(on)
    lead = leads.select_related("user").first() if account.team_id else None
    return lead.user if lead else None


def check_effort(manager: User, account: Account, override_reason: str, on: datetime.date) -> bool:
    """Whether the manager's effort had to be overridden; ValidationError without a reason
    (5.3; `design.md` 11)."""
    capacity = ManagerCapacity.objects.active().filter(programme=account.programme, user=manager)
    row = capacity.first()
    most = row.effort if row else setting(account.programme, "manager_fte", on)
    teams = Membership.objects.filter(user=manager, role=TeamRole.KAM).valid_on(on).values("team")
    others = Account.objects.active().of_status(*COUNTED).filter(team__in=teams)
    rows = others.exclude(pk=account.pk).values_list("stage", "planned_effort")
    busy = sum((effort_of(*row) for row in rows), Decimal(0))
    whole = busy + effort_of(account.stage, account.planned_effort)
    if whole <= most:
        return False
    if not override_reason.strip():
        text = _("%(person)s would need %(whole)s FTE and has %(most)s. Say why all the same.")
        raise field_error(
            "override_reason", text % {"person": manager, "whole": whole, "most": most}, "effort"
        )
    return True


def give_manager(actor: User, account: Account, manager: User, on: datetime.date) -> Account:
    """Let `manager` lead the account's team; an account without one gets a team of its own. What
    forbids it (a barrier, a full manager) is said beside the manager."""
    try:
        account = _lead(actor, account, manager, on)
        if account.status != Status.KEY:
            barriers.refuse_violations(actor=actor, accounts=Account.objects.filter(pk=account.pk))
        return account
    except ValidationError as error:
        raise ValidationError({"manager": _all_of(error)}) from error


def _all_of(error: ValidationError) -> list[ValidationError]:
    if not hasattr(error, "error_dict"):
        return error.error_list
    return [single for errors in error.error_dict.values() for single in errors]


def _lead(actor: User, account: Account, manager: User, on: datetime.date) -> Account:
    team = account.team
    is_led = team is not None and manager_of(account, on) == manager
    stays = is_led and account.status == Status.KEY
    if team is None or (_is_shared(team, account) and not stays):
        team, is_led = _own_team(actor, account, manager, on), False
    if not is_led:
        add_membership(
            actor=actor,
            team=team,
            user=manager,
            role=TeamRole.KAM,
            valid_from=on,
            takes_over=True,
        )
    if account.team_id == team.pk:
        return account
    return assign_team(actor=actor, account=account, team=team, expected_version=None)


def _is_shared(team: Team, account: Account) -> bool:
    return Account.objects.active().filter(team=team).exclude(pk=account.pk).exists()


def _own_team(actor: User, account: Account, manager: User, on: datetime.date) -> Team:
    """A team of the account's own (`design.md` 3); of one that it shared the people come along,
    their manager apart."""
    team = create_team(actor=actor, programme=account.programme, name=_free_name(account))
    shared = Membership.objects.filter(team=account.team_id).exclude(user=manager)
    members = shared.exclude(role=TeamRole.KAM).valid_on(on).select_related("user", "function")
    for member in members.order_by("pk"):
        add_membership(
            actor=actor,
            team=team,
            user=member.user,
            role=member.role,
            function=member.function,
            valid_from=on,
            valid_until=member.valid_until,
        )
    return team


def _free_name(account: Account) -> str:
    """The account's name, or the first with a number that no team of the programme has."""
    stem = account.name[: LONGEST_NAME - len(" 9999")]
    teams = Team.objects.filter(programme=account.programme_id, name__istartswith=stem)
    taken = {name.lower() for name in teams.values_list("name", flat=True)}
    names = chain([account.name[:LONGEST_NAME]], (f"{stem} {number}" for number in count(2)))
    return next(name for name in names if name.lower() not in taken)
