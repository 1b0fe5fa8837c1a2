"""What customers were told of being key accounts, and what they expect (K129)."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST
from django.views.generic import CreateView, UpdateView

from accounts import policies
from accounts.forms.decision import ExpectationForm
from accounts.models import Expectation
from accounts.services import expectation as services
from accounts.views.people import OnAccountMixin
from teams.views.common import act, posted_version


class ExpectationFormMixin(OnAccountMixin):
    """What the customer was told: for who edits the account."""

    model = Expectation
    form_class = ExpectationForm
    allowed = staticmethod(policies.can_edit)
    part_url = "accounts:profile"

    @property
    def form_title(self) -> str:  # type: ignore[override]
        """Whom we told it."""
        return _("What we told %(account)s") % {"account": self.account}


class ExpectationCreateView(ExpectationFormMixin, CreateView):
    """A further talk about what being a key account means."""

    submit_label = gettext_lazy("Record")

    def perform(self, form: ExpectationForm) -> Expectation:
        return services.record_expectation(
            actor=self.request.user, account=self.account, changes=form.values
        )


class ExpectationUpdateView(ExpectationFormMixin, UpdateView):
    """Correct it, or add the day on which it was agreed."""

    submit_label = gettext_lazy("Save")

    def perform(self, form: ExpectationForm) -> Expectation:
        return services.update_expectation(
            actor=self.request.user,
            expectation=self.object,
            expected_version=form.version,
            changes=form.changes,
        )


@require_POST
def archive(request: HttpRequest, pk: int) -> HttpResponse:
    """Take it off the account."""
    return _act(request, pk, services.archive_expectation, _("Archived. It can be restored here."))


@require_POST
def restore(request: HttpRequest, pk: int) -> HttpResponse:
    """Bring it back."""
    return _act(request, pk, services.restore_expectation, _("Restored."))


def _act(request: HttpRequest, pk: int, service: Any, done: str) -> HttpResponse:
    row = get_object_or_404(Expectation.objects.visible_to(request.user), pk=pk)
    version = posted_version(request)

    def write() -> None:
        service(actor=request.user, expectation=row, expected_version=version)

    return act(request, write, done, reverse("accounts:profile", args=[row.account_id]))
