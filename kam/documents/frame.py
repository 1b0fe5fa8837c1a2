"""What files put on pages that several apps share: a panel, and what search finds."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from kam.access.prepared import kept_exists, kept_objects
from kam.access.querysets import Reader, sight_of
from kam.documents import holders, policies
from kam.documents.models import Attachment
from kam.web import panels, search
from kam.web.panels import Panel
from kam.web.search import Found, SearchSource

SHOWN = 8
"""Files that a panel shows; the rest is a page away."""


def files(request: HttpRequest, obj: Any) -> dict[str, Any]:
    """The latest files of `obj`."""
    holder = holders.of(obj)

    def rows(held: int) -> QuerySet[Attachment]:
        mine = Attachment.objects.visible_to(request.user).of_key(holder.name, held)
        return mine.active().for_list()[: SHOWN + 1]

    found = kept_objects(("files", holder.name, sight_of(request.user)), rows, held=obj.pk)
    return {
        "held": obj,
        "kind": holder.slug,
        "files": found[:SHOWN],
        "more": len(found) > SHOWN,
        "may_add": policies.can_add(request.user, obj),
    }


def is_read(user: Reader, obj: Any) -> bool:
    """Whether the reader reads the content of what the page shows."""
    holder = holders.of(obj)
    if not holder.narrows:
        return True
    key = ("reads", holder.name, sight_of(user))
    return kept_exists(key, lambda pk: holder.rows(user).filter(pk=pk), pk=obj.pk)


def find_files(user: Reader, text: str, limit: int) -> list[Found]:
    """Files by words of their name or description."""

    def rows(**words: str) -> QuerySet[Attachment]:
        found = Attachment.objects.visible_to(user).active()
        return found.found_by(" ".join(words.values())).for_list()[:limit]

    return [
        Found(row.name, row.get_absolute_url(), f"{row.account}, {row.description}".strip(", "))
        for row in search.kept_by_words(("files", limit), user, text, rows)
    ]


def register() -> None:
    """Put all of this where it is shown."""
    panels.register("files", Panel("files", "documents/_panel.html", files, visible=is_read))
    search.register(SearchSource("files", gettext_lazy("Files"), "paperclip", find_files, 60))
