"""Which accounts a list shows: the same parameters for the page, the export and the API."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import django_filters
from django.db.models import Choices, Exists, OuterRef, QuerySet
from django.forms import CheckboxSelectMultiple
from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.choices import (
    Criticality,
    GeographicReach,
    Intent,
    RationaleType,
    Size,
    Stage,
    Status,
)
from accounts.models import Account, Decision
from accounts.selection.looking import served_by, undecided
from kam.access.dates import business_today
from kam.web.fields import OpenSelect
from kam.web.views.tables import is_filtered
from teams.models import BusinessUnit, Programme, Team, TeamRole, User
from teams.querysets import memberships_today

NOT_ASSESSED = "none"
"""Value of the filter `stage` for accounts without a stage."""


def _units(request: HttpRequest) -> QuerySet[BusinessUnit]:
    return BusinessUnit.objects.visible_to(request.user).order_by("path")


def _teams(request: HttpRequest) -> QuerySet[Team]:
    return Team.objects.visible_to(request.user).order_by("name", "pk")


def _managers(request: HttpRequest) -> QuerySet[User]:
    """Managers of teams that the reader may see."""
    managing = memberships_today().filter(role=TeamRole.KAM, team__in=_teams(request))
    return User.objects.filter(pk__in=managing.values("user")).with_name()


def _accounts(request: HttpRequest) -> QuerySet[Account]:
    return Account.objects.visible_to(request.user)


def _programmes(request: HttpRequest) -> QuerySet[Programme]:
    return Programme.objects.visible_to(request.user)


def _tag(label: Any, choices: type[Choices]) -> django_filters.MultipleChoiceFilter:
    """A filter by one of the words that describe an account (K025, K051)."""
    return django_filters.MultipleChoiceFilter(
        label=label, choices=choices.choices, widget=CheckboxSelectMultiple, distinct=False
    )


def decided_or_not(accounts: QuerySet, value: bool) -> QuerySet:  # noqa: FBT001  (a filter's value)
    """Accounts whose status lacks its decision, or all others (K049)."""
    lacking = undecided(accounts)
    return accounts.exclude(pk__in=lacking.order_by().values("pk")) if value else lacking


class AccountFilter(django_filters.FilterSet):
    """Filters of accounts; those with several values are met by any of them."""

    search = django_filters.CharFilter(label=gettext_lazy("Name or number"), method="by_text")
    status = django_filters.MultipleChoiceFilter(
        label=gettext_lazy("Status"),
        choices=Status.choices,
        widget=CheckboxSelectMultiple,
        distinct=False,  # one column of the account itself: no row comes twice
    )
    stage = django_filters.MultipleChoiceFilter(
        label=gettext_lazy("Stage"),
        choices=[*Stage.choices, (NOT_ASSESSED, gettext_lazy("Not assessed"))],
        method="by_stage",
        widget=CheckboxSelectMultiple,
    )
    target_stage = django_filters.MultipleChoiceFilter(
        label=gettext_lazy("Target stage"),
        choices=Stage.choices,
        widget=CheckboxSelectMultiple,
        distinct=False,
    )
    business_unit = django_filters.ModelChoiceFilter(
        label=gettext_lazy("Unit, with all below"), queryset=_units, method="by_unit"
    )
    team = django_filters.ModelChoiceFilter(label=gettext_lazy("Team"), queryset=_teams)
    manager = django_filters.ModelChoiceFilter(
        label=gettext_lazy("Manager"), queryset=_managers, method="by_manager"
    )
    country = django_filters.CharFilter(label=gettext_lazy("Country"), lookup_expr="iexact")
    industry = django_filters.CharFilter(label=gettext_lazy("Industry"), lookup_expr="iexact")
    rationale = django_filters.MultipleChoiceFilter(
        label=gettext_lazy("Kind of reason"),
        choices=RationaleType.choices,
        method="by_rationale",
        widget=CheckboxSelectMultiple,
    )
    size = _tag(gettext_lazy("Size"), Size)
    reach = _tag(gettext_lazy("Reach"), GeographicReach)
    intent = _tag(gettext_lazy("Intent"), Intent)
    criticality = _tag(gettext_lazy("What it contributes is"), Criticality)
    service_model = django_filters.MultipleChoiceFilter(
        label=gettext_lazy("Served by"),
        choices=Decision.ServiceModel.choices,
        method="by_service",
        widget=CheckboxSelectMultiple,
    )
    decided = django_filters.BooleanFilter(
        label=gettext_lazy("Status with its decision"), method="by_decided", widget=OpenSelect
    )
    overdue = django_filters.BooleanFilter(
        label=gettext_lazy("Review overdue"), method="by_overdue", widget=OpenSelect
    )
    group = django_filters.ModelChoiceFilter(
        label=gettext_lazy("Group, with all below"), queryset=_accounts, method="by_group"
    )
    parent = django_filters.ModelChoiceFilter(label=gettext_lazy("Part of"), queryset=_accounts)
    programme = django_filters.ModelChoiceFilter(
        label=gettext_lazy("Programme"), queryset=_programmes
    )
    archived = django_filters.BooleanFilter(
        label=gettext_lazy("Archived"), method="by_archived", widget=OpenSelect
    )

    class Meta:
        model = Account
        fields = ()

    def by_text(self, accounts: QuerySet, name: str, value: str) -> QuerySet:
        return accounts.found_by(value)

    def by_stage(self, accounts: QuerySet, name: str, value: list[str]) -> QuerySet:
        return accounts.of_stage(*(None if item == NOT_ASSESSED else item for item in value))

    def by_unit(self, accounts: QuerySet, name: str, value: BusinessUnit) -> QuerySet:
        return accounts.filter(business_unit__path__startswith=value.path)

    def by_manager(self, accounts: QuerySet, name: str, value: User) -> QuerySet:
        managed = memberships_today().filter(user=value, role=TeamRole.KAM, team=OuterRef("team"))
        return accounts.filter(Exists(managed))

    def by_rationale(self, accounts: QuerySet, name: str, value: list[str]) -> QuerySet:
        return accounts.with_rationale(*value) if value else accounts

    def by_service(self, accounts: QuerySet, name: str, value: list[str]) -> QuerySet:
        return served_by(accounts, value) if value else accounts

    def by_decided(self, accounts: QuerySet, name: str, value: bool) -> QuerySet:  # noqa: FBT001  (django-filter's signature)
        return decided_or_not(accounts, value)

    def by_overdue(self, accounts: QuerySet, name: str, value: bool) -> QuerySet:  # noqa: FBT001  (django-filter's signature)
        overdue = accounts.overdue_for_review(business_today())
        return overdue if value else accounts.exclude(pk__in=overdue.order_by().values("pk"))

    def by_group(self, accounts: QuerySet, name: str, value: Account) -> QuerySet:
        return accounts.filter(
            pk__in=Account.objects.in_group_of(value, self.request.user).order_by().values("pk")
        )

    def by_archived(self, accounts: QuerySet, name: str, value: bool) -> QuerySet:  # noqa: FBT001  (django-filter's signature)
        return accounts.filter(archived_at__isnull=not value)


class Chip(NamedTuple):
    """One filter in force as a sentence, and the query string without it."""

    text: str
    without: str


def chips(found: AccountFilter, parameters: QueryDict) -> Iterator[Chip]:
    """The filters in force, one by one; the search text has its own field."""
    if not is_filtered(found, parameters) or not found.form.is_valid():
        return
    for name, item in found.filters.items():
        value = found.form.cleaned_data.get(name)
        if name == "search" or value in (None, "", []):
            continue
        rest = parameters.copy()
        rest.pop(name, None)
        rest.pop("page", None)
        yield Chip(_say(name, item, value), rest.urlencode())


def _say(name: str, item: django_filters.Filter, value: object) -> str:
    label = str(item.label)
    if isinstance(value, bool):
        return label if value else _("Not: %(filter)s") % {"filter": label}
    if isinstance(value, list):
        words = dict(item.extra["choices"])
        value = _(" or ").join(str(words[one]) for one in value)
    if name in {"business_unit", "group"}:
        return _("%(what)s: all below %(top)s") % {
            "what": label.split(",", maxsplit=1)[0],
            "top": value,
        }
    return f"{label}: {value}"
