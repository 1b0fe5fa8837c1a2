"""A run as one reader may know it: what an information barrier keeps from them takes no part in
it, neither by name nor in a count, a sum or a price that would betray it (`design.md` 4.1)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from decimal import Decimal
from typing import Any

from accounts.models import Account, Selection
from accounts.selection.words import value_of
from teams.models import User

OWN_REASONS = ("required", "barred", "below_cut", "below_hurdle", "no_manager")
"""Reasons that follow from the account itself, whatever else takes part."""


def as_seen(run: Selection, reader: User) -> Selection:
    """`run`, or a copy of it to be shown: sums over the accounts that are seen, and nothing that
    was reckoned with the others. One query."""
    fenced = Account.objects.behind_barriers_of(reader).filter(programme=run.programme_id)
    return _without(run, set(fenced.values_list("pk", flat=True)))


def all_as_seen(runs: Iterable[Selection], reader: User) -> list[Selection]:
    """Runs of a list, which come without problem and answer: those are read only for somebody
    before a barrier. One query, or two."""
    rows = list(runs)
    fenced = set(Account.objects.behind_barriers_of(reader).values_list("pk", flat=True))
    if not fenced:
        return rows
    whole = Selection.objects.visible_to(reader).only("problem", "result", "steps")
    kept = whole.in_bulk([run.pk for run in rows])
    for run in rows:
        run.problem, run.result = kept[run.pk].problem, kept[run.pk].result
    return [_without(run, fenced) for run in rows]


def _without(run: Selection, fenced: set[int]) -> Selection:
    if not fenced:
        return run
    kept, seen = run.problem, copy(run)
    seen.steps = [{"step": step["step"], "is_done": True} for step in run.steps]
    if "unready" in kept:
        left = [row for row in kept["unready"] if row[0] not in fenced]
        seen.problem = kept = {**kept, "unready": left}
    hidden = fenced & {row["account"] for row in kept.get("candidates", ())}
    if not hidden:
        return seen
    seen.problem = {
        **kept,
        "candidates": [row for row in kept["candidates"] if row["account"] not in hidden],
        "conflicts": [row for row in kept["conflicts"] if not {row["a"], row["b"]} & hidden],
    }
    seen.gap = None
    if "selected" in run.result:
        _sum_up(seen, hidden)
    else:
        seen.result = {}
    return seen


def _sum_up(seen: Selection, hidden: set[int]) -> None:
    kept = seen.problem
    selected = [row for row in seen.result["selected"] if row["account"] not in hidden]
    chosen = {row["account"] for row in selected}
    rows = [row for row in kept["candidates"] if row["account"] in chosen]
    hurdle = Decimal(kept["hurdle"])
    cost = sum((Decimal(row["cost"]) for row in rows), Decimal(0))
    objective = sum((value_of(kept, row) - hurdle for row in rows), Decimal(0))
    if seen.objective is not None:
        seen.objective, seen.cost = objective, cost
    seen.result = {
        "state": seen.status,
        "selected": selected,
        "objective": str(objective),
        "bound": str(objective),
        "cost": str(cost),
        "explanations": _reasons(seen.result.get("explanations", ()), hidden),
        "binding": _sums(kept, len(rows), cost),
    }


def _reasons(rows: Sequence[Mapping[str, Any]], hidden: set[int]) -> list[dict[str, Any]]:
    """Of each account that is seen what it is by itself."""
    shown = sorted((row for row in rows if row["account"] not in hidden), key=lambda r: r["rank"])
    bare: dict[str, Any] = {"blocks": [], "price": None, "is_fixed": False}
    return [
        {**row, **({} if row["code"] in OWN_REASONS else bare), "rank": rank}
        for rank, row in enumerate(shown, start=1)
    ]


def _sums(kept: Mapping[str, Any], count: int, cost: Decimal) -> list[dict[str, Any]]:
    """Budget and places, as far as what is seen uses them."""
    used = {"budget": cost, "max_accounts": Decimal(count)}
    return [
        {
            "condition": [name],
            "used": str(amount),
            "limit": str(kept[name]),
            "step": "1",
            "gain": None,
            "binds": False,
        }
        for name, amount in used.items()
        if kept.get(name) is not None
    ]
