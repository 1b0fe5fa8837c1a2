"""The record card of a customer or prospect: what is known of it on one page of paper (K094)."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import Q
from django.utils.translation import gettext as _
from django.views.generic import DetailView

from accounts import figures, market
from accounts.models import Account, CategoryPurchase, Contact, ExternalId, Site, StageChange
from accounts.views.account import latest_facts
from accounts.views.parts import Figure, figures_of, team_faces
from kam.access.dates import business_today
from kam.web.formatting import figure, money, month, percent, short_day
from kam.web.views import ScopedViewMixin

PEOPLE, PLACES, PURCHASES = 10, 8, 8
"""Rows that fit one page of paper; what is left out is said."""


class Field(NamedTuple):
    """One field of the card; an empty `value` is not known yet."""

    label: Any
    value: str


class Section(NamedTuple):
    """Fields under a heading. `is_purchasing` are those that a buyer would tell us; the others show
    whether we understand the business beyond purchasing (K034)."""

    title: Any
    fields: list[Field]
    is_purchasing: bool = False

    @property
    def known(self) -> list[Field]:
        """Fields that the card prints."""
        return [field for field in self.fields if field.value]

    @property
    def missing(self) -> list[Any]:
        """Names of those that nobody has filled."""
        return [field.label for field in self.fields if not field.value]


class Completeness(NamedTuple):
    """How many fields are filled, of how many."""

    filled: int
    fields: int

    @property
    def share(self) -> Decimal | None:
        """Filled fields over all, 0..1."""
        return figures.ratio(Decimal(self.filled), Decimal(self.fields))


def completeness(sections: Iterable[Section]) -> Completeness:
    """Of the fields of `sections`."""
    rows = list(sections)
    return Completeness(sum(len(row.known) for row in rows), sum(len(row.fields) for row in rows))


class RecordCardView(ScopedViewMixin, DetailView):
    """All filled fields of an account, to print."""

    model = Account
    template_name = "accounts/card.html"
    context_object_name = "account"

    def get_queryset(self) -> Any:
        return super().get_queryset().for_detail(self.request.user)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        account, user = self.object, self.request.user
        sections = sections_of(account, user)
        beyond = [row for row in sections if not row.is_purchasing]
        strip: list[Figure] = figures_of(self.request, account)
        return super().get_context_data(
            sections=[row for row in sections if row.known],
            missing=[label for row in sections for label in row.missing],
            whole=completeness(sections),
            beyond=completeness(beyond),
            figures=strip,
            today=business_today(),
            crumbs=[(account.name, account.get_absolute_url()), (_("Record card"), "")],
            **kwargs,
        )


def sections_of(account: Account, reader: Any) -> list[Section]:
    """The card of `account` as far as `reader` sees it, filled or not."""
    return [
        _business(account),
        _place(account, reader),
        _relationship(account),
        _purchasing(account, reader),
        _people(account),
    ]


def _joined(texts: Iterable[Any], most: int, separator: str = "\n") -> str:
    rows = [str(text) for text in texts]
    more = [_("and %(count)s more") % {"count": len(rows) - most}] if len(rows) > most else []
    return separator.join([*rows[:most], *more])


def _business(account: Account) -> Section:
    facts = (
        f"{fact.kind}: {figure(fact.value)} ({fact.get_confidence_display()},"
        f" {short_day(fact.as_of)})"
        for fact in latest_facts(account)
    )
    return Section(
        _("Business"),
        [
            Field(_("What it does and for whom"), account.description),
            Field(_("Industry"), account.industry),
            Field(_("Country"), account.country),
            Field(_("Website"), account.website),
            Field(_("Dated facts"), _joined(facts, PURCHASES)),
        ],
    )


def _place(account: Account, reader: Any) -> Section:
    sites = Site.objects.filter(account=account).active()
    numbers = ExternalId.objects.filter(account=account)
    below = Account.objects.visible_to(reader).active().filter(parent=account)
    parent = account.parent.name if getattr(account, "parent_is_visible", False) else ""  # type: ignore[union-attr]
    places = (", ".join(filter(None, (row.name, row.city, row.country))) for row in sites)
    return Section(
        _("Group and places"),
        [
            Field(_("Part of"), parent),
            Field(_("Companies below it"), _joined(below.order_by("name", "pk"), PLACES)),
            Field(_("Sites"), _joined(places, PLACES)),
            Field(_("Numbers in other systems"), _joined(numbers, PLACES)),
        ],
    )


def _relationship(account: Account) -> Section:
    target = account.get_target_stage_display() if account.target_stage else ""
    by = month(account.target_stage_by) if account.target_stage_by else ""
    last = StageChange.objects.filter(account=account).first()
    team = [f"{person}, {role}" for person, role in team_faces(account)]
    return Section(
        _("Relationship"),
        [
            Field(_("Stage"), account.get_stage_display() or ""),
            Field(_("Why this stage"), last.reason if last else ""),
            Field(_("Target stage"), ", ".join(filter(None, (target, by)))),
            Field(_("Why it is a key account"), account.rationale),
            Field(_("Our team"), _joined(team, PEOPLE)),
            Field(
                _("Next stage review"),
                short_day(account.review_due_on) if account.review_due_on else "",
            ),
        ],
    )


def _purchasing(account: Account, reader: Any) -> Section:
    rows = CategoryPurchase.objects.filter(account=account, site=None).active().for_list()
    rates = figures.rates_on(account.programme, business_today())
    visible = Account.objects.visible_to(reader).filter(programme=account.programme_id)
    group = visible.filter(Q(pk=account.pk) | Q(path__startswith=account.path))
    wallets = market.wallets(list(rows[:PURCHASES]), group, rates, known=visible)
    purchases = _joined((_wallet_words(row) for row in wallets), PURCHASES)
    return Section(
        _("Purchasing"),
        [
            Field(_("Trade channel"), str(account.channel or "")),
            Field(_("What it buys from anybody"), purchases),
        ],
        is_purchasing=True,
    )


def _wallet_words(row: market.Wallet) -> str:
    purchase = row.purchase
    parts = [
        str(purchase.category or _("all that we could sell")),
        f"{short_day(purchase.period_from)} – {short_day(purchase.period_until)}",
        money(row.purchases, row.currency, 0)
        if row.purchases is not None
        else f"{figure(purchase.volume)} {purchase.volume_unit}",
    ]
    if row.share_of_wallet is not None:
        parts.append(_("share of wallet %(share)s") % {"share": percent(row.share_of_wallet)})
        parts.append(_("gap %(gap)s") % {"gap": money(row.gap, row.currency, 0)})
    return ", ".join(parts)


def _people(account: Account) -> Section:
    rows = Contact.objects.filter(account=account, merged_into=None).active()
    people = (
        ", ".join(
            filter(
                None,
                (row.name, row.job_title, row.function, *row.buying_role_names),
            )
        )
        for row in rows.order_by("name", "pk")
    )
    return Section(
        _("People in the decision"),
        [Field(_("People"), _joined(people, PEOPLE))],
        is_purchasing=True,
    )
