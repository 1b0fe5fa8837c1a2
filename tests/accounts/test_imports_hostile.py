"""Files as people send them: each gives the right totals or is refused in plain words."""

import csv
import datetime
import gzip
import io
import zipfile

import openpyxl
import pytest
from django.core.exceptions import ValidationError
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from kam.imports import passes, services
from kam.imports.models import Run
from tests.accounts.test_imports_ledger import problems, upload
from tests.factories.teams import RoleGrantFactory

pytestmark = pytest.mark.django_db
HEAD = ["Kd-Nr", "Kunde", "Datum", "Artikel", "Menge", "Preis"]
ROWS = [
    ["1001", "Müller & Söhne", "2026-05-01", "A1", "2", "10.50"],
    ["1002", 'Say "Hi", Ltd', "2026-05-02", "007", "1", "1,234.50"],
    ["1001", "Müller & Söhne", "2026-05-31", "A1", "-1", "10.50"],
]
NET = {"EUR": "1245.00"}
"""2 × 10.50 + 1 × 1,234.50 − 1 × 10.50: a return counts against what was sold."""


def text(rows=None, *, delimiter=",", end="\n", quoting=csv.QUOTE_MINIMAL, head=HEAD):
    target = io.StringIO()
    writer = csv.writer(target, delimiter=delimiter, lineterminator=end, quoting=quoting)
    writer.writerows([head, *(ROWS if rows is None else rows)])
    return target.getvalue()


def book(rows=None, *, sheets=("Data",), epoch=None, head=HEAD) -> bytes:
    made = openpyxl.Workbook()
    if epoch is not None:
        made.epoch = epoch
    made.remove(made.active)
    for name in sheets:
        made.create_sheet(name)
    sheet = made[sheets[-1]]
    for row in [head, *(ROWS if rows is None else rows)]:
        sheet.append(row)
    target = io.BytesIO()
    made.save(target)
    return target.getvalue()


def zipped(data: bytes, changes: dict[str, bytes]) -> bytes:
    """A workbook with some of its parts replaced."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(target, "w", 8) as new:
        for name in old.namelist():
            new.writestr(name, changes.get(name, old.read(name)))
    return target.getvalue()


def endless_cell() -> bytes:
    """A sheet with a cell of three megabytes."""
    return (
        b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        b'<row r="1"><c r="A1" t="inlineStr"><is><t>A</t></is></c></row>'
        b'<row r="2"><c r="A2" t="inlineStr"><is><t>' + b"x" * (3 << 20) + b"</t></is></c></row>"
        b"</sheetData></worksheet>"
    )


def comma(rows):
    """The rows as a country writes them that has decimal commas and days first."""
    written = []
    for row in rows:
        year, month, day = row[2].split("-")
        price = row[5].replace(",", "").replace(".", ",")
        written.append([*row[:2], f"{day}.{month}.{year}", *row[3:5], price])
    return written


def typed():
    """The rows with real dates and numbers; codes of digits with leading zeros stay text."""
    return [
        [
            int(row[0]),
            row[1],
            datetime.datetime.fromisoformat(row[2]),
            row[3],
            int(row[4]),
            float(row[5].replace(",", "")),
        ]
        for row in ROWS
    ]


def dated(form):
    """The rows with their days written in another form."""
    days = [form.format(datetime.date.fromisoformat(row[2])) for row in ROWS]
    return text([[*row[:2], day, *row[3:]] for row, day in zip(ROWS, days, strict=True)])


def archive() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as packed:
        packed.writestr("sales.csv", PLAIN)
    return target.getvalue()


def with_sheet(found: bytes, old: bytes, new: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(found)) as packed:
        xml = packed.read("xl/worksheets/sheet1.xml")
    assert old in xml
    return zipped(found, {"xl/worksheets/sheet1.xml": xml.replace(old, new, 1)})


UTF8 = text().encode()
PLAIN = UTF8.decode()
GOOD = {
    "utf-8": UTF8,
    "utf-8 with mark": b"\xef\xbb\xbf" + UTF8,
    "utf-16 with mark": PLAIN.encode("utf-16"),
    "utf-16 big endian with mark": b"\xfe\xff" + PLAIN.encode("utf-16-be"),
    "utf-16 without mark": PLAIN.encode("utf-16-le"),
    "utf-16 big endian without mark": PLAIN.encode("utf-16-be"),
    "windows page": PLAIN.encode("cp1252"),
    "latin page": PLAIN.encode("iso8859-15"),
    "windows line ends": text(end="\r\n").encode(),
    "old mac line ends": text(end="\r").encode(),
    "mixed line ends": PLAIN.replace("\n", "\r\n", 2).encode(),
    "no last line end": PLAIN.rstrip("\n").encode(),
    "blank lines between": PLAIN.replace("\n", "\n\n,,,,,\n").encode(),
    "semicolons": text(delimiter=";").encode(),
    "tabs": text(delimiter="\t").encode(),
    "bars": text(delimiter="|").encode(),
    "sep line": ("sep=;\n" + text(delimiter=";")).encode(),
    "everything quoted": text(quoting=csv.QUOTE_ALL).encode(),
    "blanks around": text([[f" {cell} " for cell in row] for row in ROWS]).encode(),
    "no-break blanks": text([[f"\u00a0{cell}" for cell in row] for row in ROWS]).encode(),
    "comma decimals, points in dates": text(comma(ROWS), delimiter=";").encode(),
    "thousands with points": text(
        [*comma(ROWS[:1]), [*comma(ROWS)[1][:5], "1.234,50"], comma(ROWS)[2]], delimiter=";"
    ).encode(),
    "money signs": text([[*row[:5], f"€ {row[5]}"] for row in ROWS]).encode(),
    "minus behind": text([*ROWS[:2], [*ROWS[2][:4], "1-", "10.50"]]).encode(),
    "brackets are negative": text([*ROWS[:2], [*ROWS[2][:4], "(1)", "10.50"]]).encode(),
    "real minus sign": text([*ROWS[:2], [*ROWS[2][:4], "−1", "10.50"]]).encode(),
    "months in words": dated("{:%d May %Y}").encode(),
    "times beside dates": dated("{:%Y-%m-%d 14:05:00}").encode(),
    "american dates": dated("{:%m/%d/%Y}").encode(),
    "titles above the heading": ("Sales report,,,,,\n,,,,,\n" + PLAIN).encode(),
    "packed": gzip.compress(UTF8),
    "packed in two parts": gzip.compress(UTF8[:40]) + gzip.compress(UTF8[40:]),
    "line break in a name": text([[row[0], f"{row[1]}\nHQ", *row[2:]] for row in ROWS]).encode(),
    "columns in another order": text([row[::-1] for row in ROWS], head=HEAD[::-1]).encode(),
    "columns that mean nothing": text(
        [[*row, "x", ""] for row in ROWS], head=[*HEAD, "Remark", ""]
    ).encode(),
    "workbook": book(typed()),
    "workbook of 1904": book(typed(), epoch=CALENDAR_MAC_1904),
    "workbook with numbers as text": book(),
    "workbook with an empty first sheet": book(typed(), sheets=("Cover", "Data")),
    "workbook with formulas and their results": with_sheet(
        book(typed()), b"<v>1234.5</v>", b"<f>1000+234.5</f><v>1234.5</v>"
    ),
    "workbook called csv": book(typed()),
}  # fmt: skip


def tried(manager, data, kind="ledger", name="file.csv", **kwargs):
    options = {"currency": "EUR"} if kind == "ledger" else {}
    run = upload(manager, data, kind=kind, name=name, options=options, **kwargs)
    if run.status != Run.Status.MAPPED:
        return run
    return passes.check(services.check_run(actor=manager, run=run, enqueue=False).pk)


def net(run):
    return {item["unit"]: item["value"] for item in run.report["totals"] if item["label"] == "Net"}


@pytest.fixture
def manager():
    """Manages the only programme."""
    return RoleGrantFactory(programme_manager=True).user


@pytest.mark.parametrize("data", GOOD.values(), ids=GOOD)
def test_file_in_any_usual_form_gives_the_right_total(manager, data):
    run = tried(manager, data)
    names = {row["values"][0] for row in run.report["preview"]}
    assert (run.status, net(run), run.rejected) == ("ready", NET, 0)
    assert any("Müller & Söhne" in name for name in names)


def lines(*more):
    return PLAIN + "".join(f"{line}\n" for line in more)


PARTLY = {
    "grand total": (lines(",Grand total,,,2,1245.00"), {"total": 1}),
    "total in front": (lines("Total,,,,2,1245.00"), {"total": 1}),
    "subtotals": (lines("Summe 1001,,,,1,10.50", "Zwischensumme,,2026-05-31,,1,5"), {"total": 2}),
    "total with a date": (lines("Total,,2026-05-31,,1,1245.00"), {"total": 1}),
    "heading again": (lines(",".join(HEAD)), {"heading": 1}),
    "title between": (lines("Region North,,,,,"), {"no_date": 1}),
    "nobody": (lines(",,2026-05-03,A,1,5"), {"no_account": 1}),
    "surplus cells": (lines("1,X,2026-05-03,A,1,5,6,7"), {"cells": 1}),
    "short row": (lines("1,X,2026-05-03"), {"no_amount": 1}),
    "zero bytes": (lines("1,X\0Y,2026-05-03,A,1,5"), {"nul": 1}),
    "error cells": (
        lines("1,X,2026-05-03,A,1,#DIV/0!", "#N/A,,2026-05-03,A,1,5", "1,X,2026-05-03,#REF!,1,5"),
        {"bad_unit_price": 1, "error": 2},
    ),
    "days that do not exist": (lines("1,X,2026-02-30,A,1,5"), {"bad_booked_on": 1}),
    "words for numbers": (lines("1,X,2026-05-03,A,one,5"), {"bad_quantity": 1}),
    "beyond all reason": (lines("1,X,2026-05-03,A,1,99999999999999999999"), {"huge": 1}),
    "formula as text": (lines('"=1+1",,2026-05-03,A,"=2+2",5'), {"bad_quantity": 1}),
}


@pytest.mark.parametrize(("data", "found"), PARTLY.values(), ids=PARTLY)
def test_rows_that_are_no_sales_are_named_and_not_summed(manager, data, found):
    run = tried(manager, data)
    assert (run.status, problems(run), net(run)) == ("ready", found, NET)


def test_error_instead_of_a_cost_is_named_and_no_unknown_cost(manager):
    rows = [[*row, cost] for row, cost in zip(ROWS, ("7", "#N/A", ""), strict=True)]
    run = tried(manager, text(rows, head=[*HEAD, "Cost"]))
    assert (problems(run), net(run)) == ({"bad_cost": 1}, {"EUR": "10.50"})


def test_bytes_that_the_chosen_page_does_not_have_are_named(manager):
    data = PLAIN.encode("cp1252") + b"1,\x81\x8d,2026-05-03,A,1,5\n"
    with pytest.raises(ValidationError, match="is not CP1252"):
        tried(manager, data, chosen={"encoding": "cp1252"})


def test_customer_called_like_a_total_is_a_customer(manager):
    run = tried(
        manager, lines("1004,Total Energies SE,2026-05-03,A,1,5", "1005,Sum Up AG,2026-05-03,A,1,5")
    )
    assert (net(run), run.rejected) == ({"EUR": "1255.00"}, 0)


def test_currencies_are_never_added(manager):
    rows = [[*row, money] for row, money in zip(ROWS, ("EUR", "USD", "EUR"), strict=True)]
    run = tried(manager, text([*rows, [*ROWS[0], "euro"]], head=[*HEAD, "Currency"]))
    assert (net(run), problems(run)) == ({"EUR": "10.50", "USD": "1234.50"}, {"bad_currency": 1})


def test_workbook_cell_with_an_error_is_named(manager):
    run = tried(manager, book([*typed(), ["#N/A", "X", datetime.date(2026, 5, 3), "A", 1, 5]]))
    assert (net(run), problems(run)) == (NET, {"error": 1})


def bomb(size=60_000_000) -> bytes:
    return gzip.compress(b"a,b\n" + b"0" * size, 9)


REFUSED = {
    "nothing": (b"", "empty"),
    "only a mark": (b"\xef\xbb\xbf", "empty"),
    "only blanks": (b" \r\n \r\n", "empty"),
    "only a heading": (",".join(HEAD).encode(), "no rows"),
    "web page called xls": (b"<html><body><table><tr><td>1</td></tr></table>", "web page"),
    "web page in utf-16": ("<!DOCTYPE html><table>".encode("utf-16"), "web page"),
    "excel as xml": (b'<?xml version="1.0"?><Workbook><Worksheet/></Workbook>', "XML"),
    "old excel": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "old or a protected"),
    "png called csv": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)), "picture"),
    "jpeg called csv": (b"\xff\xd8\xff\xe0\0\x10JFIF" + bytes(range(256)), "picture"),
    "gif called csv": (b"GIF89a" + bytes(range(256)), "picture"),
    "webp called csv": (b"RIFF\x10\0\0\0WEBPVP8 " + bytes(range(256)), "picture"),
    "programme called csv": (b"\x7fELF\2\1\1" + bytes(range(32)) * 40, "no text"),
    "pdf": (b"%PDF-1.7\n1 0 obj", "PDF"),
    "json": (b'[{"name": "Acme"}]', "JSON"),
    "text document": (b"{\\rtf1\\ansi Acme}", "text document"),
    "utf-32": (PLAIN.encode("utf-32"), "UTF-32"),
    "truncated gzip": (gzip.compress(UTF8 * 50)[:90], "damaged or cut short"),
    "damaged gzip": (gzip.compress(UTF8)[:-8] + b"damaged!", "damaged or cut short"),
    "gzip in gzip": (gzip.compress(gzip.compress(UTF8)), "no text|packed"),
    "workbook in gzip": (gzip.compress(book()), "Unpack"),
    "truncated workbook": (book()[:-200], "damaged or cut short"),
    "workbook without a sheet": (
        zipped(book(), {"xl/worksheets/sheet1.xml": b""}),
        "damaged|no rows",
    ),
    "workbook with a broken sheet": (
        zipped(book(), {"xl/worksheets/sheet1.xml": b"<worksheet><sheetData><row>"}),
        "damaged|no rows",
    ),
    "workbook with a cell that does not end": (
        zipped(book(), {"xl/worksheets/sheet1.xml": endless_cell()}),
        "one of its cells does not end",
    ),
    "empty workbook": (book([], head=[]), "no rows"),
    "formula without its result": (
        book([*typed(), [1, "X", datetime.date(2026, 5, 3), "A", 1, "=2+3"]]),
        "F5 holds a formula",
    ),
    "archive of files": (archive(), "zip archive"),
    "cell without end": (b"0" * 300_000, "100,000 characters"),
    "cell without end, packed": (gzip.compress(b"0" * 9_000_000), "longer than any row"),
    "quotation never closed": (f'{PLAIN}"{"x" * 200_000}'.encode(), "never closed"),
}  # fmt: skip


@pytest.mark.parametrize(("data", "words"), REFUSED.values(), ids=REFUSED)
def test_file_that_cannot_be_read_is_refused_with_what_to_do(manager, data, words):
    with pytest.raises(ValidationError) as refusal:
        tried(manager, data)
    assert any(word in str(refusal.value.messages) for word in words.split("|"))
    assert not Run.objects.exists()


@pytest.mark.parametrize("packed", ["gzip", "workbook"])
def test_file_that_unpacks_without_end_is_refused(manager, settings, packed):
    settings.IMPORT_MAX_BYTES = 200_000
    rows = b"<row>" + b"0" * 20_000_000
    data = bomb() if packed == "gzip" else zipped(book(), {"xl/worksheets/sheet1.xml": rows})
    with pytest.raises(ValidationError, match="unpacks to more"):
        tried(manager, data)


@pytest.mark.parametrize(
    ("rows", "question"),
    [
        ([[*row[:2], "03/04/2026", *row[3:]] for row in ROWS], "day or the month"),
        ([[*row[:5], "1,234"] for row in ROWS], "comma or a point"),
    ],
)
def test_what_reads_both_ways_is_asked_and_never_guessed(manager, rows, question):
    run = tried(manager, text(rows))
    assert (run.status, question in services.problems(run)[0]) == ("uploaded", True)


def test_mixture_of_encodings_is_asked_about_and_never_guessed(manager):
    data = PLAIN.encode() + PLAIN.partition("\n")[2].encode("cp1252")
    run = tried(manager, data)
    assert (run.status, services.questions(run)[0][1]) == ("uploaded", "read-encoding")
    run = services.configure_run(actor=manager, run=run, chosen={"encoding": "cp1252"})
    assert (run.status, run.found.encoding.value) == ("mapped", "cp1252")


def test_file_without_a_heading_keeps_its_first_row(manager):
    bare = PLAIN.partition("\n")[2]
    run = upload(manager, bare, options={"currency": "EUR"})
    fields = ("account", "account_name", "booked_on", "product", "quantity", "unit_price")
    columns = dict(zip(fields, run.found.columns, strict=True))
    run = services.configure_run(actor=manager, run=run, wanted=columns)
    run = passes.check(services.check_run(actor=manager, run=run, enqueue=False).pk)
    assert (net(run), run.rows_read) == (NET, 3)


def test_chosen_sheet_is_read(manager):
    made = openpyxl.Workbook()
    made.active.append(HEAD)
    made.active.append([1, "Wrong", datetime.date(2026, 5, 1), "A", 1, 1])
    for row in [HEAD, *typed()]:
        made.create_sheet("Right").append(row) if "Right" not in made else made["Right"].append(row)
    target = io.BytesIO()
    made.save(target)
    assert "2 sheets" in tried(manager, target.getvalue()).found.sheet.reason
    assert net(tried(manager, target.getvalue(), chosen={"sheet": "Right"})) == NET


LISTS = {
    "parents later": ("3,Leaf,2\n2,Branch,1\n1,Root,\n", 3, {}),
    "circle": ("1,A,2\n2,B,3\n3,C,1\n4,D,\n", 1, {"cycle": 3}),
    "own parent": ("1,A,1\n2,B,\n", 1, {"cycle": 1}),
    "no such parent": ("1,A,Nowhere\n2,B,1\n", 0, {"no_parent": 1, "parent_rejected": 1}),
    "totals": ("1,A,\n,Total,\n,Total 17,\n,Total Energies,\n", 2, {"total": 2}),
    "errors": ("1,#N/A,\n#REF!,B,\n3,C,\n", 1, {"error": 2}),
    "blank customer": (",,1\n1,A,\n", 1, {"nothing": 1}),
    "twice": ("1,A,\n1,A,\n", 1, {"repeated": 1}),
    "formula as a name": ("1,\"=cmd|' /C calc'!A0\",\n", 1, {}),
}


@pytest.mark.parametrize(("rows", "taken", "found"), LISTS.values(), ids=LISTS)
def test_lists_of_customers_are_taken_row_by_row(manager, rows, taken, found):
    run = tried(manager, "Number,Name,Part of\n" + rows, kind="accounts")
    assert (run.status, run.created, problems(run)) == ("ready", taken, found)
