"""Text files: encoding, delimiter, rows."""

from __future__ import annotations

import codecs
import csv
import io
import itertools
from collections import Counter
from collections.abc import Iterator
from typing import IO

import charset_normalizer
from django.utils.translation import gettext as _

from kam.documents.tables import restored
from kam.imports.reading.errors import UnreadableFile
from kam.imports.reading.findings import Finding

ENCODINGS = ("utf-8", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "iso8859-15", "cp1250", "cp850")
DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
HEAD_BYTES = 256 * 1024
PROBE_BYTES = 64 * 1024 * 1024
"""How far UTF-8 is proven before the run; what comes later is proven while reading."""
FIELD_CHARACTERS = 100_000
LINE_CHARACTERS = 4_000_000
"""Longer cells and lines are no table: they are refused before they fill the memory."""
WESTERN = ("cp1252", "latin_1", "iso8859_15", "cp1250", "iso8859_2", "cp1254", "iso8859_9", "ascii")
MIXED = 0.1
"""Share of lines in UTF-8 from which on a file that is not UTF-8 throughout is taken for a mixture,
which nobody but a person can read."""
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def find_encoding(stream: IO[bytes]) -> Finding:
    """Encoding of the text in `stream`, read from its beginning."""
    head = stream.read(HEAD_BYTES)
    for mark, name in _BOMS:
        if head.startswith(mark):
            return Finding(name, _("said at the beginning of the file"))
    nulls = head[:2000].count(0)
    if nulls > len(head[:2000]) // 4:
        name = "utf-16-le" if head[1:2000:2].count(0) >= head[:2000:2].count(0) else "utf-16-be"
        return Finding(name, _("every second byte is zero"))
    bad, plain = _first_bad(stream, head)
    if bad is None:
        reason = _("only plain letters") if plain else _("valid throughout")
        return Finding("utf-8", reason)
    return _legacy(bad)


def _first_bad(stream: IO[bytes], head: bytes) -> tuple[bytes | None, bool]:
    """The block in which UTF-8 breaks, if any, and whether all is ASCII."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    block, done, plain = head, 0, True
    while block:
        try:
            decoder.decode(block)
        except UnicodeDecodeError:
            return block, False
        plain = plain and block.isascii()
        done += len(block)
        if done >= PROBE_BYTES:
            return None, plain
        block = stream.read(1 << 20)
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return head[-1000:], False
    return None, plain


def _legacy(block: bytes) -> Finding:
    lines = [line for line in block.splitlines() if not line.isascii()][:400]
    sample = b"\n".join(lines)
    if sum(map(_is_utf8, lines)) > len(lines) * MIXED:
        reason = _("some lines are UTF-8 and some are not: which letters has it?")
        return Finding("cp1252", reason, needed=True)
    undefined = any(code in sample for code in (0x81, 0x8D, 0x8F, 0x90, 0x9D))
    best = charset_normalizer.from_bytes(sample).best() if undefined or len(lines) > 20 else None
    if best is None or (best.encoding in WESTERN and not undefined):
        return Finding("cp1252", _("not UTF-8; letters of western Europe"))
    return Finding(best.encoding, _("not UTF-8; most likely by its letters: look at the preview"))


def _is_utf8(line: bytes) -> bool:
    """Whether a line that is not plain reads as UTF-8, which other encodings hardly ever do."""
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def find_delimiter(head: str) -> Finding:
    """Delimiter of the text that begins with `head`: the one that cuts most lines alike."""
    first = head.splitlines()[0] if head else ""
    if first.lower().startswith("sep=") and len(first) == 5:
        return Finding(first[4], _("said in the first line"))
    lines = head.splitlines()[:60]
    if len(lines) > 1:
        lines.pop()
    best, score, width = ",", 0.0, 1
    for mark in DELIMITERS:
        try:
            counts = Counter(len(row) for row in csv.reader(lines, delimiter=mark) if row)
        except csv.Error:  # a cell beyond all reason: reading the rows says so
            continue
        usual, times = counts.most_common(1)[0] if counts else (1, 0)
        if usual > 1 and times / max(sum(counts.values()), 1) * usual**0.5 > score:
            best, width = mark, usual
            score = times / sum(counts.values()) * usual**0.5
    if width == 1:
        return Finding(",", _("one column only"))
    return Finding(best, _("cuts the lines into %(count)d columns") % {"count": width})


def head_of(stream: IO[bytes], encoding: str) -> str:
    """The beginning as text, cut at a whole line where there is one.

    Raises `UnreadableFile` where UTF-16 was chosen for a file that does not say which of the two.
    """
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
    try:
        text = decoder.decode(stream.read(HEAD_BYTES))
    except UnicodeError as error:
        message = _("The file does not begin as %(encoding)s does. Choose other letters.")
        problem = message % {"encoding": encoding.upper()}
        raise UnreadableFile({"encoding": problem}) from error
    cut = text.rfind("\n")
    return text[: cut + 1] if cut > 0 else text


def _lines(text: io.TextIOWrapper) -> Iterator[str]:
    """The lines of a file, none of them read further than a line may go."""
    number = 0
    while line := text.readline(LINE_CHARACTERS):
        number += 1
        if len(line) >= LINE_CHARACTERS and line[-1] not in "\r\n":
            message = _("Line %(line)d is longer than any row of a table: this is no list.")
            raise UnreadableFile(message % {"line": number})
        yield line


def read_rows(stream: IO[bytes], *, encoding: str, delimiter: str) -> Iterator[list[str]]:
    """Rows as lists of text, blank lines left out; raises `UnreadableFile` with the row.

    Cells lose the apostrophe that our own exports put before what looks like a formula.
    """
    csv.field_size_limit(FIELD_CHARACTERS)
    text = io.TextIOWrapper(stream, encoding=encoding, errors="strict", newline="")
    reader = csv.reader(_lines(text), delimiter=delimiter)
    try:
        first = next(reader, [])
        is_mark = len(first) in (1, 2) and first[0].lower().startswith("sep=")
        for row in reader if is_mark else itertools.chain([first], reader):
            if "'" in "".join(row):
                yield [restored(cell) if cell[:1] == "'" else cell for cell in row]
            elif row and (row[0] or len(row) > 1):
                yield row
    except UnicodeDecodeError as error:
        message = _("After line %(line)d comes a letter that is not %(encoding)s. Choose another.")
        problem = message % {"line": reader.line_num, "encoding": encoding.upper()}
        raise UnreadableFile({"encoding": problem}) from error
    except csv.Error as error:
        message = _(
            "After line %(line)d a cell has more than 100,000 characters: a quotation mark may be"
            " opened and never closed."
        )
        raise UnreadableFile(message % {"line": reader.line_num}) from error
    finally:
        if not stream.closed:
            text.detach()
