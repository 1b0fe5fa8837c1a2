"""Tokens of other systems, and answers kept for repeated calls."""

from __future__ import annotations

import hashlib

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from kam.api.querysets import TokenQuerySet


def digest(secret: str) -> str:
    """What is stored of a secret; it is random and long, so that a fast hash is enough."""
    return hashlib.sha256(secret.encode()).hexdigest()


LONGEST_SYSTEM = 40
LONGEST_VALUE = 120


class ExternalNumber(models.Model):
    """The number of a row in another system: the base of a table for each kind of row."""

    system = models.CharField(_("system"), max_length=LONGEST_SYSTEM)
    value = models.CharField(_("number there"), max_length=LONGEST_VALUE)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.system} {self.value}"


class Token(models.Model):
    """Lets another system act as its owner, within a scope, until it expires or is revoked.

    The secret is shown once and stored as a hash; `prefix` is its beginning, to tell tokens apart.
    """

    class Scope(models.TextChoices):
        READ = "read", _("read")
        WRITE = "write", _("read and write")
        ADMIN = "admin", _("administer")

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("owner"),
        on_delete=models.PROTECT,
        related_name="tokens",
    )
    name = models.CharField(_("name"), max_length=80)
    prefix = models.CharField(_("begins with"), max_length=16, editable=False)
    secret_hash = models.CharField(max_length=64, unique=True, editable=False)
    scope = models.CharField(_("scope"), max_length=5, choices=Scope)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True, editable=False)
    last_used_on = models.DateField(_("last used"), null=True, blank=True, editable=False)

    objects = TokenQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @property
    def is_valid(self) -> bool:
        """Neither revoked nor expired."""
        return self.revoked_at is None and (
            self.expires_at is None or self.expires_at > timezone.now()
        )


class StoredAnswer(models.Model):
    """The first answer to a POST with an `Idempotency-Key`, replayed for 24 hours.

    Written in the transaction of what the call did: both are there or neither is.
    """

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    headers = models.JSONField(default=dict)
    body = models.TextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["owner", "key"], name="storedanswer_key")]

    def __str__(self) -> str:
        return self.key
