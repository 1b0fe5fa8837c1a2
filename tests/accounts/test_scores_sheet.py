"""The score sheet goes out and comes in again (K062; handbook 3.1, 3.2)."""

import csv
import io

import openpyxl
import pytest
from django.core.files.base import ContentFile
from django.urls import reverse

from accounts.models import Position, Score
from accounts.services.scoring import Given, give_scores
from kam.imports import passes, services
from tests.accounts.test_imports_ledger import undo
from tests.factories.selection import handbook_programme

pytestmark = pytest.mark.django_db
GRID = reverse("accounts:scores")


@pytest.fixture
def example():
    return handbook_programme()


@pytest.fixture
def director(client, example):
    client.force_login(example.director)
    return example.director


def sheet(client, kind="csv") -> bytes:
    return b"".join(client.get(GRID, {"export": kind}).streaming_content)


def table(content):
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def taken(example, content, form="csv", actor=None):
    run = services.upload_file(
        actor=actor or example.director,
        kind="scores",
        scope_id=example.programme.pk,
        file=ContentFile(content, name=f"scores.{form}"),
        file_name=f"scores.{form}",
    )
    assert services.problems(run) == []
    return passes.import_rows(services.start_run(actor=run.owner, run=run, enqueue=False).pk)


def counts(run):
    assert run.status == "published", run.error
    return {name: count for name, count in run.counts().items() if count}


def agreed(account, code, horizon="today"):
    rows = Score.objects.in_force().filter(account=account, code=code, horizon=horizon)
    return rows.filter(scorer=None).values_list("value", flat=True).first()


def test_sheet_holds_criteria_weights_scores_and_positions(client, director):
    rows = table(sheet(client))
    assert len(rows) == 8 * 16 * 2
    row = next(
        row
        for row in rows
        if (row["Account name"], row["Criterion"], row["Horizon"])
        == ("Alder Foods", "A10", "today")
    )
    assert (row["Weight"], row["Score"], row["Group"]) == ("9", "4", "value")
    assert (row["Attractiveness"], row["Strength"]) == ("6.770000", "4.650000")
    assert row["10 means"] == "partner, said so"
    book = openpyxl.load_workbook(io.BytesIO(sheet(client, "xlsx")))
    cells = list(book.worksheets[0].iter_rows(values_only=True))
    assert list(cells[0]) == list(rows[0])
    assert len(cells) == len(rows) + 1


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_own_sheet_changes_nothing(client, director, example, form):
    give_scores(actor=director, scores=[Given(example.accounts["Elm"], "A1", 2, is_agreed=False)])
    before = Score.objects.count()
    content = sheet(client, form)
    rows = 8 * 16 * 2 + 1
    assert counts(taken(example, content, form)) == {"rows_read": rows, "unchanged": rows}
    assert Score.objects.count() == before


def test_filled_in_sheet_supersedes_and_is_taken_back(client, director, example):
    alder, birch = example.accounts["Alder"], example.accounts["Birch"]
    rows = table(sheet(client))
    for row in rows:
        key = row["Account name"], row["Criterion"], row["Horizon"]
        if key == ("Alder Foods", "A1", "today"):
            row["Score"], row["Evidence"] = "10", "Market study"
        if key == ("Birch Logistics", "S3", "year3"):
            row["Score"] = "6"
    file = io.StringIO(newline="")
    writer = csv.DictWriter(file, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    before = Score.objects.in_force().count()
    run = taken(example, file.getvalue().encode())
    assert counts(run) == {"rows_read": 256, "created": 2, "unchanged": 254}
    assert (agreed(alder, "A1"), agreed(birch, "S3", "year3")) == (10, 6)
    assert Score.objects.in_force().count() == before + 1
    place = Position.objects.in_force().get(account=alder, horizon="today")
    assert str(place.attractiveness) == "6.970000"
    row = Score.objects.in_force().get(account=alder, code="A1")
    assert (row.evidence, row.scored_by) == ("Market study", example.director)
    undo(director, run)
    assert (agreed(alder, "A1"), agreed(birch, "S3", "year3")) == (9, None)
    place = Position.objects.in_force().get(account=alder, horizon="today")
    assert str(place.attractiveness) == "6.770000"


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("Alder Foods,A1,11", "bad_value"),
        ("Alder Foods,A1,2.5", "bad_score"),
        ("Alder Foods,B7,5", "bad_code"),
        ("Alder Foods,A10,6", "bad_evidence"),
        ("Nobody Ltd,A1,5", "unknown_account"),
        ("Alder Foods,,5", "no_criterion"),
    ],
)
def test_row_that_breaks_a_rule_is_refused(director, example, line, code):
    content = f"Account name,Criterion,Score\n{line}\nBirch Logistics,A1,8\n".encode()
    run = taken(example, content)
    assert {item["code"] for item in run.report["problems"]} == {code}
    assert (run.created, run.rejected) == (1, 1)
    assert agreed(example.accounts["Birch"], "A1") == 8


def test_undo_brings_back_what_stood_before_and_leaves_later_scores(director, example):
    alder = example.accounts["Alder"]
    first = taken(example, b"Account name,Criterion,Score\nAlder Foods,A1,3\n")
    second = taken(example, b"Account name,Criterion,Score\nAlder Foods,A1,5\n")
    undo(director, first)
    assert agreed(alder, "A1") == 5
    undo(director, second)
    assert agreed(alder, "A1") == 9
    third = taken(example, b"Account name,Criterion,Score\nAlder Foods,A1,3\n")
    give_scores(actor=director, scores=[Given(alder, "A1", 7)])
    undo(director, third)
    assert agreed(alder, "A1") == 7


def test_file_reads_what_stands_at_its_own_accounts_alone(director, example):
    """Not every score of the programme, chunk by chunk."""
    run = taken(example, b"Account name,Criterion,Score\nAlder Foods,A1,3\n")
    session = run.import_kind.open(run)
    assert session.known == {}
    session.judge([(1, ("Alder Foods", "A2", "4"))])
    rows = Score.objects.filter(account=example.accounts["Alder"], superseded_at=None)
    assert {row.pk for row in session.known.values()} == set(rows.values_list("pk", flat=True))
    session.judge([(2, ("Birch Logistics", "A2", "4")), (3, ("Nobody Ltd", "A2", "4"))])
    assert {row.account_id for row in session.known.values()} == {example.accounts["Birch"].pk}
