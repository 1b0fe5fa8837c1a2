"""One stage review: its page, its answers, its decision."""

from reviews.views.stage.answers import answer, check, confirm_answers, signal
from reviews.views.stage.decision import ProposeView, RejectView, confirm, discard, withdraw
from reviews.views.stage.page import ReviewDetailView, ReviewUpdateView, StartView

__all__ = [
    "ProposeView",
    "RejectView",
    "ReviewDetailView",
    "ReviewUpdateView",
    "StartView",
    "answer",
    "check",
    "confirm",
    "confirm_answers",
    "discard",
    "signal",
    "withdraw",
]
