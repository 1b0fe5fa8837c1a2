"""Plans, actions and stage reviews of the synthetic programme."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

from django.utils import timezone

from accounts.choices import Stage, Status
from accounts.models import Account
from kam.changes import record
from plans.models import Action, Objective, Plan, PlanVersion, Strategy
from plans.snapshots import ACTION_FIELDS, content_of, plain
from reviews import scoring
from reviews.demo.evidence import BY_STAGE, answers
from reviews.load.customers import Customer
from reviews.load.people import Crew
from reviews.load.store import insert
from reviews.models import Answer, StageReview
from reviews.services.assessment import INDEX_PLACES, as_json

CUSTOM = "Load"
ACTIONS = 3
OBJECTIVES = (
    ("Share of wallet in the largest plant", "grow", "share of wallet"),
    ("Margin of the service contract", "improve_margin", "margin"),
)
"""Title, type and measure of a plan's objectives; actions serve the first."""


def plan(crew: Crew, customers: list[Customer], today: datetime.date) -> None:
    """A plan for every key account, four of five in force, with two objectives and three actions.

    Every other account with a team has one action without a plan.
    """
    rows = [row for row in customers if row.team is not None and row.account.status == Status.KEY]
    plans = Plan.objects.bulk_create([_plan(crew, row, today) for row in rows], batch_size=500)
    objectives = Objective.objects.bulk_create(
        [
            _objective(crew, row, of, today, number)
            for row, of in zip(rows, plans, strict=True)
            for number in range(len(OBJECTIVES))
        ],
        batch_size=500,
    )
    strategies = Strategy.objects.bulk_create(
        [
            Strategy(objective=objective, text="Offer the wider range", kind="extend_range")
            for objective in objectives
        ],
        batch_size=500,
    )
    steps = [
        _action(crew, row, number, today, objective, strategy)
        for row, objective, strategy in zip(
            rows, _first(objectives), _first(strategies), strict=True
        )
        for number in range(ACTIONS)
    ]
    steps += [
        _action(crew, row, 0, today)
        for row in customers
        if row.team is not None and row.account.status != Status.KEY
    ]
    Action.objects.bulk_create(steps, batch_size=500)
    _approve(crew, objectives, strategies, steps)


def _plan(crew: Crew, row: Customer, today: datetime.date) -> Plan:
    active = row.place % 4 != 0
    start = today.replace(month=1, day=1)
    return Plan(
        account=row.account,
        title=f"Plan {start.year}",
        starts_on=start,
        ends_on=start.replace(month=12, day=31),
        currency=row.account.currency or crew.programme.currency,
        rationale="The largest customer of its region.",
        ambition="First supplier in two of three plants.",
        defection_contingency="Offer the free capacity to the next two customers of the region.",
        status="active" if active else "draft",
        in_force=active,
        approved_on=start if active else None,
        author=crew.manager_of(row.team or 0),
    )


def _first(rows: list[Any]) -> list[Any]:
    """Of the objectives of each plan, or of their strategies, the first."""
    return rows[:: len(OBJECTIVES)]


def _objective(crew: Crew, row: Customer, of: Plan, today: datetime.date, number: int) -> Objective:
    title, kind, measure = OBJECTIVES[number]
    return Objective(
        plan=of,
        position=number,
        title=title,
        type=kind,
        owner=crew.manager_of(row.team or 0),
        kpi=measure,
        unit="%",
        baseline=Decimal(20),
        target=Decimal(40),
        start=of.starts_on,
        due=of.ends_on,
        actual=Decimal(20 + row.place % 20),
        actual_on=today - datetime.timedelta(days=9),
    )


def _action(
    crew: Crew,
    row: Customer,
    number: int,
    today: datetime.date,
    objective: Objective | None = None,
    strategy: Strategy | None = None,
) -> Action:
    done = number == ACTIONS - 1
    return Action(
        account=row.account,
        objective=objective,
        strategy=strategy,
        origin="plan" if objective else "capture",
        text=f"Agree on the trial with plant {number + 1}",
        owner=crew.manager_of(row.team or 0),
        author=crew.manager_of(row.team or 0),
        function=crew.functions[number],
        due=today + datetime.timedelta(days=(row.place // 5 * 7 + number * 13) % 60 - 12),
        status="done" if done else "todo",
        done_on=today - datetime.timedelta(days=3) if done else None,
    )


def _approve(
    crew: Crew, objectives: list[Objective], strategies: list[Strategy], steps: list[Action]
) -> None:
    """Freeze what the plans in force hold, as their approval would have."""
    by_objective: dict[int | None, list[dict[str, Any]]] = {}
    for step in steps:
        frozen = {"id": step.pk, **plain(record.snapshot(step, ACTION_FIELDS))}
        by_objective.setdefault(step.objective_id, []).append(frozen)
    held: dict[Plan, list[tuple[Objective, Strategy]]] = {}
    for objective, strategy in zip(objectives, strategies, strict=True):
        if objective.plan.in_force:
            held.setdefault(objective.plan, []).append((objective, strategy))
    versions = []
    for of, pairs in held.items():
        goals, ways = zip(*pairs, strict=True)
        for row in (of, *goals, *ways):
            row.approved = content_of(row)
        content = {
            "plan": of.approved,
            "objectives": [_frozen(row, Objective.editable_fields()) for row in goals],
            "strategies": [
                _frozen(row, ("objective", *Strategy.editable_fields())) for row in ways
            ],
            "milestones": [],
            "swot_entries": [],
            "risks": [],
            "actions": [step for row in goals for step in by_objective.get(row.pk, [])],
        }
        versions.append(
            PlanVersion(
                plan=of, number=1, kind="approval", content=content, created_by=crew.director
            )
        )
    Plan.objects.bulk_update(held, ["approved"], batch_size=200)
    Objective.objects.bulk_update(objectives, ["approved"], batch_size=200)
    Strategy.objects.bulk_update(strategies, ["approved"], batch_size=200)
    PlanVersion.objects.bulk_create(versions, batch_size=500)


def _frozen(row: Objective | Strategy, fields: tuple[str, ...]) -> dict[str, Any]:
    return {"id": row.pk, **plain(record.snapshot(row, fields))}


def review(crew: Crew, customers: list[Customer], today: datetime.date) -> None:
    """A confirmed review for every assessed account, with answers; a proposed one for some."""
    assessed = [row for row in customers if row.account.stage]
    reviews = [_review(crew, row, today, "confirmed") for row in assessed]
    reviews += [_review(crew, row, today, "proposed") for row in assessed if row.place % 40 == 0]
    StageReview.objects.bulk_create(reviews, batch_size=300)
    accounts = []
    for row, found in zip(assessed, reviews, strict=False):
        row.account.relationship_index = found.index
        accounts.append(row.account)
    Account.objects.bulk_update(accounts, ["relationship_index"], batch_size=200)
    now = timezone.now().isoformat()
    insert(
        Answer,
        (
            "review",
            "item",
            "score",
            "evidence",
            "answered_on",
            "is_confirmed",
            "version",
            "created_at",
            "updated_at",
        ),
        (
            (
                found.pk,
                item,
                given["score"],
                given["evidence"],
                found.reviewed_on,
                True,
                1,
                now,
                now,
            )
            for found in reviews
            for item, given in answers(CUSTOM, _scores(found.decided_stage)[0]).items()
        ),
    )


def _scores(stage: str | None) -> tuple[str, str]:
    return BY_STAGE["mid" if stage == Stage.UNCOUPLING else stage or "pre"]


def _review(crew: Crew, row: Customer, today: datetime.date, status: str) -> StageReview:
    on = row.account.reviewed_on if status == "confirmed" else today
    scores, share = _scores(row.account.stage)
    given = {
        item: scoring.Given(int(str(answer["score"])), bool(answer["evidence"]), on or today)
        for item, answer in answers(CUSTOM, scores).items()
    }
    outcome = scoring.assess(given, on=on or today, share_of_wallet=Decimal(share))
    settled = status == "confirmed"
    now = timezone.now()
    return StageReview(
        account=row.account,
        reviewed_on=on,
        status=status,
        author=crew.manager_of(row.team or 0),
        share_of_wallet=Decimal(share),
        share_used=Decimal(share),
        share_origin="given",
        share_is_assumed=True,
        index=outcome.index.quantize(INDEX_PLACES) if outcome.index is not None else None,
        recommended_stage=outcome.recommended,
        outcome=as_json(outcome, ()),
        decided_stage=row.account.stage,
        reason="First assessment.",
        proposed_by=crew.manager_of(row.team or 0),
        proposed_at=now,
        decided_by=crew.director if settled else None,
        decided_at=now if settled else None,
        decided_on=on if settled else None,
    )
