"""What decides for a customer, and how it ranks us against others (K057; handbook 4.9)."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST
from django.views.generic import CreateView, UpdateView

from accounts import policies
from accounts.forms.profile import FactorForm
from accounts.models import Account, SuccessFactor
from accounts.profiles.factors import index_of
from accounts.services import factor as services
from accounts.views.people import OnAccountMixin
from kam.access.prepared import kept_objects
from teams.views.common import act, posted_version


def _factors(account: int) -> QuerySet[SuccessFactor]:
    return SuccessFactor.objects.filter(account=account).for_list()


def factors_context(account: Account) -> dict[str, Any]:
    """The table as the account's page shows it; archived factors come last and count nothing."""
    rows = kept_objects("success factors", _factors, account=account.pk)
    standing = [row for row in rows if not row.is_archived]
    return {
        "factors": sorted(rows, key=lambda row: row.is_archived),
        "factor_index": index_of(standing),
        "factors_behind": [row for row in standing if row.is_far_behind and not row.answer],
    }


class FactorFormMixin(OnAccountMixin):
    """One critical success factor: for who edits the account."""

    model = SuccessFactor
    form_class = FactorForm
    allowed = staticmethod(policies.can_edit)
    part_url = "accounts:insight"
    form_title = gettext_lazy("What decides for the customer")


class FactorCreateView(FactorFormMixin, CreateView):
    """A further factor."""

    submit_label = gettext_lazy("Add factor")

    def perform(self, form: FactorForm) -> SuccessFactor:
        return services.create_factor(
            actor=self.request.user, account=self.account, changes=form.values
        )


class FactorUpdateView(FactorFormMixin, UpdateView):
    """Other weight, other scores, or what is done about it."""

    submit_label = gettext_lazy("Save")

    def perform(self, form: FactorForm) -> SuccessFactor:
        return services.update_factor(
            actor=self.request.user,
            factor=self.object,
            expected_version=form.version,
            changes=form.changes,
        )


@require_POST
def archive(request: HttpRequest, pk: int) -> HttpResponse:
    """Take it out of the table."""
    return _act(request, pk, services.archive_factor, _("Archived. It can be restored here."))


@require_POST
def restore(request: HttpRequest, pk: int) -> HttpResponse:
    """Bring it back."""
    return _act(request, pk, services.restore_factor, _("Restored."))


def _act(request: HttpRequest, pk: int, service: Any, done: str) -> HttpResponse:
    row = get_object_or_404(SuccessFactor.objects.visible_to(request.user), pk=pk)
    version = posted_version(request)

    def write() -> None:
        service(actor=request.user, factor=row, expected_version=version)

    return act(request, write, done, reverse("accounts:insight", args=[row.account_id]))
