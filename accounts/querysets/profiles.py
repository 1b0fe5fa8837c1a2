"""Profile parameters, ratings, target profiles, target lists and what accounts are like."""

from __future__ import annotations

from typing import Any, Self

from django.apps import apps
from django.db import models
from django.db.models import F, Prefetch, Q

from accounts.querysets.hanging import (
    HangingQuerySet,
    ProgrammeTrackedQuerySet,
    TrackedHangingQuerySet,
)


class ProfileParameterQuerySet(ProgrammeTrackedQuerySet):
    """What accounts are rated on: known to all people of the programme."""

    def holding_in(self, channel: models.Model | None) -> Self:
        """Parameters that hold throughout `channel`: those without one, and those of a channel
        that it is or lies below."""
        if channel is None:
            return self.filter(channel=None)
        steps = channel.path.strip("/").split("/")  # type: ignore[attr-defined]
        return self.filter(Q(channel=None) | Q(channel__in=[int(step) for step in steps]))

    def for_list(self) -> Self:
        """All that lists of parameters show."""
        return self.select_related("channel", "programme").order_by("area", "name", "pk")


class FollowedQuerySet(HangingQuerySet):
    """Rows of accounts of which a later one supersedes an earlier one."""

    def in_force(self) -> Self:
        """Rows that no later one has superseded."""
        return self.filter(superseded_at=None)


class RatingQuerySet(FollowedQuerySet):
    """Ratings of accounts."""

    def in_force(self) -> Self:
        """Ratings that no later one has superseded, without those taken back."""
        return super().in_force().exclude(value=None, choice="")

    def for_list(self) -> Self:
        """All that lists of ratings show, latest first."""
        related = ("account", "parameter", "rated_by")
        return self.select_related(*related).order_by("-rated_on", "-pk")


class TargetProfileQuerySet(ProgrammeTrackedQuerySet):
    """What brands look for: known to all people of the programme."""

    def for_list(self) -> Self:
        """Target profiles with what they ask, by brand."""
        rows = self.select_related("brand", "channel", "programme")
        ranges: Any = apps.get_model("accounts.TargetRange")._default_manager
        rows = rows.prefetch_related(Prefetch("ranges", ranges.select_related("parameter")))
        return rows.order_by("brand__name", F("channel__full_name").asc(nulls_first=True), "pk")


class TargetQuerySet(FollowedQuerySet):
    """Target lists."""

    def for_list(self) -> Self:
        """All that target lists show, latest first."""
        related = ("account__channel", "brand", "decided_by")
        return self.select_related(*related).order_by("-since", "-pk")


class ProfileEntryQuerySet(FollowedQuerySet):
    """What is known of accounts."""

    def in_force(self) -> Self:
        """Entries that no later one has superseded, without those taken back."""
        return super().in_force().exclude(value="")

    def for_list(self) -> Self:
        """All that lists of entries show, latest first."""
        return self.select_related("account", "recorded_by").order_by("-as_of", "-pk")


class SuccessFactorQuerySet(TrackedHangingQuerySet):
    """What decides for customers."""

    def for_list(self) -> Self:
        """All that lists of them show, the weightiest first."""
        return self.select_related("account").order_by("-weight", "pk")


class PreferredBenefitQuerySet(TrackedHangingQuerySet):
    """What accounts would gain as preferred customers."""

    def for_list(self) -> Self:
        """All that lists of them show, those not told yet first."""
        rows = self.select_related("account")
        return rows.order_by(F("told_on").asc(nulls_first=True), "pk")
