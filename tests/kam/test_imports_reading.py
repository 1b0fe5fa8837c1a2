"""Hostile and ordinary files: what is understood, and what is refused in plain words."""

import gzip
import io
import zipfile

import openpyxl
import pytest

from kam.documents.tables import Column, csv_lines
from kam.imports.reading import UnreadableFile, inspect, open_rows

ORDINARY = "Customer;Datum;Betrag\nÄrzte GmbH;31.12.2025;1.234,50\nBakker;01.01.2026;2,00\n"


def read(data: bytes, **chosen):
    """Findings and rows of a file with these bytes."""
    file = io.BytesIO(data)
    found = inspect(file, chosen)
    return found, list(open_rows(file, found))


def workbook(*rows, title="Sheet1") -> bytes:
    book = openpyxl.Workbook()
    book.active.title = title
    for row in rows:
        book.active.append(row)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


@pytest.mark.parametrize(
    ("encoding", "found"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
        ("cp1252", "cp1252"),
    ],
)
def test_encoding_is_found_by_content(encoding, found):
    findings, rows = read(ORDINARY.encode(encoding))
    assert (findings.encoding.value, findings.delimiter.value) == (found, ";")
    assert rows[0] == ["Ärzte GmbH", "31.12.2025", "1.234,50"]


def test_chosen_encoding_goes_before_the_found_one():
    findings, rows = read("Name;Ort\nŁódź;x1\n".encode("cp1250"), encoding="cp1250")
    assert (findings.encoding.chosen, rows[0][0]) == (True, "Łódź")


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_delimiter_is_the_one_that_cuts_lines_alike(mark):
    text = "".join(mark.join(row) + "\n" for row in (("a", "b c", "d"), ("1", "2", "3")))
    findings, rows = read(text.encode())
    assert (findings.delimiter.value, rows) == (mark, [["1", "2", "3"]])


def test_quoted_line_breaks_and_delimiters_stay_in_their_cell():
    _found, rows = read(b'name,note\nA,"one, two\nthree"\n')
    assert rows == [["A", "one, two\nthree"]]


def test_line_that_names_the_delimiter_is_no_row():
    findings, rows = read(b"sep=;\nname;amount\nA;1\n")
    assert (findings.columns, rows) == (["name", "amount"], [["A", "1"]])


def test_packed_file_reads_like_the_plain_one():
    assert read(gzip.compress(ORDINARY.encode()))[1] == read(ORDINARY.encode())[1]


def test_titles_above_the_heading_are_left_out():
    text = "Sales report\n\nCustomer,Date,Amount,Currency\nA,2026-01-01,5,GBP\n"
    findings, rows = read(text.encode())
    assert (findings.skipped, findings.columns[0], len(rows)) == (1, "Customer", 1)


def test_file_without_heading_gets_numbered_columns():
    findings, rows = read(b"1001,2026-01-01,5.00\n1002,2026-01-02,6.00\n")
    assert (findings.header.value, findings.columns[0], len(rows)) == (False, "Column 1", 2)


def test_ragged_rows_are_filled_up_or_left_longer():
    _found, rows = read(b"a,b,c\n1,2\n1,2,3,4\n1,2,3,\n,,\n")
    assert rows == [["1", "2", ""], ["1", "2", "3", "4"], ["1", "2", "3"]]


def test_names_that_repeat_get_their_place():
    findings, _rows = read(b"name,name,\nA,B,C\n")
    assert findings.columns == ["name", "name (2)", "Column 3"]


def test_workbook_keeps_numbers_dates_and_leading_zeros():
    _found, rows = read(workbook(["Nr", "Wert", "Text"], [17850, 2.5, "007"], [3.0, None, None]))
    assert rows == [[17850, 2.5, "007"], [3, "", ""]]


def test_workbook_sheet_is_the_first_with_rows():
    book = openpyxl.Workbook()
    book.create_sheet("Data").append(["a", "b"])
    book["Data"].append([1, 2])
    target = io.BytesIO()
    book.save(target)
    findings, rows = read(target.getvalue())
    assert (findings.sheet.value, findings.sheets, rows) == ("Data", ["Sheet", "Data"], [[1, 2]])


def archive(**files) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as packed:
        for name, data in files.items():
            packed.writestr(name, data)
    return target.getvalue()


HOSTILE = {
    "nothing": (b"", "empty"),
    "blank lines": (b"\xef\xbb\xbf \r\n\r\n", "empty"),
    "gz of nothing": (gzip.compress(b""), "empty"),
    "html": (b"\n  <html><table><tr><td>1", "web page"),
    "xml": (b"<?xml version='1.0'?><Workbook/>", "XML"),
    "old excel": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 600, "old or a protected"),
    "pdf": (b"%PDF-1.7 ...", "PDF"),
    "zip": (archive(readme="x"), "zip archive"),
    "broken zip": (archive(a="x")[:-10], "damaged"),
    "broken gz": (gzip.compress(ORDINARY.encode() * 50)[:60], "damaged"),
    "7z": (b"7z\xbc\xaf\x27\x1c....", "Unpack"),
}


def test_workbook_that_is_packed_to_burst_is_refused():
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_BZIP2) as packed:
        packed.writestr("xl/workbook.xml", bytes(3_000_000))
    with pytest.raises(UnreadableFile, match="no spreadsheet program"):
        read(target.getvalue())


@pytest.mark.parametrize(("data", "word"), HOSTILE.values(), ids=HOSTILE)
def test_file_that_is_no_table_is_refused_with_what_to_do(data, word):
    with pytest.raises(UnreadableFile, match=word):
        read(data)


def test_quotation_mark_never_closed_is_named_by_its_line():
    with pytest.raises(UnreadableFile, match="quotation mark"):
        read(b'a,b\n1,"2\n' + b"x" * 200_000)


def test_letter_that_is_not_the_encoding_is_named_by_its_line():
    with pytest.raises(UnreadableFile, match="Choose another"):
        read(ORDINARY.encode("cp1252"), encoding="utf-8")


def test_packed_file_that_grows_without_end_is_refused(settings):
    settings.IMPORT_MAX_BYTES = 1000
    with pytest.raises(UnreadableFile, match="unpacks to more"):
        read(gzip.compress(b"a,b\n" + b"1,2\n" * 50_000))


@pytest.mark.parametrize("text", ["=1+1", "-5.00", "@a", "\u00a0=x", "'=x", "plain", "'quoted'"])
def test_text_that_our_exports_mark_is_read_as_it_was(text):
    """`docs/decisions.md`: what we export imports unchanged."""
    rows = csv_lines([Column("Name", "name"), Column("=Key", "key")], [{"name": text, "key": 1}])
    found, read_rows = read("".join(rows).encode())
    assert (found.columns, read_rows) == (["Name", "=Key"], [[text, "1"]])
