"""Who may do what with an account; every answer asks the queryset that knows the rule."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from accounts.models import Account, Conflict, ConflictException
from accounts.querysets import MANAGERS, reach_of
from accounts.querysets.reach import CONTRIBUTORS, EDITORS
from kam.access.dates import business_today
from kam.access.querysets import Reader, is_one_of
from teams.models import Membership, Programme, Role, RoleGrant, User


def people_of(account_id: int) -> QuerySet[User]:
    """Who works with an account today: its team, and whoever holds a role over it. Some of them
    may stand before an information barrier."""
    account = Account.objects.select_related("business_unit").get(pk=account_id)
    today = business_today()
    members = Membership.objects.filter(team=account.team_id).valid_on(today).order_by()
    over = Q(programme=account.programme_id) | Q(programme=None, business_unit=None)
    if account.business_unit is not None:
        above = account.business_unit.path.strip("/").split("/")
        over |= Q(business_unit__in=[int(unit) for unit in above])
    grants = RoleGrant.objects.filter(over).valid_on(today).order_by()
    ids = members.values("user").union(grants.values("user"))
    return User.objects.active().filter(pk__in=ids).with_name()


def has_accounts(user: Reader) -> bool:
    """Whether any role shows accounts to `user`; without one, what speaks of accounts is not
    offered."""
    reach = reach_of(user, business_today())
    return bool(reach.programmes or reach.units or reach.teams)


def contributes(user: Reader) -> bool:
    """Whether any role lets `user` add contacts, talks or actions somewhere."""
    reach = reach_of(user, business_today())
    return any(role in CONTRIBUTORS for role, _home in (*reach.programmes, *reach.teams))


def edits(user: Reader) -> bool:
    """Whether any role lets `user` edit some account."""
    if not user.is_active:
        return False
    reach = reach_of(user, business_today())
    return any(role in EDITORS for role, _home in (*reach.programmes, *reach.teams))


def can_create_account(user: Reader, programme: Programme) -> bool:
    """Creating accounts is the programme manager's and the administrator's."""
    if not user.is_active:
        return False
    held = reach_of(user, business_today()).programmes
    return (Role.ADMINISTRATOR, None) in held or (Role.PROGRAMME_MANAGER, programme.pk) in held


def can_see(user: Reader, account: Account) -> bool:
    """Whether `user` may see `account`."""
    return is_one_of(Account.objects.visible_to, user, account.pk)


def can_edit(user: Reader, account: Account) -> bool:
    """Manager, deputy, programme manager, administrator."""
    return is_one_of(Account.objects.editable_by, user, account.pk)


def can_contribute(user: Reader, account: Account) -> bool:
    """Who may add contacts, talks and actions: editors, members, the sponsor."""
    return is_one_of(Account.objects.contributable_by, user, account.pk)


def can_manage(user: Reader, account: Account) -> bool:
    """Who decides on status, team, unit and barriers: programme manager, administrator."""
    return is_one_of(Account.objects.managed_by, user, account.pk)


def can_confirm_stage(user: Reader, account: Account) -> bool:
    """Programme manager, administrator, or the senior manager of its unit (`design.md` 11)."""
    return is_one_of(Account.objects.confirmable_by, user, account.pk)


def can_run_programme(user: Reader) -> bool:
    """Whether `user` runs some programme: creates accounts, decides, manages lists."""
    reach = reach_of(user, business_today()) if user.is_active else None
    return reach is not None and any(role in MANAGERS for role, _programme in reach.programmes)


def can_read_programme(user: Reader) -> bool:
    """Whether `user` runs or audits some programme: sees its conflicts and barriers."""
    reach = reach_of(user, business_today()) if user.is_active else None
    readers = MANAGERS | {Role.AUDITOR}
    return reach is not None and any(role in readers for role, _programme in reach.programmes)


def readers_of_conflicts(user: Reader) -> Q:
    """Condition on the change log: matters of conflicts both sides of which `user` may see."""
    shown = Conflict.objects.visible_to(user).order_by().values("pk")
    kinds = (Conflict._meta.label_lower, ConflictException._meta.label_lower)
    return Q(object_type__in=kinds, audience_id__in=shown)
