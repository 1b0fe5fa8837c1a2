"""Problem and answer as JSON: what a run was asked and what it found stays as it was."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder

from accounts.selection import exact
from accounts.selection.exact import Answer
from accounts.selection.explaining import Limit, Reason, Step
from accounts.selection.problem import Candidate, Manager, Pair, Problem

LIMITS = ("budget", "hurdle", "attractiveness_weight", "cut")


def packed(problem: Problem) -> dict[str, Any]:
    """The problem; equal problems are equal text, whatever the order in which they were given."""
    return {
        "candidates": [
            {
                "account": row.account,
                "name": row.name,
                "attractiveness": str(row.attractiveness),
                "strength": str(row.strength),
                "cost": str(row.cost),
                "effort": str(row.effort),
                "must_include": row.must_include,
                "barred": row.barred,
            }
            for row in problem.candidates
        ],
        "managers": [
            {
                "user": row.user,
                "name": row.name,
                "capacity": row.capacity,
                "effort": str(row.effort),
                "eligible": None if row.eligible is None else sorted(row.eligible),
            }
            for row in problem.managers
        ],
        "conflicts": [pair.__dict__ for pair in problem.pairs],
        "max_accounts": problem.max_accounts,
        "min_stars": problem.min_stars,
        **{name: _text(getattr(problem, name)) for name in LIMITS},
    }


def unpacked(kept: dict[str, Any]) -> Problem:
    """The problem that was packed."""
    limits: dict[str, Any] = {
        name: None if kept[name] is None else Decimal(kept[name]) for name in LIMITS
    }
    return Problem(
        candidates=tuple(
            Candidate(
                **{
                    **row,
                    **{
                        name: Decimal(row[name])
                        for name in ("attractiveness", "strength", "cost", "effort")
                    },
                }
            )
            for row in kept["candidates"]
        ),
        managers=tuple(
            Manager(
                user=row["user"],
                name=row["name"],
                capacity=row["capacity"],
                effort=Decimal(row["effort"]),
                eligible=None if row["eligible"] is None else frozenset(row["eligible"]),
            )
            for row in kept["managers"]
        ),
        pairs=tuple(Pair(**row) for row in kept["conflicts"]),
        max_accounts=kept["max_accounts"],
        min_stars=kept["min_stars"],
        **limits,
    )


def fingerprint(kept: dict[str, Any]) -> str:
    """The same for the same problem."""
    text = json.dumps(kept, sort_keys=True, cls=DjangoJSONEncoder)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def answered(problem: Problem, answer: Answer) -> dict[str, Any]:
    """What was chosen: objective, bound, cost, and who looks after what."""
    return {
        "objective": str(answer.objective),
        "bound": str(answer.bound),
        "cost": str(exact.cost_of(problem, answer.chosen)),
        "selected": [
            {"account": row.account, "manager": answer.chosen[row.account]}
            for row in problem.candidates
            if row.account in answer.chosen
        ],
    }


def reasoned(rows: Iterable[Reason]) -> list[dict[str, Any]]:
    """Why each account is in or out, as codes and figures."""
    return [
        {
            "account": row.account,
            "is_in": row.is_in,
            "code": row.code,
            "rank": row.rank,
            "blocks": [{name: _text(item) for name, item in part.items()} for part in row.blocks],
            "price": _text(row.price),
            "is_fixed": row.is_fixed,
        }
        for row in rows
    ]


def limited(rows: Iterable[Limit]) -> list[dict[str, Any]]:
    """Limits, how far they are used, what one step more would gain."""
    return [
        {
            "condition": list(row.condition),
            "used": str(row.used),
            "limit": str(row.limit),
            "step": str(row.step),
            "gain": _text(row.gain),
            "is_least": row.is_least,
            "binds": row.binds,
        }
        for row in rows
    ]


def stepped(rows: Iterable[Step]) -> list[dict[str, Any]]:
    """The budget curve."""
    return [
        {
            "budget": str(row.budget),
            "objective": str(row.objective),
            "accounts": list(row.accounts),
            "is_least": row.is_least,
        }
        for row in rows
    ]


def _text(item: Any) -> Any:
    return str(item) if isinstance(item, Decimal) else item
