"""Files that wait for a person, on their day."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest

from kam.access.prepared import kept_objects
from kam.access.querysets import Reader, sight_of
from kam.imports import policies
from kam.imports.models import Folder, FolderFile

SHOWN = 5


def waiting_files(request: HttpRequest, obj: Any) -> dict[str, Any]:
    """Files of folders that need somebody, and folders that are paused for a reason."""
    user = request.user
    seen = sight_of(user)

    def files() -> QuerySet[FolderFile]:
        return FolderFile.objects.visible_to(user).asking().for_list()[:SHOWN]

    def paused() -> QuerySet[Folder]:
        folders = Folder.objects.visible_to(user).active().filter(is_on=False)
        return folders.exclude(note="")[:SHOWN]

    return {
        "files": kept_objects(("files that ask", seen), files),
        "paused": kept_objects(("paused folders", seen), paused),
    }


def imports_files(user: Reader, obj: Any) -> bool:
    """Whether `user` brings files in at all."""
    return policies.can_import_anything(user)
