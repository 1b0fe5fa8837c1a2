"""The market: trade channels, and what customers buy in our categories."""

from __future__ import annotations

import datetime
from typing import Any, Self

from django.apps import apps
from django.db import models
from django.db.models import Q

from accounts.querysets.hanging import ProgrammeTrackedQuerySet, TrackedHangingQuerySet
from kam.access.querysets import Reader, at_one_of, scope_model


class ChannelQuerySet(ProgrammeTrackedQuerySet):
    """Trade channels, a tree; known to all people of the programme."""

    def under(self, channel: models.Model) -> Self:
        """`channel` and everything below it."""
        return self.filter(path__startswith=channel.path)  # type: ignore[attr-defined]

    def named(self, text: str) -> Self:
        """Channels whose name, or that of one above, holds `text`, or whose code starts so."""
        return self.filter(Q(full_name__icontains=text) | Q(code__istartswith=text))

    def for_list(self) -> Self:
        """The tree, every channel behind the one above it."""
        return self.select_related("parent", "programme").order_by("full_name", "pk")


class CategoryPurchaseQuerySet(TrackedHangingQuerySet):
    """Category purchases. Those of accounts follow the accounts; those of a whole channel, which
    add up customers that a person may not see, are for whoever reads the whole programme."""

    def _with_markets(self, method: str, of_programmes: str, user: Reader) -> Self:
        if not user.is_active:
            return self.none()
        accounts = getattr(scope_model()._default_manager.all(), method)(user)
        programmes: Any = apps.get_model("teams.Programme")._default_manager.all()
        whole = getattr(programmes, of_programmes)(user)
        if whole.query.is_empty():
            return self._within(method, user)
        market = Q(account=None, programme__in=whole.order_by().values("pk"))
        return self.filter(Q(at_one_of(accounts, "account", user)) | market)

    def visible_to(self, user: Reader) -> Self:
        """Purchases of accounts that `user` may see, and of channels for who reads it all."""
        return self._with_markets("visible_to", "read_whole_by", user)

    def editable_by(self, user: Reader) -> Self:
        """Purchases of accounts that `user` edits, and of channels for who runs the programme."""
        return self._with_markets("editable_by", "editable_by", user)

    def contributable_by(self, user: Reader) -> Self:
        """As `editable_by`: a figure on the market is not a note."""
        return self.editable_by(user)

    def of_accounts(self) -> Self:
        """Without those of whole channels."""
        return self.exclude(account=None)

    def in_channels(self, channels: models.QuerySet) -> Self:
        """Purchases of accounts in `channels` (their primary keys), and of these themselves."""
        return self.filter(Q(channel__in=channels) | Q(account__channel__in=channels))

    def overlapping(self, first: datetime.date | None, last: datetime.date | None) -> Self:
        """Purchases of periods that have a day between `first` and `last`; None is open."""
        rows = self if first is None else self.filter(period_until__gte=first)
        return rows if last is None else rows.filter(period_from__lte=last)

    def for_list(self) -> Self:
        """All that lists of purchases show, latest period first."""
        related = ("account", "site", "channel", "category", "recorded_by")
        return self.select_related(*related).order_by("-period_until", "pk")
