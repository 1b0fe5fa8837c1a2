"""Filters of the accounts' list; relations are filtered by id, unknown ids find nothing."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import Exists, F, OuterRef, QuerySet

from accounts.choices import RationaleType, Stage, Status
from accounts.filters import NOT_ASSESSED, decided_or_not
from accounts.models import Account, Decision
from accounts.selection.looking import served_by
from kam.access.dates import business_today
from kam.api.filters import FilterSet, IdFilter
from teams.models import BusinessUnit, TeamRole
from teams.querysets import memberships_today


class AccountApiFilter(FilterSet):
    """What the page filters by: `business_unit` and `group` take in all below."""

    status = django_filters.ChoiceFilter(choices=Status.choices)
    stage = django_filters.ChoiceFilter(
        choices=[*Stage.choices, (NOT_ASSESSED, "not assessed")], method="by_stage"
    )
    target_stage = django_filters.ChoiceFilter(choices=Stage.choices)
    business_unit = IdFilter(method="by_unit")
    manager = IdFilter(method="by_manager")
    group = IdFilter(method="by_group")
    parent = IdFilter(method="by_parent")
    country = django_filters.CharFilter(lookup_expr="iexact")
    industry = django_filters.CharFilter(lookup_expr="iexact")
    rationale = django_filters.ChoiceFilter(choices=RationaleType.choices, method="by_rationale")
    service_model = django_filters.ChoiceFilter(
        choices=Decision.ServiceModel.choices, method="by_service"
    )
    decided = django_filters.BooleanFilter(method="by_decided")
    overdue = django_filters.BooleanFilter(method="by_overdue")
    archived = django_filters.BooleanFilter(
        field_name="archived_at", lookup_expr="isnull", exclude=True
    )
    external_system = django_filters.CharFilter(method="by_system")

    class Meta:
        model = Account
        fields = ("programme", "team", "channel", "size", "reach", "intent", "criticality")

    def by_stage(self, accounts: QuerySet, name: str, value: str) -> QuerySet:
        return accounts.of_stage(None if value == NOT_ASSESSED else value)

    def by_unit(self, accounts: QuerySet, name: str, value: Any) -> QuerySet:
        units = BusinessUnit.objects.visible_to(self.request.user).order_by()
        top = units.filter(pk=value)
        below = units.annotate(top=top.values("path")[:1])
        return accounts.filter(
            business_unit__in=below.filter(path__startswith=F("top")).values("pk")
        )

    def by_manager(self, accounts: QuerySet, name: str, value: Any) -> QuerySet:
        managed = memberships_today().filter(user=value, role=TeamRole.KAM, team=OuterRef("team"))
        return accounts.filter(Exists(managed))

    def by_group(self, accounts: QuerySet, name: str, value: Any) -> QuerySet:
        user = self.request.user
        top = Account.objects.visible_to(user).filter(pk=value).first()
        if top is None:
            return accounts.none()
        inside = Account.objects.in_group_of(top, user).order_by().values("pk")
        return accounts.filter(pk__in=inside)

    def by_parent(self, accounts: QuerySet, name: str, value: Any) -> QuerySet:
        shown = Account.objects.visible_to(self.request.user).filter(pk=value)
        return accounts.filter(parent__in=shown.order_by().values("pk"))

    def by_rationale(self, accounts: QuerySet, name: str, value: str) -> QuerySet:
        return accounts.with_rationale(value)

    def by_service(self, accounts: QuerySet, name: str, value: str) -> QuerySet:
        return served_by(accounts, [value])

    def by_decided(self, accounts: QuerySet, name: str, value: bool) -> QuerySet:  # noqa: FBT001  (django-filter's signature)
        return decided_or_not(accounts, value)

    def by_overdue(self, accounts: QuerySet, name: str, value: bool) -> QuerySet:  # noqa: FBT001  (django-filter's signature)
        overdue = accounts.overdue_for_review(business_today())
        return overdue if value else accounts.exclude(pk__in=overdue.order_by().values("pk"))

    def by_system(self, accounts: QuerySet, name: str, value: str) -> QuerySet:
        return accounts.filter(pk__in=accounts.model.objects.numbered_in(value).values("pk"))
