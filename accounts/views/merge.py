"""Two side by side, what a merge would do, what it did, and taking it back."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST
from django.views.generic import DetailView, FormView, ListView

from accounts import exports, policies, services
from accounts.duplicates.weighing import in_words
from accounts.forms.merge import MergeForm, OtherAccountForm
from accounts.merging import fields
from accounts.merging.preview import Preview, preview
from accounts.models import Account, Contact, DuplicatePair, Merge
from accounts.services.merge import UNDO_DAYS
from accounts.views.duplicates import compare_url, tabs
from kam.changes.errors import VersionConflict
from kam.web.views import ScopedViewMixin, ServiceFormMixin, TableMixin
from kam.web.views.forms import CONFLICT, UNPROCESSABLE, attach
from kam.web.views.tables import Column


class MergeView(ScopedViewMixin, FormView):
    """Every field of both to choose from, every kind of row that moves; posting merges."""

    form_class = MergeForm
    template_name = "accounts/merge.html"
    model: Any = Account

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return self.handle_no_permission()
        self.survivor, self.loser = (self._row(kwargs[name]) for name in ("pk", "other"))
        if not self._may():
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)

    def _row(self, pk: int) -> Any:
        return get_object_or_404(self.model.objects.visible_to(self.request.user), pk=pk)

    def _may(self) -> bool:
        user = self.request.user
        return all(policies.can_manage(user, row) for row in (self.survivor, self.loser))

    @cached_property
    def preview(self) -> Preview:
        """What would happen."""
        return preview(self.survivor, self.loser, reader=self.request.user)

    def get_form_kwargs(self) -> dict[str, Any]:
        return super().get_form_kwargs() | {"choices": self.preview.choices}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        survivor, loser = self.survivor, self.loser
        pair = self._pair()
        of_accounts = isinstance(survivor, Account)
        place = reverse("accounts:duplicates")
        account = survivor if of_accounts else survivor.account
        context = super().get_context_data(
            survivor=survivor,
            loser=loser,
            preview=self.preview,
            pair=pair,
            reasons=[in_words(reason) for reason in pair.reasons] if pair else [],
            swap_url=compare_url(loser, survivor),
            undo_days=UNDO_DAYS,
            crumbs=[(_("Accounts"), reverse("accounts:list")), (_("Duplicates"), place)],
            account=account,
            **kwargs,
        )
        form = context["form"]
        chosen = {
            choice.name: form.data.get(f"f-{choice.name}") or choice.chosen
            for choice in self.preview.choices
        }
        return context | {
            "choices": [
                {"choice": choice, "takes_other": chosen[choice.name] == fields.LOSER}
                for choice in self.preview.choices
                if not choice.same
            ],
            "alike": [
                choice for choice in self.preview.choices if choice.same and not choice.blank
            ],
            "blank": [choice.label for choice in self.preview.choices if choice.blank],
            "versions": (survivor.version, loser.version),
        }

    def _pair(self) -> DuplicatePair | None:
        first, second = sorted((self.survivor.pk, self.loser.pk))
        name = self.model._meta.model_name
        pairs = DuplicatePair.objects.visible_to(self.request.user).filter(kind=name)
        wanted: dict[str, Any] = {f"{name}_a": first, f"{name}_b": second}
        return pairs.filter(**wanted).with_rights_of(self.request.user).first()

    def form_valid(self, form: MergeForm) -> HttpResponse:
        try:
            merge = self.perform(form)
        except ValidationError as error:
            attach(form, error)
            return self.form_invalid(form)
        except VersionConflict:
            text = _("Somebody has changed one of them meanwhile: look again, then decide.")
            form.add_error(None, text)
            self.survivor, self.loser = (self._row(self.kwargs[key]) for key in ("pk", "other"))
            self.__dict__.pop("preview", None)
            return self._again(form, CONFLICT)
        text = _("%(loser)s is now part of %(survivor)s.")
        names = {"loser": merge.loser_name, "survivor": merge.survivor_name}
        messages.success(self.request, text % names)
        return redirect(merge)

    def form_invalid(self, form: MergeForm) -> HttpResponse:
        return self._again(form, UNPROCESSABLE)

    def _again(self, form: MergeForm, status: int) -> HttpResponse:
        return self.render_to_response(self.get_context_data(form=form), status=status)

    def perform(self, form: MergeForm) -> Merge:
        """Call the service."""
        service: Any = services.merge_accounts
        return self._call(service, form)

    def _call(self, service: Any, form: MergeForm) -> Merge:
        return service(
            actor=self.request.user,
            survivor=self.survivor,
            loser=self.loser,
            expected_version=form.cleaned_data["version"],
            expected_loser_version=form.cleaned_data["other_version"],
            choices=form.wanted,
        )


class ContactMergeView(MergeView):
    """The same for two people of one account."""

    model = Contact

    def _may(self) -> bool:
        user = self.request.user
        return all(policies.can_edit(user, row.account) for row in (self.survivor, self.loser))

    def perform(self, form: MergeForm) -> Merge:
        return self._call(services.merge_contacts, form)


class MergePickView(ServiceFormMixin, ScopedViewMixin, FormView):
    """With which account this one is compared."""

    form_class = OtherAccountForm
    template_name = "accounts/merge_pick.html"
    submit_label = gettext_lazy("Compare")

    @cached_property
    def account(self) -> Account:
        """The account of the address; 404 when invisible, PermissionDenied when not allowed."""
        visible = Account.objects.visible_to(self.request.user)
        account = get_object_or_404(visible, pk=self.kwargs["pk"])
        if not policies.can_manage(self.request.user, account):
            raise PermissionDenied
        return account

    def get_form_kwargs(self) -> dict[str, Any]:
        return super().get_form_kwargs() | {"account": self.account, "user": self.request.user}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        title = _("Merge %(account)s with another account") % {"account": self.account}
        url = self.account.get_absolute_url()
        crumbs = [
            (_("Accounts"), reverse("accounts:list")),
            (self.account.name, url),
            (_("Merge with another account"), ""),
        ]
        return super().get_context_data(form_title=title, cancel_url=url, crumbs=crumbs, **kwargs)

    def perform(self, form: OtherAccountForm) -> Account:
        """Nothing is written."""
        return form.cleaned_data["other"]

    def get_success_url(self) -> str:
        return compare_url(self.account, self.object)


class MergeListView(TableMixin, ScopedViewMixin, ListView):
    """What was merged, and can be taken back."""

    model = Merge
    reading = "for_list"
    template_name = "accounts/merge_list.html"
    page_name = "merges"
    export_layout = exports.MERGES
    default_sort = "-merged"
    columns = (
        Column("what", gettext_lazy("What"), optional=False),
        Column("merged", gettext_lazy("Merged"), sort="merged_at", optional=False),
        Column("by", gettext_lazy("By"), sort="merged_by__username", phone=False),
        Column("undo", gettext_lazy("Taking back"), sort="undo_until", phone=False),
    )

    def get_queryset(self) -> Any:
        if not policies.has_accounts(self.request.user):
            raise Http404
        return super().get_queryset()

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        now = timezone.now()
        rows = list(context["page_obj"].object_list)
        return context | {
            "rows": [{"merge": row, "can_be_undone": row.can_be_undone(now)} for row in rows],
            "tabs": tabs("merged"),
            "crumbs": [(_("Accounts"), reverse("accounts:list")), (_("Duplicates"), "")],
        }


class MergeDetailView(ScopedViewMixin, DetailView):
    """What one merge did."""

    model = Merge
    reading = "for_list"
    template_name = "accounts/merge_detail.html"
    context_object_name = "merge"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        merge = self.object
        labels = fields.labels_of(type(merge.survivor))
        return super().get_context_data(
            fields=[labels[name] for name in merge.summary["fields"] if name in labels],
            counts=merge.summary["counts"],
            remarks=merge.summary["remarks"],
            may_undo=_may_undo(self.request.user, merge),
            crumbs=[
                (_("Accounts"), reverse("accounts:list")),
                (_("Duplicates"), reverse("accounts:duplicates")),
                (_("Merged"), reverse("accounts:merges")),
            ],
            **kwargs,
        )


def _may_undo(user: Any, merge: Merge) -> bool:
    may = policies.can_manage if merge.loser_id else policies.can_edit
    return merge.can_be_undone(timezone.now()) and may(user, merge.account)


@require_POST
@login_required
def undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a merge back."""
    merge = get_object_or_404(Merge.objects.visible_to(request.user), pk=pk)
    try:
        services.undo_merge(actor=request.user, merge=merge)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, _("Taken back: both are as they were."))
    return redirect("accounts:merge", pk)
