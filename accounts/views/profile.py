"""What one account is like: ratings with the match for each brand, what is known of it, and what it
would gain as a preferred customer (K070, K071, K092, K093, K113)."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import F
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST
from django.views.generic import CreateView, FormView, UpdateView

from accounts import policies
from accounts.forms.outlets import TargetForm
from accounts.forms.profile import BenefitForm, RatingsForm, SectionForm
from accounts.models import (
    Account,
    PreferredBenefit,
    ProfileEntry,
    ProfileParameter,
    Rating,
    Target,
    TargetProfile,
)
from accounts.profiles import matching
from accounts.profiles.catalogue import ASKED, Section, fields_of
from accounts.services import profile as services
from accounts.services import targeting
from accounts.services.followed import RowsError
from accounts.services.rating import give_ratings, holds_for
from accounts.views.factor import factors_context
from accounts.views.knowledge import profile_context
from accounts.views.parts import AccountPartView
from accounts.views.people import OnAccountMixin
from kam.web.views.forms import UNPROCESSABLE
from teams.views.common import act, posted_version, reach

MOST_RATINGS = 300
"""Rows that the page reads, those in force first."""
SHOWN_HISTORY = 30
"""Earlier ratings and steps that the page shows; the rest is in REST and the history."""


def parameters_of(account: Account) -> list[ProfileParameter]:
    """Parameters that hold for `account`, by area."""
    rows = ProfileParameter.objects.active().filter(programme=account.programme_id).for_list()
    return [row for row in rows if holds_for(row, account)]


class InsightView(AccountPartView):
    """What is known of the customer, section by section, and what it gains by preferring us."""

    part = "insight"
    part_template_name = "accounts/_insight.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(
            unknown=_("unknown"),
            **profile_context(self.object),
            **factors_context(self.object),
            **kwargs,
        )


class RatingsView(AccountPartView):
    """What the account is rated, how well it matches each brand, and how far the brands have come
    there."""

    part = "ratings"
    part_template_name = "accounts/_ratings.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        account = self.object
        profiles = TargetProfile.objects.active().for_list()
        profiles = list(matching.profiles_for(account, profiles))
        stored = Rating.objects.filter(account=account).select_related("parameter", "rated_by")
        stored = stored.order_by(F("superseded_at").desc(nulls_first=True), "-pk")
        ratings = list(matching.judged(stored, profiles)[:MOST_RATINGS])
        in_force = {row.parameter_id: row for row in ratings if _stands(row)}
        asked = parameters_of(account)
        known = [(row, in_force.get(row.pk)) for row in asked]
        found = matching.verdicts(profiles, [account], in_force.values())
        steps = Target.objects.filter(account=account).select_related("brand", "decided_by")
        steps = steps.order_by(F("superseded_at").desc(nulls_first=True), "-pk")
        lists = list(steps[:MOST_RATINGS])
        places = {row.brand_id: row for row in lists if row.superseded_at is None}
        matches = [
            {
                "profile": row,
                "match": matching.summed(found[row.pk, account.pk]),
                "verdicts": [
                    (item, targeting.wanted_words(item.wanted))
                    for item in found[row.pk, account.pk]
                ],
                "target": places.get(row.brand_id),
            }
            for row in profiles
        ]
        matches.sort(key=lambda row: -(row["match"].share or 0))
        may = account.may_edit and not account.is_archived
        return super().get_context_data(
            known=known,
            rated=sum(rating is not None for _row, rating in known),
            matches=matches,
            targets=[row for row in lists if row.superseded_at is None],
            past=[row for row in ratings if row.superseded_at is not None][:SHOWN_HISTORY],
            past_targets=[row for row in lists if row.superseded_at is not None][:SHOWN_HISTORY],
            rate_url=reverse("accounts:rate", args=[account.pk]) if may and asked else "",
            rate_label=_("Rate"),
            target_url=reverse("accounts:target_set", args=[account.pk]) if may else "",
            target_label=_("Set a status"),
            **kwargs,
        )


def _stands(row: Rating) -> bool:
    return row.superseded_at is None and (row.value is not None or bool(row.choice))


def _account(request: HttpRequest, pk: int) -> Account:
    """The account that the person edits, else 404 or PermissionDenied."""
    rows = Account.objects.select_related("programme", "channel")
    account: Account = reach(rows, request.user, pk=pk)
    if not policies.can_edit(request.user, account):
        raise PermissionDenied
    return account


def rate(request: HttpRequest, pk: int) -> HttpResponse:
    """All ratings of an account on one sheet: what is changed, or said to be still true, counts as
    of the day."""
    account = _account(request, pk)
    back = reverse("accounts:ratings_of", args=[pk])
    rows = Rating.objects.filter(account=account, superseded_at=None).select_related("rated_by")
    present = {row.parameter_id: row for row in rows}
    form = RatingsForm(request.POST or None, parameters=parameters_of(account), present=present)
    status = 200
    if request.method == "POST":
        if form.is_valid():
            try:
                made = give_ratings(actor=request.user, ratings=form.ratings(account))
            except RowsError as error:
                form.refuse(error.refusals)
            else:
                words = ngettext("%(count)d rating saved.", "%(count)d ratings saved.", len(made))
                said = words % {"count": len(made)} if made else _("Nothing was changed.")
                messages.success(request, said)
                return redirect(back)
        status = UNPROCESSABLE
    title = _("Rate %(account)s") % {"account": account}
    context = {
        "form": form,
        "form_title": title,
        "account": account,
        "cancel_url": back,
        "crumbs": [(account.name, account.get_absolute_url()), (_("Ratings"), back), (title, "")],
    }
    return render(request, "accounts/rate.html", context, status=status)


def section(request: HttpRequest, pk: int, section: str) -> HttpResponse:
    """One section of the profile of an account."""
    if section not in Section.values:
        raise Http404
    account = _account(request, pk)
    back = reverse("accounts:insight", args=[pk])
    rows = ProfileEntry.objects.filter(account=account, superseded_at=None, field__in=ASKED)
    present = {row.field: row for row in rows}
    form = SectionForm(request.POST or None, asked=fields_of(section), present=present)
    status = 200
    if request.method == "POST":
        if form.is_valid():
            try:
                services.record_entries(actor=request.user, entries=form.entries(account))
            except RowsError as error:
                form.refuse(error.refusals)
            else:
                messages.success(request, _("Profile saved."))
                if request.htmx:  # type: ignore[attr-defined]
                    return HttpResponse(status=204, headers={"HX-Redirect": back})
                return redirect(back)
        status = UNPROCESSABLE
    in_dialog = bool(request.headers.get("X-Dialog"))
    context = {
        "form": form,
        "form_title": Section(section).label,
        "submit_label": _("Save"),
        "account": account,
        "cancel_url": back,
        "in_dialog": in_dialog,
    }
    name = "web/_form_dialog.html" if in_dialog else "web/form.html"
    return render(request, name, context, status=status)


class TargetSetView(OnAccountMixin, FormView):
    """How far a brand has come at the account."""

    model = Target
    form_class = TargetForm
    allowed = staticmethod(policies.can_edit)
    part_url = "accounts:ratings_of"
    form_title = gettext_lazy("Place on a target list")
    submit_label = gettext_lazy("Save")
    success_message = gettext_lazy("Target list saved.")

    def get_initial(self) -> dict[str, Any]:
        given = super().get_initial()
        brand = self.request.GET.get("brand", "")
        return given | ({"brand": brand} if brand.isdecimal() else {})

    def get_form_kwargs(self) -> dict[str, Any]:
        return super().get_form_kwargs() | {"programme": self.account.programme_id}

    def perform(self, form: TargetForm) -> Target:
        given = targeting.Aim(self.account, **form.cleaned_data)
        return targeting.set_target(actor=self.request.user, given=given)


class BenefitFormMixin(OnAccountMixin):
    """What the account would gain: for who edits it."""

    model = PreferredBenefit
    form_class = BenefitForm
    allowed = staticmethod(policies.can_edit)
    part_url = "accounts:insight"
    form_title = gettext_lazy("What a preferred customer gains")


class BenefitCreateView(BenefitFormMixin, CreateView):
    """A further benefit."""

    submit_label = gettext_lazy("Add benefit")

    def perform(self, form: BenefitForm) -> PreferredBenefit:
        return services.create_benefit(
            actor=self.request.user, account=self.account, changes=form.values
        )


class BenefitUpdateView(BenefitFormMixin, UpdateView):
    """Other words, or the day on which it was told."""

    submit_label = gettext_lazy("Save")

    def perform(self, form: BenefitForm) -> PreferredBenefit:
        return services.update_benefit(
            actor=self.request.user,
            benefit=self.object,
            expected_version=form.version,
            changes=form.changes,
        )


@require_POST
def archive_benefit(request: HttpRequest, pk: int) -> HttpResponse:
    """Take it off the account."""
    return _act(request, pk, services.archive_benefit, _("Archived. It can be restored here."))


@require_POST
def restore_benefit(request: HttpRequest, pk: int) -> HttpResponse:
    """Bring it back."""
    return _act(request, pk, services.restore_benefit, _("Restored."))


def _act(request: HttpRequest, pk: int, service: Any, done: str) -> HttpResponse:
    row = get_object_or_404(PreferredBenefit.objects.visible_to(request.user), pk=pk)
    version = posted_version(request)

    def write() -> None:
        service(actor=request.user, benefit=row, expected_version=version)

    return act(request, write, done, reverse("accounts:insight", args=[row.account_id]))
