"""Keeps mail readable inside the application as long as no mail server is set."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction

from kam.mail.models import Mail, Subject

ACCOUNT_HEADER = "X-Account-Ids"
"""Header that names the accounts a message speaks of: their ids, separated by commas."""


class KeepingBackend(BaseEmailBackend):
    """Writes messages as rows; nothing leaves the machine."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Keep all messages or none; returns how many."""
        with transaction.atomic():
            for message in email_messages:
                _keep(message)
        return len(email_messages)


def _keep(message: EmailMessage) -> None:
    mail = Mail.objects.create(
        sender=message.from_email[:320],
        recipients=message.recipients(),
        subject=" ".join(str(message.subject).split())[:998],
        text=str(message.body),
        html=_html(message),
        attachments=[_name(item) for item in message.attachments],
    )
    ids = str(message.extra_headers.get(ACCOUNT_HEADER, "")).split(",")
    subjects = {int(text) for text in ids if text.strip().isdigit()}
    Subject.objects.bulk_create(Subject(mail=mail, account_id=pk) for pk in sorted(subjects))


def _html(message: EmailMessage) -> str:
    parts = getattr(message, "alternatives", None) or []
    return next((str(content) for content, kind in parts if kind == "text/html"), "")


def _name(item: Any) -> str:
    name = item[0] if isinstance(item, tuple) else item.get_filename()
    return str(name or "")
