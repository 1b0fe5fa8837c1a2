"""Who may do what with a plan; every answer asks the queryset that knows the rule."""

from __future__ import annotations

import datetime

from django.db.models import QuerySet

from accounts.models import Account
from kam.access.once import asking_once
from kam.access.prepared import kept_exists
from kam.access.querysets import Reader, is_one_of, sight_of
from plans.choices import PlanStatus
from plans.models import Action, Plan
from plans.querysets import APPROVERS, DECIDERS, FINANCE, MANAGER
from teams.models import Membership, Programme, TeamRole


def _holds(user: Reader, account_id: int, roles: frozenset[str]) -> bool:
    def held(pk: int) -> QuerySet[Account]:
        return Account.objects.held_by(user, roles).filter(pk=pk)

    with asking_once():
        return kept_exists(("holds", roles, sight_of(user)), held, pk=account_id)


def can_edit(user: Reader, account: Account) -> bool:
    """Manager, deputy, programme manager, administrator."""
    return is_one_of(Account.objects.editable_by, user, account.pk)


def is_manager(user: Reader, account: Account) -> bool:
    """Whether `user` is the account's manager: submitting is nobody else's (`design.md` 4.1)."""
    return _holds(user, account.pk, MANAGER)


def can_activate(user: Reader, plan: Plan) -> bool:
    """The manager; whoever runs the programme, when the manager is away or gone."""
    managed = is_one_of(Account.objects.managed_by, user, plan.account_id)
    return managed or _holds(user, plan.account_id, MANAGER)


def can_close(user: Reader, plan: Plan) -> bool:
    """Whoever runs the programme (handbook 4.2)."""
    return is_one_of(Account.objects.managed_by, user, plan.account_id)


def can_request_changes(user: Reader, plan: Plan) -> bool:
    """Whoever decides on plans of the account, but not on their own."""
    return not is_party(user, plan) and _holds(user, plan.account_id, DECIDERS)


def can_check_finance(user: Reader, plan: Plan) -> bool:
    """Finance, but not on its own plan."""
    return not is_party(user, plan) and _holds(user, plan.account_id, FINANCE)


def can_approve(user: Reader, plan: Plan) -> bool:
    """A second person entitled; in `full` approval the sponsor, without one the programme manager
    (`design.md` 11)."""
    if is_party(user, plan):
        return False
    if plan.account.programme.approval == Programme.Approval.SIMPLE:
        return _holds(user, plan.account_id, APPROVERS)
    if has_sponsor(plan.account):
        return _holds(user, plan.account_id, frozenset([TeamRole.SPONSOR]))
    return is_one_of(Account.objects.managed_by, user, plan.account_id)


def is_party(user: Reader, plan: Plan) -> bool:
    """Whether `user` wrote or submitted the plan: nobody approves their own."""
    return user.pk in (plan.author_id, plan.submitted_by_id)


def has_sponsor(account: Account) -> bool:
    """Whether the account's team has a sponsor today."""
    return _is_in_team(account, TeamRole.SPONSOR)


def has_manager(account: Account) -> bool:
    """Whether the account's team has a manager today (K011)."""
    return _is_in_team(account, TeamRole.KAM)


def _is_in_team(account: Account, role: str) -> bool:
    if account.team_id is None:
        return False

    def members(team: int, on: datetime.date) -> QuerySet[Membership]:
        return Membership.objects.filter(team=team, role=role).valid_on(on)

    return kept_exists(
        ("in team", role), members, team=account.team_id, on=account.programme.today()
    )


def can_add_action(user: Reader, account: Account) -> bool:
    """Editors, members and the sponsor."""
    return is_one_of(Account.objects.contributable_by, user, account.pk)


def can_change_action(user: Reader, action: Action) -> bool:
    """Editors of the account; members and sponsor their own."""
    return is_one_of(Action.objects.changeable_by, user, action.pk)


def reads_working_copy(user: Reader, plan: Plan) -> bool:
    """Whether `user` reads the working copy: editors, and deciders while it is in review."""
    if can_edit(user, plan.account):
        return True
    return plan.status == PlanStatus.IN_REVIEW and _holds(user, plan.account_id, DECIDERS)
