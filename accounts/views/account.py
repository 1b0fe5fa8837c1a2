"""One account: its overview and profile, and the decisions on it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST
from django.views.generic import CreateView, FormView, UpdateView
from django.views.generic.detail import SingleObjectMixin

from accounts import services
from accounts.choices import Status
from accounts.duplicates.weighing import Likeness, in_words
from accounts.forms import AccountForm, TeamForm
from accounts.forms.decision import AccountWishForm
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
from accounts.services.decision import contribution_of, decide
from accounts.services.duplicate import likely_duplicates
from accounts.services.leading import manager_of
from accounts.services.status import key_account_count
from accounts.services.team import load_warnings, manager_load
from accounts.views.parts import AccountPartView, figures_of
from kam.access.dates import business_today
from kam.access.prepared import kept_objects
from kam.access.querysets import sight_of
from kam.changes.errors import VersionConflict, field_error
from kam.changes.history import describe
from kam.changes.models import Change
from kam.web.addresses import posted_version
from kam.web.views import ScopedViewMixin, ServiceFormMixin
from kam.web.views.forms import CONFLICT
from teams.models import Membership, Programme, TeamRole, User
from teams.programme_settings import PROGRAMME_WARNING, setting

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


class AccountCreateView(ServiceFormMixin, ScopedViewMixin, CreateView):
    """A new candidate account; whoever runs the programme. One that looks like another that they
    see is asked about first."""

    model = Account
    form_class = AccountForm
    template_name = "accounts/account_create.html"
    alike: Sequence[tuple[Account, Likeness]] = ()
    form_title = gettext_lazy("New account")
    submit_label = gettext_lazy("Create account")

    def get_form_kwargs(self) -> dict[str, Any]:
        if not Programme.objects.editable_by(self.request.user).exists():
            raise PermissionDenied
        return super().get_form_kwargs() | {"user": self.request.user}

    def perform(self, form: AccountForm) -> Account:
        chosen = form.values
        changes = {name: chosen[name] for name in services.EDITABLE_FIELDS if name in chosen}
        if not form.cleaned_data["anyway"]:
            self._ask(form, chosen)
        return services.create_account(
            actor=self.request.user,
            programme=chosen["programme"],
            changes=changes,
            external_ids=chosen["external_ids"],
        )

    def _ask(self, form: AccountForm, chosen: dict[str, Any]) -> None:
        """Raise ValidationError when it looks like an account that the reader may see."""
        self.alike = likely_duplicates(
            self.request.user,
            programme=chosen["programme"],
            name=chosen["name"],
            website=chosen.get("website") or "",
            country=chosen.get("country") or "",
            external_ids=chosen["external_ids"],
        )
        if self.alike:
            form.ask_whether_new()
            text = _("It looks like one that is there. Look at it, or tick this.")
            raise field_error("anyway", text, "duplicate")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        alike = [
            {"account": account, "reasons": [in_words(reason) for reason in likeness.reasons]}
            for account, likeness in self.alike
        ]
        return super().get_context_data(alike=alike, **kwargs)

    def get_success_url(self) -> str:
        return self.object.get_absolute_url()


class AccountUpdateView(ServiceFormMixin, ScopedViewMixin, UpdateView):
    """What is known of the account, and its place in the group."""

    model = Account
    form_class = AccountForm
    needs = "editable_by"
    template_name = "web/form.html"
    submit_label = gettext_lazy("Save")
    success_message = gettext_lazy("Account saved.")

    def get_form_kwargs(self) -> dict[str, Any]:
        return super().get_form_kwargs() | {"user": self.request.user}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        title = _("Edit %(account)s") % {"account": self.object}
        url = reverse("accounts:profile", args=[self.object.pk])
        return super().get_context_data(form_title=title, cancel_url=url, **kwargs)

    def perform(self, form: AccountForm) -> Account:
        account, user = self.object, self.request.user
        return services.save_account(
            actor=user,
            account=account,
            expected_version=form.version,
            changes=form.changes,
            external_ids=form.values["external_ids"]
            if "external_ids" in form.changed_data
            else None,
        )

    def get_success_url(self) -> str:
        return reverse("accounts:profile", args=[self.object.pk])


class DecisionFormMixin(ServiceFormMixin):
    """A form that is no edit of columns: a stale version shows the form again, nothing is lost."""

    def conflict(self, form: Any, current: Model) -> HttpResponse:
        """What was decided on has changed: say so, and take the present version."""
        form.add_error(
            None, _("Somebody else changed it in the meantime: look again, then decide.")
        )
        form.data = form.data.copy()
        form.data["version"] = str(current.version)  # type: ignore[attr-defined]
        response = self.form_invalid(form)
        response.status_code = CONFLICT
        return response


class AccountDecisionView(DecisionFormMixin, ScopedViewMixin, SingleObjectMixin, FormView):
    """A form about one account that is no edit of its columns."""

    model = Account
    needs = "managed_by"
    template_name = "web/form.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.is_authenticated:
            return self.handle_no_permission()
        self.object = self.get_object()
        return super().dispatch(request, *args, **kwargs)

    def get_form_kwargs(self) -> dict[str, Any]:
        return super().get_form_kwargs() | {"account": self.object}

    def get_success_url(self) -> str:
        return self.object.get_absolute_url()


class StatusView(AccountDecisionView):
    """Appoint, groom, maintain, handle diplomatically, review, release (K010, K048-K050)."""

    form_class = AccountWishForm
    template_name = "accounts/account_status.html"
    submit_label = gettext_lazy("Record decision")
    success_message = gettext_lazy("Decision recorded.")

    def get_initial(self) -> dict[str, Any]:
        account, today = self.object, business_today()
        action = self.request.GET.get("decision", "")
        manager = manager_of(account, today)
        given: dict[str, Any] = {"manager": manager and manager.pk, "action": action}
        if account.status == Status.KEY and action == "appoint":
            given |= {"reason": account.rationale, "rationale_types": account.rationale_types}
        return super().get_initial() | given

    def get_form_kwargs(self) -> dict[str, Any]:
        people = User.objects.colleagues_of(self.request.user).with_name()
        return super().get_form_kwargs() | {"managers": {user.pk: user for user in people}}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        title = _("Decide on %(account)s") % {"account": self.object}
        return super().get_context_data(
            form_title=title,
            account=self.object,
            warnings=limit_warnings(self.object),
            contribution=contribution_of(self.object, business_today()),
            cancel_url=self.object.get_absolute_url(),
            **kwargs,
        )

    def perform(self, form: AccountWishForm) -> Account:
        decided_on = form.cleaned_data["decided_on"]
        wish = form.wish(self.object)
        made = decide(actor=self.request.user, wishes=[wish], on=decided_on)
        _warn(self.request, made[0].account)
        return made[0].account


class TeamView(AccountDecisionView):
    """Which team looks after the account."""

    form_class = TeamForm
    submit_label = gettext_lazy("Assign team")
    success_message = gettext_lazy("Team assigned.")

    def get_form_kwargs(self) -> dict[str, Any]:
        return super().get_form_kwargs() | {"user": self.request.user}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        title = _("Team of %(account)s") % {"account": self.object}
        url = self.object.get_absolute_url()
        return super().get_context_data(form_title=title, cancel_url=url, **kwargs)

    def perform(self, form: TeamForm) -> Account:
        account = services.assign_team(
            actor=self.request.user,
            account=self.object,
            team=form.cleaned_data["team"],
            expected_version=form.cleaned_data["version"],
        )
        _warn(self.request, account)
        return account


def _warn(request: HttpRequest, account: Account) -> None:
    """Say what was allowed and still is too much."""
    for text in load_warnings(account, on=business_today()):
        messages.warning(request, text)


def limit_warnings(account: Account) -> list[str]:
    """What to know before appointing: how full the programme and its manager are (K032, K033)."""
    today = business_today()
    limit = int(setting(account.programme, "programme_max_accounts", today))
    warnings = [
        _("The programme holds %(count)d of at most %(limit)d key accounts.")
        % {"count": key_account_count(account.programme), "limit": limit}
    ]
    if key_account_count(account.programme) >= PROGRAMME_WARNING:
        warnings.append(
            _("More than %(count)d key accounts are far too many to serve as such.")
            % {"count": PROGRAMME_WARNING}
        )
    if account.team_id is None:
        warnings.append(_("It has no team, so nobody manages it yet."))
        return warnings
    managers = Membership.objects.filter(team=account.team_id, role=TeamRole.KAM).valid_on(today)
    for member in managers.select_related("user"):
        load = manager_load(member.user, on=today, joining=account)
        warnings.append(
            _("%(person)s would manage %(count)d accounts with it.")
            % {"person": member.user, "count": load}
        )
    return warnings


def _act(request: HttpRequest, pk: int, service: Any, done: str) -> HttpResponse:
    """Call `service` on a visible account; what it refuses becomes a notice."""
    account = get_object_or_404(Account.objects.visible_to(request.user), pk=pk)
    try:
        service(actor=request.user, account=account, expected_version=posted_version(request))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    except VersionConflict:
        messages.error(request, _("Somebody else changed it in the meantime: look again."))
    else:
        messages.success(request, done)
    return redirect(account)


@require_POST
def archive(request: HttpRequest, pk: int) -> HttpResponse:
    """Take an account out of lists and totals."""
    return _act(request, pk, services.archive_account, _("Archived. It can be restored here."))


@require_POST
def restore(request: HttpRequest, pk: int) -> HttpResponse:
    """Bring an archived account back."""
    return _act(request, pk, services.restore_account, _("Restored."))
