"""Clearing away stored files that nothing names: what uploads left behind that were killed."""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import Iterator, Sequence

from django.core.files.storage import default_storage
from django.db import models

ABANDONED = datetime.timedelta(days=1)
"""Age of a file that nothing names, after which nobody can still be on the way to name it."""


def sweep(top: str, namers: Sequence[type[models.Model]], *, now: datetime.datetime) -> int:
    """Delete files below the folder `top` that no `file` of `namers` names and that are older than
    a day; returns how many. A file comes before its row: one whose row comes after this was asked
    is a day too young."""
    dropped = 0
    for folder, names in stored_files(top):
        named = {
            place
            for model in namers
            for place in model._default_manager.filter(file__startswith=f"{folder}/")
            .order_by()
            .values_list("file", flat=True)
        }
        for name in names:
            place = f"{folder}/{name}"
            if place in named:
                continue
            with contextlib.suppress(FileNotFoundError):
                if now - default_storage.get_modified_time(place) > ABANDONED:
                    default_storage.delete(place)
                    dropped += 1
    return dropped


def stored_files(top: str) -> Iterator[tuple[str, list[str]]]:
    """`top` and every folder below it that holds files, with their names."""
    try:
        folders, files = default_storage.listdir(top)
    except FileNotFoundError:
        return
    if files:
        yield top, sorted(files)
    for name in sorted(folders):
        yield from stored_files(f"{top}/{name}")
