"""Files out: typed, streamed, harmless, and readable again."""

import csv
import datetime
import io
from decimal import Decimal

import openpyxl
import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from kam.documents import tables
from kam.documents.tables import Column, csv_lines, export_table, neutralised, restored, write_xlsx

ATTACKS = [
    "=1+1",
    "+44 20 7946",
    "-cmd",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    " =1",
    "\uff1d1",
    "'=1",
    '=HYPERLINK("http://x","y")',
]
HARMLESS = ["", "Alba & Co", "'quoted'", "a=b", "3-4", "it's", "'"]
COLUMNS = [Column("Name", "name"), Column("Value", lambda row: row["value"])]


@pytest.mark.parametrize("text", ATTACKS)
def test_formula_is_neutralised_and_restored(text):
    assert neutralised(text) == f"'{text}"
    assert restored(neutralised(text)) == text


@pytest.mark.parametrize("text", HARMLESS)
def test_harmless_text_stays(text):
    assert neutralised(text) == text
    assert restored(text) == text


@given(st.text(alphabet="'=+-@\t\r\n a1\uff1d"))
def test_every_text_comes_back(text):
    safe = neutralised(text)
    assert restored(safe) == text
    assert safe.strip()[:1] not in tuple("=+-@\uff1d")


def read_csv(lines) -> list[list[str]]:
    return list(csv.reader(io.StringIO("".join(lines), newline="")))


def test_csv_types_and_text():
    zone = datetime.timezone(datetime.timedelta(hours=2))
    moment = datetime.datetime(2026, 6, 1, 22, 30, tzinfo=datetime.UTC)
    values = [
        None,
        True,
        -5,
        Decimal("-1E+3"),
        Decimal("0.10"),
        1.5,
        datetime.date(2026, 6, 1),
        moment,
        'a "b", c\nd',
        "-5",
    ]
    with timezone.override(zone):
        lines = csv_lines(COLUMNS, [{"name": "x", "value": value} for value in values])
    rows = read_csv(lines)
    assert rows[0] == ["\ufeffName", "Value"]
    assert [row[1] for row in rows[1:]] == [
        "",
        "true",
        "-5",
        "-1000",
        "0.10",
        "1.5",
        "2026-06-01",
        "2026-06-02 00:30:00",
        'a "b", c\nd',
        "'-5",
    ]
    assert read_csv(csv_lines(COLUMNS, [], bom=False)) == [["Name", "Value"]]


def read_xlsx(columns, rows, **options):
    file = io.BytesIO()
    write_xlsx(file, columns, rows, **options)
    file.seek(0)
    return openpyxl.load_workbook(file)


def test_xlsx_types_and_text():
    values = [
        5,
        Decimal("0.10"),
        Decimal("1234567890.123456789"),
        datetime.date(2026, 6, 1),
        datetime.datetime(2026, 6, 1, 10, tzinfo=datetime.UTC),
        True,
        None,
        float("inf"),
        *ATTACKS,
    ]
    book = read_xlsx(COLUMNS, [{"name": "x", "value": value} for value in values], notes=["=1"])
    cells = [row[1] for row in book.worksheets[0].iter_rows(min_row=2)]
    assert [(str(cell.value), cell.data_type) for cell in cells[:8]] == [
        ("5", "n"),
        ("0.1", "n"),
        ("1234567890.123456789", "s"),
        ("2026-06-01 00:00:00", "d"),
        ("2026-06-01 10:00:00", "d"),
        ("True", "b"),
        ("None", "n"),
        ("inf", "s"),
    ]
    for cell, text in zip(cells[8:], ATTACKS, strict=True):
        assert (cell.data_type, cell.value.replace("_x000D_", "\r")) == ("s", text)
        assert cell.quotePrefix
    assert book["Notes"]["A1"].data_type == "s"


def test_xlsx_goes_on_in_a_second_sheet_and_cuts_visibly(monkeypatch):
    monkeypatch.setattr(tables, "SHEET_ROWS", 3)
    long = "x" * 40_000
    book = read_xlsx(COLUMNS, [{"name": number, "value": long} for number in range(3)])
    assert [sheet.max_row for sheet in book.worksheets] == [3, 2]
    assert book.sheetnames == ["List", "List 2"]
    text = book.worksheets[1]["B2"].value
    assert (len(text), text[-1]) == (32_767, "…")
    assert read_xlsx(COLUMNS, []).worksheets[0]["A1"].value == "Name"


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Key accounts", "Key accounts"),
        ("Costs: by [month] / a?*", "Costs by month a"),
        ("x" * 40, "x" * 31),
        ("'quoted'", "quoted"),
        ("History", "History_"),
        ("//", "List"),
    ],
)
def test_xlsx_sheet_is_called_as_its_list_where_spreadsheets_allow_it(title, name):
    assert read_xlsx(COLUMNS, [], title=title).sheetnames == [name]


def test_xlsx_sheets_of_one_title_keep_apart(monkeypatch):
    monkeypatch.setattr(tables, "SHEET_ROWS", 2)
    rows = [{"name": number, "value": 1} for number in range(2)]
    assert read_xlsx(COLUMNS, rows, title="y" * 31).sheetnames == ["y" * 31, f"{'y' * 29} 2"]
    book = read_xlsx(COLUMNS, rows[:1], title="notes", notes=["a"])
    assert book.sheetnames == ["notes", "Notes 2"]


@pytest.mark.django_db  # the end of a response closes old connections
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_response_is_a_download(kind):
    rows = [{"name": "=1", "value": 2}]
    response = export_table(name='Key "accounts"/1', columns=COLUMNS, rows=rows, kind=kind)
    content = b"".join(response)
    response.close()
    assert response["Content-Disposition"] == f'attachment; filename="Key_accounts1.{kind}"'
    assert response["Content-Type"] == tables.TYPES[kind]
    assert content.startswith(b"PK" if kind == "xlsx" else b"\xef\xbb\xbfName")


def test_response_of_unknown_kind_is_refused():
    with pytest.raises(ValueError, match="pdf"):
        export_table(name="x", columns=COLUMNS, rows=[], kind="pdf")


def test_column_follows_a_path_and_stops_at_nothing():
    moment = datetime.date(2026, 6, 1)
    assert Column("Year", "year").value(moment) == 2026
    assert Column("x", "a.b").value({"a": {"b": 1}}) == 1
    assert Column("x", "a.b.c").value({"a": {"b": None}}) is None
