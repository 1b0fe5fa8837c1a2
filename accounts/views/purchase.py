"""Category purchases: the list, the forms, and what an account buys beside what it buys from us."""

from __future__ import annotations

from collections.abc import Hashable
from decimal import Decimal
from functools import cached_property
from typing import Any, NamedTuple

import django_filters
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST
from django.views.generic import CreateView, ListView, UpdateView

from accounts import exports, figures, market, policies
from accounts.choices import PurchaseConfidence, UseType
from accounts.forms import HeldPurchaseForm, PurchaseForm
from accounts.models import Account, CategoryPurchase, Channel, ProductLine
from accounts.services import purchase as services
from accounts.views.parts import AccountPartView
from kam.access.dates import business_today
from kam.access.querysets import sight_of
from kam.web.fields import OpenSelect
from kam.web.views import PartialMixin, ScopedViewMixin, ServiceFormMixin, TableMixin
from kam.web.views.tables import Column
from teams.views.common import press

SHOWN_WALLETS = 100
"""Figures that an account's page shows, latest period first."""


def _channels(request: HttpRequest) -> QuerySet[Channel]:
    return Channel.objects.visible_to(request.user).active()


def _categories(request: HttpRequest) -> QuerySet[ProductLine]:
    return ProductLine.objects.visible_to(request.user).active()


class PurchaseFilter(django_filters.FilterSet):
    """Which purchases the list shows."""

    search = django_filters.CharFilter(label=gettext_lazy("Account or channel"), method="by_text")
    category = django_filters.ModelChoiceFilter(
        label=gettext_lazy("Category"), queryset=_categories
    )
    channel = django_filters.ModelChoiceFilter(
        label=gettext_lazy("Channel, with all below"), queryset=_channels, method="by_channel"
    )
    year = django_filters.NumberFilter(
        label=gettext_lazy("Year"), min_value=1900, max_value=2999, method="by_year"
    )
    use_type = django_filters.ChoiceFilter(
        label=gettext_lazy("Bought for"), choices=UseType.choices
    )
    confidence = django_filters.ChoiceFilter(
        label=gettext_lazy("Confidence"), choices=PurchaseConfidence.choices
    )
    archived = django_filters.BooleanFilter(
        label=gettext_lazy("Archived"), method="by_archived", widget=OpenSelect
    )

    class Meta:
        model = CategoryPurchase
        fields = ()

    def by_text(self, rows: QuerySet, name: str, value: str) -> QuerySet:
        named = Q(account__name__icontains=value) | Q(channel__full_name__icontains=value)
        return rows.filter(named)

    def by_channel(self, rows: QuerySet, name: str, value: Channel) -> QuerySet:
        return rows.in_channels(Channel.objects.under(value).order_by().values("pk"))

    def by_year(self, rows: QuerySet, name: str, value: Decimal) -> QuerySet:
        year = int(value)
        return rows.filter(period_from__year__lte=year, period_until__year__gte=year)

    def by_archived(self, rows: QuerySet, name: str, value: bool) -> QuerySet:  # noqa: FBT001  (django-filter's signature)
        return rows.filter(archived_at__isnull=not value)


class PurchaseListView(TableMixin, PartialMixin, ScopedViewMixin, ListView):
    """All category purchases that the reader may see."""

    model = CategoryPurchase
    reading = "for_list"
    filterset_class = PurchaseFilter
    page_name = "purchases"
    default_sort = "-until"
    template_name = "accounts/purchase_list.html"
    partial_template_name = "accounts/_purchase_table.html"
    export_layout = exports.PURCHASES
    columns = (
        Column("holder", gettext_lazy("Account or channel"), sort="account__name", optional=False),
        Column("category", gettext_lazy("Category"), sort="category__name", phone=False),
        Column("amount", gettext_lazy("Amount"), sort="amount", numeric=True),
        Column("until", gettext_lazy("Period"), sort="period_until", optional=False, phone=False),
        Column("volume", gettext_lazy("Volume"), sort="volume", numeric=True, phone=False),
        Column("use", gettext_lazy("Bought for"), sort="use_type", phone=False),
        Column("confidence", gettext_lazy("Confidence"), sort="confidence", phone=False),
        Column("source", gettext_lazy("Source"), sort="source", phone=False),
        Column("as_of", gettext_lazy("As of"), sort="as_of", default=False, phone=False),
        Column("by", gettext_lazy("Recorded by"), default=False, phone=False),
    )

    def kept_under(self) -> Hashable:
        return sight_of(self.request.user)

    def get_queryset(self) -> QuerySet[CategoryPurchase]:
        rows = super().get_queryset()
        return rows if self.request.GET.get("archived") else rows.active()

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(may_add=policies.edits(self.request.user), **kwargs)


class PurchaseFormMixin(ServiceFormMixin, ScopedViewMixin):
    """A form about category purchases."""

    model = CategoryPurchase
    form_class = PurchaseForm
    template_name = "web/form.html"
    success_message = gettext_lazy("Purchases saved.")
    account: Any = None

    @property
    def list_title(self) -> Any:  # type: ignore[override]
        """Whose purchases the form returns to."""
        return self.account.name if self.account else _("Category purchases")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(cancel_url=self.get_success_url(), **kwargs)

    def get_success_url(self) -> str:
        return _place_of(self.account)


class PurchaseCreateView(PurchaseFormMixin, CreateView):
    """What an account, or a whole channel, buys."""

    form_class = HeldPurchaseForm
    form_title = gettext_lazy("New category purchases")
    submit_label = gettext_lazy("Record")

    def get_form_kwargs(self) -> dict[str, Any]:
        if not policies.edits(self.request.user):
            raise PermissionDenied
        return super().get_form_kwargs() | {"reader": self.request.user}

    def perform(self, form: HeldPurchaseForm) -> CategoryPurchase:
        values = dict(form.values)
        return services.record_purchase(
            actor=self.request.user,
            account=values.pop("account"),
            channel=values.pop("channel"),
            changes=values,
        )


class AccountPurchaseCreateView(PurchaseFormMixin, CreateView):
    """What this account buys."""

    submit_label = gettext_lazy("Record")

    @cached_property
    def account(self) -> Account:  # type: ignore[override]
        """The account in the address: 404 when invisible, PermissionDenied when not editable."""
        visible = Account.objects.visible_to(self.request.user).select_related("programme")
        account = get_object_or_404(visible, pk=self.kwargs["account"])
        if not policies.can_edit(self.request.user, account):
            raise PermissionDenied
        return account

    def get_form_kwargs(self) -> dict[str, Any]:
        more = {"account": self.account, "programme": self.account.programme}
        return super().get_form_kwargs() | more

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        title = _("New purchases of %(holder)s") % {"holder": self.account}
        return super().get_context_data(form_title=title, **kwargs)

    def perform(self, form: PurchaseForm) -> CategoryPurchase:
        return services.record_purchase(
            actor=self.request.user, account=self.account, changes=form.values
        )


class PurchaseUpdateView(PurchaseFormMixin, UpdateView):
    """Correct what is known."""

    reading = "for_list"
    needs = "editable_by"
    submit_label = gettext_lazy("Save")

    @property
    def account(self) -> Account | None:  # type: ignore[override]
        """Whose purchases they are; None for those of a channel."""
        return self.object.account

    def get_form_kwargs(self) -> dict[str, Any]:
        more = {"account": self.account, "programme": self.object.programme}
        return super().get_form_kwargs() | more

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        held = {"holder": self.object.account or self.object.channel}
        title = _("Purchases of %(holder)s") % held
        return super().get_context_data(form_title=title, **kwargs)

    def perform(self, form: PurchaseForm) -> CategoryPurchase:
        return services.update_purchase(
            actor=self.request.user,
            purchase=self.object,
            expected_version=form.version,
            changes=form.changes,
        )


def _place_of(account: Account | None) -> str:
    """Where purchases of `account`, or of a channel, are read."""
    if account is None:
        return reverse("accounts:purchases")
    return reverse("accounts:wallet", args=[account.pk])


def _press(request: HttpRequest, pk: int, write: Any, done: str) -> HttpResponse:
    def back(row: CategoryPurchase) -> str:
        return _place_of(row.account)

    rows = CategoryPurchase.objects.select_related("account", "channel", "site", "category")
    return press(request, rows, pk, write=write, kind="purchase", done=done, back=back)


@require_POST
def archive(request: HttpRequest, pk: int) -> HttpResponse:
    """Take purchases out of the map."""
    return _press(request, pk, services.archive_purchase, _("Archived: %(name)s."))


@require_POST
def restore(request: HttpRequest, pk: int) -> HttpResponse:
    """Bring purchases back."""
    return _press(request, pk, services.restore_purchase, _("Restored: %(name)s."))


class Shown(NamedTuple):
    """A figure on the account's page; `unallocated` is what none of its parts is known to buy."""

    wallet: market.Wallet
    unallocated: Decimal | None


class WalletView(AccountPartView):
    """What the account buys, its share of wallet and the gap (3.4), parts against the whole."""

    part = "wallet"
    part_template_name = "accounts/_wallet.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        account, user = self.object, self.request.user
        known = CategoryPurchase.objects.filter(account=account).active().for_list()
        rows = list(known[:SHOWN_WALLETS])
        rates = figures.rates_on(account.programme, business_today())
        visible = Account.objects.visible_to(user).filter(programme=account.programme_id)
        group = visible.filter(Q(pk=account.pk) | Q(path__startswith=account.path))
        wallets = market.wallets(rows, group, rates, known=visible)
        parts = self._parts(visible, rates)
        may = account.may_edit and not account.is_archived
        return super().get_context_data(
            rows=[Shown(item, _rest(item, parts)) for item in wallets],
            currency=rates.home,
            rate_day=rates.on,
            channel=account.channel,
            purchase_url=reverse("accounts:purchase_create_for", args=[account.pk]) if may else "",
            purchase_label=_("Add purchases"),
            **kwargs,
        )

    def _parts(self, visible: QuerySet[Account], rates: figures.Rates) -> dict[Any, list[Any]]:
        """Converted purchases of sites and of accounts directly below, by what they are of."""
        below = visible.active().filter(parent=self.object).order_by()
        of_parts = Q(account=self.object, site__isnull=False) | Q(
            account__in=below.values("pk"), site=None
        )
        names = ("category", "period_from", "period_until", "use_type")
        found = CategoryPurchase.objects.active().filter(of_parts).exclude(amount=None)
        sums = found.order_by().values(*names, "currency").annotate(total=Sum("amount"))
        parts: dict[Any, list[Any]] = {}
        for row in sums:
            rate = rates.factors.get(row["currency"])
            amount = None if rate is None else row["total"] * rate
            parts.setdefault(tuple(row[name] for name in names), []).append(amount)
        return parts


def _rest(wallet: market.Wallet, parts: dict[Any, list[Any]]) -> Decimal | None:
    row = wallet.purchase
    if row.site_id is not None:
        return None
    key = (row.category_id, row.period_from, row.period_until, row.use_type)
    return market.unallocated(wallet.purchases, parts[key]) if key in parts else None
