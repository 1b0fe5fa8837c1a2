"""Small files of every kind, made byte by byte: good ones, and ones that pretend."""

from __future__ import annotations

import io
import struct
import zipfile

OFFICE_MAIN = {
    "docx": "wordprocessingml.document.main+xml",
    "xlsx": "spreadsheetml.sheet.main+xml",
    "pptx": "presentationml.presentation.main+xml",
}
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
PNG = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00"
    b"\x1f\x15\xc4\x89\x00\x00\x00\nIDATx\x9cc\x00\x01\x00\x00\x05\x00\x01\r\n-\xb4\x00\x00"
    b"\x00\x00IEND\xaeB`\x82"
)
GIF = (
    b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00"
    b",\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"
)
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00\xff\xd9"
WEBP = b"RIFF" + struct.pack("<I", 16) + b"WEBPVP8L\x04\x00\x00\x00\x2f\x00\x00\x00"
MAIL = b"Received: from a by b\r\nFrom: tom@x.example\r\nSubject: Quote\r\n\r\n<html>hi</html>\r\n"
NOTHING = 0xFFFFFFFF
END_OF_CHAIN = 0xFFFFFFFE


def zipped(parts: dict[str, str | bytes], packing: int = zipfile.ZIP_STORED) -> bytes:
    """A ZIP file with these parts."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", packing) as archive:
        for name, body in parts.items():
            archive.writestr(name, body)
    return buffer.getvalue()


def office(kind: str, **more: str | bytes) -> bytes:
    """An empty Office document; `more` are further parts, by name."""
    name = f"application/vnd.openxmlformats-officedocument.{OFFICE_MAIN[kind]}"
    types = f'<Types><Override PartName="/main.xml" ContentType="{name}"/></Types>'
    return zipped({"[Content_Types].xml": types, "main.xml": "<main/>"} | more)


def open_document(kind: str, **more: str | bytes) -> bytes:
    """An empty OpenDocument file: `text`, `spreadsheet` or `presentation`."""
    return zipped({"mimetype": f"application/vnd.oasis.opendocument.{kind}"} | more)


def ole(*names: str) -> bytes:
    """A compound file with empty streams of these names at its top (three at most)."""
    header = struct.pack(
        "<8s16sHHHHHHIIIIIIIIII",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        bytes(16),
        *(0x3E, 3, 0xFFFE, 9, 6, 0),
        *(0, 0, 1, 1, 0, 4096, END_OF_CHAIN, 0, END_OF_CHAIN, 0),
    )
    header += struct.pack("<I", 0) + struct.pack("<I", NOTHING) * 108
    table = struct.pack("<II", 0xFFFFFFFD, END_OF_CHAIN) + struct.pack("<I", NOTHING) * 126
    entries = [_entry("Root Entry", 5, NOTHING, 1)]
    for place, name in enumerate(names, 1):
        entries.append(_entry(name, 2, place + 1 if place < len(names) else NOTHING, NOTHING))
    while len(entries) < 4:
        entries.append(_entry("", 0, NOTHING, NOTHING))
    return header + table + b"".join(entries)


def _entry(name: str, kind: int, right: int, child: int) -> bytes:
    text = name.encode("utf-16-le")
    length = len(text) + 2 if name else 0
    start = END_OF_CHAIN if kind == 5 else 0
    return (
        struct.pack("<64sHBBIII", text, length, kind, 1, NOTHING, right, child)
        + bytes(16)
        + struct.pack("<IQQII", 0, 0, 0, start, 0)
        + bytes(4)
    )


GOOD: dict[str, bytes] = {
    "a.pdf": PDF,
    "a.docx": office("docx"),
    "a.xlsx": office("xlsx"),
    "a.pptx": office("pptx"),
    "a.odt": open_document("text"),
    "a.ods": open_document("spreadsheet"),
    "a.odp": open_document("presentation"),
    "a.doc": ole("WordDocument"),
    "a.xls": ole("Workbook"),
    "a.ppt": ole("PowerPoint Document"),
    "a.msg": ole("__properties_version1.0"),
    "a.eml": MAIL,
    "a.png": PNG,
    "a.jpg": JPEG,
    "A.JPEG": JPEG,
    "a.gif": GIF,
    "a.webp": WEBP,
    "a.txt": "Grüße aus Köln".encode(),
    "utf16.txt": "Grüße".encode("utf-16"),
    "latin.txt": "Grüße".encode("cp1252"),
    "a.csv": b"a;b\n1;2\n",
    "a.md": b"# Minutes\n\n* one <b>two</b>\n",
}
"""One of each kind that is taken by default."""

HOSTILE: dict[str, tuple[bytes, str]] = {
    "page.html": (b"<html></html>", "type"),
    "drawing.svg": (b"<svg xmlns='http://www.w3.org/2000/svg'></svg>", "type"),
    "tool.exe": (b"MZ\x90\x00", "type"),
    "run.sh": (b"#!/bin/sh\n", "type"),
    "page.js": (b"alert(1)", "type"),
    "sheet.xlsm": (office("xlsx"), "type"),
    "noending": (PDF, "type"),
    ".pdf": (PDF, "type"),
    "archive.zip": (zipped({"a.txt": "a"}), "type"),
    "page.pdf": (b"<!DOCTYPE html><html><script>alert(1)</script></html>", "content_html"),
    "later.pdf": (b"\n\n  <HTML><body onload=alert(1)>", "content_html"),
    "bom.txt": (b"\xef\xbb\xbf<html><script>alert(1)</script>", "content_html"),
    "wide.txt": ("\ufeff<html><script>alert(1)</script>".encode("utf-16-le"), "content_html"),
    "comment.csv": (b"<!-- x --><script>alert(1)</script>", "content_html"),
    "tag.md": (b"<script src=//x></script>", "content_html"),
    "picture.png": (b"<svg onload='alert(1)' xmlns='http://www.w3.org/2000/svg'/>", "content_svg"),
    "svg.txt": (
        b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'><script/></svg>",
        "content_svg",
    ),
    "doctype.txt": (b"<!DOCTYPE svg PUBLIC '-//W3C'><svg onload='x'></svg>", "content_svg"),
    "prefixed.txt": (b"<?xml version='1.0'?><s:svg xmlns:s='x'/>", "content_svg"),
    "xhtml.txt": (b"<?xml version='1.0'?><html xmlns='x'/>", "content_html"),
    "feed.txt": (b"<?xml version='1.0'?><rss/>", "content_xml"),
    "shell.txt": (b"#!/bin/sh\nrm -rf /\n", "content_script"),
    "server.txt": (b"<?php system($_GET[0]);", "content_script"),
    "program.pdf": (b"MZ\x90\x00\x03" + bytes(100), "content_program"),
    "linux.png": (b"\x7fELF\x02\x01\x01" + bytes(100), "content_program"),
    "link.txt": (b"L\x00\x00\x00\x01\x14\x02\x00" + bytes(30), "content_program"),
    "polyglot.gif": (b"GIF89a/*" + bytes(20) + b"*/=1;alert(1)//", "content_broken"),
    "short.gif": (GIF[:-1], "content_broken"),
    "tail.gif": (GIF + b"<script>alert(1)</script>" * 4, "content_broken"),
    "short.pdf": (PDF[:20], "content_broken"),
    "short.png": (PNG[:40], "content_broken"),
    "short.jpg": (JPEG[:-2], "content_broken"),
    "short.webp": (WEBP[:-3], "content_broken"),
    "long.webp": (WEBP + b"<script>alert(1)</script>", "content_broken"),
    "bomb.docx": (
        zipped({"[Content_Types].xml": bytes(3_000_000)}, zipfile.ZIP_BZIP2),
        "content_broken",
    ),
    "bomb.odt": (zipped({"mimetype": bytes(3_000_000)}, zipfile.ZIP_LZMA), "content_broken"),
    "picture.pdf": (PNG, "content_png"),
    "text.pdf": (b"just text", "content_text"),
    "letter.eml": (b"Dear Tom,\nhello", "content_text"),
    "binary.txt": (b"text\x00more", "content_unknown"),
    "late.txt": (b"a" * 70_000 + b"\x00", "content_unknown"),
    "rich.txt": (b"{\\rtf1 {\\object}}", "content_unknown"),
    "packed.docx": (b"Rar!\x1a\x07\x00", "content_archive"),
    "zipped.docx": (zipped({"a.exe": b"MZ"}), "content_zip"),
    "jar.xlsx": (zipped({"META-INF/MANIFEST.MF": "x"}), "content_zip"),
    "table.docx": (office("xlsx"), "content_xlsx"),
    "macros.docx": (office("docx", **{"word/vbaProject.bin": b"x"}), "content_macros"),
    "sheets.xlsx": (office("xlsx", **{"xl/macrosheets/sheet1.xml": "x"}), "content_macros"),
    "basic.ods": (open_document("spreadsheet", **{"Basic/a.xml": "x"}), "content_macros"),
    "macros.doc": (ole("WordDocument", "Macros"), "content_macros"),
    "macros.xls": (ole("Workbook", "_VBA_PROJECT_CUR"), "content_macros"),
    "locked.xlsx": (ole("EncryptedPackage"), "content_protected"),
    "setup.doc": (ole("SummaryInformation"), "content_unknown"),
    "broken.doc": (ole("WordDocument")[:600], "content_broken"),
    "broken.docx": (b"PK\x03\x04" + bytes(100), "content_broken"),
    "cut.xlsx": (office("xlsx")[:-40], "content_broken"),
    "empty.pdf": (b"", "empty"),
}
"""Files that pretend, and the code of the refusal."""
