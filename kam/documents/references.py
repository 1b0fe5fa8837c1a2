"""Files named in a text by their address: `/files/12/`, or as a browser shows it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from django.db.models import QuerySet

from kam.access.once import asking_once
from kam.access.prepared import kept_among, kept_objects
from kam.access.querysets import Reader, sight_of
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
    with asking_once():
        found = kept_among(
            ("named files", sight_of(user)),
            lambda pks: Attachment.objects.visible_to(user).filter(pk__in=pks),
            keys,
        )
    return {file.pk: file for file in found}


def offered(user: Reader, account_id: int) -> list[Attachment]:
    """Files of an account that `user` may name, the latest first."""

    def rows(account: int) -> QuerySet[Attachment]:
        mine = Attachment.objects.visible_to(user).filter(account=account).active()
        return mine.order_by("-stored_at", "-pk")[:OFFERED]

    with asking_once():
        return kept_objects(("offered files", sight_of(user)), rows, account=account_id)


def with_reference(text: str, file: Attachment) -> str:
    """`text` that names `file`, too; once is enough."""
    if file.pk in keys_in([text]):
        return text
    return f"{text.rstrip()}\n{file.get_absolute_url()}".strip()
