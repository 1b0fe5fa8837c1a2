"""Addresses that are told what happened, and how far each of them is."""

from __future__ import annotations

import base64
import secrets

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from kam.changes.models import Tracked
from kam.webhooks.querysets import WebhookQuerySet

PREFIX = "whsec_"


def new_secret() -> str:
    """A key as the Standard Webhooks specification writes it."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


class Webhook(Tracked):
    """Calls `url` for every change that its owner may see, in commit order, at least once.

    `position_transaction` and `position_change` are the last change that it was told (as in the
    feed); `secret` signs and is shown once; after a rotation `old_secret` signs beside it until
    `old_secret_until`. `failing_since` is the first of the tries that failed one after the other.
    """

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("owner"),
        on_delete=models.PROTECT,
        related_name="+",
    )
    name = models.CharField(_("name"), max_length=80)
    url = models.CharField(_("address"), max_length=500)
    object_types = models.JSONField(
        _("kinds of objects"),
        default=list,
        blank=True,
        help_text=_("Only changes of these, e.g. accounts.account; none: of all."),
    )
    is_on = models.BooleanField(_("on"), default=True)
    secret = models.CharField(max_length=80, default=new_secret, editable=False)
    old_secret = models.CharField(max_length=80, blank=True, editable=False)
    old_secret_until = models.DateTimeField(null=True, editable=False)
    position_transaction = models.BigIntegerField(default=0, editable=False)
    position_change = models.BigIntegerField(default=0, editable=False)
    failures = models.PositiveIntegerField(_("failed tries in a row"), default=0, editable=False)
    failing_since = models.DateTimeField(_("failing since"), null=True, editable=False)
    next_try_at = models.DateTimeField(_("next try"), null=True, editable=False)
    delivered_at = models.DateTimeField(_("last delivered"), null=True, editable=False)
    last_error = models.CharField(_("last error"), max_length=300, blank=True, editable=False)

    objects = WebhookQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name
