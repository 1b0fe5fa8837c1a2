"""Files kept beside customers, people, plans, actions and reviews."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from kam.changes.models import Change, Tracked
from kam.documents import names, querysets
from kam.web.addresses import address

FOLDER = "attachments"
"""Where all of it lies in the storage."""


def random_place(row: models.Model, name: str) -> str:
    """A place in the storage that owes nothing to what the file is called."""
    key = uuid.uuid4().hex
    return f"{FOLDER}/{key[:2]}/{key}"


class StoredContent(models.Model):
    """A file as it was brought: `media_type` is what its content is, `size` in bytes."""

    name = models.CharField(_("name"), max_length=200)
    number = models.PositiveIntegerField(_("version of the file"), default=1, editable=False)
    file = models.FileField(upload_to=random_place, max_length=100, editable=False)
    size = models.BigIntegerField(
        _("size"), validators=[MinValueValidator(1)], editable=False, help_text=_("in bytes")
    )
    media_type = models.CharField(_("type"), max_length=100, editable=False)
    sha256 = models.CharField(_("checksum (SHA-256)"), max_length=64, editable=False)
    stored_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("stored by"),
        editable=False,
        on_delete=models.PROTECT,
        related_name="+",
    )
    stored_at = models.DateTimeField(_("stored"), editable=False)

    class Meta:
        abstract = True

    @property
    def kind(self) -> str:
        """What it is, as short as lists show it: PDF, DOCX."""
        return names.ending(self.name).upper()


CONTENT_FIELDS = (
    "number",
    "file",
    "size",
    "media_type",
    "sha256",
    "stored_by",
    "stored_at",
)
"""What changes when a file takes the place of another, besides its name."""


class Attachment(Tracked, StoredContent):
    """A file on something of an account; its columns are those of the file as it is now.

    `object_type` and `object_id` say on what it hangs, as the change log does (`accounts.contact`,
    12), `account` under whose rule it stands. `confidentiality` narrows that rule.
    """

    class Confidentiality(models.TextChoices):
        ACCOUNT = "account", _("all who see the account")
        TEAM = "team", _("the team only")
        PEOPLE = "people", _("named people only")

    account = models.ForeignKey(
        settings.ACCESS_SCOPE_MODEL,
        verbose_name=_("account"),
        editable=False,
        on_delete=models.PROTECT,
        related_name="attachments",
    )
    object_type = models.CharField(_("hangs on a"), max_length=60, editable=False)
    object_id = models.BigIntegerField(_("hangs on"), editable=False)
    description = models.CharField(_("what it is"), max_length=300, blank=True)
    confidentiality = models.CharField(
        _("who may see it"),
        max_length=10,
        choices=Confidentiality,
        default=Confidentiality.ACCOUNT,
    )
    people = models.ManyToManyField(
        settings.AUTH_USER_MODEL, verbose_name=_("named people"), blank=True, related_name="+"
    )
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("brought by"),
        editable=False,
        on_delete=models.PROTECT,
        related_name="+",
    )

    objects = querysets.AttachmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("file")
        verbose_name_plural = _("files")
        ordering = ["-stored_at", "-pk"]
        indexes = [
            models.Index(fields=["object_type", "object_id"], name="attachment_holder"),
            models.Index(fields=["account", "-stored_at"], name="attachment_account"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(size__gt=0), name="attachment_not_empty"),
            models.CheckConstraint(
                condition=Q(confidentiality__in=["account", "team", "people"]),
                name="attachment_confidentiality",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return address("documents:detail", self.pk)

    @property
    def is_for_people(self) -> bool:
        """Whether named people alone see it."""
        return self.confidentiality == self.Confidentiality.PEOPLE


class EarlierFile(StoredContent):
    """What an attachment was before a file took its place: kept, and seen like the attachment."""

    attachment = models.ForeignKey(Attachment, on_delete=models.CASCADE, related_name="earlier")

    objects = querysets.EarlierFileQuerySet.as_manager()

    class Meta:
        ordering = ["attachment", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["attachment", "number"], name="earlierfile_number")
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.number})"


def audience(attachment: Attachment) -> dict[str, Any]:
    """Who reads about a file in the change log: who may see it, now."""
    return {"audience": Change.Audience.OBJECT, "audience_id": attachment.pk}
