"""What a selection run decides about (handbook 3.5; K061): candidates, managers, limits."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import Literal

MOST_ACCOUNTS = 5
"""Accounts that one manager may look after, whatever their capacity (handbook 3.5)."""
SIX_PLACES = Decimal("0.000001")

Kind = Literal["exclusive", "ring_fence"]


@dataclass(frozen=True)
class Candidate:
    """A customer that may become key: `cost` a year without the manager's salary, `effort` FTE."""

    account: int
    name: str
    attractiveness: Decimal
    strength: Decimal
    cost: Decimal
    effort: Decimal
    must_include: bool = False
    barred: bool = False


@dataclass(frozen=True)
class Manager:
    """Who may look after at most `capacity` accounts with `effort` FTE; `eligible` None is all."""

    user: int
    name: str
    capacity: int
    effort: Decimal = Decimal(1)
    eligible: frozenset[int] | None = None

    @property
    def most(self) -> int:
        """Accounts at most."""
        return min(MOST_ACCOUNTS, self.capacity)

    def may_serve(self, account: int) -> bool:
        """Whether the account is one of those that the manager may be given."""
        return self.eligible is None or account in self.eligible


@dataclass(frozen=True)
class Pair:
    """`exclusive`: never both selected; `ring_fence`: never with the same manager."""

    a: int
    b: int
    kind: Kind


@dataclass(frozen=True, kw_only=True)
class Problem:
    """The whole of it. Candidates and managers are kept in the order of their names, so that the
    answer does not depend on the order in which they were given; a limit of None does not limit.
    """

    candidates: tuple[Candidate, ...]
    managers: tuple[Manager, ...]
    pairs: tuple[Pair, ...] = ()
    budget: Decimal | None = None
    max_accounts: int | None = None
    hurdle: Decimal = Decimal("5.0")
    attractiveness_weight: Decimal = Decimal("0.7")
    cut: Decimal = Decimal("5.0")
    min_stars: int = 0

    def __post_init__(self) -> None:
        names = {row.account: row.name for row in self.candidates}
        kept = {
            (min(pair.a, pair.b), max(pair.a, pair.b), pair.kind)
            for pair in self.pairs
            if pair.a in names and pair.b in names and pair.a != pair.b
        }
        candidates = sorted(self.candidates, key=lambda row: (row.name, row.account))
        managers = sorted(self.managers, key=lambda row: (row.name, row.user))
        object.__setattr__(self, "candidates", tuple(candidates))
        object.__setattr__(self, "managers", tuple(managers))
        object.__setattr__(self, "pairs", tuple(Pair(*item) for item in sorted(kept)))

    @cached_property
    def by_account(self) -> dict[int, Candidate]:
        """Candidates by account."""
        return {row.account: row for row in self.candidates}

    @cached_property
    def by_user(self) -> dict[int, Manager]:
        """Managers by user."""
        return {row.user: row for row in self.managers}

    def value(self, candidate: Candidate) -> Decimal:
        """v = a x attractiveness + (1 - a) x strength, to six places."""
        weight = self.attractiveness_weight
        whole = weight * candidate.attractiveness + (1 - weight) * candidate.strength
        return whole.quantize(SIX_PLACES)

    def worth(self, candidate: Candidate) -> Decimal:
        """v - h: what the candidate adds to the objective."""
        return self.value(candidate) - self.hurdle

    def is_star(self, candidate: Candidate) -> bool:
        """High attractiveness, low strength; equal to the cut counts as high (handbook 3.3)."""
        return candidate.attractiveness >= self.cut > candidate.strength

    def is_attractive(self, candidate: Candidate) -> bool:
        """Whether it may be selected without being required."""
        return candidate.attractiveness >= self.cut

    def may_enter(self, candidate: Candidate) -> bool:
        """Whether any answer may hold it."""
        required = candidate.must_include
        return not candidate.barred and (required or self.is_attractive(candidate))


def serves(manager: Manager, candidate: Candidate) -> bool:
    """Whether the manager could take the candidate if there were nobody else."""
    return (
        manager.most > 0
        and manager.may_serve(candidate.account)
        and manager.effort >= candidate.effort
    )


def whole_numbers(amounts: Iterable[Decimal], *limits: Decimal) -> tuple[list[int], list[int]]:
    """`amounts` and `limits` as the smallest whole numbers in the same proportions.

    A solver that reckons in floating point adds whole numbers without error.
    """
    fractions = [Fraction(amount) for amount in amounts]
    bounds = [Fraction(limit) for limit in limits]
    scale = math.lcm(*(item.denominator for item in (*fractions, *bounds)), 1)
    scaled = [int(item * scale) for item in fractions]
    divisor = math.gcd(*scaled) or 1
    return [item // divisor for item in scaled], [
        math.floor(item * scale / divisor) for item in bounds
    ]


def total(amounts: Iterable[Decimal]) -> Decimal:
    """Sum; 0 of nothing."""
    return sum(amounts, Decimal(0))


def loads(problem: Problem, chosen: dict[int, int]) -> dict[int, Decimal]:
    """FTE that each manager of `chosen` (account: user) spends."""
    found: dict[int, Decimal] = {}
    for account, user in chosen.items():
        found[user] = found.get(user, Decimal(0)) + problem.by_account[account].effort
    return found


def names_of(problem: Problem, accounts: Sequence[int]) -> list[str]:
    """Names of candidates."""
    return [problem.by_account[account].name for account in accounts]
