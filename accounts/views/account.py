"""One account: its overview, its profile and its history."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.choices import Status
from accounts.models import (
    Account,
    Decision,
    Expectation,
    ExternalId,
    Fact,
    Qualification,
    Site,
    StageChange,
    StatusChange,
)
from accounts.views.parts import AccountPartView, figures_of
from kam.access.dates import business_today
from kam.access.prepared import kept_objects
from kam.access.querysets import sight_of
from kam.changes.history import describe
from kam.changes.models import Change

SHOWN_CHANGES = 30
"""Changes on the account's page; the rest is in the history of everything."""


class OverviewView(AccountPartView):
    """What we agreed, what is due, how we stand, whom we know, what changed."""

    part = "overview"
    part_template_name = "accounts/_overview.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(figures=figures_of(self.request, self.object), **kwargs)


class ProfileView(AccountPartView):
    """Facts about the customer: what it is, where, its numbers elsewhere, its group."""

    part = "profile"
    part_template_name = "accounts/_profile.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        account = self.object
        edit_url = reverse("accounts:edit", args=[account.pk]) if account.may_edit else ""
        takes_sites = account.may_edit and not account.is_archived
        site_url = reverse("accounts:site_create", args=[account.pk]) if takes_sites else ""
        return super().get_context_data(
            edit_url=edit_url,
            edit_label=_("Edit"),
            site_url=site_url,
            site_label=_("Add a site"),
            group_url=f"{reverse('accounts:groups')}?group={account.pk}",
            unknown=_("unknown"),
            tags=account.tags,
            sites=kept_objects("sites", _sites, account=account.pk),
            external_ids=kept_objects("numbers", _numbers, account=account.pk),
            facts=latest_facts(account),
            **_qualified(account, takes_sites),
            decision=_decided(account),
            expectations=_in_use_first(account),
            expectation_url=reverse("accounts:expectation_create", args=[account.pk])
            if takes_sites
            else "",
            expectation_label=_("Record a talk"),
            group=self.below,
            **kwargs,
        )


def _sites(account: int) -> QuerySet[Site]:
    return Site.objects.filter(account=account).active()


def _numbers(account: int) -> QuerySet[ExternalId]:
    return ExternalId.objects.filter(account=account)


def _told(account: int) -> QuerySet[Expectation]:
    return Expectation.objects.filter(account=account).select_related("recorded_by")


def _in_force(account: int) -> QuerySet[Decision]:
    rows = Decision.objects.filter(account=account).in_force()
    return rows.select_related("decided_by")


def _decided(account: Account) -> Decision | None:
    """The decision by which a customer is groomed, maintained, handled with care or released
    (K049, K050); what made a key account stands with it."""
    if account.status in (Status.KEY, Status.CANDIDATE):
        return None
    found = kept_objects("decision in force", _in_force, account=account.pk)
    return found[0] if found else None


def _in_use_first(account: Account) -> list[Expectation]:
    """What the customer was told, archived ones last."""
    rows = kept_objects("expectations", _told, account=account.pk)
    return sorted(rows, key=lambda row: row.is_archived)


def _looked_into(account: int) -> QuerySet[Qualification]:
    rows = Qualification.objects.filter(account=account).select_related("decided_by")
    return rows.order_by("-started_on", "-pk")


def _qualified(account: Account, may_add: bool) -> dict[str, Any]:  # noqa: FBT001  (one caller)
    """The qualifications of `account`, and where one is started: where none is open (K063)."""
    rows = kept_objects("qualifications", _looked_into, account=account.pk)
    today = business_today()
    for row in rows:
        row.waits = row.is_due(today)  # type: ignore[attr-defined]
    is_free = not any(row.is_open for row in rows) and account.status != Status.KEY
    start = reverse("accounts:qualification_create", args=[account.pk])
    return {
        "qualifications": rows,
        "qualification_url": start if may_add and is_free else "",
        "qualification_label": _("Look into it"),
    }


def _facts(account: int) -> QuerySet[Fact]:
    return Fact.objects.filter(account=account).order_by("kind", "-as_of", "-pk")


def latest_facts(account: Account) -> list[Any]:
    """The latest of each kind of dated fact about `account`."""
    latest: dict[str, Any] = {}
    for fact in kept_objects("facts", _facts, account=account.pk):
        latest.setdefault(fact.kind, fact)
    return list(latest.values())


class HistoryView(AccountPartView):
    """Every status and stage with who, when and why (K064), and every change."""

    part = "history"
    part_template_name = "accounts/_history.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        account = self.object
        user = self.request.user

        def changes(account: int) -> QuerySet[Change]:
            mine = Change.objects.visible_to(user).filter(account_id=account)
            return mine.for_list()[:SHOWN_CHANGES]

        latest = kept_objects(("history", sight_of(user)), changes, account=account.pk)
        return super().get_context_data(
            lines=describe(latest, user),
            history_url=f"{reverse('web:history')}?account={account.pk}",
            history_label=_("All, with filters and export"),
            status_changes=kept_objects("statuses", _statuses, account=account.pk),
            stage_changes=kept_objects("stages", _stages, account=account.pk),
            **kwargs,
        )


def _own(account: int) -> Q:
    """Of the account and of those that it has taken up."""
    merged = Account.objects.filter(Q(pk=account) | Q(merged_into=account))
    return Q(account__in=merged.order_by().values("pk"))  # two keys, where an OR reads everything


def _statuses(account: int) -> QuerySet[StatusChange]:
    return StatusChange.objects.filter(_own(account)).select_related("decided_by", "account")


def _stages(account: int) -> QuerySet[StageChange]:
    steps = StageChange.objects.filter(_own(account))
    return steps.select_related("account", "proposed_by", "confirmed_by")
