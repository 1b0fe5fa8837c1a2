"""What becomes of reviews when an account is taken up by another."""

from accounts.merging.rules import Rule, register
from accounts.models import Account


def register_rules() -> None:
    """Called when the app is ready: reviews move as they are, answers hang on them."""
    register(Account._meta.label, Rule("reviews.StageReview.account"))
