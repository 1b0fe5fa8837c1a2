"""Forms of the reviews: they check shape only."""

from reviews.forms.stage import (
    AnswerForm,
    CheckForm,
    ProposalForm,
    RejectionForm,
    ReviewForm,
    SignalForm,
    StartForm,
)

__all__ = [
    "AnswerForm",
    "CheckForm",
    "ProposalForm",
    "RejectionForm",
    "ReviewForm",
    "SignalForm",
    "StartForm",
]
