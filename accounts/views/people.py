"""People at the customer, and the customer's places."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST
from django.views.generic import CreateView, DetailView, UpdateView

from accounts import policies
from accounts.forms import ContactForm, SiteForm
from accounts.models import (
    Account,
    Contact,
    DuplicateKind,
    DuplicatePair,
    Interaction,
    Site,
)
from accounts.querysets import DuplicateQuerySet
from accounts.services import people, site
from accounts.views.parts import AccountPartView
from kam.access.dates import business_today
from kam.access.prepared import kept_count, kept_objects
from kam.access.querysets import sight_of
from kam.changes.errors import VersionConflict
from kam.web.addresses import posted_version
from kam.web.views import ScopedViewMixin, ServiceFormMixin

RECENT_TALKS = 10
SHOWN_TALKS = 50


def open_pairs(account: int) -> DuplicateQuerySet:
    """Pairs of people of an account that may be one."""
    pairs = DuplicatePair.objects.filter(kind=DuplicateKind.CONTACT, account_a=account)
    return pairs.filter(state=DuplicatePair.State.OPEN).standing()


def _open_keys(account: int) -> QuerySet:
    return open_pairs(account).order_by().values("pk")


def _people(account: int) -> QuerySet[Contact]:
    """People of an account that the reader sees, the most influential first."""
    contacts = Contact.objects.filter(account=account).active().for_list()
    return contacts.order_by(F("influence").desc(nulls_last=True), "name", "pk")


def _recent_talks(account: int) -> QuerySet[Interaction]:
    return Interaction.objects.filter(account=account).active().for_list()[:RECENT_TALKS]


class PeopleView(AccountPartView):
    """Whom we know, how sure we are, and when we last talked."""

    part = "people"
    part_template_name = "accounts/_people.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        account = self.object
        rows = kept_objects("all people", _people, account=account.pk)
        may = account.may_contribute and not account.is_archived
        return super().get_context_data(
            contact_url=reverse("accounts:contact_create", args=[account.pk]) if may else "",
            contact_label=_("Add a person"),
            unknown=_("unknown"),
            contacts=rows,
            doubles=kept_count("open pairs", _open_keys, account=account.pk),
            confirmed=sum(person.confidence == "confirmed" for person in rows),
            talks=kept_objects("recent talks", _recent_talks, account=account.pk),
            **kwargs,
        )


class ContactView(ScopedViewMixin, DetailView):
    """One person: part in the decision, attitude, and every talk."""

    model = Contact
    reading = "for_list"
    depends_on_reader_alone = True
    template_name = "accounts/contact_detail.html"
    context_object_name = "contact"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The person; one who was merged into another is that one."""
        self.object = self.get_object()
        if self.object.merged_into is not None:
            names = {"loser": self.object, "survivor": self.object.merged_into}
            messages.info(request, _("%(loser)s has been merged into %(survivor)s.") % names)
            return redirect(self.object.merged_into)
        return self.render_to_response(self.get_context_data(object=self.object))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        contact, user = self.object, self.request.user

        def talks(contact: int) -> QuerySet[Interaction]:
            held = Interaction.objects.visible_to(user).active().filter(contacts=contact)
            return held.for_list()[:SHOWN_TALKS]

        def reports(contact: int) -> QuerySet[Contact]:
            return Contact.objects.filter(reports_to=contact).active()

        return super().get_context_data(
            account=contact.account,
            unknown=_("unknown"),
            talks=kept_objects(("talks with", sight_of(user)), talks, contact=contact.pk),
            reports=kept_objects("reports to", reports, contact=contact.pk),
            may_contribute=policies.can_contribute(user, contact.account),
            today=business_today(),
            **kwargs,
        )


class OnAccountMixin(ServiceFormMixin, ScopedViewMixin):
    """A form about something that hangs on an account: named by the address, or by the row."""

    template_name = "web/form.html"
    allowed: Any = staticmethod(policies.can_contribute)
    part_url = "accounts:people"

    @property
    def account(self) -> Account:
        """The account: 404 when invisible, PermissionDenied when not allowed."""
        if not hasattr(self, "_account"):
            if "account" in self.kwargs:  # type: ignore[attr-defined]
                visible = Account.objects.visible_to(self.request.user)
                self._account = get_object_or_404(visible, pk=self.kwargs["account"])  # type: ignore[attr-defined]
            else:
                self._account = self.object.account  # type: ignore[attr-defined]
            if not self.allowed(self.request.user, self._account):
                raise PermissionDenied
        return self._account

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(
            account=self.account,
            cancel_url=self.get_success_url(),
            list_title=self.account.name,
            **kwargs,
        )

    def get_success_url(self) -> str:
        return reverse(self.part_url, args=[self.account.pk])


class ContactFormMixin(OnAccountMixin):
    """What is known of a person."""

    model = Contact
    form_class = ContactForm

    def get_form_kwargs(self) -> dict[str, Any]:
        return super().get_form_kwargs() | {"account": self.account}


class ContactCreateView(ContactFormMixin, CreateView):
    """A person we have met or know of."""

    form_title = gettext_lazy("New person")
    submit_label = gettext_lazy("Add person")

    def perform(self, form: ContactForm) -> Contact:
        return people.create_contact(
            actor=self.request.user, account=self.account, changes=form.values
        )


class ContactUpdateView(ContactFormMixin, UpdateView):
    """Change what is known of a person."""

    form_title = gettext_lazy("Edit person")
    submit_label = gettext_lazy("Save")

    def perform(self, form: ContactForm) -> Contact:
        return people.update_contact(
            actor=self.request.user,
            contact=self.object,
            expected_version=form.version,
            changes=form.changes,
        )

    def get_success_url(self) -> str:
        return reverse("accounts:contact", args=[self.object.pk])


class SiteFormMixin(OnAccountMixin):
    """A place of the customer."""

    model = Site
    form_class = SiteForm
    allowed = staticmethod(policies.can_edit)
    part_url = "accounts:profile"


class SiteCreateView(SiteFormMixin, CreateView):
    """A place where the customer buys, makes or decides."""

    form_title = gettext_lazy("New site")
    submit_label = gettext_lazy("Add site")

    def perform(self, form: SiteForm) -> Site:
        return site.create_site(actor=self.request.user, account=self.account, changes=form.values)


class SiteUpdateView(SiteFormMixin, UpdateView):
    """Change a place."""

    form_title = gettext_lazy("Edit site")
    submit_label = gettext_lazy("Save")

    def perform(self, form: SiteForm) -> Site:
        return site.update_site(
            actor=self.request.user,
            site=self.object,
            expected_version=form.version,
            changes=form.changes,
        )


def _act(request: HttpRequest, row: Any, name: str, service: Any, back: str) -> HttpResponse:
    version = posted_version(request)
    try:
        service(actor=request.user, expected_version=version, **{name: row})
    except VersionConflict:
        messages.error(request, _("Somebody else changed it in the meantime: look again."))
    return redirect(back, row.account_id)


@require_POST
def archive_contact(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a person out of the lists."""
    row = get_object_or_404(Contact.objects.visible_to(request.user), pk=pk)
    return _act(request, row, "contact", people.archive_contact, "accounts:people")


@require_POST
def restore_contact(request: HttpRequest, pk: int) -> HttpResponse:
    """Bring a person back."""
    row = get_object_or_404(Contact.objects.visible_to(request.user), pk=pk)
    return _act(request, row, "contact", people.restore_contact, "accounts:people")


@require_POST
def archive_site(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a place out of use."""
    row = get_object_or_404(Site.objects.visible_to(request.user), pk=pk)
    return _act(request, row, "site", site.archive_site, "accounts:profile")


@require_POST
def restore_site(request: HttpRequest, pk: int) -> HttpResponse:
    """Bring a place back."""
    row = get_object_or_404(Site.objects.visible_to(request.user), pk=pk)
    return _act(request, row, "site", site.restore_site, "accounts:profile")
