"""The plan itself: the page of an account's plan, the plan, its versions."""

from __future__ import annotations

import datetime
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST
from django.views.generic import CreateView, DetailView, UpdateView

from accounts.models import Account
from accounts.views.parts import AccountPartView
from kam.access.prepared import kept_objects
from kam.access.querysets import sight_of
from kam.web.addresses import key_in
from kam.web.models import Draft
from kam.web.views import PartialMixin, ScopedViewMixin, ServiceFormMixin
from plans import compare, policies, services
from plans.choices import PlanStatus
from plans.forms import PlanForm
from plans.kinds import IN_PLACE, KINDS
from plans.models import Plan, PlanDecision, PlanVersion, Presence
from plans.outline import Outline
from plans.querysets import HERE_FOR
from plans.reading import as_read
from plans.services.plan import PLANNED, fiscal_year

SECTIONS = ("summary", "swot", "objectives", "risks", "all")


class AccountPlanView(AccountPartView):
    """The account's plans: the current one in short, the others by period."""

    part = "plan"
    part_template_name = "plans/_account_plan.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        account, user = self.object, self.request.user

        def rows(account: int) -> QuerySet[Plan]:
            return Plan.objects.visible_to(user).active().for_list().filter(account=account)

        found = kept_objects(("plans of", sight_of(user)), rows, account=account.pk)
        plans = [as_read(row) for row in found]
        plan = max(plans, key=lambda row: (row.in_force, row.starts_on, -row.pk), default=None)
        outline = Outline(plan, user, account.programme.today()) if plan is not None else None
        return super().get_context_data(
            plan=plan,
            outline=outline,
            plans=plans,
            may_create=account.may_edit and account.status in PLANNED,
            edits=False,
            writes=False,
            adds_actions=False,
            **kwargs,
        )


class PlanCreateView(ServiceFormMixin, ScopedViewMixin, CreateView):
    """Start a plan for an account."""

    model = Plan
    form_class = PlanForm
    template_name = "web/form.html"
    form_title = gettext_lazy("New plan")
    submit_label = gettext_lazy("Start the plan")

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """404 for an account that the reader may not see, 403 for one they may not edit."""
        visible = Account.objects.visible_to(request.user)
        self.account = get_object_or_404(visible, pk=kwargs["pk"])
        if not policies.can_edit(request.user, self.account):
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)

    def get_initial(self) -> dict[str, Any]:
        """The fiscal year that runs now."""
        programme = self.account.programme
        first, last = fiscal_year(programme.fiscal_year_start, programme.today())
        return {
            "title": _("Plan %(year)s") % {"year": first.year},
            "starts_on": first,
            "ends_on": last,
            "currency": self.account.money,
        }

    def perform(self, form: PlanForm) -> Plan:
        return services.create_plan(
            actor=self.request.user, account=self.account, values=form.values
        )


class PlanDetailView(PartialMixin, ScopedViewMixin, DetailView):
    """The plan: sections, writing surface, what stands in the way, who is here."""

    model = Plan
    reading = "for_detail"
    partial_template_name = "plans/_plan_body.html"

    depends_on_reader_alone = True

    def get_queryset(self) -> Any:
        return super().get_queryset().with_rights_of(self.request.user)

    def get_object(self, queryset: Any = None) -> Plan:
        """The plan as the reader reads it."""
        return as_read(super().get_object(queryset))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        plan, user = self.object, self.request.user
        today = plan.account.programme.today()
        section = self.request.GET.get("section", "objectives")
        if section not in SECTIONS:
            raise Http404
        outline = Outline(plan, user, today)
        edits = plan.may_edit  # type: ignore[attr-defined]
        submission = services.submission_blockers(plan) if edits or plan.reads_working else []
        return super().get_context_data(
            outline=outline,
            section=section,
            shown=SECTIONS[:-1] if section == "all" else (section,),
            today=today,
            edits=edits,
            writes=edits and not plan.is_locked and not plan.is_archived,
            adds_actions=plan.may_add_action  # type: ignore[attr-defined]
            and plan.status != PlanStatus.IN_REVIEW
            and not plan.is_over,
            steps=_steps(user, plan, today),
            blockers=services.approval_blockers(plan, submission) if plan.reads_working else [],
            submission_blockers=submission if edits else [],
            decisions=_decisions(plan),
            drafts=_drafts(user, plan, outline) if edits else [],
            archived=_archived(outline) if edits and not plan.is_locked else [],
            last_saved=outline.last_saved,
            others=_others(user, plan),
            **kwargs,
        )


class PlanUpdateView(ServiceFormMixin, ScopedViewMixin, UpdateView):
    """Title and period."""

    model = Plan
    form_class = PlanForm
    needs = "editable_by"
    reading = "for_detail"
    template_name = "web/form.html"
    form_title = gettext_lazy("Title and period")

    def perform(self, form: PlanForm) -> Plan:
        return services.update_plan(
            actor=self.request.user,
            plan=self.object,
            expected_version=form.version,
            changes=form.changes,
        )


class PlanHistoryView(ScopedViewMixin, DetailView):
    """Who did what to the plan, and its frozen versions."""

    model = Plan
    reading = "for_detail"
    template_name = "plans/plan_history.html"

    def get_object(self, queryset: Any = None) -> Plan:
        """The plan as the reader reads it."""
        return as_read(super().get_object(queryset))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        versions = PlanVersion.objects.visible_to(self.request.user).for_list()
        return super().get_context_data(
            versions=versions.filter(plan=self.object),
            decisions=_decisions(self.object),
            **kwargs,
        )


class PlanVersionView(ScopedViewMixin, DetailView):
    """One frozen version, compared with the one before it unless `?with=` names another."""

    model = PlanVersion
    template_name = "plans/planversion_detail.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        versions = PlanVersion.objects.visible_to(self.request.user)
        versions = versions.filter(plan=self.object.plan_id)
        wish = self.request.GET.get("with", "")
        if wish:
            other = get_object_or_404(versions, number=key_in(wish) or -1)
        else:
            before = versions.filter(number__lt=self.object.number)
            other = before.order_by("-number").first()
        groups = compare.differences(other.content if other else {}, self.object.content)
        return super().get_context_data(
            other=other,
            groups=compare.in_words(groups, self.object.plan),
            versions=versions.for_list(),
            **kwargs,
        )


@login_required
@require_POST
def presence(request: HttpRequest, pk: int) -> HttpResponse:
    """Note that an editor is here; returns who else is."""
    plan = get_object_or_404(Plan.objects.visible_to(request.user).for_detail(), pk=pk)
    if policies.can_edit(request.user, plan.account):
        section = request.POST.get("section", "")
        services.touch_presence(actor=request.user, plan=plan, section=section, now=timezone.now())
    others = _others(request.user, plan)
    return render(request, "plans/_presence.html", {"others": others, "plan": plan})


def _steps(user: Any, plan: Plan, today: Any) -> set[str]:
    """Names of the steps that `user` may take now."""
    if plan.is_archived:
        return set()
    found = set()
    if plan.status == PlanStatus.DRAFT and plan.may_submit:
        found.add("submit")
    if plan.status == PlanStatus.IN_REVIEW:
        asked = {
            "approve": policies.can_approve,
            "request_changes": policies.can_request_changes,
            "check_finance": policies.can_check_finance,
        }
        found |= {name for name, allowed in asked.items() if allowed(user, plan)}
    if plan.status in (PlanStatus.APPROVED, PlanStatus.ACTIVE) and policies.can_activate(
        user, plan
    ):
        found.add("revise")
        if plan.status == PlanStatus.APPROVED and today >= plan.starts_on:
            found.add("activate")
    if plan.in_force and policies.can_close(user, plan):
        found.add("close")
    return found


def _decisions(plan: Plan) -> list[PlanDecision]:
    def rows(plan: int) -> QuerySet[PlanDecision]:
        found = PlanDecision.objects.filter(plan=plan).select_related("decided_by", "version")
        return found.defer("version__content")

    return kept_objects("decisions on a plan", rows, plan=plan.pk)


def _others(user: Any, plan: Plan) -> list[Presence]:
    """Who else is on the plan now."""

    def rows(plan: int, user: int, since: datetime.datetime) -> QuerySet[Presence]:
        return Presence.objects.filter(plan=plan).others(user, since)

    since = timezone.now() - HERE_FOR
    return kept_objects("others on a plan", rows, plan=plan.pk, user=user.pk, since=since)


def _drafts(user: Any, plan: Plan, outline: Outline) -> list[dict[str, Any]]:
    """What `user` typed into the plan and never saved, with the way back to it."""
    rows = {
        "plan": [plan],
        "objective": outline.objectives,
        "strategy": outline.strategies,
        "milestone": outline.milestones,
        "swot": outline.swot,
        "risk": outline.risks,
        "action": outline.actions,
    }
    kinds = {model._meta.label_lower: name for name, (model, _fields) in IN_PLACE.items()}
    known = {(kind, row.pk): row for kind, found in rows.items() for row in found}
    shown = []
    mine = kept_objects(
        ("drafts of plans", sight_of(user)),
        lambda: Draft.objects.visible_to(user).filter(object_type__in=kinds),
    )
    for draft in mine:
        kind = kinds[draft.object_type]
        row = known.get((kind, draft.object_id))
        if row is not None and draft.field in IN_PLACE[kind][1]:
            arguments = [kind, row.pk, draft.field]
            shown.append(
                {
                    "draft": draft,
                    "label": row._meta.get_field(draft.field).verbose_name,
                    "row": row,
                    "url": reverse("plans:field", args=arguments),
                    "discard": reverse("plans:discard_draft", args=arguments),
                    "id": f"f-{kind}-{row.pk}-{draft.field}",
                }
            )
    return shown


def _archived(outline: Outline) -> list[dict[str, Any]]:
    """Rows taken out of the working copy, with the way back for each."""
    kinds = {kind.model: kind for kind in KINDS.values()}
    return [
        {
            "row": row,
            "kind": kinds[type(row)],
            "url": reverse("plans:restore", args=[kinds[type(row)].name, row.pk]),
        }
        for row in outline.archived
    ]
