"""The record card of a customer or prospect: what is known of it on one page of paper (K094)."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.text import get_valid_filename
from django.utils.translation import gettext as _
from django.views.generic import DetailView

from accounts import figures, market
from accounts.choices import Confidence
from accounts.models import (
    Account,
    CategoryPurchase,
    Contact,
    ExternalId,
    PreferredBenefit,
    ProfileEntry,
    Rating,
    Site,
    StageChange,
    SuccessFactor,
    Target,
    TargetProfile,
)
from accounts.profiles import matching
from accounts.profiles.catalogue import BEYOND
from accounts.views.account import latest_facts
from accounts.views.knowledge import parts_of
from accounts.views.parts import Figure, figures_of, team_faces
from kam.access.dates import business_today
from kam.documents import pdf
from kam.web.formatting import figure, money, month, number, percent, short_day
from kam.web.views import ScopedViewMixin

PEOPLE, PLACES, PURCHASES, RATED = 10, 8, 8, 12
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


class Card(NamedTuple):
    """All of the card as far as its reader sees it."""

    sections: list[Section]
    figures: list[Figure]

    @property
    def shown(self) -> list[Section]:
        """Sections in which something is known."""
        return [row for row in self.sections if row.known]

    @property
    def missing(self) -> list[Any]:
        """Names of fields that nobody has filled."""
        return [label for row in self.sections for label in row.missing]

    @property
    def whole(self) -> Completeness:
        """Of all fields."""
        return completeness(self.sections)

    @property
    def beyond(self) -> Completeness:
        """Of those outside purchasing (K034)."""
        return completeness(row for row in self.sections if not row.is_purchasing)


def card_of(request: HttpRequest, account: Account) -> Card:
    """The card of `account` (loaded by `for_detail`) for the reader of `request`."""
    return Card(sections_of(account, request.user), figures_of(request, account))


class RecordCardView(ScopedViewMixin, DetailView):
    """All filled fields of an account, to print."""

    model = Account
    template_name = "accounts/card.html"
    context_object_name = "account"

    def get_queryset(self) -> Any:
        return super().get_queryset().for_detail(self.request.user)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        account = self.object
        card = card_of(self.request, account)
        return super().get_context_data(
            card=card,
            sections=card.shown,
            missing=card.missing,
            whole=card.whole,
            beyond=card.beyond,
            figures=card.figures,
            today=business_today(),
            pdf_url=reverse("accounts:card_pdf", args=[account.pk]),
            crumbs=[(account.name, account.get_absolute_url()), (_("Record card"), "")],
            **kwargs,
        )


class RecordCardFileView(RecordCardView):
    """The same as a PDF file."""

    def render_to_response(self, context: dict[str, Any], **_kwargs: Any) -> HttpResponse:
        account, card = self.object, context["card"]
        name = _("Record card %(account)s") % {"account": account.name}
        return pdf.sheet_response(sheet_of(account, card), f"{get_valid_filename(name)}.pdf")


def sheet_of(account: Account, card: Card) -> pdf.Sheet:
    """The card as a sheet of paper."""
    told = {
        "filled": number(card.whole.filled),
        "fields": number(card.whole.fields),
        "share": percent(card.whole.share, 0),
        "beyond": number(card.beyond.filled),
        "of": number(card.beyond.fields),
    }
    summary = _(
        "%(filled)s of %(fields)s fields filled (%(share)s); beyond purchasing %(beyond)s of"
        " %(of)s."
    )
    number_there = _("no. %(number)s") % {"number": account.number} if account.number else ""  # type: ignore[attr-defined]
    unit = account.business_unit.name if account.business_unit else ""
    lead = (str(account.get_status_display()), number_there, unit)
    day = _("As of %(day)s.") % {"day": short_day(business_today())}
    return pdf.Sheet(
        title=account.name,
        lead=" · ".join(filter(None, lead)),
        summary=summary % told,
        foot=f"{account.programme} · {day} {_('Confidential.')}",
        figures=[
            pdf.Item(str(row.label), f"{row.value} {row.unit}".strip(), str(row.detail))
            for row in card.figures
        ],
        sections=[
            pdf.Block(str(row.title), [pdf.Item(str(item.label), item.value) for item in row.known])
            for row in card.shown
        ],
    )


def sections_of(account: Account, reader: Any) -> list[Section]:
    """The card of `account` as far as `reader` sees it, filled or not."""
    return [
        _business(account),
        _place(account, reader),
        _relationship(account),
        *_known(account),
        _outlet(account),
        _purchasing(account, reader),
        _people(account),
    ]


def _known(account: Account) -> list[Section]:
    """Sections of the profile (K034, K070, K112, K113); what is assumed is said to be."""
    return [
        Section(
            part.title,
            [
                Field(row.asked.label, _with_confidence(row.entry) if row.entry else "")
                for row in part.answers
            ],
            is_purchasing=part.section not in BEYOND,
        )
        for part in parts_of(account)
    ]


def _with_confidence(entry: ProfileEntry) -> str:
    if entry.confidence == Confidence.CONFIRMED:
        return entry.words
    return f"{entry.words} ({entry.get_confidence_display()})"


def _outlet(account: Account) -> Section:
    """Ratings, matches, target lists and benefits (K071, K092, K093, K095)."""
    profiles = list(matching.profiles_for(account, TargetProfile.objects.active().for_list()))
    stored = Rating.objects.in_force().filter(account=account).select_related("parameter")
    ratings = list(matching.judged(stored.order_by("parameter__name", "pk"), profiles))
    rated = (
        f"{row.parameter}: {row.choice or _measured(row)} ({row.get_confidence_display()},"
        f" {short_day(row.rated_on)})"
        for row in ratings
    )
    found = matching.verdicts(profiles, [account], ratings)
    matches = (
        f"{row.brand}: {percent(matching.summed(found[row.pk, account.pk]).share, 0)}"
        for row in profiles
    )
    targets = Target.objects.in_force().filter(account=account).select_related("brand")
    listed = (
        ", ".join(
            filter(
                None, (f"{row.brand}: {row.get_status_display()}", short_day(row.since), row.note)
            )
        )
        for row in targets.order_by("brand__name", "pk")
    )
    benefits = PreferredBenefit.objects.filter(account=account).active().for_list()
    gains = (
        f"{row.text} ({_('told on %(day)s') % {'day': short_day(row.told_on)}})"
        if row.told_on
        else f"{row.text} ({_('not told yet')})"
        for row in benefits
    )
    return Section(
        _("Outlet and brands"),
        [
            Field(_("What it is rated"), _joined(rated, RATED)),
            Field(_("Match with target profiles"), _joined(matches, RATED)),
            Field(_("Target lists"), _joined(listed, RATED)),
            Field(_("What it gains as a preferred customer"), _joined(gains, RATED)),
        ],
    )


def _measured(row: Rating) -> str:
    unit = f" {row.parameter.unit}" if row.parameter.unit else ""
    return f"{figure(row.value)}{unit}"


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
    could = account.potential_contribution
    stored = SuccessFactor.objects.filter(account=account).active()
    factors = (
        _("%(name)s: weight %(weight)s, we %(ours)s, best other %(other)s")
        % {
            "name": row.name,
            "weight": figure(row.weight),
            "ours": number(row.ours),
            "other": number(row.best_other),
        }
        for row in stored.order_by("-weight", "pk")
    )
    return Section(
        _("Business"),
        [
            Field(_("What it does and for whom"), account.description),
            Field(_("Industry"), account.industry),
            Field(_("Country"), account.country),
            Field(_("Website"), account.website),
            Field(_("Size, reach, intent"), account.tags),
            Field(_("What it contributes is"), account.get_criticality_display()),
            Field(
                _("Could contribute a year"),
                "" if could is None else money(could, account.programme.currency, 0),
            ),
            Field(_("Critical success factors"), _joined(factors, RATED)),
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
