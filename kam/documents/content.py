"""What a file is, by its content: never by its name, and never by what the browser says.

Each kind that can be taken proves itself by its own structure (the directory of a ZIP or an OLE
file, the frame of a picture); what cannot be proved is refused. What would run in a browser or on
a desk is named, so that people read why it is refused.
"""

from __future__ import annotations

import codecs
import re
import struct
import zipfile
from typing import BinaryIO, NamedTuple

import olefile
from django.utils.translation import gettext_lazy as _

HEAD = 4096
"""Bytes that are looked at first."""
CHUNK = 1 << 16
LARGEST_DIRECTORY = 4_000_000
"""Bytes of a ZIP directory; no document has more, and reading one costs twenty times as much."""
LARGEST_PART = 1_000_000
"""Bytes of a part of a document that are looked at."""

OLE = olefile.MAGIC


class Format(NamedTuple):
    """A kind of file that can be taken: what its content is found to be, how it is served, and
    how people call it."""

    found: tuple[str, ...]
    media_type: str
    word: object


OFFICE = "application/vnd.openxmlformats-officedocument."
OPEN = "application/vnd.oasis.opendocument."
FORMATS: dict[str, Format] = {
    "pdf": Format(("pdf",), "application/pdf", _("a PDF")),
    "docx": Format(("docx",), f"{OFFICE}wordprocessingml.document", _("a Word document")),
    "xlsx": Format(("xlsx",), f"{OFFICE}spreadsheetml.sheet", _("an Excel workbook")),
    "pptx": Format(("pptx",), f"{OFFICE}presentationml.presentation", _("a presentation")),
    "odt": Format(("odt",), f"{OPEN}text", _("an OpenDocument text")),
    "ods": Format(("ods",), f"{OPEN}spreadsheet", _("an OpenDocument spreadsheet")),
    "odp": Format(("odp",), f"{OPEN}presentation", _("an OpenDocument presentation")),
    "doc": Format(("doc",), "application/msword", _("an old Word document")),
    "xls": Format(("xls",), "application/vnd.ms-excel", _("an old Excel workbook")),
    "ppt": Format(("ppt",), "application/vnd.ms-powerpoint", _("an old presentation")),
    "msg": Format(("msg",), "application/vnd.ms-outlook", _("an Outlook message")),
    "eml": Format(("mail",), "message/rfc822", _("an e-mail")),
    "png": Format(("png",), "image/png", _("a PNG picture")),
    "jpg": Format(("jpg",), "image/jpeg", _("a JPEG picture")),
    "jpeg": Format(("jpg",), "image/jpeg", _("a JPEG picture")),
    "gif": Format(("gif",), "image/gif", _("a GIF picture")),
    "webp": Format(("webp",), "image/webp", _("a WebP picture")),
    "txt": Format(("text", "mail"), "text/plain", _("plain text")),
    "csv": Format(("text", "mail"), "text/csv", _("a CSV table")),
    "md": Format(("text", "mail"), "text/markdown", _("a Markdown text")),
    "zip": Format(
        ("zip", "docx", "xlsx", "pptx", "odt", "ods", "odp", "macros"),
        "application/zip",
        _("a ZIP archive"),
    ),
}
"""Kinds of files that can be taken, by ending; `ATTACHMENT_TYPES` says which are."""

WORDS = {
    "html": _("a web page"),
    "svg": _("a drawing that may hold scripts (SVG)"),
    "xml": _("an XML document"),
    "script": _("a script"),
    "program": _("a program"),
    "archive": _("an archive"),
    "macros": _("a document with macros"),
    "protected": _("protected by a password, so that nobody can see what it is"),
    "broken": _("broken or cut short"),
    "unknown": _("of no known kind"),
    "mail": _("an e-mail"),
    "text": _("plain text"),
}
"""How people call what a file is found to be, where it is not a format of its own."""

PROGRAMS = (
    b"MZ",
    b"\x7fELF",
    b"\xca\xfe\xba\xbe",
    b"\xfe\xed\xfa\xce",
    b"\xfe\xed\xfa\xcf",
    b"\xce\xfa\xed\xfe",
    b"\xcf\xfa\xed\xfe",
    b"dex\n",
    b"\x00asm",
    b"L\x00\x00\x00\x01\x14\x02\x00",
)
ARCHIVES = (b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07", b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00", b"MSCF")
SCRIPTS = re.compile(rb"\s*(?:#!|<\?php|<%|@echo\b|<job\b)", re.IGNORECASE)
MARKUP = re.compile(
    rb"<(?:!doctype\s+html|!--|(?:html|head|body|script|iframe|frameset|style|title|link|meta|base"
    rb"|object|embed|form|img|table|div|font|h1|br|a|b|p)(?=[\s/>]))",
    re.IGNORECASE,
)
"""What makes browsers take a text for a web page (WHATWG, MIME Sniffing 7.1), and some more."""
DRAWING = re.compile(rb"<(?:\w+:)?svg[\s/>]", re.IGNORECASE)
HEADER = re.compile(
    rb"(?:Received|From|To|Cc|Subject|Date|Message-ID|MIME-Version|Return-Path|Delivered-To"
    rb"|X-[A-Za-z-]+|Content-Type|Reply-To|Sender|Authentication-Results|ARC-[A-Za-z-]+"
    rb"|DKIM-Signature|Thread-[A-Za-z]+|References|In-Reply-To|Importance):[^\n]",
    re.IGNORECASE,
)
"""A line of the head of an e-mail (RFC 5322)."""
NOT_TEXT = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
DOCUMENTS = {
    b"wordprocessingml.document.main+xml": "docx",
    b"spreadsheetml.sheet.main+xml": "xlsx",
    b"presentationml.presentation.main+xml": "pptx",
    b"presentationml.slideshow.main+xml": "pptx",
}
OPEN_DOCUMENTS = {FORMATS[name].media_type.encode(): name for name in ("odt", "ods", "odp")}
OLD_DOCUMENTS = {
    "WordDocument": "doc",
    "Workbook": "xls",
    "Book": "xls",
    "PowerPoint Document": "ppt",
    "__properties_version1.0": "msg",
}


def found_in(file: BinaryIO) -> str:
    """What the content of `file` is: a key of `FORMATS` or of `WORDS`. Leaves it at its start."""
    file.seek(0)
    head = file.read(HEAD)
    try:
        return _by_signature(file, head) or _by_text(file, head)
    finally:
        file.seek(0)


def _by_signature(file: BinaryIO, head: bytes) -> str:
    for starts, kind in ((PROGRAMS, "program"), (ARCHIVES, "archive")):
        if head.startswith(starts):
            return kind
    if head.startswith(b"PK"):
        return _zip(file)
    if head.startswith(OLE):
        return _old_office(file)
    if head.startswith(b"{\\rtf"):
        return "unknown"
    return _picture_or_pdf(file, head)


def _picture_or_pdf(file: BinaryIO, head: bytes) -> str:
    if head.startswith(b"%PDF-"):
        return "pdf" if b"%%EOF" in _tail(file, 2048) else "broken"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        whole = head[12:16] == b"IHDR" and b"IEND" in _tail(file, 64)
        return "png" if whole else "broken"
    if head.startswith(b"\xff\xd8\xff"):
        return "jpg" if b"\xff\xd9" in _tail(file, CHUNK) else "broken"
    if head[:6] in (b"GIF87a", b"GIF89a"):
        return "gif" if _is_whole_gif(file) else "broken"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        told = struct.unpack("<I", head[4:8])[0] + 8
        whole = head[12:15] == b"VP8" and told <= _size(file) <= told + 1
        return "webp" if whole else "broken"
    return ""


def _size(file: BinaryIO) -> int:
    return file.seek(0, 2)


def _tail(file: BinaryIO, length: int) -> bytes:
    file.seek(max(0, _size(file) - length))
    return file.read(length)


def _is_whole_gif(file: BinaryIO) -> bool:
    """Whether the blocks follow each other to the trailer: a script with a GIF's first letters
    does not."""
    file.seek(0)
    screen = file.read(13)
    if len(screen) < 13:
        return False
    _skip_colours(file, screen[10])
    while True:
        mark = file.read(1)
        if mark == b"\x3b":
            return len(file.read(16)) < 16
        if mark == b"\x21":
            file.seek(1, 1)
        elif mark == b"\x2c":
            frame = file.read(9)
            if len(frame) < 9:
                return False
            _skip_colours(file, frame[8])
            file.seek(1, 1)
        else:
            return False
        if not _skip_blocks(file):
            return False


def _skip_colours(file: BinaryIO, flags: int) -> None:
    if flags & 0x80:
        file.seek(3 * 2 ** ((flags & 7) + 1), 1)


def _skip_blocks(file: BinaryIO) -> bool:
    while length := file.read(1):
        if length == b"\x00":
            return True
        file.seek(length[0], 1)
    return False


# Office


def _zip(file: BinaryIO) -> str:
    """A document in a ZIP, an archive, or what cannot be read as one."""
    if not _has_small_directory(file):
        return "broken"
    try:
        file.seek(0)
        with zipfile.ZipFile(file) as archive:
            names = {item.filename for item in archive.infolist()}
            if "[Content_Types].xml" in names:
                return _office(archive, names)
            if "mimetype" in names:
                return _open_document(archive, names)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError, EOFError):
        return "broken"
    return "zip"


def _has_small_directory(file: BinaryIO) -> bool:
    """Whether the end of the ZIP tells a directory of a size that can be read safely."""
    tail = _tail(file, 65_557)
    place = tail.rfind(b"PK\x05\x06")
    if place < 0 or len(tail) < place + 22 or tail[max(0, place - 20) :].startswith(b"PK\x06\x07"):
        return False
    return struct.unpack("<I", tail[place + 12 : place + 16])[0] <= LARGEST_DIRECTORY


def _part(archive: zipfile.ZipFile, name: str) -> bytes:
    """The beginning of a part. Raises BadZipFile where it is packed as no document packs: other
    ways than deflating are unpacked without bound, however little is asked for."""
    if archive.getinfo(name).compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise zipfile.BadZipFile(name)
    with archive.open(name) as part:
        return part.read(LARGEST_PART)


def _office(archive: zipfile.ZipFile, names: set[str]) -> str:
    types = _part(archive, "[Content_Types].xml")
    low = {name.casefold() for name in names}
    if b"macroEnabled" in types or b"vbaProject" in types:
        return "macros"
    if any(name.endswith("vbaproject.bin") or "/macrosheets/" in name for name in low):
        return "macros"
    return next((kind for sign, kind in DOCUMENTS.items() if sign in types), "zip")


def _open_document(archive: zipfile.ZipFile, names: set[str]) -> str:
    kind = OPEN_DOCUMENTS.get(_part(archive, "mimetype").strip(), "zip")
    holds_macros = any(name.startswith(("Basic/", "Scripts/")) for name in names)
    return "macros" if kind != "zip" and holds_macros else kind


def _old_office(file: BinaryIO) -> str:
    try:
        file.seek(0)
        with olefile.OleFileIO(file) as document:
            names = [entry[-1] for entry in document.listdir(streams=True, storages=True)]
            tops = {entry[0] for entry in document.listdir(streams=True, storages=True)}
    except (OSError, ValueError, LookupError, struct.error, TypeError, AttributeError):
        return "broken"
    if "EncryptedPackage" in tops:
        return "protected"
    if tops & {"Macros", "_VBA_PROJECT_CUR"} or "_VBA_PROJECT" in names:
        return "macros"
    return next((kind for name, kind in OLD_DOCUMENTS.items() if name in tops), "unknown")


# Text


def _by_text(file: BinaryIO, head: bytes) -> str:
    """Text, told from what a browser or a shell would run."""
    opening = _as_letters(head)
    if opening is None:
        return "unknown"
    opening = opening.lstrip(b" \t\r\n\f\xef\xbb\xbf")
    if SCRIPTS.match(opening):
        return "script"
    if MARKUP.match(opening):
        return "svg" if DRAWING.search(opening) and b"<html" not in opening.lower() else "html"
    if DRAWING.match(opening):
        return "svg"
    if opening.startswith((b"<?xml", b"<!DOCTYPE")):
        return "svg" if DRAWING.search(opening) else _xml(opening)
    if not _is_text(file, head):
        return "unknown"
    return "mail" if HEADER.match(opening) else "text"


def _xml(opening: bytes) -> str:
    return "html" if b"<html" in opening.lower() else "xml"


def _as_letters(head: bytes) -> bytes | None:
    """`head` as one byte a letter, whatever its encoding; None when it is no text."""
    for mark, encoding in ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")):
        if head.startswith(mark):
            return head[2:].decode(encoding, "replace").encode("ascii", "replace")
    return None if NOT_TEXT.search(head) else head


def _is_text(file: BinaryIO, head: bytes) -> bool:
    """Whether no byte of the whole file is one that texts do not hold."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _size(file) % 2 == 0
    file.seek(0)
    while chunk := file.read(CHUNK):
        if NOT_TEXT.search(chunk):
            return False
    return True
