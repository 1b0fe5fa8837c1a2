"""Information barriers: nobody is in the teams of both sides (`design.md` 4.1)."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext as _

from accounts.choices import Status
from accounts.models import Account, Conflict
from kam.access.dates import business_today
from teams.models import Membership, User


class Violation(NamedTuple):
    """`user` is in the team of `account` and of `other`, between which a barrier stands."""

    user: User
    account: Account
    other: Account


def violations(
    accounts: QuerySet[Account], *, users: Iterable[User] | None = None
) -> list[Violation]:
    """People in the team of one of `accounts` who are also in a team behind its barrier.

    `users` adds people who are about to join the teams of `accounts`. Memberships of today and
    later count; people excepted by name do not.
    """
    today = business_today()
    found = []
    for account in accounts.order_by("pk"):
        above = [int(part) for part in account.path.strip("/").split("/")]
        fences = Conflict.objects.fences(today).filter(Q(a__in=above) | Q(b__in=above))
        fences = fences.select_related("a", "b").prefetch_related("exceptions")
        for fence in fences:
            found += _across(account, fence, list(users or ()), above, today)
    return found


def refuse_violations(
    *, actor: User, accounts: QuerySet[Account], users: Iterable[User] | None = None
) -> None:
    """Raise ValidationError if a person is, or would be, in teams on both sides of a barrier.

    The other account is named only to an actor who may see it.
    """
    found = violations(accounts, users=users)
    if not found:
        return
    first = found[0]
    if Account.objects.visible_to(actor).filter(pk=first.other.pk).exists():
        message = _("%(person)s is in the team of %(other)s, behind an information barrier.") % {
            "person": first.user,
            "other": first.other,
        }
    else:
        message = _("An information barrier keeps %(person)s out of this team.") % {
            "person": first.user
        }
    raise ValidationError(message, code="barrier")


def violations_of(
    conflicts: Iterable[Conflict], *, reader: User, on: datetime.date
) -> dict[int, list[str]]:
    """What stands against each of `conflicts` at present, by its primary key, in two queries.

    For a barrier: people in teams of both sides who are not excepted (`exceptions` prefetched);
    for an exclusive pair: key accounts on both sides. Accounts that `reader` may not see, though
    they lie below one side, neither count nor are named.
    """
    rows = list(conflicts)
    if not rows:
        return {}
    tops = [account for conflict in rows for account in (conflict.a, conflict.b)]
    roots = {account.root_id for account in tops}
    shown = Account.objects.visible_to(reader).filter(root__in=roots).order_by()
    present = Membership.objects.valid_on(on).filter(team__accounts__in=shown.values("pk"))
    people = list(
        present.select_related("user").annotate(path=F("team__accounts__path")).order_by("pk")
    )
    keys = list(shown.active().of_status(Status.KEY).order_by("name", "pk"))
    return {conflict.pk: _against(conflict, people, keys, on) for conflict in rows}


def _against(
    conflict: Conflict, people: list[Any], keys: list[Account], on: datetime.date
) -> list[str]:
    sides = (conflict.a.path, conflict.b.path)
    if conflict.kind == Conflict.Kind.EXCLUSIVE:
        found = [[account.name for account in keys if account.path.startswith(p)] for p in sides]
        return found[0] + found[1] if all(found) else []
    excepted = {
        item.user_id
        for item in conflict.exceptions.all()
        if (item.valid_from is None or item.valid_from <= on)
        and (item.valid_until is None or item.valid_until >= on)
    }
    names = [{row.user: None for row in people if row.path.startswith(path)} for path in sides]
    return [str(user) for user in names[0] if user in names[1] and user.pk not in excepted]


def _across(
    account: Account,
    fence: Conflict,
    joining: list[User],
    above: list[int],
    today: datetime.date,
) -> list[Violation]:
    far = fence.b if fence.a_id in above else fence.a
    excepted = {item.user_id for item in fence.exceptions.valid_on(today)}
    people = {user.pk for user in joining}
    present = Membership.objects.filter(Q(valid_until=None) | Q(valid_until__gte=today))
    if account.team_id:
        people |= set(present.filter(team=account.team_id).values_list("user", flat=True))
    behind = (
        present.filter(user__in=people - excepted, team__accounts__path__startswith=far.path)
        .select_related("user")
        .order_by("pk")
    )
    return [Violation(member.user, account, far) for member in behind]
