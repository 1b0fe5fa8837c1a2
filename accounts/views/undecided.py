"""Customers whose status nobody decided: how are they served? (K049; handbook 3.6)."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.generic import ListView

from accounts import exports
from accounts.choices import Status
from accounts.forms.decision import ServedForm
from accounts.models import Account, Decision
from accounts.querysets import AccountQuerySet
from accounts.selection.looking import STEPS, undecided, with_origin
from accounts.services.decision import Wish, decide
from accounts.services.refusals import RefusalsError
from kam.web.addresses import key_in
from kam.web.views import ScopedViewMixin
from kam.web.views.forms import UNPROCESSABLE
from kam.web.views.tables import CappedPaginator, ExportMixin

PAGE = 50


class UndecidedView(ExportMixin, ScopedViewMixin, ListView):
    """Accounts that are key, groomed, maintained or handled diplomatically without a decision that
    says so, with the next step of each; maintained ones that are ticked get how they are served in
    one go (K049)."""

    model = Account
    paginate_by = PAGE
    paginator_class = CappedPaginator
    template_name = "accounts/undecided.html"
    export_layout = exports.UNDECIDED
    context_object_name = "rows"

    def get_queryset(self) -> AccountQuerySet:
        user = self.request.user
        rows = undecided(Account.objects.visible_to(user).active())
        status = self.request.GET.get("status", "")
        if status in STEPS:
            rows = rows.of_status(status)
        return with_origin(rows.with_manager().with_rights_of(user)).order_by("name", "pk")

    def get_context_data(
        self,
        *,
        served: ServedForm | None = None,
        ticked: frozenset[int] = frozenset(),
        **kwargs: Any,
    ) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        rows = list(context["page_obj"].object_list)
        for row in rows:
            action, row.step = STEPS[row.status]
            row.may_tick = row.may_manage and row.status == Status.MAINTAINED
            row.step_url = f"{reverse('accounts:status', args=[row.pk])}?decision={action}"
        asked = self.request.GET.get("status", "")
        return context | {
            "rows": rows,
            "kinds": [(value, Status(value).label, value == asked) for value in STEPS],
            "asked": asked if asked in STEPS else "",
            "served": served or ServedForm(),
            "ticked": ticked,
            "may_tick": any(row.may_tick for row in rows),
        }

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Say how the accounts that are ticked are served; all or none."""
        user = request.user
        if not Account.objects.managed_by(user).exists():
            raise PermissionDenied
        pks = [pk for pk in map(key_in, request.POST.getlist("account")) if pk is not None]
        waiting = undecided(Account.objects.visible_to(user).active())
        accounts = list(waiting.of_status(Status.MAINTAINED).filter(pk__in=pks[: 2 * PAGE]))
        form = ServedForm(request.POST)
        if form.is_valid() and not accounts:
            form.add_error(None, _("Tick the accounts first."))
        if form.is_valid():
            said = form.cleaned_data
            wishes = [Wish(row, Decision.Action.MAINTAIN.value, **said) for row in accounts]
            try:
                made = decide(actor=user, wishes=wishes)  # type: ignore[arg-type]
            except RefusalsError as error:
                text = " ".join(error.messages)
                form.add_error(None, f"{accounts[error.place]}: {text}")
            else:
                words = ngettext(
                    "%(count)d account decided.", "%(count)d accounts decided.", len(made)
                )
                messages.success(request, words % {"count": len(made)})
                return HttpResponseRedirect(request.get_full_path())
        self.object_list = self.get_queryset()
        ticked = frozenset(row.pk for row in accounts)
        context = self.get_context_data(served=form, ticked=ticked)
        return self.render_to_response(context, status=UNPROCESSABLE)
