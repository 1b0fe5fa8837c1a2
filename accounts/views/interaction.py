"""Log contact: whom, how, what matters, from every page."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import F, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST
from django.views.generic import CreateView, UpdateView

from accounts import policies
from accounts.forms import InteractionForm, LogContactForm
from accounts.models import Account, Contact, Interaction
from accounts.services import interaction as services
from accounts.views.people import OnAccountMixin
from kam.access.dates import business_today
from kam.changes.errors import VersionConflict
from kam.web.addresses import posted_version
from kam.web.views import ScopedViewMixin, ServiceFormMixin
from teams.querysets import memberships_today

OFFERED = 8
"""People offered at once; the rest is found by name."""


class LogContactView(ServiceFormMixin, ScopedViewMixin, CreateView):
    """A talk, written down while it is fresh; as a dialog from every page, or as a page."""

    model = Interaction
    form_class = LogContactForm
    template_name = "accounts/log_contact.html"
    dialog_template_name = "accounts/_log_contact.html"
    form_title = gettext_lazy("Log contact")
    submit_label = gettext_lazy("Save")

    @cached_property
    def account(self) -> Account | None:
        """The account that the address names: 404 when invisible, 403 when not allowed."""
        if "account" not in self.kwargs:
            return None
        user = self.request.user
        account = get_object_or_404(Account.objects.visible_to(user), pk=self.kwargs["account"])
        if not policies.can_contribute(user, account):
            raise PermissionDenied
        return account

    def get_form_kwargs(self) -> dict[str, Any]:
        return super().get_form_kwargs() | {"user": self.request.user, "account": self.account}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        form = context["form"]
        chosen = {str(pk) for pk in form["contacts"].value() or ()}
        named = self.request.GET.get("contact")
        people = self._offered(chosen | ({named} if named else set()))
        today = business_today()
        return context | {
            "account": self.account,
            "people": [
                {
                    "contact": person,
                    "days": (today - person.last_talked_on).days if person.last_talked_on else None,
                    "checked": str(person.pk) in chosen or str(person.pk) == named,
                }
                for person in people
            ],
            "action": self.request.path,
        }

    def _offered(self, chosen: set[str]) -> list[Contact]:
        """People by days of silence, longest first; those chosen are always among them.

        Without an account: people of the accounts in whose team the reader is.
        """
        known = Contact.objects.visible_to(self.request.user).active().select_related("account")
        if self.account is not None:
            known = known.filter(account=self.account)
            limit = None
        else:
            teams = memberships_today().filter(user=self.request.user).values("team")
            picked = Q(pk__in=[pk for pk in chosen if pk.isdecimal()])
            known = known.filter(Q(account__team__in=teams) | picked)
            limit = OFFERED + len(chosen)
        order = F("last_talked_on").asc(nulls_last=True)
        return list(known.order_by(order, "name", "pk")[:limit])

    def perform(self, form: LogContactForm) -> Interaction:
        changes = form.changes
        account = self.account or form.values["account"] or _shared(changes["contacts"])
        logged = services.log_contact(
            actor=self.request.user, account=account, changes=changes, today=business_today()
        )
        for sentence in logged.made:
            messages.success(self.request, sentence)
        messages.success(self.request, _("Logged with %(account)s.") % {"account": account})
        self.logged_on = account
        return logged.interaction

    def get_success_url(self) -> str:
        return reverse("accounts:people", args=[self.logged_on.pk])

    def succeed(self, form: Any) -> HttpResponse:
        """Stay where one is: the dialog closes, the page shows the talk."""
        if self.in_dialog or self.request.htmx:
            return HttpResponse(status=204, headers={"HX-Refresh": "true"})
        return super().succeed(form)


def _shared(people: list[Contact]) -> Account:
    """The one account of all `people`; ValidationError without people or with several accounts."""
    accounts = {person.account_id: person.account for person in people}
    if len(accounts) == 1:
        return next(iter(accounts.values()))
    if accounts:
        raise ValidationError({"contacts": _("Choose people of one account.")}, code="several")
    raise ValidationError({"contacts": _("Choose whom you talked with, or the account.")})


class InteractionUpdateView(OnAccountMixin, UpdateView):
    """Correct a talk."""

    model = Interaction
    form_class = InteractionForm
    form_title = gettext_lazy("Edit talk")
    submit_label = gettext_lazy("Save")

    def get_form_kwargs(self) -> dict[str, Any]:
        return super().get_form_kwargs() | {"account": self.account}

    def perform(self, form: InteractionForm) -> Interaction:
        return services.update_interaction(
            actor=self.request.user,
            interaction=self.object,
            expected_version=form.version,
            changes=form.changes,
            today=business_today(),
        )


def _act(request: HttpRequest, pk: int, service: Any) -> HttpResponse:
    talk = get_object_or_404(Interaction.objects.visible_to(request.user), pk=pk)
    try:
        service(
            actor=request.user,
            interaction=talk,
            expected_version=posted_version(request),
        )
    except VersionConflict:
        messages.error(request, _("Somebody else changed it in the meantime: look again."))
    return redirect("accounts:people", talk.account_id)


@require_POST
def archive_interaction(request: HttpRequest, pk: int) -> HttpResponse:
    """Take back a talk written down by mistake."""
    return _act(request, pk, services.archive_interaction)


@require_POST
def restore_interaction(request: HttpRequest, pk: int) -> HttpResponse:
    """Bring a talk back."""
    return _act(request, pk, services.restore_interaction)
