"""What hangs on an account, and the lists of a programme."""

from __future__ import annotations

import datetime
from typing import Any, Self

from django.db.models import Exists, OuterRef, Q

from accounts.querysets.reach import MANAGERS
from kam.access.dates import end_of_business_day
from kam.access.once import asking_once
from kam.access.querysets import AccountScopedQuerySet, DatedQuerySet, Reader, scope_model, within
from kam.changes.querysets import TrackedQuerySet
from kam.web.indexes import may_hold
from teams.models import Role
from teams.querysets import ProgrammeScopedQuerySet


class HangingQuerySet(AccountScopedQuerySet):
    """Rows with a foreign key `account`."""

    account_path = "account"


class ExternalIdQuerySet(HangingQuerySet):
    """Numbers of accounts in other systems."""

    def numbered(self, text: str) -> Self:
        """Those that start with `text`."""
        return self.filter(may_hold(self.model, text), value__istartswith=text)


class TrackedHangingQuerySet(AccountScopedQuerySet, TrackedQuerySet):
    """Editable rows with a foreign key `account`."""

    account_path = "account"


class ProgrammeTrackedQuerySet(ProgrammeScopedQuerySet, TrackedQuerySet):
    """Editable lists of a programme: products, activities, rates."""


class ProductQuerySet(ProgrammeTrackedQuerySet):
    """What we sell."""

    def named(self, text: str) -> Self:
        """Products whose code starts with `text` or whose name holds it."""
        return self.filter(Q(code__istartswith=text) | Q(name__icontains=text))

    def for_list(self) -> Self:
        """All that lists of products show."""
        return self.select_related("programme", "line").order_by("code", "pk")


class ContactQuerySet(TrackedHangingQuerySet):
    """People at the customer."""

    def found_by(self, text: str) -> Self:
        """People whose name holds `text`, or whose address starts with it."""
        found = Q(name__icontains=text) | Q(email__istartswith=text)
        return self.filter(may_hold(self.model, text), found)

    def quiet(self, on: datetime.date) -> Self:
        """People not talked to for longer than agreed, longest silence first."""
        return self.active().filter(quiet_on__lt=on).order_by("quiet_on", "pk")

    def with_rights_of(self, user: Reader) -> Self:
        """Annotates `may_contribute`: whether `user` may log a contact with them."""
        accounts: Any = scope_model()._default_manager.all()
        own = accounts.filter(pk=OuterRef("account")).order_by()
        return self.annotate(may_contribute=Exists(own.contributable_by(user)))

    def for_list(self) -> Self:
        """All that lists of people show."""
        return self.select_related("account", "site", "reports_to").order_by("name", "pk")


class InteractionQuerySet(TrackedHangingQuerySet):
    """Talks with people of the customer."""

    def for_list(self) -> Self:
        """All that lists of talks show, latest first."""
        return (
            self.select_related("account", "user")
            .prefetch_related("contacts")
            .order_by("-happened_on", "-pk")
        )


class LedgerQuerySet(HangingQuerySet):
    """Sales lines."""

    def live(self) -> Self:
        """Lines that count: entered by hand or API, or of a published import."""
        return self.filter(Q(run=None) | Q(run__is_live=True))

    def known_on(self, day: datetime.date) -> Self:
        """Lines that were recorded, or whose import was published, by the end of `day`."""
        published = Q(run__published_at__lt=end_of_business_day(day))
        return self.filter(Q(run=None, recorded_on__lte=day) | published)

    def for_list(self) -> Self:
        """All that lists of sales lines show, latest first."""
        return self.select_related("account", "product").order_by("-booked_on", "-pk")


class ActivityCostQuerySet(TrackedHangingQuerySet):
    """Costs to serve."""

    def for_list(self) -> Self:
        """All that lists of costs show, latest first."""
        return self.select_related("account", "activity").order_by("-month", "pk")


class ConflictQuerySet(TrackedQuerySet, DatedQuerySet):
    """Conflicts between two accounts."""

    def fences(self, on: datetime.date) -> Self:
        """Information barriers that stand on the day `on`."""
        return self.active().filter(kind="ring_fence").valid_on(on)

    def not_excepted(self, user: int, on: datetime.date) -> Self:
        """Without those from which the person with this key is excepted by name on the day `on`."""
        exceptions = self.model._meta.apps.get_model("accounts.ConflictException").objects
        mine = exceptions.filter(user=user, conflict=OuterRef("pk")).valid_on(on)
        return self.exclude(Exists(mine))

    def visible_to(self, user: Reader) -> Self:
        """Conflicts both sides of which `user` may see, for whoever decides on them or audits."""
        accounts = self.model._meta.apps.get_model("accounts.Account").objects
        deciders = {*MANAGERS, Role.AUDITOR}
        with asking_once():
            shown = accounts.held_by(user, deciders)
            return self.filter(within(shown, "a", user), within(shown, "b", user))

    def for_list(self) -> Self:
        """All that the list of conflicts shows."""
        return self.select_related("a", "b").order_by("a__name", "b__name", "pk")


class ExceptionQuerySet(DatedQuerySet):
    """Exceptions from barriers."""

    def visible_to(self, user: Reader) -> Self:
        """Exceptions from conflicts that `user` may see."""
        conflicts = self.model._meta.apps.get_model("accounts.Conflict").objects
        return self.filter(conflict__in=conflicts.visible_to(user).values("pk"))
