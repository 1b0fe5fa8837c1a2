"""Files that wait for a person, on their day."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from kam.access.querysets import Reader
from kam.imports import policies
from kam.imports.models import Folder, FolderFile

SHOWN = 5


def waiting_files(request: HttpRequest, obj: Any) -> dict[str, Any]:
    """Files of folders that need somebody, and folders that are paused for a reason."""
    files = FolderFile.objects.visible_to(request.user).asking().for_list()
    paused = Folder.objects.visible_to(request.user).active().filter(is_on=False).exclude(note="")
    return {"files": files[:SHOWN], "paused": paused[:SHOWN]}


def imports_files(user: Reader, obj: Any) -> bool:
    """Whether `user` brings files in at all."""
    return policies.can_import_anything(user)
