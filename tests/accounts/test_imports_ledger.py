"""Sales ledgers: what is stored, refused, repeated, undone – and the real ones to the penny."""

import json
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import openpyxl
import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.base import ContentFile
from django.db.models import Count, Sum
from hypothesis import given
from hypothesis import strategies as st

from accounts.imports.ledger import LedgerKind
from accounts.imports.ledger.rows import LineReader
from accounts.models import (
    Account,
    ExternalId,
    LedgerEntry,
    MonthTotal,
    Product,
    StagedAccount,
    StagedTotal,
)
from accounts.services import update_account
from kam.changes.models import Change
from kam.imports import passes, rejects, services
from kam.imports.models import Run
from kam.imports.repeats import Repeats
from tests.factories.accounts import AccountFactory, ConflictFactory, ExternalIdFactory
from tests.factories.teams import (
    MembershipFactory,
    ProgrammeFactory,
    RoleGrantFactory,
    TeamFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
PENNY = Decimal("0.01")
HEAD = "Customer No,Customer Name,Date,Product Code,Qty,Price,Discount,Invoice\n"


@pytest.fixture
def manager():
    """Manages the only programme."""
    return RoleGrantFactory(programme_manager=True).user


@pytest.fixture
def programme(manager):
    return manager.grants.get().programme


def upload(manager, data, name="sales.csv", **kwargs):
    data = data.encode() if isinstance(data, str) else data
    scope = manager.grants.get().programme_id
    return services.upload_file(
        actor=manager,
        kind=kwargs.pop("kind", "ledger"),
        scope_id=scope,
        file=ContentFile(data, name=name),
        file_name=name,
        **kwargs,
    )


def import_file(manager, data, **kwargs):
    run = upload(manager, data, **kwargs)
    run = services.start_run(actor=manager, run=run, enqueue=False)
    return passes.import_rows(run.pk)


def undo(manager, run):
    run = services.undo_run(actor=manager, run=run, enqueue=False)
    return passes.undo(run.pk)


def problems(run):
    return {item["code"]: item["count"] for item in run.report["problems"]}


def notices(run):
    return {item["text"]: item["count"] for item in run.report["notices"]}


def test_ledger_makes_candidates_products_and_month_totals(manager, programme):
    text = HEAD + (
        "7,Birch,2026-05-02,A1,3,2.50,,I1\n"
        "7,Birch,2026-05-03,a1,-1,2.50,0.2,I2\n"
        "8,Elm,2026-06-01,A1,1,10,,I3\n"
    )
    run = import_file(manager, text)
    assert (run.status, run.counts()["created"]) == ("published", 3)
    account = ExternalId.objects.get(system="erp", value="7").account
    assert (account.name, account.status, account.path) == ("Birch", "candidate", f"/{account.pk}/")
    assert sorted(Product.objects.values_list("code", flat=True)) == ["A1", "a1"]
    months = MonthTotal.objects.values_list("account__name", "month__month", "revenue", "lines")
    assert sorted(months) == [("Birch", 5, Decimal("5.5"), 2), ("Elm", 6, Decimal(10), 1)]
    assert set(MonthTotal.objects.values_list("lines_without_cost", flat=True)) == {1, 2}


def test_customer_without_a_name_is_called_by_its_number(manager):
    import_file(manager, "CustomerID,Date,Amount\n14646,2026-05-02,5\n")
    assert Account.objects.get().name == "Customer 14646"


def test_known_customers_are_found_by_number_and_by_name(manager, programme):
    by_number = ExternalIdFactory(account__programme=programme, value="7").account
    by_name = AccountFactory(programme=programme, name="Elm  Retail")
    import_file(manager, HEAD + "7,Other name,2026-05-02,A,1,1,,\n,ELM retail,2026-05-02,A,1,2,,\n")
    assert set(LedgerEntry.objects.values_list("account", "amount")) == {
        (by_number.pk, Decimal(1)),
        (by_name.pk, Decimal(2)),
    }
    assert by_number.name != "Other name"


def test_unknown_customers_can_be_refused(manager):
    run = import_file(manager, HEAD + "7,Birch,2026-05-02,A,1,1,,\n", options={"unknown": "reject"})
    assert (problems(run), Account.objects.count()) == ({"unknown_account": 1}, 0)


def test_exact_repeats_are_kept_and_a_second_import_changes_nothing(manager):
    row = "7,Birch,2026-05-02,A,1,1,,I1\n"
    first = import_file(manager, HEAD + row * 3)
    assert (first.created, notices(first)["Exact repeats of an earlier row: kept"]) == (3, 2)
    again = import_file(manager, HEAD + row * 3)
    assert (again.created, again.unchanged) == (0, 3)
    longer = import_file(manager, HEAD + row * 4)
    assert (longer.created, longer.unchanged) == (1, 3)
    assert MonthTotal.objects.get().lines == LedgerEntry.objects.count() == 4


def test_rows_are_refused_each_with_its_reason(manager):
    text = (
        "Customer No,Date,Product Code,Amount,Currency,Invoice\n"
        "7,2026-05-02,A,1.00,GBP,I1\n"
        ",2026-05-02,A,1.00,GBP,I1\n"
        "7,,A,1.00,GBP,I1\n"
        "7,31.02.2026,A,1.00,GBP,I1\n"
        "7,2026-05-02,A,,GBP,I1\n"
        "7,2026-05-02,A,ten,GBP,I1\n"
        "7,2026-05-02,A,1.00,pounds,I1\n"
        "7,2026-05-02,A,1.00,GBP,I1,more\n"
        "7,2026-05-02,A\0,1.00,GBP,I1\n"
        f"7,2026-05-02,{'A' * 61},1.00,GBP,I1\n"
        "7,2026-05-02,A,99999999999999,GBP,I1\n"
        "Subtotal,,,6.00,,\n"
        "Total 2026,2026-05-02,,6.00,GBP,\n"
        ",,,,,Appendix\n"
        "Customer No,Date,Product Code,Amount,Currency,Invoice\n"
    )
    run = import_file(manager, text, chosen={"dates": "dmy"})
    assert (run.created, run.rejected) == (1, 14)
    assert problems(run) == {
        "no_account": 1,
        "no_date": 1,
        "bad_booked_on": 1,
        "no_amount": 1,
        "bad_amount": 1,
        "bad_currency": 1,
        "cells": 1,
        "nul": 1,
        "long_product": 1,
        "huge": 1,
        "total": 2,
        "title": 1,
        "heading": 1,
    }
    lines = list(run.rejected_chunks.all().lines())
    assert [line[0] for line in lines] == list(range(2, 16))


def test_discount_above_one_is_asked_about(manager):
    text = HEAD + "7,Birch,2026-05-02,A,2,10,15,\n"
    assert problems(import_file(manager, text)) == {"big_discount": 1}
    import_file(manager, text, options={"discount": "percent"})
    assert LedgerEntry.objects.get().amount == Decimal(17)


def test_dates_that_read_both_ways_wait_for_an_answer(manager):
    run = upload(manager, "Customer No,Date,Amount\n7,03/04/2026,5\n")
    assert run.status == "uploaded"
    with pytest.raises(ValidationError, match="day or the month"):
        services.start_run(actor=manager, run=run)
    run = services.configure_run(actor=manager, run=run, chosen={"dates": "mdy"})
    assert run.status == "mapped"
    run = services.start_run(actor=manager, run=run, enqueue=False)
    passes.import_rows(run.pk)
    assert LedgerEntry.objects.get().booked_on.isoformat() == "2026-03-04"


def test_trial_counts_and_stores_nothing(manager):
    run = upload(manager, HEAD + "7,Birch,2026-05-02,A,2,10,,\n,,,,,,,\n,,2026-05-02,A,1,1,,\n")
    run = services.check_run(actor=manager, run=run, enqueue=False)
    run = passes.check(run.pk)
    assert (run.status, run.created, run.rejected) == ("ready", 1, 1)
    assert [item["result"] for item in run.report["preview"]] == ["rejected", "new"]
    assert run.report["totals"][0] == {"label": "Net", "value": "20.00", "unit": "GBP"}
    for model in (Account, LedgerEntry, Product, StagedAccount, StagedTotal, MonthTotal):
        assert model.objects.count() == 0


def test_trial_shows_a_few_rows_of_each_reason(manager):
    lines = [",,2026-05-02,A,1,1,,"] * 8 + ["7,Birch,soon,A,1,1,,", "7,Birch,2026-05-02,A,2,10,,"]
    run = upload(manager, HEAD + "\n".join(lines) + "\n")
    run = services.check_run(actor=manager, run=run, enqueue=False)
    shown = passes.check(run.pk).report["preview"]
    assert [item["number"] for item in shown] == [1, 2, 3, 4, 5, 9, 10]
    assert shown[-1]["values"][1] == "2026-05-02"


def test_undo_leaves_what_was_there_before(manager, programme):
    import_file(manager, HEAD + "7,Birch,2026-05-02,A,2,10,,\n")
    before = list(MonthTotal.objects.values_list("account", "month", "revenue", "lines"))
    run = import_file(manager, HEAD + "7,Birch,2026-05-02,B,1,3.33,,\n8,Elm,2026-05-02,A,1,1,,\n")
    run = undo(manager, run)
    assert (run.status, run.lane, run.is_live) == ("undone", "", False)
    assert list(MonthTotal.objects.values_list("account", "month", "revenue", "lines")) == before
    assert list(Account.objects.values_list("name", flat=True)) == ["Birch"]
    assert list(Product.objects.values_list("code", flat=True)) == ["A"]
    assert LedgerEntry.objects.count() == 1
    assert StagedTotal.objects.filter(run=run).count() == 0
    assert import_file(manager, HEAD + "8,Elm,2026-05-02,A,1,1,,\n").created == 1


def test_undo_keeps_a_customer_that_somebody_has_worked_on(manager, programme):
    run = import_file(manager, HEAD + "7,Birch,2026-05-02,A,2,10,,\n8,Elm,2026-05-02,A,1,1,,\n")
    birch = Account.objects.get(name="Birch")
    update_account(
        actor=manager, account=birch, expected_version=birch.version, changes={"country": "UK"}
    )
    undo(manager, run)
    assert list(Account.objects.visible_to(manager).values_list("name", flat=True)) == ["Birch"]


def test_rows_and_customers_are_hidden_until_they_are_published(manager, programme):
    run = upload(manager, HEAD + "7,Birch,2026-05-02,A,2,10,,\n")
    run = services.start_run(actor=manager, run=run, enqueue=False)
    session = run.import_kind.open(run)
    outcome = session.judge([(1, ["7", "Birch", "2026-05-02", "A", "2", "10", "", ""])])
    session.store(outcome)
    session.pour(outcome)
    session.close()
    assert Account.objects.visible_to(manager).count() == 0
    assert (LedgerEntry.objects.count(), LedgerEntry.objects.live().count()) == (1, 0)
    assert MonthTotal.objects.count() == 0


def test_one_row_of_history_for_each_account(manager):
    run = import_file(manager, HEAD + "7,Birch,2026-05-02,A,2,10,,\n7,Birch,2026-05-03,A,1,10,,\n")
    changes = Change.objects.filter(account_id=Account.objects.get().pk)
    (change,) = changes
    assert (change.verb, change.source, change.source_reference, change.actor) == (
        "created",
        "import",
        str(run.pk),
        manager,
    )
    assert (change.after["lines"], change.after["revenue"]) == (2, {"GBP": "30.00"})


def test_two_runs_of_a_programme_never_overlap(manager):
    first = upload(manager, HEAD + "7,Birch,2026-05-02,A,2,10,,\n")
    second = upload(manager, HEAD + "8,Elm,2026-05-02,A,2,10,,\n")
    services.start_run(actor=manager, run=first, enqueue=False)
    with pytest.raises(ValidationError, match="under way"):
        services.start_run(actor=manager, run=second, enqueue=False)


def test_stopped_run_goes_on_where_it_stopped_or_leaves_nothing(manager, monkeypatch):
    monkeypatch.setattr(LedgerKind, "chunk_rows", 2)
    rows = "".join(f"7,Birch,2026-05-{day:02},A,1,1,,\n" for day in (1, 1, 2, 1, 3))
    run = services.start_run(actor=manager, run=upload(manager, HEAD + rows), enqueue=False)
    services.stop_run(actor=manager, run=run)
    run = passes.import_rows(run.pk)
    assert (run.status, run.rows_done, LedgerEntry.objects.live().count()) == ("stopped", 2, 0)
    run = services.resume_run(actor=manager, run=run, enqueue=False)
    run = passes.import_rows(run.pk)
    assert (run.status, run.created, LedgerEntry.objects.live().count()) == ("published", 5, 5)
    assert import_file(manager, HEAD + rows).unchanged == 5
    other = services.start_run(
        actor=manager, run=upload(manager, HEAD + "9,Oak,2026-05-01,A,1,1,,\n" * 3), enqueue=False
    )
    services.stop_run(actor=manager, run=other)
    other = passes.import_rows(other.pk)
    other = services.cancel_run(actor=manager, run=other, enqueue=False)
    other = passes.undo(other.pk)
    assert (other.status, Account.objects.count(), LedgerEntry.objects.count()) == (
        "cancelled",
        1,
        5,
    )


def test_file_that_breaks_in_the_middle_leaves_nothing(manager, monkeypatch):
    monkeypatch.setattr(LedgerKind, "chunk_rows", 2)
    rows = "7,Birch,2026-05-02,A,2,10,,\n" * 4
    run = upload(manager, (HEAD + rows).encode() + b'8,"Elm,2026\n', name="broken.csv")
    with run.file.open("wb") as target:
        target.write((HEAD + rows).encode() + b"8,\xff\xfeElm,2026-05-02,A,1,1,,\n")
    run = services.start_run(actor=manager, run=run, enqueue=False)
    run = passes.import_rows(run.pk)
    assert (run.status, run.lane, LedgerEntry.objects.count()) == ("failed", "", 0)
    assert "is not UTF-8" in run.error


@pytest.mark.parametrize("role", ["finance", "auditor"])
def test_import_is_for_programme_managers(manager, programme, role):
    other = RoleGrantFactory(**{role: True}, programme=programme).user
    run = import_file(manager, HEAD + "7,Birch,2026-05-02,A,2,10,,\n")
    for user in (other, UserFactory()):
        with pytest.raises(PermissionDenied):
            services.upload_file(
                actor=user,
                kind="ledger",
                scope_id=programme.pk,
                file=ContentFile(b"a,b\n1,2\n", name="x.csv"),
                file_name="x.csv",
            )
        with pytest.raises(PermissionDenied):
            services.undo_run(actor=user, run=run)
        assert not Run.objects.visible_to(user).exists()
    run.refresh_from_db()
    assert run.is_live


def facts(folder: Path) -> dict:
    return json.loads((folder / "facts.json").read_text())


def check_ledger(programme, net):
    """The ledger of `programme` against the checked numbers `net`."""
    lines = LedgerEntry.objects.filter(programme=programme).live()
    assert lines.count() == net["rows"]
    assert lines.aggregate(s=Sum("amount"))["s"].quantize(PENNY, ROUND_HALF_UP) == Decimal(
        net["total"]
    )
    totals = MonthTotal.objects.filter(account__programme=programme)
    ranked = [
        (item["account__external_ids__value"], item["s"].quantize(PENNY, ROUND_HALF_UP))
        for item in totals.values("account", "account__external_ids__value")
        .annotate(s=Sum("revenue"))
        .order_by("-s", "account")
    ]
    assert len(ranked) == net["customers"]
    assert [(key, str(value)) for key, value in ranked[:10]] == [
        (key, value) for key, value, _share in net["top10"]
    ]
    limit, running, count = Decimal(net["total"]) * Decimal("0.8"), Decimal(0), 0
    while running < limit:
        running += ranked[count][1]
        count += 1
    assert count == net["customers_making_80pct"]


@pytest.mark.realdata
@pytest.mark.django_db(transaction=True)
def test_whole_real_ledger_comes_out_to_the_penny(manager, programme, shared_data):
    path = shared_data / "online_retail_2010_2011.csv.gz"
    expected = facts(shared_data)["online_retail_2010_2011"]
    run = import_file(manager, path.read_bytes(), name=path.name)
    assert run.counts() == {
        "rows_read": expected["rows"],
        "created": expected["net"]["rows"],
        "updated": 0,
        "unchanged": 0,
        "rejected": expected["rows_without_customer"],
    }
    assert Account.objects.count() == expected["net"]["customers"]
    check_ledger(programme, expected["net"])
    months = MonthTotal.objects.values("month").annotate(s=Sum("revenue"))
    assert {
        f"{item['month']:%Y-%m}": str(item["s"].quantize(PENNY, ROUND_HALF_UP)) for item in months
    } == expected["net_by_month"]
    run = undo(manager, run)
    assert (LedgerEntry.objects.count(), Account.objects.count(), MonthTotal.objects.count()) == (
        0,
        0,
        0,
    )


@pytest.mark.realdata
def test_workbook_gives_the_same_as_the_csv(manager, programme, shared_data):
    expected = facts(shared_data)["online_retail_sample"]["net"]
    first = import_file(
        manager, (shared_data / "online_retail_sample.xlsx").read_bytes(), name="sample.xlsx"
    )
    assert (first.created, first.rejected) == (expected["rows"], 0)
    check_ledger(programme, expected)
    again = import_file(
        manager, (shared_data / "online_retail_sample.csv").read_bytes(), name="sample.csv"
    )
    assert (again.created, again.unchanged) == (0, expected["rows"])


@pytest.mark.realdata
def test_northwind_counts_discounts_and_finds_its_customers(manager, programme, shared_data):
    expected = facts(shared_data)["northwind"]
    customers = import_file(
        manager, (shared_data / "northwind/customers.csv").read_bytes(), kind="accounts"
    )
    assert (customers.created, customers.rejected) == (expected["customers"], 0)
    run = import_file(manager, (shared_data / "northwind/order_lines.csv").read_bytes())
    assert (run.created, Account.objects.count()) == (expected["lines"], expected["customers"])
    total = MonthTotal.objects.aggregate(s=Sum("revenue"))["s"]
    assert str(total.quantize(PENNY, ROUND_HALF_UP)) == expected["net_total"]
    by_name = MonthTotal.objects.values("account__name").annotate(s=Sum("revenue")).order_by("-s")
    assert [
        (row["account__name"], str(row["s"].quantize(PENNY, ROUND_HALF_UP))) for row in by_name[:10]
    ] == [(name, value) for _key, name, value, _share in expected["top10"]]
    assert Product.objects.count() == expected["products"]
    lines = Product.objects.values("line__name").annotate(n=Count("pk"))
    assert len(lines) == expected["categories"]


def test_workbook_cells_read_like_text(manager, tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["Customer No", "Date", "Amount"])
    book.active.append([7, "2026-05-02", 12.5])
    book.save(tmp_path / "x.xlsx")
    import_file(manager, (tmp_path / "x.xlsx").read_bytes(), name="x.xlsx")
    again = import_file(manager, "Customer No,Date,Amount\n7,2026-05-02,12.50\n")
    assert (again.created, again.unchanged) == (0, 1)


def test_formula_in_a_refused_row_is_made_harmless(manager):
    run = import_file(manager, 'Customer No,Date,Amount\n,"=HYPERLINK(1)",-5.00\n7,2026-05-02,1\n')
    assert list(rejects.table(run))[1][2:] == ["", "'=HYPERLINK(1)", "-5.00"]


def test_formula_in_a_heading_or_behind_a_blank_is_made_harmless(manager):
    text = '=cmd,Customer No,Date,Amount\n" =1+1",,2026-05-02,5\n\uff1dx,,2026-05-02,5\n'
    heading, first, second = rejects.table(import_file(manager, text + "x,7,2026-05-02,1\n"))
    assert (heading[2], first[2], second[2]) == ("'=cmd", "' =1+1", "'\uff1dx")


def test_programmes_are_apart(manager):
    other = RoleGrantFactory(programme_manager=True, programme=ProgrammeFactory()).user
    import_file(manager, HEAD + "7,Birch,2026-05-02,A,2,10,,\n")
    run = import_file(other, HEAD + "7,Birch,2026-05-02,A,2,10,,\n")
    assert (run.created, Account.objects.count()) == (1, 2)
    assert not Run.objects.visible_to(manager).filter(pk=run.pk).exists()


def test_lines_of_an_account_behind_a_barrier_are_not_taken(manager, programme):
    """By its number the account is refused; by its name nothing tells that it is there."""
    team = TeamFactory(programme=programme)
    MembershipFactory(team=team, user=manager, role="observer")
    hidden = AccountFactory(programme=programme, name="Quagmire")
    ExternalIdFactory(account=hidden, value="7")
    ConflictFactory(a=AccountFactory(programme=programme, team=team), b=hidden)
    run = import_file(manager, HEAD + "7,Quagmire,2026-05-02,A,2,10,,\n")
    assert (run.created, problems(run)) == (0, {"forbidden": 1})
    run = import_file(manager, "Customer Name,Date,Amount\nQuagmire,2026-05-02,5\n")
    assert (run.created, problems(run)) == (1, {})
    assert not LedgerEntry.objects.filter(account=hidden).exists()


def test_amount_that_is_not_quantity_times_price_is_kept_and_counted(manager):
    """Off by more than half a penny counts; rounding does not (`design.md` 11, ledger)."""
    head = "Customer No,Date,Qty,Price,Discount,Net amount\n"
    rows = "1,2026-05-02,3,1.335,0,4.00\n1,2026-05-02,3,1.335,0,4.01\n"
    rows += "1,2026-05-03,2,10,0.1,18\n1,2026-05-03,2,10,0.1,20\n1,2026-05-04,,,,7\n"
    run = import_file(manager, head + rows)
    words = "Amount is not quantity × price × (1 − discount): kept as given"
    assert (run.created, run.rejected, notices(run)[words]) == (5, 0, 1)
    assert LedgerEntry.objects.aggregate(sum=Sum("amount"))["sum"] == Decimal("53.01")


def test_trial_counts_the_rows_of_unknown_customers(manager, client, monkeypatch):
    monkeypatch.setattr("accounts.imports.ledger.report.UNKNOWN_SHOWN", 1)
    text = HEAD + "".join(
        f"{number},{name},2026-05-02,A,1,2,,\n"
        for number, name in (("1", "Willow"), ("1", "Willow"), ("2", "Elm"))
    )
    run = services.check_run(actor=manager, run=upload(manager, text), enqueue=False)
    run = passes.check(run.pk)
    assert [(item["text"], item["count"]) for item in run.report["unmatched"]] == [
        ("1", 2),
        ("1 more", 1),
    ]
    client.force_login(manager)
    page = client.get(run.get_absolute_url()).content.decode()
    assert "2 rows" in page
    assert "Create as candidate" in page
    assert "Reject the rows" in page


def test_unknown_customers_are_matched_made_or_refused_one_by_one(manager, programme):
    elm = AccountFactory(programme=programme, name="Elm")
    rows = "1,Willow,2026-05-02,A,1,2,,\n2,Oak,2026-05-02,A,1,3,,\n3,Ash,2026-05-02,A,1,4,,\n"
    decisions = {"#1": elm.pk, "#2": "reject", "#3": "create"}
    run = import_file(manager, HEAD + rows, decisions=decisions, options={"unknown": "reject"})
    assert (run.created, problems(run)) == (2, {"unknown_account": 1})
    assert ExternalId.objects.get(value="1").account == elm
    amounts = LedgerEntry.objects.order_by("amount").values_list("account__name", flat=True)
    assert list(amounts) == ["Elm", "Ash"]
    assert Change.objects.get(account_id=elm.pk).after["numbers"] == ["1"]
    undo(manager, run)
    assert (ExternalId.objects.count(), list(Account.objects.all())) == (0, [elm])


def test_match_with_an_account_that_the_importer_may_not_see_is_refused(manager, programme):
    """The same words whether the account stands behind a barrier or there is none."""
    team = TeamFactory(programme=programme)
    MembershipFactory(team=team, user=manager, role="observer")
    hidden = AccountFactory(programme=programme, name="Quagmire")
    ConflictFactory(a=AccountFactory(programme=programme, team=team), b=hidden)
    said = []
    for pk in (hidden.pk, AccountFactory().pk, 10**6):
        with pytest.raises(ValidationError) as caught:
            upload(manager, HEAD + "1,Elm,2026-05-02,A,1,2,,\n", decisions={"#1": pk})
        said.append(caught.value.messages)
    assert said[0] == said[1] == said[2]
    run = upload(manager, HEAD + "1,Elm,2026-05-02,A,1,2,,\n")
    Run.objects.filter(pk=run.pk).update(decisions={"#1": hidden.pk})
    run = services.start_run(actor=manager, run=run, enqueue=False)
    assert problems(passes.import_rows(run.pk)) == {"forbidden": 1}
    assert not LedgerEntry.objects.exists()


def test_problems_name_their_column_with_examples(manager, client):
    text = "Customer No,Date,Amount\n7,2026-05-02,ten\n7,2026-05-03,eleven\n"
    text += "7,2026-05-04,5\n7,2026-05-05,5\n"
    run = services.check_run(actor=manager, run=upload(manager, text), enqueue=False)
    run = passes.check(run.pk)
    (problem,) = run.report["problems"]
    assert (problem["field"], problem["examples"]) == ("amount", ["ten", "eleven"])
    client.force_login(manager)
    form = client.get(run.get_absolute_url()).context["form"]
    assert [column["ok"] for column in form.columns] == [4, 4, 2]


def test_unknown_customer_is_matched_on_the_page(manager, programme, client):
    elm = AccountFactory(programme=programme, name="Elm")
    run = upload(manager, HEAD + "1,Willow,2026-05-02,A,1,2,,\n")
    passes.check(services.check_run(actor=manager, run=run, enqueue=False).pk)
    client.force_login(manager)
    form = client.get(run.get_absolute_url()).context["form"]
    data = {name: form[name].value() or "" for name in form.fields}
    (asked,) = form.asked
    response = client.post(f"{run.get_absolute_url()}columns/", data | {asked.decide: "match"})
    assert (response.status_code, list(response.context["form"].errors)) == (422, [asked.match])
    chosen = {asked.decide: "match", asked.match: f"Elm ({elm.pk})"}
    assert client.post(f"{run.get_absolute_url()}columns/", data | chosen).status_code == 302
    run = passes.check(run.pk)
    assert (run.decisions, run.report["unmatched"]) == ({"#1": elm.pk}, [])
    page = client.get(run.get_absolute_url()).content.decode()
    assert f"Elm ({elm.pk})" in page


def test_history_rows_stand_in_the_transaction_that_publishes(manager):
    """The feed hands them out in commit order: not with what was committed while they were
    prepared."""
    run = import_file(manager, HEAD + "7,Birch,2026-05-02,A,2,10,,\n8,Elm,2026-05-02,A,1,1,,\n")
    of_run = Change.objects.filter(source="import", source_reference=str(run.pk))
    imported = of_run.get(verb="imported", object_id=run.pk)
    accounts = of_run.filter(object_type="accounts.account")
    assert {(row.transaction, row.audience) for row in accounts} == {
        (imported.transaction, "account")
    }
    assert all(row.pk < imported.pk for row in accounts)


def test_column_of_customers_without_a_digit_holds_names(manager, programme):
    elm = AccountFactory(programme=programme, name="Elm")
    run = upload(manager, "account,Date,Amount\nElm,2026-05-02,5\n")
    assert run.columns["account_name"] == 0
    passes.import_rows(services.start_run(actor=manager, run=run, enqueue=False).pk)
    assert LedgerEntry.objects.get().account == elm
    assert upload(manager, "account,Date,Amount\nE7,2026-05-02,5\n").columns["account"] == 0


@pytest.mark.parametrize("limit", [1, 100])
def test_repeats_are_counted_alike_in_memory_and_on_disk(limit):
    repeats = Repeats(in_memory=limit)
    found = [repeats.occurrences([b"a", b"b"]), repeats.occurrences([b"b", b"c", b"b", b"a"])]
    assert [item or [1, 1] for item in found] == [[1, 1], [2, 1, 3, 2]]
    repeats.close()


CELLS = st.sampled_from(
    ["", " ", "7", "2026-05-02", "31.02.2026", "1.5", "x", "GBP", "Total", "1e9", "a\0b", "9" * 130]
)


@given(rows=st.lists(st.lists(CELLS, min_size=7, max_size=9), max_size=12))
def test_rows_are_read_by_column_as_they_are_one_by_one(rows):
    """A row is refused in company exactly when it is refused alone, for the same reason."""
    columns = ["account", "account_name", "booked_on", "product", "amount", "currency", "document"]
    headings = [*columns, "note"]

    def read(numbered):
        reader = LineReader(
            columns={name: index for index, name in enumerate(columns)},
            headings=headings,
            decimal="dot",
            dates="ymd",
            currency="GBP",
            percent=False,
        )
        return reader.batch(numbered)

    batch, refused = read(list(enumerate(rows, start=1)))
    assert sorted([*batch.numbers, *(number for number, _row, _why in refused)]) == list(
        range(1, len(rows) + 1)
    )
    reasons = {number: why for number, _row, why in refused}
    for number, row in enumerate(rows, start=1):
        alone, wrong = read([(number, row)])
        assert [why for _number, _row, why in wrong] == [
            reasons[number] for _ in range(number in reasons)
        ]
        assert list(alone.digests) == [
            digest
            for place, digest in zip(batch.numbers, batch.digests, strict=True)
            if place == number
        ]
