"""The problem of a selection from what is stored, and the log of how it came about (K060)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, NamedTuple, cast

from django.db.models import Q

from accounts.choices import Horizon, Stage, Status
from accounts.models import (
    Account,
    Conflict,
    ManagerCapacity,
    Position,
    Qualification,
    Selection,
)
from accounts.scoring.index import LEAST_SCORED
from accounts.selection.problem import Candidate, Kind, Manager, Pair, Problem
from kam.access.dates import business_today
from teams.models import Membership, TeamRole, User
from teams.programme_settings import setting

CONSIDERED = (Status.CANDIDATE, Status.GROOMED, Status.KEY)
"""Statuses whose accounts a run weighs against each other (K048)."""
MUST, BARRED = "must", "barred"
EFFORT: Mapping[str | None, Decimal] = {
    None: Decimal("0.10"),
    Stage.PRE: Decimal("0.10"),
    Stage.EARLY: Decimal("0.25"),
    Stage.MID: Decimal("0.40"),
    Stage.PARTNERSHIP: Decimal("0.60"),
    Stage.SYNERGISTIC: Decimal("0.80"),
    Stage.UNCOUPLING: Decimal("0.20"),
}
"""FTE of the manager by stage, unless the account plans another (handbook 5.3)."""
TYPICAL_CAPACITY = 2


class Unready(NamedTuple):
    """An account that no run can weigh yet, and what is missing."""

    account: int
    code: str


class Gathered(NamedTuple):
    """What was found: the problem, who is left out, and the steps with counts."""

    problem: Problem
    unready: list[Unready]
    steps: list[dict[str, Any]]


def gather(selection: Selection, reader: User) -> Gathered:
    """The whole problem of `selection`: lists that it gives as they are, the others from what is
    stored and `reader` may see. A handful of queries for any number of accounts."""
    given = selection.given
    seen = Account.objects.visible_to(reader).active().filter(programme=selection.programme_id)
    unready: list[Unready] = []
    if "candidates" in given:
        candidates = _given_candidates(selection, given["candidates"], seen)
    else:
        candidates, unready = _stored_candidates(selection, seen)
    pks = [row.account for row in candidates]
    if "managers" in given:
        managers = _given_managers(given["managers"])
    else:
        managers = list(stored_managers(selection))
    pairs = [Pair(row["a"], row["b"], row["kind"]) for row in given.get("conflicts", ())]
    if "conflicts" not in given:
        pairs = list(_stored_pairs(pks))
    problem = Problem(
        candidates=tuple(candidates),
        managers=tuple(managers),
        pairs=tuple(pairs),
        budget=selection.budget,
        max_accounts=selection.max_accounts,
        hurdle=selection.hurdle,
        attractiveness_weight=selection.attractiveness_weight,
        cut=selection.cut,
        min_stars=selection.min_stars,
    )
    return Gathered(problem, unready, _steps(selection, seen, problem, unready))


def effort_of(stage: str | None, planned: Decimal | None) -> Decimal:
    """FTE that an account takes of its manager (handbook 5.3)."""
    return EFFORT[stage] if planned is None else planned


def _given_candidates(selection: Selection, rows: Iterable[Any], seen: Any) -> list[Candidate]:
    names = dict(seen.filter(pk__in=[row["account"] for row in rows]).values_list("pk", "name"))
    return [
        Candidate(
            account=row["account"],
            name=names[row["account"]],
            attractiveness=Decimal(row["attractiveness"]),
            strength=Decimal(row["strength"]),
            cost=Decimal(row["cost"]),
            effort=Decimal(row["effort"]),
            must_include=bool(row.get("must_include")),
            barred=bool(row.get("barred")),
        )
        for row in rows
        if row["account"] in names
    ]


def _stored_candidates(selection: Selection, seen: Any) -> tuple[list[Candidate], list[Unready]]:
    candidates, unready = [], []
    rows = seen.of_status(*CONSIDERED).order_by("pk")
    places: dict[int, Any] = {
        row[0]: row[1:]
        for row in Position.objects.in_force()
        .filter(horizon=Horizon.TODAY, account__in=rows.order_by().values("pk"))
        .order_by()
        .values_list(
            "account",
            "attractiveness",
            "strength",
            "attractiveness_scored",
            "strength_scored",
        )
    }
    held_up = _held_up(rows)
    fields = ("pk", "name", "stage", "planned_cost", "planned_effort")
    for pk, name, stage, cost, effort in rows.values_list(*fields):
        place: Any = places.get(pk)
        missing = held_up.get(pk) or _missing(place, cost)
        if missing:
            unready.append(Unready(pk, missing))
            continue
        mark = selection.marks.get(str(pk))
        candidates.append(
            Candidate(
                account=pk,
                name=name,
                attractiveness=place[0],
                strength=place[1],
                cost=cost,
                effort=effort_of(stage, effort),
                must_include=mark == MUST,
                barred=mark == BARRED,
            )
        )
    return candidates, unready


def _held_up(accounts: Any) -> dict[int, str]:
    """Which of `accounts` a qualification keeps out: one that waits for a decision, or whose last
    one was no-go (K063). Key accounts are past that."""
    screened = accounts.exclude(status=Status.KEY).order_by().values("pk")
    rows = Qualification.objects.active().filter(account__in=screened)
    today, found = business_today(), {}
    for row in rows.order_by("started_on", "pk"):
        is_no = row.verdict == Qualification.Verdict.NO_GO
        found[row.account_id] = "undecided" if row.is_due(today) else "no_go" if is_no else ""
    return found


def _missing(place: Any, cost: Decimal | None) -> str:
    if place is None or place[0] is None or place[1] is None:
        return "unscored"
    if place[2] < LEAST_SCORED or place[3] < LEAST_SCORED:
        return "thinly_scored"
    return "no_cost" if cost is None else ""


def _given_managers(rows: Iterable[Any]) -> list[Manager]:
    users = {user.pk: user for user in User.objects.filter(pk__in=[row["user"] for row in rows])}
    return [
        Manager(
            user=row["user"],
            name=str(users[row["user"]]),
            capacity=row["capacity"],
            effort=Decimal(row["effort"]),
            eligible=None if row.get("eligible") is None else frozenset(row["eligible"]),
        )
        for row in rows
        if row["user"] in users
    ]


def stored_managers(selection: Selection) -> Iterable[Manager]:
    """Who manages a team of the programme today or has a capacity recorded, with what they can
    take on."""
    programme, today = selection.programme, business_today()
    stored = {
        row.user_id: row for row in ManagerCapacity.objects.active().filter(programme=programme)
    }
    leading = Membership.objects.filter(role=TeamRole.KAM, team__programme=programme)
    leads = leading.filter(team__archived_at=None).valid_on(today).order_by().values("user")
    people = User.objects.active().filter(Q(pk__in=leads) | Q(pk__in=list(stored)))
    usual = setting(programme, "manager_fte", today)
    most = int(setting(programme, "max_accounts_per_manager", today))
    for user in people.with_name():
        row = stored.get(user.pk)
        accounts = row.accounts if row else TYPICAL_CAPACITY
        yield Manager(user.pk, str(user), min(accounts, most), row.effort if row else usual)


def _stored_pairs(pks: list[int]) -> Iterable[Pair]:
    """Conflicts in force, each between all candidates on or below its two sides."""
    paths = dict(Account.objects.filter(pk__in=pks).values_list("pk", "path"))
    rows = Conflict.objects.active().valid_on(business_today()).select_related("a", "b")
    for row in rows.order_by("pk"):
        kind = cast("Kind", row.kind)
        near = [pk for pk, path in paths.items() if path.startswith(row.a.path)]
        far = [pk for pk, path in paths.items() if path.startswith(row.b.path)]
        yield from (Pair(a, b, kind) for a in near for b in far)


def _steps(
    selection: Selection, seen: Any, problem: Problem, unready: list[Unready]
) -> list[dict[str, Any]]:
    """Gather, clean, transform; search and interpret are added as they happen (handbook 3.6)."""
    considered = seen.of_status(*CONSIDERED)
    units = considered.exclude(business_unit=None).order_by()
    in_units = units.values("business_unit").distinct().count()
    all_units = selection.programme.business_units.active().count()
    whole = considered.count()
    counts = {
        code: sum(row.code == code for row in unready)
        for code in ("unscored", "thinly_scored", "no_cost", "undecided", "no_go")
    }
    return [
        {
            "step": "gather",
            "accounts": seen.count(),
            "considered": whole,
            "units": all_units,
            "units_covered": in_units,
        },
        {
            "step": "clean",
            "ready": whole - len(unready),
            **counts,
            "merged": Account.objects.filter(
                programme=selection.programme_id, merged_into__isnull=False
            ).count(),
        },
        {
            "step": "transform",
            "candidates": len(problem.candidates),
            "managers": len(problem.managers),
            "conflicts": len(problem.pairs),
            "given": sorted(selection.given),
        },
    ]
