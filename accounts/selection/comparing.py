"""Sets of accounts beside each other: in one run the best and what else there is, and several runs
(K061)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from accounts.models import Account, Selection
from accounts.selection.words import Names
from kam.web.formatting import number
from teams.models import User

MOST_NAMED = 6
"""Accounts by which two sets differ that are named; more are counted."""
MOST_COMPARED = 4
"""Scenarios beside each other."""
COMPARED, TELLING = 8, 5
"""Accounts as columns: all of so many; of more only the few on which sets differ."""


class Compared(NamedTuple):
    """A set of accounts beside the best one."""

    label: str
    holds: Sequence[bool]
    objective: Decimal
    cost: Decimal | None
    differs: str
    is_best: bool = False


class _Set(NamedTuple):
    label: str
    accounts: dict[int, None]
    objective: str
    cost: str | None


def compared(selection: Selection, names: Names) -> tuple[list[str], list[Compared]]:
    """The best set, the next best, what score alone takes, and what more money buys; with the names
    of the accounts that are its columns."""
    if "selected" not in selection.result:
        return [], []
    best, *others = sets = list(_sets(selection.result, names))
    telling = _telling(best, others, names)
    rows = [
        Compared(
            one.label,
            [pk in one.accounts for pk in telling],
            Decimal(one.objective),
            None if one.cost is None else Decimal(one.cost),
            "" if one is best else difference(best.accounts, one.accounts, names),
            one is best,
        )
        for one in sets
    ]
    return [names.accounts[pk] for pk in telling], rows


def _sets(result: dict[str, Any], names: Names) -> Iterator[_Set]:
    yield _set(_("Best"), result)
    for place, row in enumerate(result.get("runner_up", ())):
        yield _set(_("Next") if place else _("Runner-up"), row)
    alone = result.get("by_score_alone")
    if alone:
        yield _Set(
            _("By score alone"), _ordered(alone["accounts"]), alone["objective"], alone["cost"]
        )
    for row in result.get("budget_curve", ())[:3]:
        label = _("With %(budget)s") % {"budget": names.short(row["budget"])}
        yield _Set(label, _ordered(row["accounts"]), row["objective"], None)
    for row in result.get("without_manager", ()):
        yield _set(_("Without %(person)s") % {"person": names.person(row["user"])}, row)


def _set(label: str, row: dict[str, Any]) -> _Set:
    accounts = _ordered(item["account"] for item in row["selected"])
    return _Set(label, accounts, row["objective"], row["cost"])


def _ordered(accounts: Iterable[int]) -> dict[int, None]:
    return dict.fromkeys(accounts)


def _telling(best: _Set, others: Sequence[_Set], names: Names) -> list[int]:
    """Accounts that are columns: where there are too many for all, those on which the sets differ,
    the nearest sets first."""
    every = dict.fromkeys(pk for one in (best, *others) for pk in one.accounts)
    seen = [pk for pk in every if pk in names.accounts]
    if len(seen) > COMPARED:
        apart = (
            pk for one in others for pk in every if (pk in best.accounts) != (pk in one.accounts)
        )
        seen = [pk for pk in dict.fromkeys(apart) if pk in names.accounts] or seen
        return seen[:TELLING]
    return seen


def difference(best: Collection[int], other: Collection[int], names: Names) -> str:
    """What an other set holds instead, in words."""
    more = [names.accounts[pk] for pk in other if pk not in best and pk in names.accounts]
    less = [names.accounts[pk] for pk in best if pk not in other and pk in names.accounts]
    said = {"more": ", ".join(more), "less": ", ".join(less)}
    if len(more) + len(less) > MOST_NAMED:
        said = {"more": number(len(more)), "less": number(len(less))}
        return _("%(more)s others in, %(less)s out") % said
    if more and less:
        return _("%(more)s in place of %(less)s") % said
    if more:
        return _("%(more)s besides") % said
    return _("without %(less)s") % said if less else _("the same accounts")


class Differing(NamedTuple):
    """An account on which scenarios differ: for each whether it is in, and who has it."""

    account: int
    name: str
    places: list[tuple[bool, str]]
    managers: list[int | None]


def differing(runs: Sequence[Selection], reader: User) -> Iterator[Differing]:
    """Accounts that some of the scenarios choose and others do not, or give to somebody else."""
    chosen = [
        {row["account"]: row["manager"] for row in run.result.get("selected", ())} for run in runs
    ]
    every = {pk for one in chosen for pk in one}
    users = {user for one in chosen for user in one.values()}
    seen = Account.objects.visible_to(reader).filter(pk__in=every).order_by("name", "pk")
    people = User.objects.visible_to(reader).in_bulk(users)
    for pk, name in seen.values_list("pk", "name"):
        if len({one.get(pk) for one in chosen}) > 1:
            places = [(pk in one, str(people.get(one.get(pk), ""))) for one in chosen]
            yield Differing(pk, name, places, [one.get(pk) for one in chosen])
