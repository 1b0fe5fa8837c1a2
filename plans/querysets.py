"""Who reads which plan, and whether as working copy or as last approved."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable
from typing import Any, ClassVar, Self

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Case, Count, Exists, F, OuterRef, Q, Subquery, Value, When
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, Coalesce

from accounts.querysets import TrackedHangingQuerySet
from kam.access.once import asking_once
from kam.access.querysets import AccountScopedQuerySet, Reader, at_one_of, scope_model, within
from kam.changes.querysets import TrackedQuerySet
from kam.web.indexes import may_hold
from plans.choices import OPEN_ACTIONS, ActionStatus, PlanStatus, RiskState
from teams.models import Role, TeamRole

APPROVERS = frozenset(
    [Role.ADMINISTRATOR, Role.PROGRAMME_MANAGER, Role.SENIOR_MANAGER, TeamRole.SPONSOR]
)
"""Who may approve, as long as they are not the author (`design.md` 4.1, 11)."""

FINANCE = frozenset([Role.FINANCE])
DECIDERS = APPROVERS | FINANCE
"""Who may send a submitted plan back (handbook 4.2)."""

MANAGER = frozenset([TeamRole.KAM])

LONGEST_SEARCH = 200
"""Characters of a search that are looked at."""

WORKING = Q(reads_working=True) | Q(approved__isnull=True)
"""Rows that are shown as they are, after `visible_to`."""

HERE_FOR = datetime.timedelta(seconds=60)
"""How long somebody counts as being on a page after the last sign of it (polled every 20 s)."""


class WorkingCopyQuerySet(AccountScopedQuerySet, TrackedQuerySet):
    """Rows that exist as working copy and as last approved (`design.md` 11).

    Editors read the working copy; whoever decides on a plan reads it while it is in review;
    everybody else reads what was approved last. `reads_working` says which it is for the reader;
    `plans.reading.as_read` puts the approved values into the row.
    """

    plan_path: ClassVar[str] = "plan"

    def _plan(self, field: str) -> str:
        return f"{self.plan_path}__{field}" if self.plan_path else field

    def visible_to(self, user: Reader) -> Self:
        """Rows of accounts that `user` may see: working rows for whoever reads the working copy,
        rows that were approved for the others."""
        accounts = scope_model()._default_manager.all()
        path = self.account_path
        edited = at_one_of(accounts.editable_by(user), path, user)
        decided = at_one_of(accounts.held_by(user, DECIDERS), path, user)
        in_review = Q(**{self._plan("status"): PlanStatus.IN_REVIEW})
        works = Q(edited) | (in_review & Q(decided))
        return (
            super()
            .visible_to(user)
            .annotate(
                reads_working=Case(When(works, then=Value(value=True)), default=Value(value=False))
            )
            .filter(self._readable())
        )

    def _readable(self) -> Q:
        return Q(reads_working=True) | Q(approved__isnull=False)

    def found_by(self, text: str, fields: Iterable[str]) -> Self:
        """After `visible_to`: rows in which every word of `text` occurs in some of `fields`, in
        the content that the reader reads, so that no search tells what is being written."""
        for word in text[:LONGEST_SEARCH].split():
            hits = Q()
            for name in fields:
                hits |= self._read(name, "icontains", word)
            self = self.filter(hits)  # noqa: PLW0642  (a queryset is narrowed step by step)
        return self

    def where_read(self, field: str, lookup: str, value: Any) -> Self:
        """After `visible_to`: rows whose `field` answers the look-up as the reader reads it."""
        return self.filter(self._read(field, lookup, value))

    def with_read(self, *names: str) -> Self:
        """After `visible_to`: `read_<name>`, to sort by what the reader reads (dates as text)."""
        columns = {}
        for name in names:
            field = self.model._meta.get_field(name)
            number = isinstance(field, models.IntegerField)
            kind: models.Field = models.IntegerField() if number else models.CharField()
            columns[f"read_{name}"] = Case(
                When(WORKING, then=Cast(name, kind)),
                When(**{f"approved__{name}": None}, then=Value(None, kind)),
                default=Cast(KT(f"approved__{name}"), kind),
            )
        return self.annotate(**columns)

    def _read(self, field: str, lookup: str, value: Any) -> Q:
        own = Q(**{f"{field}__{lookup}": value})
        if field not in self.model.CONTENT_FIELDS:  # type: ignore[attr-defined]
            return own
        stored = json.loads(json.dumps(value, cls=DjangoJSONEncoder))
        if lookup == "isnull":  # an empty value is stored as null, not left out
            empty = Q(**{f"approved__{field}": None})
            return (WORKING & own) | (~WORKING & (empty if value else ~empty))
        return (WORKING & own) | (~WORKING & Q(**{f"approved__{field}__{lookup}": stored}))

    def current(self) -> Self:
        """After `visible_to`: without working rows that are archived."""
        return self.filter(Q(reads_working=False) | Q(archived_at=None))


class PlanQuerySet(WorkingCopyQuerySet):
    """Plans. Everybody who sees the account sees that there is one, and where it stands."""

    account_path = "account"
    plan_path = ""

    def _readable(self) -> Q:
        return Q()

    def with_content(self) -> Self:
        """After `visible_to`: plans of which the reader reads more than that they exist."""
        return self.filter(super()._readable())

    def in_force(self) -> Self:
        """Plans of which an approved version is in force."""
        return self.filter(in_force=True)

    def to_decide_by(self, user: Reader) -> Self:
        """Plans in review that `user` may decide on: entitled, neither author nor submitter."""
        with asking_once():
            accounts = scope_model()._default_manager.held_by(user, APPROVERS)
            decided = within(accounts, "account", user)
        return (
            self.active()
            .filter(decided, status=PlanStatus.IN_REVIEW)
            .exclude(author=user.pk)
            .exclude(submitted_by=user.pk)
        )

    def for_list(self) -> Self:
        """All that the list page and the list endpoint read."""
        # Counted row by row: a join would group every plan there is for a page of fifty.
        everything = self.model._meta.apps.get_model("plans.Objective").objects
        objectives = everything.filter(plan=OuterRef("pk"), archived_at=None).order_by()
        count = objectives.values("plan").annotate(count=Count("pk")).values("count")
        return (
            self.select_related("account__programme", "author")
            .annotate(objective_count=Coalesce(Subquery(count), 0))
            .order_by("-starts_on", "pk")
        )

    def with_rights_of(self, user: Reader) -> Self:
        """Annotates `may_edit`, `may_add_action` and `may_submit`: editors, contributors and the
        manager of the account."""
        account = scope_model()._default_manager.filter(pk=OuterRef("account")).order_by()
        return self.annotate(
            may_edit=Exists(account.editable_by(user)),
            may_add_action=Exists(account.contributable_by(user)),
            may_submit=Exists(account.held_by(user, MANAGER)),
        )

    def for_detail(self) -> Self:
        """All that the head of a plan shows."""
        return self.select_related("account__programme", "account__team", "author", "submitted_by")


class PlanContentQuerySet(WorkingCopyQuerySet):
    """Rows with a foreign key `plan`."""

    account_path = "plan__account"

    def for_list(self) -> Self:
        """All that lists of them show."""
        return self.select_related("plan__account").order_by("plan", "pk")


class ObjectiveQuerySet(PlanContentQuerySet):
    """Objectives."""

    def for_list(self) -> Self:
        """All that lists of objectives show."""
        return self.select_related(
            "plan__account", "owner", "customer_goal", "success_factor", "corporate_objective"
        ).order_by("plan", "position", "pk")


class ObjectiveContentQuerySet(WorkingCopyQuerySet):
    """Strategies and milestones."""

    account_path = "objective__plan__account"
    plan_path = "objective__plan"

    def current(self) -> Self:
        """Nor what lies under an archived objective."""
        there = Q(reads_working=False) | Q(objective__archived_at=None)
        return super().current().filter(there)

    def for_list(self) -> Self:
        """All that lists of them show."""
        rows = self.select_related("objective__plan__account")
        ordering = self.model._meta.ordering or ()
        return rows.order_by("objective", *ordering[1:])


class RiskQuerySet(PlanContentQuerySet):
    """Risks."""

    def high(self, threshold: int) -> Self:
        """Open risks with likelihood times impact of `threshold` or more."""
        scored = self.active().annotate(rated=F("likelihood") * F("impact"))
        return scored.filter(rated__gte=threshold).exclude(state=RiskState.CLOSED)

    def for_list(self) -> Self:
        """All that lists of risks show, the worst first."""
        return (
            self.select_related("plan__account", "owner")
            .annotate(rated=F("likelihood") * F("impact"))
            .order_by("-rated", "pk")
        )


class ActionQuerySet(TrackedHangingQuerySet):
    """Actions."""

    def found_by(self, text: str) -> Self:
        """Actions in whose text every word of `text` occurs."""
        for word in text[:LONGEST_SEARCH].split():
            self = self.filter(  # noqa: PLW0642  (a queryset is narrowed step by step)
                may_hold(self.model, word), text__icontains=word
            )
        return self

    def changeable_by(self, user: Reader) -> Self:
        """Actions that `user` may change: all of an account they edit, else their own."""
        accounts = scope_model()._default_manager.all()
        with asking_once():
            edited = at_one_of(accounts.editable_by(user), "account_id", user)
            served = at_one_of(accounts.contributable_by(user), "account_id", user)
        own = Q(owner=user.pk) | Q(author=user.pk)
        return self.filter(Q(edited) | (Q(served) & own))

    def open(self) -> Self:
        """What is still to be done."""
        return self.active().filter(status__in=OPEN_ACTIONS)

    def overdue(self, on: datetime.date) -> Self:
        """Open actions that were due before the day `on`."""
        return self.open().filter(due__lt=on)

    def of(self, user: Reader) -> Self:
        """Actions that `user` owns."""
        return self.filter(owner=user.pk)

    def in_state(self, *states: str) -> Self:
        """Actions that show one of `states`: what waits for an unfinished action is blocked."""
        waiting = Q(status__in=OPEN_ACTIONS, depends_on__status__in=OPEN_ACTIONS)
        wanted = Q(status__in=states) & ~waiting
        if ActionStatus.BLOCKED in states:
            wanted |= waiting
        return self.filter(wanted)

    def for_list(self) -> Self:
        """All that lists of actions show, what is due first on top."""
        rows = self.select_related("account", "owner", "function", "depends_on")
        return rows.order_by(F("due").asc(nulls_last=True), "pk")


class PlanHangingQuerySet(AccountScopedQuerySet):
    """Decisions: read by all who see the account."""

    account_path = "plan__account"


class PlanVersionQuerySet(AccountScopedQuerySet):
    """Frozen versions."""

    account_path = "plan__account"

    def visible_to(self, user: Reader) -> Self:
        """Approved versions for all who see the account; submitted ones for whoever edits the
        plan or decides on it."""
        accounts = scope_model()._default_manager.all()
        editable = accounts.editable_by(user).order_by().values("pk")
        decidable = accounts.held_by(user, DECIDERS).order_by().values("pk")
        return (
            super()
            .visible_to(user)
            .filter(
                Q(kind="approval") | Q(plan__account__in=editable) | Q(plan__account__in=decidable)
            )
        )

    def for_list(self) -> Self:
        """All that the list of versions shows, without their content."""
        return (
            self.select_related("plan__account", "created_by")
            .defer("content")
            .order_by("-number", "pk")
        )


class PresenceQuerySet(models.QuerySet):
    """Who is on which plan."""

    def others(self, user: int, since: datetime.datetime) -> Self:
        """People other than the one with the key `user` seen after `since`."""
        seen = self.filter(seen_at__gte=since).exclude(user=user)
        return seen.select_related("user").order_by("user__first_name", "pk")


def plan_audience(user: Reader) -> Q:
    """Which changes of plans' content `user` may read: those of accounts they edit or audit.

    Others read what was approved, in its versions, not what is being written.
    """
    accounts = scope_model()._default_manager.all()
    edited = at_one_of(accounts.editable_by(user), "account_id", user)
    audited = at_one_of(accounts.held_by(user, frozenset([Role.AUDITOR])), "account_id", user)
    return Q(edited) | Q(audited)
