"""Who sees which account: only `AccountQuerySet` knows the rule."""

from __future__ import annotations

import datetime
import operator
from collections.abc import Collection
from functools import reduce
from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import (
    Case,
    Exists,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Cast, Coalesce, Concat, Trim

from accounts.choices import LADDER, Stage
from accounts.querysets.reach import (
    CONFIRMERS,
    CONTRIBUTORS,
    EDITORS,
    MANAGERS,
    READERS,
    Reach,
    reach_of,
)
from kam.access.dates import business_today
from kam.access.querysets import Reader, key_among
from kam.access.tree import PathField
from kam.changes.querysets import TrackedQuerySet
from kam.web.indexes import may_hold
from teams.models import Membership, TeamRole

TEAM = frozenset(TeamRole)
MATCHES = 200
"""Names that one word may find while somebody types; they are sorted."""


class AccountQuerySet(TrackedQuerySet):
    """Customers."""

    deep_filters: ClassVar = ("programme", "business_unit", "team", "status")
    """What lists of the API may ask of the account of a row."""

    def roles_of(self, user: Reader) -> Reach:
        """What `user` holds today: one query, once a page (`kam.access.querysets.roles_of`)."""
        return reach_of(user, business_today())

    def held_by(
        self,
        user: Reader,
        roles: Collection[str],
        on: datetime.date | None = None,
        *,
        by_key: bool = False,
    ) -> Self:
        """Accounts on which `user` holds one of `roles` on the day `on` (today), barriers applied.

        A role is held for the installation, the programme, the unit or one above it, or the team.
        An account without team and unit is thus seen by programme-wide roles alone. Information
        barriers come last and spare nobody (`design.md` 4.1). What has been merged into another
        account can be read, and nobody does anything to it.
        """
        if not user.is_active:  # anonymous users are never active
            return self.none()
        day = on or business_today()
        reach = reach_of(user, day)
        teams = [team for role, team in reach.teams if role in roles]
        led = reach.led_with(roles, by_key=by_key)
        programmes = [programme for role, programme in reach.programmes if role in roles]
        if not (teams or led or programmes):
            return self.none()
        scope = Q(team__in=teams) if teams else Q()
        for unit in led:
            scope |= unit
        if None in programmes:
            scope = Q()
        elif programmes:
            scope |= Q(programme__in=programmes)
        fenced = Q()
        for path in reach.fenced:
            fenced |= Q(path__startswith=path)
        rows = self.filter(scope & ~fenced if fenced else scope, staged_by=None)
        return rows if roles is READERS else rows.filter(merged_into=None)

    def visible_to(
        self, user: Reader, *, on: datetime.date | None = None, by_key: bool = False
    ) -> Self:
        """Accounts that `user` may see. There is no superuser branch. `by_key`: see `held_by`."""
        return self.held_by(user, READERS, on, by_key=by_key)

    def in_team_of(self, user: Reader) -> Self:
        """Accounts in whose team `user` is, in any role."""
        return self.held_by(user, TEAM)

    def editable_by(self, user: Reader) -> Self:
        """Accounts that `user` may edit: their manager, deputy, and whoever runs the programme."""
        return self.held_by(user, EDITORS)

    def contributable_by(self, user: Reader) -> Self:
        """Accounts to which `user` may add actions, interactions and contacts."""
        return self.held_by(user, CONTRIBUTORS)

    def managed_by(self, user: Reader) -> Self:
        """Accounts whose status, team and barriers `user` decides on."""
        return self.held_by(user, MANAGERS)

    def confirmable_by(self, user: Reader) -> Self:
        """Accounts whose stage `user` may confirm."""
        return self.held_by(user, CONFIRMERS)

    def behind_barriers_of(self, user: Reader) -> Self:
        """Accounts that information barriers keep from `user`, whatever they hold."""
        paths = reach_of(user, business_today()).fenced if user.is_active else ()
        if not paths:
            return self.none()
        return self.filter(reduce(operator.or_, (Q(path__startswith=path) for path in paths)))

    def of_status(self, *statuses: str) -> Self:
        """Accounts in one of `statuses`."""
        return self.filter(status__in=statuses)

    def under(self, account: models.Model) -> Self:
        """`account` and everything below it in its group."""
        return self.filter(path__startswith=account.path)  # type: ignore[attr-defined]

    def above(self, account: models.Model) -> Self:
        """The accounts above `account`, from the top down."""
        ids = [int(part) for part in account.path.strip("/").split("/")[:-1]]  # type: ignore[attr-defined]
        return self.filter(pk__in=ids).order_by("path")

    def of_stage(self, *stages: str | None) -> Self:
        """Accounts at one of `stages`; None stands for not assessed."""
        named = Q(stage__in=[stage for stage in stages if stage is not None])
        return self.filter(named | Q(stage=None) if None in stages else named)

    def found_by(self, text: str) -> Self:
        """Accounts whose name holds `text`, or one of whose outside numbers starts with it."""
        numbers = self.model._meta.apps.get_model("accounts.ExternalId").objects
        by_number = numbers.numbered(text).order_by().values("account")
        named = Q(may_hold(self.model, text), name__icontains=text)
        return self.filter(named | key_among(by_number))

    def first_found(self, text: str, limit: int) -> Self:
        """Accounts found by `text`: at most `limit` by name, and as many by number.

        Either look-up ends at its first `MATCHES`, so that a common word costs no more than a
        rare one; of more than those the first by name may be missing.
        """
        numbers = self.model._meta.apps.get_model("accounts.ExternalId").objects
        owners = numbers.numbered(text).order_by().values("account")
        named = self.filter(may_hold(self.model, text), name__icontains=text)
        found = (named, self.filter(pk__in=owners))
        everybody = self.model.objects
        among = [everybody.filter(pk__in=_keys(rows.order_by("pk"), MATCHES)) for rows in found]
        # within another list, because SQLite takes no LIMIT in a part of a union
        first, *rest = (
            everybody.filter(pk__in=_keys(rows.order_by("name", "pk"), limit))
            .order_by()
            .values("pk")
            for rows in among
        )
        return self.filter(pk__in=first.union(*rest, all=True)).order_by("name", "pk")

    def numbered_in(self, system: str) -> Self:
        """Accounts that have a number in the named system."""
        numbers = self.model._meta.apps.get_model("accounts.ExternalId").objects
        own = numbers.filter(account=OuterRef("pk"), system=system).order_by()
        return self.filter(Exists(own))

    def with_rationale(self, *kinds: str) -> Self:
        """Accounts with one of these kinds of reason (K021)."""
        named = Q()
        for kind in kinds:
            named |= Q(kinds__contains=f'"{kind}"')
        rows = self.model.objects.annotate(kinds=Cast("rationale_types", models.TextField()))
        return self.filter(pk__in=rows.filter(named).order_by().values("pk"))

    def in_group_of(self, account: models.Model, user: Reader) -> Self:
        """`account` and what lies below it, as far as `user` can follow from parent to child.

        Below an account that they may not see nothing belongs to the group (`design.md` 4.1).
        """
        shown = self.model.objects.visible_to(user).filter(pk=OuterRef("pk")).order_by()
        seen = Subquery(shown.values("pk")[:1])  # asked one by one: a group is small
        hidden = self.model.objects.under(account).alias(seen=seen).filter(seen=None)
        inner = ExpressionWrapper(OuterRef("path"), output_field=PathField())
        cut = hidden.annotate(inner=inner).filter(inner__startswith=F("path"))
        return self.under(account).exclude(Exists(cut.order_by()))

    def overdue_for_review(self, on: datetime.date) -> Self:
        """Accounts whose stage review was due before the day `on`."""
        return self.filter(review_due_on__lt=on)

    def with_parent_for(self, user: Reader) -> Self:
        """Annotates whether `user` may see the parent: an invisible one reads as none."""
        everybody: Any = self.model._default_manager
        parents = everybody.visible_to(user).filter(pk=OuterRef("parent"))
        # A scalar subquery: PostgreSQL would hash an EXISTS over the whole table for 50 rows.
        shown = Subquery(parents.order_by().values("pk")[:1])
        return self.annotate(visible_parent=shown).annotate(
            parent_is_visible=Case(
                When(visible_parent__isnull=False, then=Value(value=True)),
                default=Value(value=False),
                output_field=models.BooleanField(),
            )
        )

    def with_rights_of(self, user: Reader) -> Self:
        """Annotates `may_edit`, `may_contribute`, `may_manage` and `may_confirm`."""
        own = self.model.objects.filter(pk=OuterRef("pk")).order_by()
        return self.annotate(
            may_edit=Exists(own.editable_by(user)),
            may_contribute=Exists(own.contributable_by(user)),
            may_manage=Exists(own.managed_by(user)),
            may_confirm=Exists(own.confirmable_by(user)),
        )

    def with_manager(self) -> Self:
        """Annotates `manager_name`, empty without one: all that a row of a list shows of a team."""
        managers = Membership.objects.filter(team=OuterRef("team"), role=TeamRole.KAM)
        full = Concat("user__first_name", Value(" "), "user__last_name")
        name = managers.valid_on(business_today()).order_by("-valid_from").annotate(full=Trim(full))
        shown = name.annotate(
            shown=Case(When(full="", then=F("user__username")), default=F("full"))
        ).values("shown")[:1]
        return self.annotate(manager_name=Coalesce(Subquery(shown), Value("")))

    def with_stage_order(self) -> Self:
        """Annotates `stage_order`, 0 for pre-KAM to 5 for uncoupling, null if not assessed."""
        places = enumerate((*LADDER, Stage.UNCOUPLING))
        steps = [When(stage=stage, then=Value(place)) for place, stage in places]
        return self.annotate(
            stage_order=Case(*steps, default=None, output_field=models.IntegerField())
        )

    def for_page(self, user: Reader) -> Self:
        """All that the list page shows of a row, in one query."""
        return (
            self.with_manager()
            .with_stage_order()
            .with_parent_for(user)
            .annotate(unit_name=F("business_unit__name"), parent_name=F("parent__name"))
            .order_by("name", "pk")
        )

    def for_detail(self, user: Reader) -> Self:
        """All that the head of an account's page shows of the account itself."""
        numbers = self.model._meta.apps.get_model("accounts.ExternalId").objects
        number = numbers.filter(account=OuterRef("pk")).order_by("system", "value")
        return (
            self.with_parent_for(user)
            .with_rights_of(user)
            .annotate(number=Subquery(number.values("value")[:1]))
            .select_related("programme", "business_unit", "team", "parent", "channel")
        )

    def for_list(self) -> Self:
        """In the order of lists; bodies of the API hold keys alone."""
        return self.order_by("name", "pk")


def _keys(rows: models.QuerySet, limit: int) -> models.QuerySet:
    return rows.values("pk")[:limit]
