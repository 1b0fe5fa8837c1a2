"""Files named in a text by their address: `/files/12/`, or as a browser shows it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from kam.access.querysets import Reader
from kam.documents.models import Attachment

REFERENCE = re.compile(r"(?:https?://[^\s/<>\"']+)?/files/([0-9]{1,15})/?(?![\w/])")
OFFERED = 20
"""Files that are offered to be named."""


def keys_in(texts: Iterable[str]) -> set[int]:
    """Keys of the files that `texts` name."""
    return {int(key) for text in texts for key in REFERENCE.findall(text)}


def named_in(texts: Iterable[str], user: Reader) -> dict[int, Attachment]:
    """Files that `texts` name and `user` may see, by key; asks only where some are named."""
    keys = keys_in(texts)
    if not keys:
        return {}
    return {file.pk: file for file in Attachment.objects.visible_to(user).filter(pk__in=keys)}


def offered(user: Reader, account_id: int) -> list[Attachment]:
    """Files of an account that `user` may name, the latest first."""
    rows = Attachment.objects.visible_to(user).filter(account=account_id).active()
    return list(rows.order_by("-stored_at", "-pk")[:OFFERED])


def with_reference(text: str, file: Attachment) -> str:
    """`text` that names `file`, too; once is enough."""
    if file.pk in keys_in([text]):
        return text
    return f"{text.rstrip()}\n{file.get_absolute_url()}".strip()
