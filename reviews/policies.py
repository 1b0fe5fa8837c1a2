"""Who may do what with a stage review; every answer asks the queryset that knows the rule."""

from __future__ import annotations

from accounts.models import Account
from kam.access.querysets import Reader, is_one_of
from reviews.models import StageReview


def can_start(user: Reader, account: Account) -> bool:
    """Manager, deputy, programme manager, administrator."""
    return is_one_of(Account.objects.editable_by, user, account.pk)


def can_write(user: Reader, review: StageReview) -> bool:
    """Who answers, proposes and withdraws: the editors of the account."""
    return is_one_of(StageReview.objects.editable_by, user, review.pk)


def can_confirm(user: Reader, review: StageReview) -> bool:
    """Programme manager, administrator or the unit's senior manager; never the proposer (T7)."""
    if review.proposed_by_id == user.pk:
        return False
    return is_confirmer(user, review.account)


def is_confirmer(user: Reader, account: Account) -> bool:
    """Whether `user` may confirm stages of `account` at all."""
    return is_one_of(Account.objects.confirmable_by, user, account.pk)


def is_director(user: Reader, account: Account) -> bool:
    """Programme manager or administrator: who decides on overrides and uncouplings (T2, T4)."""
    return is_one_of(Account.objects.managed_by, user, account.pk)
