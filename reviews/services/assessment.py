"""From what is stored to what the evidence says: gathers the inputs of scoring and transitions."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any, NamedTuple, cast

from accounts.choices import LADDER, Stage, Status
from accounts.models import Account, Fact, StageChange, StatusChange
from reviews import scoring, transitions
from reviews.choices import CheckState, ShareOrigin, Side
from reviews.models import Answer, StageReview
from reviews.querysets import CUSTOMER_VIEW
from reviews.texts import checklist_of
from teams.models import Programme, User
from teams.programme_settings import settings_on

SHARE_FACT = "share_of_wallet"
"""Kind of the dated fact that holds a share of wallet as a ratio 0..1."""

YEAR_DAYS = 365
"""Window of the signals U5 and U6 (handbook 2.6)."""

INDEX_PLACES = Decimal("0.000001")

SIGNED = ("version", "writer", "writer_since", "updated_at")
"""Columns that every write to a review moves."""


class Share(NamedTuple):
    """A share of wallet (0..1, None: unknown), where it comes from, and whether it is assumed."""

    ratio: Decimal | None
    origin: str
    is_assumed: bool


def rules_on(programme: Programme, on: datetime.date) -> scoring.Rules:
    """Thresholds and limits of scoring as the programme has set them on the day `on`."""
    values = settings_on(programme, on)
    return scoring.Rules(
        thresholds={stage: values[f"stage_threshold_{stage}"] for stage in LADDER[1:]},
        floor_gap=values["floor_gap"],
        evidence_required_from=int(values["evidence_required_from"]),
        answer_age_days=int(values["answer_age"]),
    )


def limits_on(programme: Programme, on: datetime.date) -> transitions.Limits:
    """Limits of a step as the programme has set them on the day `on`."""
    values = settings_on(programme, on)
    return transitions.Limits(
        assessment_age_days=int(values["assessment_age"]),
        min_days_in_stage=int(values["min_days_in_stage"]),
        re_entry_cap=LADDER[int(values["re_entry_cap"]) - 1],
    )


def given(review: StageReview) -> dict[str, scoring.Given]:
    """Answers of `review` that count: not those merely taken over from last time."""
    answers = Answer.objects.filter(review=review, score__isnull=False, is_confirmed=True)
    return {
        answer.item: scoring.Given(
            cast("int", answer.score),
            has_evidence=bool(answer.evidence.strip()),
            answered_on=answer.answered_on,
        )
        for answer in answers
    }


def share_of(review: StageReview) -> Share:
    """The share that D1 is computed from: the one given, else the latest stored fact."""
    if review.share_of_wallet is not None:
        return Share(review.share_of_wallet, ShareOrigin.GIVEN, is_assumed=True)
    facts = Fact.objects.filter(
        account=review.account_id, kind=SHARE_FACT, as_of__lte=review.reviewed_on
    )
    fact = facts.order_by("-as_of", "-pk").first()
    if fact is None:
        return Share(None, ShareOrigin.UNKNOWN, is_assumed=False)
    return Share(fact.value, ShareOrigin.COMPUTED, is_assumed=fact.confidence == "assumed")


def derived_signals(
    review: StageReview, share: Decimal | None, index: Decimal | None
) -> tuple[str, ...]:
    """U5 and U6, which the data show by themselves (handbook 2.6)."""
    since = review.reviewed_on - datetime.timedelta(days=YEAR_DAYS)
    earlier = list(
        StageReview.objects.assessments()
        .filter(account=review.account_id, reviewed_on__range=(since, review.reviewed_on))
        .exclude(pk=review.pk)
        .values_list("index", "share_used")
    )
    facts = Fact.objects.filter(account=review.account_id, kind=SHARE_FACT, as_of__gte=since)
    shares = list(facts.filter(as_of__lt=review.reviewed_on).values_list("value", flat=True))
    shares += [used for _index, used in earlier if used is not None]
    indexes = [before for before, _used in earlier if before is not None]
    found = []
    if scoring.wallet_fell(max(shares, default=None), share):
        found.append("U5")
    if scoring.index_fell(max(indexes, default=None), index):
        found.append("U6")
    return tuple(found)


def customer_answers(review: StageReview) -> dict[str, scoring.Given] | None:
    """The customer's own answers of at most twelve months, if there are any."""
    if review.side == Side.CUSTOMER:
        return None
    on = review.reviewed_on
    theirs = StageReview.objects.customer_view(review.account_id, on - CUSTOMER_VIEW, on).first()
    return given(theirs) if theirs else None


def assess(review: StageReview) -> tuple[scoring.Outcome, Share, tuple[str, ...]]:
    """What the evidence of `review` says now; with the share used and the signals found by data."""
    share = share_of(review)
    answers = given(review)
    customer = customer_answers(review)
    rules = rules_on(review.account.programme, review.reviewed_on)
    ticked = set(review.signals.filter(is_present=True).values_list("code", flat=True))

    def run(signals: set[str]) -> scoring.Outcome:
        return scoring.assess(
            answers,
            on=review.reviewed_on,
            share_of_wallet=share.ratio,
            customer=customer,
            signals=signals,
            rules=rules,
        )

    outcome = run(ticked)
    if review.side == Side.CUSTOMER:
        return outcome, share, ()
    derived = derived_signals(review, share.ratio, outcome.index)
    return run(ticked | set(derived)) if derived else outcome, share, derived


def refresh(review: StageReview) -> StageReview:
    """Write down what the evidence says now, and move the version on.

    No log row: the outcome follows from what was logged. A customer's view refreshes our drafts,
    in the name of who wrote it down.
    """
    outcome, share, derived = assess(review)
    review.outcome = as_json(outcome, derived)
    review.index = None if outcome.index is None else outcome.index.quantize(INDEX_PLACES)
    review.recommended_stage = outcome.recommended
    review.share_used, review.share_origin, review.share_is_assumed = share
    review.version += 1
    review.save(
        update_fields=[
            "outcome",
            "index",
            "recommended_stage",
            "share_used",
            "share_origin",
            "share_is_assumed",
            *SIGNED,
        ]
    )
    if review.side == Side.CUSTOMER:
        refresh_drafts(review.account_id, review.writer)
    return review


def refresh_drafts(account_id: int, writer: User | None) -> None:
    """Bring our drafts of an account up to date with the customer's view that `writer` changed."""
    ours = StageReview.objects.active().ours().filter(account=account_id, status="draft")
    for draft in ours.select_for_update(of=("self",)).order_by("pk"):
        draft.written_by(writer)
        refresh(draft)


def touch(review: StageReview) -> None:
    """Move the version on: something that belongs to `review` has changed."""
    review.version += 1
    review.save(update_fields=SIGNED)


def as_json(outcome: scoring.Outcome, derived: tuple[str, ...]) -> dict[str, Any]:
    """`outcome` as it is stored and handed out: scores are plain numbers."""
    return {
        "dimensions": {key: _number(value) for key, value in outcome.dimensions.items()},
        "index": _number(outcome.index),
        "scored": outcome.scored,
        "recommended": outcome.recommended,
        "blockers": [
            {
                "stage": blocker.stage,
                "rule": blocker.rule,
                "dimension": blocker.dimension or None,
                "actual": _number(blocker.actual),
                "required": _number(blocker.required),
                "side": blocker.side,
            }
            for blocker in outcome.blockers
        ],
        "capped": list(outcome.capped),
        "outdated": list(outcome.outdated),
        "insufficient": list(outcome.insufficient),
        "answered": outcome.answered,
        "customer_stage": outcome.customer_stage,
        "gaps": [
            {
                "dimension": gap.dimension,
                "supplier": _number(gap.supplier),
                "customer": _number(gap.customer),
            }
            for gap in outcome.gaps
        ],
        "uncoupling": {
            "signals": list(outcome.uncoupling.signals),
            "level": outcome.uncoupling.level,
        },
        "derived_signals": list(derived),
    }


def standing_of(account: Account) -> transitions.Standing:
    """Where the account stands and how high it ever was, from its timeline."""
    steps = StageChange.objects.filter(account=account).exclude(to_stage="")
    held = list(steps.order_by("created_at", "pk").values_list("to_stage", "created_at"))
    known = [stage for stage, _at in held] + [account.stage]
    ranks = [LADDER.index(Stage(stage)) for stage in known if stage in LADDER]
    exits = StatusChange.objects.filter(account=account, to_status=Status.EXITED)
    if held:
        exits = exits.filter(created_at__gte=held[-1][1])
    return transitions.Standing(
        stage=account.stage,
        since=account.stage_since,
        highest=LADDER[max(ranks)] if ranks else None,
        was_exited=bool(held) and account.stage is None and exits.exists(),
    )


def checklist_done(review: StageReview, stage: str | None) -> bool:
    """Whether every item for leaving `stage` is ticked, or set aside where that is allowed."""
    wanted = {text.code for text in checklist_of(stage)}
    settled = review.checks.exclude(state=CheckState.OPEN).values_list("code", flat=True)
    return wanted <= set(settled)


def _number(value: Decimal | None) -> float | None:
    return None if value is None else float(value)
