"""An account comes, changes, goes out of use and comes back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST
from django.views.generic import CreateView, UpdateView

from accounts import services
from accounts.duplicates.weighing import Likeness, in_words
from accounts.forms import AccountForm
from accounts.models import Account
from accounts.services.duplicate import likely_duplicates
from kam.changes.errors import VersionConflict, field_error
from kam.web.addresses import posted_version
from kam.web.views import ScopedViewMixin, ServiceFormMixin
from teams.models import Programme


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
