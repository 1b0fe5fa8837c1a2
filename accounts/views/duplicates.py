"""Possible duplicates: looked for, looked at, dismissed."""

from __future__ import annotations

from typing import Any

import django_filters
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.forms import HiddenInput
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST
from django.views.generic import ListView

from accounts import exports, policies
from accounts.duplicates.weighing import in_words
from accounts.models import Account, DuplicateKind, DuplicatePair
from accounts.services import duplicate, search
from accounts.tasks import look_for_duplicates
from kam.access.querysets import Reader
from kam.changes.errors import VersionConflict
from kam.imports.models import Run
from kam.jobs.models import Job
from kam.web import toasts
from kam.web.addresses import posted_version
from kam.web.views import ScopedViewMixin, TableMixin
from kam.web.views.tables import Column

LIKELY = ((90, gettext_lazy("Very likely")), (75, gettext_lazy("Likely")))
"""Words for a score from so much on; below: possible."""


def _accounts(request: HttpRequest) -> QuerySet[Account]:
    return Account.objects.visible_to(request.user)


class DuplicateFilter(django_filters.FilterSet):
    """Which pairs the list shows: those of an account, or of an import that made one side, by links
    from there."""

    kind = django_filters.ChoiceFilter(label=gettext_lazy("Of what"), choices=DuplicateKind.choices)
    account = django_filters.ModelChoiceFilter(
        label=gettext_lazy("Account"), queryset=_accounts, method="by_account", widget=HiddenInput
    )
    run = django_filters.NumberFilter(
        label=gettext_lazy("Import"), method="by_run", widget=HiddenInput
    )

    class Meta:
        model = DuplicatePair
        fields = ()

    def by_account(self, pairs: QuerySet, name: str, value: Account) -> QuerySet:
        return pairs.filter(account_a=value) | pairs.filter(account_b=value)

    def by_run(self, pairs: Any, name: str, value: Any) -> QuerySet:
        runs = Run.objects.visible_to(self.request.user)
        return pairs.of_run(int(value)) if runs.filter(pk=int(value)).exists() else pairs.none()


class DuplicateListView(TableMixin, ScopedViewMixin, ListView):
    """Pairs to decide about, or those that are not the same."""

    model = DuplicatePair
    reading = "for_list"
    filterset_class = DuplicateFilter
    template_name = "accounts/duplicate_list.html"
    page_name = "duplicates"
    export_layout = exports.PAIRS
    default_sort = "-likeness"
    state = DuplicatePair.State.OPEN
    columns = (
        Column("pair", gettext_lazy("Two that may be one"), optional=False),
        Column("why", gettext_lazy("What they have in common"), optional=False),
        Column("likeness", gettext_lazy("Likeness"), sort="score", optional=False, numeric=True),
        Column("found", gettext_lazy("Found"), sort="found_at", phone=False),
        Column("do", gettext_lazy("Decide"), optional=False),
    )

    def get_queryset(self) -> QuerySet[DuplicatePair]:
        if not policies.has_accounts(self.request.user):
            raise Http404
        rows = super().get_queryset().filter(state=self.state).standing()
        return rows.with_rights_of(self.request.user)

    @property
    def filterset(self) -> Any:
        """The pairs that the reader sees, filtered."""
        visible = DuplicatePair.objects.visible_to(self.request.user).for_list()
        return self.filterset_class(self.request.GET, queryset=visible, request=self.request)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        shown = list(context["page_obj"].object_list)
        return context | {
            "rows": [row_of(pair) for pair in shown],
            "tabs": tabs(self.state.value),
            "search": search_of(self.request.user),
            "is_open": self.state == DuplicatePair.State.OPEN,
            "crumbs": [(_("Accounts"), reverse("accounts:list")), (_("Duplicates"), "")],
        }


class DismissedListView(DuplicateListView):
    """Pairs of which somebody has said that they are not the same."""

    state = DuplicatePair.State.DISMISSED
    page_name = "dismissed"


def tabs(current: str) -> list[dict[str, Any]]:
    """To decide, dismissed, merged."""
    places = (
        ("open", _("To decide"), "accounts:duplicates"),
        ("dismissed", _("Not the same"), "accounts:dismissed"),
        ("merged", _("Merged"), "accounts:merges"),
    )
    return [
        {"label": label, "url": reverse(url), "current": name == current}
        for name, label, url in places
    ]


def row_of(pair: DuplicatePair) -> dict[str, Any]:
    """A pair as the list shows it."""
    of_people = pair.kind == DuplicateKind.CONTACT
    return {
        "pair": pair,
        "sides": [_side(side, of_people=of_people) for side in (pair.a, pair.b)],
        "account": pair.account_a if of_people else None,
        "reasons": [in_words(reason) for reason in pair.reasons],
        "words": likeness_words(pair.score),
        "compare": compare_url(pair.a, pair.b),
    }


def _side(row: Any, *, of_people: bool) -> dict[str, Any]:
    detail = (row.job_title, row.email) if of_people else (row.get_status_display(), row.country)
    return {"row": row, "detail": " · ".join(str(part) for part in detail if part)}


def likeness_words(score: int) -> str:
    """How sure the comparison is."""
    return next((str(words) for least, words in LIKELY if score >= least), _("Possible"))


def compare_url(survivor: Any, loser: Any) -> str:
    """Address of the page that shows both side by side."""
    name = "accounts:merge_preview" if isinstance(survivor, Account) else "accounts:contact_merge"
    return reverse(name, args=[survivor.pk, loser.pk])


def search_of(user: Reader) -> dict[str, Any]:
    """The last search that the reader has started, or one that is under way."""
    jobs = Job.objects.filter(created_by=user.pk, task=look_for_duplicates.module_path)
    last = jobs.order_by("-enqueued_at").first()
    return {"job": last, "is_running": last is not None and not last.is_finished}


@require_POST
@login_required
def find(request: HttpRequest) -> HttpResponse:
    """Look for duplicates in all that the reader sees, or among the people of one account."""
    if not policies.has_accounts(request.user):
        raise Http404
    key = request.POST.get("account", "")
    account = None
    if key.isdecimal():
        account = get_object_or_404(Account.objects.visible_to(request.user), pk=key)
    search.start_search(actor=request.user, account=account)
    where = f"?account={account.pk}&kind=contact" if account else ""
    return redirect(f"{reverse('accounts:duplicates')}{where}")


@login_required
def progress(request: HttpRequest) -> HttpResponse:
    """How far the search is; asks htmx to load the page again when it has ended."""
    search = search_of(request.user)
    if not search["is_running"]:
        return HttpResponse(headers={"HX-Refresh": "true"})
    return render(request, "accounts/_duplicate_progress.html", {"search": search})


def _decide(request: HttpRequest, pk: int, service: Any, **values: Any) -> DuplicatePair | None:
    visible = DuplicatePair.objects.visible_to(request.user)
    pair = get_object_or_404(visible, pk=pk)
    version = posted_version(request)
    try:
        return service(actor=request.user, pair=pair, expected_version=version, **values)
    except VersionConflict:
        messages.error(request, _("Somebody else has decided about it meanwhile: look again."))
        return None


@require_POST
@login_required
def dismiss(request: HttpRequest, pk: int) -> HttpResponse:
    """Not the same: never proposed again."""
    note = request.POST.get("note", "")
    pair = _decide(request, pk, duplicate.dismiss_pair, note=note)
    if pair is not None:
        text = _("Not the same: the pair is not proposed again.")
        toasts.done(request, text, undo=reverse("accounts:duplicate_reopen", args=[pk]))
    return redirect("accounts:duplicates")


@require_POST
@login_required
def reopen(request: HttpRequest, pk: int) -> HttpResponse:
    """To be decided about again."""
    if _decide(request, pk, duplicate.reopen_pair) is not None:
        messages.success(request, _("The pair is back among those to decide about."))
    return redirect("accounts:duplicates")
