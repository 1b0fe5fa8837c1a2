"""Stage reviews of the demonstration programme: the handbook's five, and others by pattern."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

from accounts.models import Account
from reviews import services
from reviews.models import StageReview
from teams.models import User

ITEMS = [f"{dimension}{number}" for dimension in "ABCDEF" for number in range(1, 5)]

HANDBOOK = {
    "Alder Foods": "1100 1001 0000 0000 0000 1000",
    "Birch Logistics": "2221 2222 2121 2231 1111 2222",
    "Cedar Health": "1121 3334 3332 3443 2322 3333",
    "Elm Retail": "3332 3332 3322 2333 2222 3322",
    "Dogwood Energy": "3322 2232 2322 3222 3343 3223",
}
"""Scores of handbook 2.4, items in order; Birch's D3 was answered 3 without evidence."""

SHARES = {
    "Alder Foods": "0",
    "Birch Logistics": "0.40",
    "Cedar Health": "0.60",
    "Elm Retail": "0.40",
    "Dogwood Energy": "0.50",
}
"""Share of wallet (handbook 3.4)."""

DOGWOOD_BEFORE = "4433 3343 4333 3433 4443 4333"
"""A year earlier: index 84.4, synergistic; 62 % of the wallet."""

BY_STAGE = {
    "pre": ("0100 0010 0000 0000 0000 1000", "0.02"),
    "early": ("1111 1121 1101 1111 1011 1111", "0.12"),
    "mid": ("2221 2232 2122 2221 1222 2222", "0.30"),
    "partnership": ("3332 3333 3332 3332 3222 3332", "0.60"),
    "synergistic": ("4434 4443 4434 4444 4344 4443", "0.82"),
}
"""Scores and share of wallet of somebody who stands at a stage."""

NOTES = (
    "Minutes of the last steering meeting",
    "Order history of the last twelve months",
    "Mail of the plant manager",
    "Joint calendar, four dates kept",
    "Service report, quarter before",
    "Contract, annex 2",
)


class Decision(NamedTuple):
    """Who answers, proposes and confirms."""

    author: User
    confirmer: User


def answers(name: str, scores: str) -> dict[str, dict[str, object]]:
    """Answers with evidence where 3 or 4 asks for it; Birch's D3 has none."""
    digits = scores.replace(" ", "")
    found = {}
    for place, (item, digit) in enumerate(zip(ITEMS, digits, strict=True)):
        if item == "D1":
            continue
        bare = name == "Birch Logistics" and item == "D3"
        evidence = "" if bare or int(digit) < 2 else NOTES[place % len(NOTES)]
        found[item] = {"score": int(digit), "evidence": evidence}
    return found


def draft(
    account: Account, author: User, scores: str, share: str, on: datetime.date
) -> StageReview:
    """An answered review that nobody has proposed yet."""
    return services.start_review(
        actor=author,
        account=account,
        reviewed_on=on,
        on=on,
        participants=str(author),
        share_of_wallet=Decimal(share),
        answers=answers(account.name, scores),
    )


def propose(review: StageReview, author: User, decision: Mapping[str, object]) -> StageReview:
    """Propose a stage on the day of the review."""
    return services.propose(
        actor=author,
        review=review,
        decision=decision,
        on=review.reviewed_on,
        expected_version=None,
    )


def confirmed(
    account: Account,
    people: Decision,
    scores: str,
    share: str,
    on: datetime.date,
    stage: str,
    reason: str,
) -> StageReview:
    """A review that was answered, proposed and confirmed on one day."""
    review = draft(account, people.author, scores, share, on)
    decision = {"decided_stage": stage, "reason": reason}
    review = propose(review, people.author, decision)
    return services.confirm(actor=people.confirmer, review=review, on=on, expected_version=None)
