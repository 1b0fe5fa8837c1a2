"""Which stage reviews a person sees, may write, and may confirm."""

from __future__ import annotations

import datetime
from typing import Self

from accounts.querysets import TrackedHangingQuerySet
from kam.access.querysets import AccountScopedQuerySet, Reader
from kam.changes.querysets import TrackedQuerySet

CUSTOMER_VIEW = datetime.timedelta(days=365)
"""So long does a customer's view count: twelve months (handbook 2.4, rule 8)."""


class StageReviewQuerySet(TrackedHangingQuerySet):
    """Stage reviews."""

    def confirmable_by(self, user: Reader) -> Self:
        """Reviews that wait for a decision which `user` may take: never the proposer (T7)."""
        return self.waiting()._within("confirmable_by", user).exclude(proposed_by=user.pk)

    def waiting(self) -> Self:
        """Proposed and not yet decided."""
        return self.active().filter(status="proposed")

    def ours(self) -> Self:
        """Our own view; the customer's proposes no stage."""
        return self.filter(side="supplier")

    def to_start_from(self, account_id: int) -> Self:
        """Reviews of an account whose answers a new one may take over, the latest first."""
        return (
            self.active()
            .filter(account=account_id)
            .exclude(status="rejected")
            .order_by("-reviewed_on", "-pk")
        )

    def assessments(self) -> Self:
        """Reviews that somebody stands for: proposed or confirmed."""
        return self.active().ours().filter(status__in=("proposed", "confirmed"))

    def customer_view(self, account_id: int, since: datetime.date, on: datetime.date) -> Self:
        """Customer's answer sets of the days from `since` (`CUSTOMER_VIEW` back) to `on`, on which
        they count; the latest first."""
        return (
            self.active()
            .filter(account=account_id, side="customer", reviewed_on__range=(since, on))
            .order_by("-reviewed_on", "-pk")
        )

    def with_people(self) -> Self:
        """All that lists of reviews show, without the answers; the latest first."""
        return self.select_related("account", "author", "proposed_by", "decided_by").order_by(
            "-reviewed_on", "-pk"
        )

    def for_list(self) -> Self:
        """All that the list endpoint reads."""
        return self.with_people().prefetch_related("answers", "signals", "checks")

    def for_detail(self) -> Self:
        """All that the page of one review reads."""
        return self.for_list().select_related("account__programme")


class OfReviewQuerySet(AccountScopedQuerySet, TrackedQuerySet):
    """What belongs to a review."""

    account_path = "review__account"
