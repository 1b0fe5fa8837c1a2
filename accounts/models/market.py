"""The market: trade channels, and what customers buy in the fields that we compete in (3.4)."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from accounts import querysets
from accounts.choices import PurchaseConfidence, UseType
from accounts.models.account import Account, Site
from accounts.models.channel import Channel
from accounts.models.ledger import MONEY, ProductLine
from kam.access.dates import business_today
from kam.changes.models import Tracked
from teams.models import Programme, currency_code


def _key(name: str) -> Coalesce:
    """A relation as part of a key in which none equals none."""
    return Coalesce(name, 0, output_field=models.BigIntegerField())


class CategoryPurchase(Tracked):
    """What a customer buys from anybody in one category over one period (K086; handbook 3.4).

    It is of an account with all below it, of one of its sites, or of a whole channel: the market.
    Without a `category` (a product line) it is all that we could sell. Either measure may be
    unknown, which is null, never 0; days are inclusive. `as_of` is the day of the information,
    `recorded_on` the day since which the system knows it.
    """

    programme = models.ForeignKey(
        Programme,
        verbose_name=_("programme"),
        on_delete=models.PROTECT,
        related_name="category_purchases",
    )
    account = models.ForeignKey(
        Account,
        verbose_name=_("account"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="category_purchases",
    )
    site = models.ForeignKey(
        Site,
        verbose_name=_("site"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="category_purchases",
    )
    channel = models.ForeignKey(
        Channel,
        verbose_name=_("channel"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="category_purchases",
    )
    category = models.ForeignKey(
        ProductLine,
        verbose_name=_("category"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="category_purchases",
        help_text=_("A product line. Empty: all that we could sell."),
    )
    period_from = models.DateField(_("from"))
    period_until = models.DateField(_("until"))
    use_type = models.CharField(
        _("bought for"),
        max_length=9,
        choices=UseType,
        blank=True,
        help_text=_("Empty: not known, or both."),
    )
    volume = models.DecimalField(
        _("volume"),
        max_digits=18,
        decimal_places=4,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
    )
    volume_unit = models.CharField(_("unit of volume"), max_length=20, blank=True)
    amount = models.DecimalField(
        _("amount"), null=True, blank=True, validators=[MinValueValidator(0)], **MONEY
    )
    currency = models.CharField(_("currency"), max_length=3, validators=[currency_code])
    source = models.CharField(_("source"), max_length=120, blank=True)
    as_of = models.DateField(_("as of"), default=business_today)
    confidence = models.CharField(
        _("confidence"),
        max_length=9,
        choices=PurchaseConfidence,
        default=PurchaseConfidence.ESTIMATED,
    )
    recorded_on = models.DateField(_("recorded on"), default=business_today, editable=False)
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("recorded by"),
        null=True,
        editable=False,
        on_delete=models.PROTECT,
        related_name="+",
    )

    objects = querysets.CategoryPurchaseQuerySet.as_manager()

    class Meta:
        ordering = ["-period_until", "pk"]
        indexes = [
            models.Index(fields=["-period_until", "id"], name="categorypurchase_list"),
        ]
        constraints = [
            models.UniqueConstraint(
                _key("account"),
                _key("site"),
                _key("channel"),
                _key("category"),
                "period_from",
                "period_until",
                "use_type",
                "programme",
                condition=Q(archived_at=None),
                name="categorypurchase_key",
                violation_error_message=_("These purchases are recorded already."),
            ),
            models.CheckConstraint(
                condition=Q(account=None, channel__isnull=False)
                | Q(account__isnull=False, channel=None),
                name="categorypurchase_holder",
                violation_error_message=_("Name an account or a channel, not both."),
            ),
            models.CheckConstraint(
                condition=Q(site=None) | Q(account__isnull=False),
                name="categorypurchase_site",
                violation_error_message=_("A site belongs to an account."),
            ),
            models.CheckConstraint(
                condition=Q(amount__isnull=False) | Q(volume__isnull=False),
                name="categorypurchase_measure",
                violation_error_message=_("Give an amount, a volume, or both."),
            ),
            models.CheckConstraint(
                condition=(Q(amount=None) | Q(amount__gte=0)) & (Q(volume=None) | Q(volume__gte=0)),
                name="categorypurchase_positive",
                violation_error_message=_("Purchases are not below zero."),
            ),
            models.CheckConstraint(
                condition=Q(period_until__gte=F("period_from")),
                name="categorypurchase_period",
                violation_error_message=_("The end is before the beginning."),
            ),
        ]

    def __str__(self) -> str:
        parts: list[Any] = [self.site or self.account or self.channel, self.category]
        period = f"{self.period_from} - {self.period_until}"
        return ", ".join(str(part) for part in (*parts, period) if part)
