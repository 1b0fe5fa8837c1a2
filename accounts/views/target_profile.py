"""What brands look for, and which accounts match it best (K093, K095)."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse, reverse_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST
from django.views.generic import CreateView, ListView, UpdateView

from accounts import exports
from accounts.choices import Area, TargetStatus
from accounts.exports.shared import with_number
from accounts.forms.outlets import NONE_YET, OutletFilterForm, StepForm, TargetProfileForm
from accounts.models import Account, Channel, ProfileParameter, Target, TargetProfile
from accounts.profiles import matching
from accounts.services import targeting
from accounts.views.programme import ProgrammeFormMixin
from accounts.views.status import DecisionFormMixin
from accounts.views.target import PAGE, crumbs
from kam.documents import tables as files
from kam.web.views import ScopedViewMixin
from kam.web.views.forms import UNPROCESSABLE
from kam.web.views.tables import CappedPaginator, ExportMixin
from teams.models import Programme
from teams.policies import can_edit_programme
from teams.views.common import press

SHOWN_COLUMNS = 8
"""Parameters that a row of the ranking shows; the account's own page shows all."""


class TargetProfileListView(ExportMixin, ScopedViewMixin, ListView):
    """What brands look for, and how many of the accounts that the reader sees are on their
    target lists (K093)."""

    model = TargetProfile
    reading = "for_list"
    paginate_by = PAGE
    paginator_class = CappedPaginator
    template_name = "accounts/target_profile_list.html"
    export_layout = exports.TARGET_PROFILES

    def get_queryset(self) -> QuerySet[TargetProfile]:
        rows = super().get_queryset()
        past = self.request.GET.get("archived") == "1"
        return rows.filter(archived_at__isnull=False) if past else rows.active()  # type: ignore[no-any-return]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        user = self.request.user
        run = set(Programme.objects.editable_by(user).values_list("pk", flat=True))
        context = super().get_context_data(may_add=bool(run), **kwargs)
        rows = list(context["page_obj"].object_list)
        seen = Account.objects.visible_to(user).active().order_by().values("pk")
        brands = [row.brand_id for row in rows]
        targets = Target.objects.in_force().filter(account__in=seen, brand__in=brands).order_by()
        counts = targets.values_list("brand", "status").annotate(count=Count("pk"))
        found = {(brand, status): count for brand, status, count in counts}
        for row in rows:
            row.may_edit = row.programme_id in run
            row.counts = [
                (label, found[row.brand_id, value])
                for value, label in TargetStatus.choices
                if (row.brand_id, value) in found
            ]
            row.asked = [(item, targeting.wanted_words(item)) for item in row.ranges.all()]
        return context | {"rows": rows}


class TargetProfileView(ExportMixin, ScopedViewMixin, ListView):
    """Accounts by their match with what a brand looks for; those that are ticked come onto its
    target list (K093, K095)."""

    model = Account
    paginate_by = PAGE
    paginator_class = CappedPaginator
    template_name = "accounts/target_profile.html"
    export_layout = exports.MATCHES

    @cached_property
    def profile(self) -> TargetProfile:
        """The target profile that the address names, else 404."""
        rows = TargetProfile.objects.visible_to(self.request.user).for_list()
        return get_object_or_404(rows, pk=self.kwargs["pk"])

    @cached_property
    def filter(self) -> OutletFilterForm:
        """Which outlets the address asks for."""
        profile = self.profile
        channels = Channel.objects.active().filter(programme=profile.programme_id)
        if profile.channel:
            channels = channels.under(profile.channel)
        asked = [row.parameter for row in profile.ranges.all()]
        holding = ProfileParameter.objects.active().holding_in(profile.channel)
        about = holding.filter(programme=profile.programme_id, area=Area.AUDIENCE)
        more = [row for row in about.order_by("name", "pk") if row not in asked]
        return OutletFilterForm(self.request.GET, channels=channels, parameters=[*asked, *more])

    def get_queryset(self) -> Any:
        rows = matching.ranked(self.profile, super().get_queryset())
        self.filter.is_valid()
        said = self.filter.cleaned_data
        if channel := said.get("channel"):
            rows = rows.filter(channel__path__startswith=channel.path)
        if status := said.get("status"):
            rows = rows.filter(target_status="" if status == NONE_YET else status)
        return matching.rated_as(rows, self.filter.wishes)

    def get_export_rows(self, layout: files.Layout) -> Any:
        rows = with_number(self.get_queryset(), "pk")
        return Ranked(rows, self.profile)

    def get_context_data(self, *, step: StepForm | None = None, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        user, profile = self.request.user, self.profile
        rows = list(context["page_obj"].object_list)
        found = matching.verdicts([profile], rows)
        editable = Account.objects.editable_by(user).filter(pk__in=[row.pk for row in rows])
        may = set(editable.order_by().values_list("pk", flat=True))
        first = context["page_obj"].start_index()
        for place, row in enumerate(rows):
            row.rank = first + place
            row.match = matching.match_of(profile, row)
            row.verdicts = found[profile.pk, row.pk][:SHOWN_COLUMNS]
            row.may_edit = row.pk in may and not row.is_archived
            row.status_label = TargetStatus(row.target_status).label if row.target_status else ""
        wanted = [(item, targeting.wanted_words(item)) for item in profile.ranges.all()]
        return context | {
            "profile": profile,
            "rows": rows,
            "wanted": wanted,
            "columns": wanted[:SHOWN_COLUMNS],
            "hidden_columns": max(0, len(wanted) - SHOWN_COLUMNS),
            "filter": self.filter,
            "is_filtered": self.filter.has_changed(),
            "step": step or StepForm(initial={"status": TargetStatus.TARGETED}),
            "may_step": bool(may),
            "may_edit": can_edit_programme(user, profile.programme),
            "crumbs": crumbs((profile, "")),
        }

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Bring the accounts that are ticked to a status of the brand's target list."""
        edited = matching.asked_of(self.profile, Account.objects.editable_by(request.user))
        if not edited.exists():
            raise PermissionDenied
        form = StepForm(request.POST)
        keys = [key for key in request.POST.getlist("account") if key.isascii() and key.isdecimal()]
        pks = [int(key) for key in keys if len(key) < 19][: 2 * PAGE]
        seen = Account.objects.visible_to(request.user)
        accounts = list(matching.asked_of(self.profile, seen).filter(pk__in=pks))
        if form.is_valid() and not accounts:
            form.add_error(None, _("Tick the accounts first."))
        if form.is_valid():
            brand = self.profile.brand
            aims = [targeting.Aim(row, brand, **form.cleaned_data) for row in accounts]
            try:
                made = targeting.set_targets(actor=request.user, targets=aims)
            except ValidationError as error:
                form.add_error("since" if "since" in error.message_dict else None, error.messages)
            else:
                words = ngettext("%(count)d account set.", "%(count)d accounts set.", len(made))
                messages.success(request, words % {"count": len(made)})
                return HttpResponseRedirect(request.get_full_path())
        self.object_list = self.get_queryset()
        context = self.get_context_data(step=form, ticked={row.pk for row in accounts})
        return self.render_to_response(context, status=UNPROCESSABLE)


class Ranked:
    """Rows of the ranking as a file shows them, with their match."""

    def __init__(self, rows: Any, profile: TargetProfile) -> None:
        self.rows, self.profile = rows, profile

    def __len__(self) -> int:
        return self.rows.order_by().values("pk").count()  # type: ignore[no-any-return]

    def __iter__(self) -> Any:
        for row in self.rows.iterator(chunk_size=500):
            match = matching.match_of(self.profile, row)
            row.match = {
                "share": matching.rounded(match.share),
                "rated_share": matching.rounded(match.rated_share),
                "possible": matching.rounded(match.possible),
            }
            yield row


class TargetProfileFormMixin(DecisionFormMixin, ProgrammeFormMixin):
    """A form on what a brand looks for."""

    model = TargetProfile
    form_class = TargetProfileForm
    template_name = "accounts/target_profile_form.html"
    dialog_template_name = ""
    success_url = reverse_lazy("accounts:target_profiles")
    success_message = gettext_lazy("Target profile saved.")

    def get_form_kwargs(self) -> dict[str, Any]:
        given = super().get_form_kwargs()
        row = given["instance"]
        present = {item.parameter_id: item for item in row.ranges.all()} if row else {}
        rows = ProfileParameter.objects.active().filter(programme=self.programme).for_list()
        return given | {
            "programme": self.programme,
            "parameters": rows,
            "present": present,
        }

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(crumbs=crumbs((self.form_title, "")), **kwargs)

    def get_success_url(self) -> str:
        return reverse("accounts:target_profile", args=[self.object.pk])

    def write(self, form: TargetProfileForm) -> TargetProfile:
        """Call the service."""
        raise NotImplementedError

    def perform(self, form: TargetProfileForm) -> TargetProfile:
        try:
            return self.write(form)
        except ValidationError as error:
            raise form.placed(error) from error


class TargetProfileCreateView(TargetProfileFormMixin, CreateView):
    """What a further brand looks for."""

    form_title = gettext_lazy("New target profile")
    submit_label = gettext_lazy("Add target profile")

    def write(self, form: TargetProfileForm) -> TargetProfile:
        return targeting.create_target_profile(
            actor=self.request.user,
            programme=self.programme,
            changes=form.values,
            ranges=form.ranges,
        )


class TargetProfileUpdateView(TargetProfileFormMixin, UpdateView):
    """Look for something else."""

    form_title = gettext_lazy("Change target profile")
    submit_label = gettext_lazy("Save")

    def write(self, form: TargetProfileForm) -> TargetProfile:
        return targeting.update_target_profile(
            actor=self.request.user,
            profile=self.object,
            expected_version=form.version,
            changes=form.changes,
            ranges=form.ranges,
        )


def _press(request: HttpRequest, pk: int, write: Any, done: str) -> HttpResponse:
    return press(
        request,
        TargetProfile.objects,
        pk,
        write=write,
        kind="profile",
        done=done,
        back=lambda _row: reverse("accounts:target_profiles"),
    )


@require_POST
def archive_target_profile(request: HttpRequest, pk: int) -> HttpResponse:
    """Look for it no longer."""
    write, done = targeting.archive_target_profile, _("Target profile %(name)s archived.")
    return _press(request, pk, write, done)


@require_POST
def restore_target_profile(request: HttpRequest, pk: int) -> HttpResponse:
    """Look for it again."""
    write, done = targeting.restore_target_profile, _("Target profile %(name)s is back.")
    return _press(request, pk, write, done)
