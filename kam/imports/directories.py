"""Folders of the server from which files are taken: below `IMPORT_FOLDER`, and nowhere else.

Every step down is opened by its own name, and links are not followed, so that neither `..` nor a
link that somebody puts there meanwhile leads outside. What goes wrong is said without the path of
the machine.
"""

from __future__ import annotations

import errno
import fnmatch
import hashlib
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO, NamedTuple

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from kam.documents import uploads

BLOCK = 1 << 20
DEEPEST = 8
UNFINISHED = (".part", ".partial", ".tmp", ".filepart", ".crdownload", "~")
"""Endings that programs give to files which they are still writing."""


class Unreachable(Exception):  # noqa: N818  (said to people, not raised to fail)
    """The folder or a file in it cannot be read now; the text says why."""


class Unsettled(Exception):  # noqa: N818  (the next look comes soon)
    """The file was written to, or taken away, while it was read."""


class Entry(NamedTuple):
    """A file in a folder: `changed_ns` is the time of its last change in nanoseconds."""

    name: str
    size: int
    changed_ns: int


def parts_of(path: str) -> list[str]:
    """The steps down to `path`, which is relative. Raises ValidationError."""
    parts = [part for part in path.split("/") if part not in ("", ".")]
    outside = path.startswith("/") or ".." in parts or "\\" in path or "\0" in path
    if outside or len(parts) > DEEPEST:
        message = _("Write a folder below the import folder, e.g. sap/orders.")
        raise ValidationError({"path": message}, code="outside")
    return parts


@contextmanager
def opened(path: str) -> Iterator[int]:
    """A handle of the folder `path`. Raises `Unreachable`."""
    if not settings.IMPORT_FOLDER:
        raise Unreachable(_("The installation has no import folder: see IMPORT_FOLDER."))
    try:
        handle = _handle_of(path)
    except OSError as error:
        raise Unreachable(_why(error)) from error
    try:
        yield handle
    finally:
        os.close(handle)


def _handle_of(path: str) -> int:
    """Open folder after folder, each by its name in the one above."""
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
    handle = os.open(settings.IMPORT_FOLDER, flags)
    for part in parts_of(path):
        above = handle
        try:
            handle = os.open(part, flags | os.O_NOFOLLOW, dir_fd=above)
        finally:
            os.close(above)
    return handle


def _why(error: OSError) -> str:
    """What stands against a folder or a file, without its path."""
    known = {
        errno.ENOENT: _("There is no such folder."),
        errno.EACCES: _("The application may not read the folder or a file in it."),
        errno.EPERM: _("The application may not read the folder or a file in it."),
        errno.ENOTDIR: _("This is a file or a link, not a folder."),
        errno.ELOOP: _("This is a link: links are not followed."),
        errno.ESTALE: _("The disk of the folder has gone away."),
    }
    text = known.get(error.errno or 0)
    return text or _("The folder cannot be read: %(why)s.") % {"why": error.strerror}


def files_in(handle: int, pattern: str) -> list[Entry]:
    """Finished-looking files of a folder that fit `pattern`, the one changed first in front.

    Links, folders, hidden files and those that a program is still writing are left out. Raises
    `Unreachable`.
    """
    found = []
    try:
        for name in os.listdir(handle):
            if name.startswith(".") or name.lower().endswith(UNFINISHED):
                continue
            if not fnmatch.fnmatchcase(name.lower(), pattern.lower()):
                continue
            with suppress(FileNotFoundError):
                known = os.stat(name, dir_fd=handle, follow_symlinks=False)
                if stat.S_ISREG(known.st_mode):
                    found.append(Entry(name, known.st_size, known.st_mtime_ns))
    except OSError as error:
        raise Unreachable(_why(error)) from error
    return sorted(found, key=lambda item: (item.changed_ns, item.name))


@contextmanager
def copied(handle: int, entry: Entry) -> Iterator[tuple[IO[bytes], str]]:
    """A private copy of a file, and its SHA-256. Raises `Unsettled`, or `Unreachable`: also for
    what is larger than can be taken, before the disk is full of it."""
    if entry.size > settings.IMPORT_MAX_BYTES:
        raise Unreachable(uploads.too_large("IMPORT_MAX_BYTES").messages[0])
    with tempfile.TemporaryFile() as copy:
        digest = hashlib.sha256()
        try:
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
            number = os.open(entry.name, flags, dir_fd=handle)
            with open(number, "rb") as file:
                _expect(file, entry)
                while block := file.read(BLOCK):
                    digest.update(block)
                    copy.write(block)
                _expect(file, entry)
        except FileNotFoundError as error:
            raise Unsettled from error
        except OSError as error:
            raise Unreachable(_why(error)) from error
        copy.seek(0)
        yield copy, digest.hexdigest()


def _expect(file: IO[bytes], entry: Entry) -> None:
    """Raise `Unsettled` unless the open file still is what was listed."""
    known = os.fstat(file.fileno())
    same = (known.st_size, known.st_mtime_ns) == (entry.size, entry.changed_ns)
    if not (same and stat.S_ISREG(known.st_mode)):
        raise Unsettled


def printable(name: str) -> str:
    """A file's name as text: bytes that are no UTF-8 are written out."""
    return name.encode("utf-8", "backslashreplace").decode()[:250]
