"""Conflicts and information barriers, under settings: for whoever decides on them (K130)."""

from __future__ import annotations

import datetime
from collections.abc import Hashable
from functools import cached_property
from typing import Any

from django.contrib.auth.mixins import LoginRequiredMixin
from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch, QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import reverse_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import FormView, ListView, TemplateView

from accounts import exports, policies, services
from accounts.forms import ConflictForm, EndForm, ExceptionForm
from accounts.models import Account, Conflict, ConflictException
from accounts.services.barriers import violations_of
from accounts.views.status import DecisionFormMixin
from kam.access.dates import business_today
from kam.access.models import Dated
from kam.access.querysets import sight_of
from kam.web.views import ScopedViewMixin
from kam.web.views.tables import CappedPaginator, KeptListMixin

READ = 200
"""Pairs that are looked at for one panel."""


class ConflictListView(KeptListMixin, ScopedViewMixin, ListView):
    """Pairs, their exceptions, and who stands on both sides at present."""

    model = Conflict
    reading = "for_list"
    paginate_by = 50
    paginator_class = CappedPaginator
    template_name = "accounts/conflict_list.html"
    export_layout = exports.CONFLICTS

    def kept_under(self) -> Hashable:
        return sight_of(self.request.user)

    def get_queryset(self) -> QuerySet[Conflict]:
        if not policies.can_read_programme(self.request.user):
            raise Http404
        exceptions = ConflictException.objects.select_related("user")
        return super().get_queryset().prefetch_related(Prefetch("exceptions", exceptions))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        today = business_today()
        shown = list(context["page_obj"].object_list)
        found = violations_of(shown, reader=self.request.user, on=today)
        rows = [
            {
                "conflict": conflict,
                "exceptions": [
                    {
                        "exception": item,
                        "is_over": bool(item.valid_until and item.valid_until < today),
                    }
                    for item in conflict.exceptions.all()
                ],
                "is_over": bool(conflict.valid_until and conflict.valid_until < today),
                "violations": found.get(conflict.pk, []),
            }
            for conflict in shown
        ]
        runs = policies.can_run_programme(self.request.user)
        return context | {"rows": rows, "may_manage": runs}


class ViolatedView(LoginRequiredMixin, TemplateView):
    """Pairs that are violated at present; a page of its own, which the list of selections loads."""

    template_name = "accounts/violations.html"

    def get_template_names(self) -> list[str]:
        return ["accounts/_violations.html" if self.request.htmx else self.template_name]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        user, today = self.request.user, business_today()
        pairs = Conflict.objects.visible_to(user).active().valid_on(today).for_list()
        pairs = pairs.prefetch_related("exceptions")[:READ]
        found = violations_of(pairs, reader=user, on=today)
        rows = [(pair, found[pair.pk]) for pair in pairs if found[pair.pk]]
        return super().get_context_data(rows=rows, **kwargs)


def _is_over(dated: Dated, today: datetime.date) -> bool:
    return dated.valid_until is not None and dated.valid_until < today


class ConflictFormMixin(DecisionFormMixin, ScopedViewMixin):
    """A form on conflicts; only who runs the programme may."""

    template_name = "web/form.html"
    success_url = reverse_lazy("accounts:conflicts")
    list_title = gettext_lazy("Conflicts and barriers")

    @cached_property
    def conflict(self) -> Conflict:
        """The conflict of the address: 404 when invisible, 403 for auditors."""
        user = self.request.user
        conflict = get_object_or_404(
            Conflict.objects.visible_to(user).for_list(), pk=self.kwargs["pk"]
        )
        managed = Account.objects.managed_by(user).filter(pk__in=[conflict.a_id, conflict.b_id])
        if managed.count() < 2:
            raise PermissionDenied
        return conflict

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(cancel_url=self.success_url, **kwargs)


class ConflictCreateView(ConflictFormMixin, FormView):
    """Record that two accounts stand in each other's way."""

    form_class = ConflictForm
    form_title = gettext_lazy("New conflict or barrier")
    submit_label = gettext_lazy("Record")

    def get_form_kwargs(self) -> dict[str, Any]:
        if not policies.can_run_programme(self.request.user):
            raise PermissionDenied
        return super().get_form_kwargs() | {"user": self.request.user}

    def perform(self, form: ConflictForm) -> Conflict:
        return services.create_conflict(actor=self.request.user, **form.cleaned_data)


class ConflictEndView(ConflictFormMixin, FormView):
    """Let a conflict end after a day."""

    form_class = EndForm
    submit_label = gettext_lazy("End it")

    def get_form_kwargs(self) -> dict[str, Any]:
        return super().get_form_kwargs() | {"version": self.conflict.version}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        title = _("End %(conflict)s") % {"conflict": self.conflict}
        return super().get_context_data(form_title=title, **kwargs)

    def perform(self, form: EndForm) -> Conflict:
        return services.end_conflict(
            actor=self.request.user,
            conflict=self.conflict,
            last_day=form.cleaned_data["last_day"],
            expected_version=form.cleaned_data["version"],
        )


class ExceptionCreateView(ConflictFormMixin, FormView):
    """Except somebody from a barrier, by name."""

    form_class = ExceptionForm
    submit_label = gettext_lazy("Except this person")

    def get_form_kwargs(self) -> dict[str, Any]:
        self.conflict  # noqa: B018  (refuses before anything is shown)
        return super().get_form_kwargs() | {"reader": self.request.user}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        title = _("Exception from %(conflict)s") % {"conflict": self.conflict}
        return super().get_context_data(form_title=title, **kwargs)

    def perform(self, form: ExceptionForm) -> ConflictException:
        return services.add_exception(
            actor=self.request.user, conflict=self.conflict, **form.cleaned_data
        )


class ExceptionEndView(ConflictFormMixin, FormView):
    """Let an exception end after a day."""

    form_class = EndForm
    submit_label = gettext_lazy("End it")

    @cached_property
    def exception(self) -> ConflictException:
        """The exception of the address, on a conflict that the reader decides on."""
        visible = ConflictException.objects.visible_to(self.request.user)
        found = get_object_or_404(visible.select_related("conflict"), pk=self.kwargs["exception"])
        self.kwargs["pk"] = found.conflict_id
        self.conflict  # noqa: B018  (refuses whoever may not decide)
        return found

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        title = _("End the exception of %(person)s") % {"person": self.exception.user}
        return super().get_context_data(form_title=title, **kwargs)

    def perform(self, form: EndForm) -> ConflictException:
        return services.end_exception(
            actor=self.request.user,
            exception=self.exception,
            last_day=form.cleaned_data["last_day"],
        )
