"""What kind of file this is, by its content and never by its name, and its bytes unpacked."""

from __future__ import annotations

import codecs
import gzip
import io
import zipfile
from typing import IO

from django.conf import settings
from django.utils.translation import gettext as _

from kam.imports.reading.errors import UnreadableFile

CSV, XLSX = "csv", "xlsx"
WIDE_ZEROS, TEXT_ZEROS, TEXT_CONTROLS = 0.25, 0.1, 0.02
"""Shares of bytes: more zeros than the first is UTF-16, more than the others is no text."""
UNPACKED_TIMES = 20
"""A packed file may grow to this many times the largest file that is taken."""


class Limited(io.RawIOBase):
    """Reads `inner` and refuses to go on past `limit` bytes: small files can unpack without end."""

    def __init__(self, inner: IO[bytes] | gzip.GzipFile, limit: int) -> None:
        self.inner = inner
        self.left = limit

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        try:
            block = self.inner.read(len(buffer))
        except (EOFError, gzip.BadGzipFile, OSError) as error:
            raise UnreadableFile(_("The packed file is damaged or cut short.")) from error
        self.left -= len(block)
        if self.left < 0:
            raise UnreadableFile(_("The packed file unpacks to more than can be taken."))
        buffer[: len(block)] = block
        return len(block)

    def close(self) -> None:
        self.inner.close()
        super().close()


def form_of(file: IO[bytes]) -> tuple[str, bool, str]:
    """Form of `file` (`csv` or `xlsx`), whether it is packed with gzip, and why.

    Raises `UnreadableFile` for everything else, with what to do instead.
    """
    head = _head(file)
    packed = head[:2] == b"\x1f\x8b"
    if packed:
        file.seek(0)
        with Limited(gzip.GzipFile(fileobj=file), 1 << 20) as opened:
            head = opened.read(4096) or b""
        file.seek(0)
    if not head.strip(b"\xef\xbb\xbf \t\r\n\0"):
        raise UnreadableFile(_("The file is empty."))
    if head[:4] == b"PK\x03\x04" and not packed:
        return XLSX, False, _check_workbook(file)
    _refuse_others(head)
    return CSV, packed, _("packed text") if packed else _("text")


def _head(file: IO[bytes]) -> bytes:
    file.seek(0)
    head = file.read(4096)
    file.seek(0)
    return head


_PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""Others are unpacked without bound, however little is asked for."""


def _check_workbook(file: IO[bytes]) -> str:
    try:
        with zipfile.ZipFile(file) as archive:
            parts = archive.infolist()
    except zipfile.BadZipFile as error:
        raise UnreadableFile(_("The workbook is damaged or cut short.")) from error
    finally:
        file.seek(0)
    if any(part.compress_type not in _PACKINGS for part in parts):
        raise UnreadableFile(_("The workbook is packed as no spreadsheet program packs."))
    names = {part.filename: part.file_size for part in parts}
    if "xl/workbook.xml" not in names:
        raise UnreadableFile(
            _("This is a zip archive, but no Excel workbook. Unpack it and upload the file inside.")
        )
    if sum(names.values()) > settings.IMPORT_MAX_BYTES * UNPACKED_TIMES:
        raise UnreadableFile(_("The workbook unpacks to more than can be taken."))
    return _("Excel workbook")


_PICTURES = (
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF8",
    b"II*\0",
    b"MM\0*",
    b"8BPS",
    b"\0\0\1\0",
)
_PACKED = (b"\x28\xb5\x2f\xfd", b"7z\xbc\xaf\x27\x1c", b"\xfd7zXZ\x00", b"PK\3\4", b"BZh", b"Rar!")
_WEB = ("<html", "<!doctype html", "<table", "<meta", "<head", "<body", "<style", "<div")
_TEXT_CONTROLS = b"\0\t\n\v\f\r\x1a\x1b"


def _refuse_others(head: bytes) -> None:
    start = _beginning(head)
    if start.startswith(_WEB) or (start.startswith("<!--") and "<html" in start):
        raise UnreadableFile(
            _("This is a web page, whatever its name ends in. Open it and save it as CSV or XLSX.")
        )
    if start.startswith("<?xml"):
        raise UnreadableFile(_("This is an XML file. Save it as CSV or XLSX."))
    if start.startswith(('{"', "[{", "[[")):
        raise UnreadableFile(_("This is JSON. Save it as CSV or XLSX, or send it to the API."))
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise UnreadableFile(
            _("This is an old or a protected Excel file. Save it as XLSX, without a password.")
        )
    if start.startswith("%pdf"):
        raise UnreadableFile(_("This is a PDF. Ask for the same list as CSV or XLSX."))
    if start.startswith("{\\rtf"):
        raise UnreadableFile(_("This is a text document. Save the table in it as CSV or XLSX."))
    if head.startswith(_PACKED):
        raise UnreadableFile(_("This is packed in a way that is not read. Unpack it first."))
    if head.startswith(_PICTURES) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP"):
        raise UnreadableFile(
            _("This is a picture, whatever its name ends in. Ask for the list as CSV or XLSX.")
        )
    if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        raise UnreadableFile(_("This is text in UTF-32. Save it as UTF-8."))
    _refuse_binary(head)


def _beginning(head: bytes) -> str:
    """The first characters in small letters, whatever the encoding says them in."""
    wide = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
    encoding = wide.get(head[:2], "latin-1")
    text = head[: len(head) // 2 * 2].decode(encoding, errors="replace")
    return text.lstrip("\ufeff\xef\xbb\xbf \t\r\n").lower()


def _refuse_binary(head: bytes) -> None:
    """Text holds hardly any control characters; where every second byte is zero it is UTF-16."""
    zeros = head.count(0) / len(head)
    controls = sum(1 for code in head if code < 32 and code not in _TEXT_CONTROLS) / len(head)
    wide = head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or zeros > WIDE_ZEROS
    if not wide and (zeros > TEXT_ZEROS or controls > TEXT_CONTROLS):
        raise UnreadableFile(_("This is no text and no workbook. Bring the list as CSV or XLSX."))


def unpacked(file: IO[bytes], *, packed: bool) -> IO[bytes]:
    """The bytes of a text file, unpacked where needed, with an end to how far they may grow."""
    file.seek(0)
    if not packed:
        return file
    limit = settings.IMPORT_MAX_BYTES * UNPACKED_TIMES
    return io.BufferedReader(Limited(gzip.GzipFile(fileobj=file), limit), 1 << 18)
