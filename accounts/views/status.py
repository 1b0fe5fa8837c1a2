"""Decisions on one account: its status, and which team looks after it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import FormView
from django.views.generic.detail import SingleObjectMixin

from accounts import services
from accounts.choices import Status
from accounts.forms import TeamForm
from accounts.forms.decision import AccountWishForm
from accounts.models import Account
from accounts.services.decision import contribution_of, decide
from accounts.services.leading import manager_of
from accounts.services.status import key_account_count
from accounts.services.team import load_warnings, manager_load
from kam.access.dates import business_today
from kam.web.views import ScopedViewMixin, ServiceFormMixin
from kam.web.views.forms import CONFLICT
from teams.models import Membership, TeamRole, User
from teams.programme_settings import PROGRAMME_WARNING, setting


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
