"""Rows of a plan: add, change, take out, bring back, move, drop."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST
from django.views.generic import CreateView, UpdateView

from accounts.models import Account
from kam.changes.errors import VersionConflict
from kam.web import toasts
from kam.web.addresses import posted_version
from kam.web.views import ScopedViewMixin, ServiceFormMixin
from plans import policies, services
from plans.forms import CustomerGoalForm, ReadingForm
from plans.kinds import KINDS, Kind
from plans.models import CustomerGoal, Objective, Plan, PlanContent


def page_of(plan: Plan, section: str) -> str:
    """Address of a section of the plan."""
    return f"{reverse('plans:detail', args=[plan.pk])}?section={section}"


class KindMixin(ServiceFormMixin, ScopedViewMixin):
    """A view of rows of the kind that the address names."""

    template_name = "web/form.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if kwargs["kind"] not in KINDS:
            raise Http404
        self.kind: Kind = KINDS[kwargs["kind"]]
        self.model = self.kind.model
        return super().dispatch(request, *args, **kwargs)

    def get_form_class(self) -> Any:
        return self.kind.form

    def get_success_url(self) -> str:
        row = self.object
        return f"{page_of(row.plan, self.kind.section)}#{self.kind.name}-{row.pk}"


class ContentCreateView(KindMixin, CreateView):
    """Add a row: under the plan, or under an objective of it."""

    submit_label = gettext_lazy("Add")

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """404 for a parent that is not readable, 403 for one that is not the reader's to edit."""
        kind = KINDS.get(kwargs["kind"])
        if kind is None:
            raise Http404
        model: Any = Plan if kind.parent == "plan" else Objective
        self.parent = get_object_or_404(model.objects.visible_to(request.user), pk=kwargs["pk"])
        self.plan = self.parent if kind.parent == "plan" else self.parent.plan
        if not policies.can_edit(request.user, self.plan.account):
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(form_title=self.kind.new, **kwargs)

    def get_form_kwargs(self) -> dict[str, Any]:
        blank = self.model(**{self.kind.parent: self.parent})
        return {
            **super().get_form_kwargs(),
            "instance": blank,
            "plan": self.plan,
            "user": self.request.user,
        }

    def get_initial(self) -> dict[str, Any]:
        """What the address suggests, e.g. the quadrant; the owner is whoever writes."""
        names = ("quadrant", "type", "kind", "category")
        suggested = {name: self.request.GET[name] for name in names if name in self.request.GET}
        return {"owner": self.request.user, **suggested}

    def perform(self, form: Any) -> PlanContent:
        row = self.model(**{self.kind.parent: self.parent}, **form.values)
        return services.add_content(actor=self.request.user, row=row)


class ContentUpdateView(KindMixin, UpdateView):
    """Change a row's fields; while the plan is locked, what is execution alone."""

    needs = "editable_by"
    reading = "for_list"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(form_title=self.kind.change, **kwargs)

    def get_form_class(self) -> Any:
        if self.kind.name == "objective" and self.object.plan.is_locked:
            return ReadingForm
        return super().get_form_class()

    def get_form_kwargs(self) -> dict[str, Any]:
        return {
            **super().get_form_kwargs(),
            "plan": self.object.plan,
            "user": self.request.user,
        }

    def get_form(self, form_class: Any = None) -> Any:
        """Locked fields stand in the form, but cannot be changed there either."""
        form = super().get_form(form_class)
        if self.object.plan.is_locked:
            for name in self.model.CONTENT_FIELDS:
                if name in form.fields:
                    form.fields[name].disabled = True
        return form

    def perform(self, form: Any) -> PlanContent:
        row: Any = self.object
        return services.update_content(
            actor=self.request.user,
            row=row,
            expected_version=form.version,
            changes=form.changes,
        )


class CustomerGoalCreateView(ServiceFormMixin, ScopedViewMixin, CreateView):
    """Note a goal of the customer."""

    model = CustomerGoal
    form_class = CustomerGoalForm
    template_name = "web/form.html"
    form_title = gettext_lazy("Customer goal")
    submit_label = gettext_lazy("Add")

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        visible = Account.objects.visible_to(request.user)
        self.account = get_object_or_404(visible, pk=kwargs["pk"])
        if not policies.can_edit(request.user, self.account):
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)

    def perform(self, form: CustomerGoalForm) -> CustomerGoal:
        return services.create_customer_goal(
            actor=self.request.user, account=self.account, values=form.values
        )

    def get_success_url(self) -> str:
        return reverse("plans:of_account", args=[self.account.pk])


def _row(request: HttpRequest, kind: str, pk: int) -> Any:
    if kind not in KINDS:
        raise Http404
    rows = KINDS[kind].model.objects.visible_to(request.user).for_list()
    return get_object_or_404(rows, pk=pk)


def _answer(
    request: HttpRequest, kind: str, row: Any, perform: Any, done: str, undo: str = ""
) -> HttpResponse:
    """Do it and go back to the section; refusals are said there."""
    try:
        perform(posted_version(request))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    except VersionConflict:
        messages.error(request, _("It was changed in the meantime: look again, then decide."))
    else:
        if done:
            toasts.done(request, done, undo=undo)
    return redirect(page_of(row.plan, KINDS[kind].section))


@login_required
@require_POST
def archive(request: HttpRequest, kind: str, pk: int) -> HttpResponse:
    """Take a row out of the plan; it can be brought back from the end of the section."""
    row = _row(request, kind, pk)

    def perform(version: int | None) -> Any:
        return services.archive_content(actor=request.user, row=row, expected_version=version)

    done = _("Taken out: %(name)s") % {"name": row}
    return _answer(request, kind, row, perform, done, reverse("plans:restore", args=[kind, pk]))


@login_required
@require_POST
def restore(request: HttpRequest, kind: str, pk: int) -> HttpResponse:
    """Bring a row back."""
    row = _row(request, kind, pk)

    def perform(version: int | None) -> Any:
        return services.restore_content(actor=request.user, row=row, expected_version=version)

    return _answer(request, kind, row, perform, _("Brought back: %(name)s.") % {"name": row})


@login_required
@require_POST
def move(request: HttpRequest, kind: str, pk: int) -> HttpResponse:
    """Move an objective or a strategy up or down."""
    row = _row(request, kind, pk)
    if "position" not in row.CONTENT_FIELDS:
        raise Http404
    up = request.POST.get("to") == "up"

    def perform(version: int | None) -> Any:
        return services.move_content(actor=request.user, row=row, up=up)

    return _answer(request, kind, row, perform, "")


@login_required
@require_POST
def drop(request: HttpRequest, pk: int) -> HttpResponse:
    """Give an objective up, or with `resume` take it up again."""
    row = _row(request, "objective", pk)
    today = row.plan.account.programme.today()

    def perform(version: int | None) -> Any:
        if "resume" in request.POST:
            return services.resume_objective(
                actor=request.user, objective=row, expected_version=version
            )
        return services.drop_objective(
            actor=request.user,
            objective=row,
            reason=request.POST.get("reason", ""),
            today=today,
            expected_version=version,
        )

    done = _("Taken up again.") if "resume" in request.POST else _("Dropped.")
    return _answer(request, "objective", row, perform, done)
