"""Mail that was kept because no mail server is set."""

from __future__ import annotations

from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from kam.mail.querysets import MailQuerySet


class Mail(models.Model):
    """One message as it would have been sent; attachments are kept as names."""

    kept_at = models.DateTimeField(_("written"), auto_now_add=True, db_index=True)
    sender = models.CharField(_("from"), max_length=320)
    recipients = models.JSONField(_("to"), default=list)
    subject = models.CharField(_("subject"), max_length=998)
    text = models.TextField(_("text"), blank=True)
    html = models.TextField(blank=True)
    attachments = models.JSONField(_("attachments"), default=list)

    objects = MailQuerySet.as_manager()

    class Meta:
        ordering = ["-kept_at", "-pk"]

    def __str__(self) -> str:
        return self.subject

    def get_absolute_url(self) -> str:
        return reverse("mail:detail", args=[self.pk])


class Subject(models.Model):
    """An account that a message speaks of, so that barriers hold for kept mail, too."""

    mail = models.ForeignKey(Mail, on_delete=models.CASCADE, related_name="subjects")
    account_id = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["mail", "account_id"], name="subject_once")]

    def __str__(self) -> str:
        return str(self.account_id)
