"""Dated facts that upper apps write down about an account."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts import querysets
from accounts.choices import Confidence
from accounts.models.account import Account


class Fact(models.Model):
    """One dated figure about an account (`design.md` 3): e.g. plan quality, satisfaction."""

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="facts")
    kind = models.SlugField(_("kind"), max_length=40)
    value = models.DecimalField(_("value"), max_digits=20, decimal_places=6)
    as_of = models.DateField(_("as of"))
    source = models.CharField(_("source"), max_length=120)
    confidence = models.CharField(
        _("confidence"), max_length=10, choices=Confidence, default=Confidence.ASSUMED
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = querysets.HangingQuerySet.as_manager()

    class Meta:
        ordering = ["account", "kind", "-as_of", "-pk"]
        indexes = [models.Index(fields=["account", "kind", "-as_of"], name="fact_latest")]

    def __str__(self) -> str:
        return f"{self.kind} {self.value}"
