"""Every write to stage reviews."""

from reviews.services.deciding import DECISION_FIELDS, confirm, propose, reject, withdraw
from reviews.services.rows import ANSWER_FIELDS
from reviews.services.writing import (
    EDITABLE_FIELDS,
    START_FIELDS,
    answer,
    archive_review,
    confirm_answers,
    set_check,
    set_signal,
    start_review,
    update_review,
)

__all__ = [
    "ANSWER_FIELDS",
    "DECISION_FIELDS",
    "EDITABLE_FIELDS",
    "START_FIELDS",
    "answer",
    "archive_review",
    "confirm",
    "confirm_answers",
    "propose",
    "reject",
    "set_check",
    "set_signal",
    "start_review",
    "update_review",
    "withdraw",
]
