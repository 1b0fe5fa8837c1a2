"""Sheets of fields as PDF files, set by typst, which needs no library of the system.

What people typed is data of a fixed template and is shown as text: a name like `#read("/etc/…")`
is printed as it stands.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import typst
from django.http import HttpResponse
from django.utils.cache import patch_cache_control
from django.utils.http import content_disposition_header
from django.utils.translation import get_language, get_language_bidi

TEMPLATE = (Path(__file__).parent / "sheet.typ").read_bytes()
SIZES = (9.5, 8.5, 7.5, 6.5)
"""Sizes of letters, in points, of which the first is taken that lets all stand on one page; what
is more goes on over further pages in the smallest."""
MEDIA_TYPE = "application/pdf"


class Item(NamedTuple):
    """A field with its value; `value` may have several lines. `detail` is for figures alone."""

    label: str
    value: str
    detail: str = ""


class Block(NamedTuple):
    """Fields under a heading."""

    title: str
    fields: Sequence[Item]


class Sheet(NamedTuple):
    """All that stands on the sheet; `summary` is a sentence below the figures, `foot` stands at
    the bottom of each page."""

    title: str
    lead: str
    summary: str
    foot: str
    figures: Sequence[Item]
    sections: Sequence[Block]


def set_sheet(sheet: Sheet) -> bytes:
    """The sheet as a PDF file, on one page of A4 if letters of a readable size let it."""
    language = (get_language() or "en").split("-")[0]
    data = {
        "title": sheet.title,
        "lead": sheet.lead,
        "summary": sheet.summary,
        "foot": sheet.foot,
        "lang": language,
        "right_to_left": get_language_bidi(),
        "figures": [item._asdict() for item in sheet.figures],
        "sections": [
            {"title": row.title, "fields": [item._asdict() for item in row.fields]}
            for row in sheet.sections
        ],
    }
    inputs: dict[str, str] = {}
    for size in SIZES:
        inputs = {"data": json.dumps(data | {"size": size})}
        if (
            json.loads(typst.query(TEMPLATE, "<pages>", field="value", one=True, sys_inputs=inputs))
            == 1
        ):
            break
    return typst.compile(TEMPLATE, format="pdf", sys_inputs=inputs)  # type: ignore[return-value]


def sheet_response(sheet: Sheet, name: str) -> HttpResponse:
    """The sheet as a file to save under `name`; no cache keeps it."""
    response = HttpResponse(set_sheet(sheet), content_type=MEDIA_TYPE)
    response["Content-Disposition"] = content_disposition_header(True, name) or "attachment"  # noqa: FBT003  (Django's signature)
    response["X-Content-Type-Options"] = "nosniff"
    patch_cache_control(response, private=True, no_store=True)
    return response
