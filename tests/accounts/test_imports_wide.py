"""Category purchases with a column for each category: proposed, taken cell by cell, taken back;
customers that are the numbers of their rows."""

import csv
import json
from decimal import Decimal
from io import StringIO

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.urls import reverse

from accounts.market.maths import pareto, ranked
from accounts.models import Account, CategoryPurchase, Channel, ExternalId, ProductLine
from kam.imports import passes, rejects, services
from kam.imports.models import RememberedMapping, Run, StagedRecord
from tests.accounts.test_imports_ledger import import_file, problems, undo, upload
from tests.factories.accounts import (
    ChannelFactory,
    ExternalIdFactory,
    ProductLineFactory,
)
from tests.factories.teams import RoleGrantFactory

pytestmark = pytest.mark.django_db
HEAD = "Customer ID,Region,Fresh,Milk\n"
TEXT = HEAD + "7,1,100,20\n8,2,300,40.50\n9,1,5,6\n10,2,7,8\n11,1,9,10\n12,1,11,12\n"
OPTIONS = {"unknown": "create", "period": "2011"}
ROW = {"account": "row number"}
WIDE = {"bought:Fresh": "Fresh", "bought:Milk": "Milk"}


@pytest.fixture
def manager():
    """Manages the only programme."""
    return RoleGrantFactory(programme_manager=True, programme__currency="EUR").user


@pytest.fixture
def programme(manager):
    return manager.grants.get().programme


def bring(manager, text, **kwargs):
    given = {"kind": "category_purchases", "name": "wide.csv", "options": OPTIONS, **kwargs}
    return import_file(manager, text, **given)


def offered(manager, text, **kwargs):
    return upload(manager, text, **{"kind": "category_purchases", "name": "wide.csv", **kwargs})


def bought():
    """Amount by customer and category."""
    rows = CategoryPurchase.objects.active().order_by("pk")
    return {
        (name, category): amount
        for name, category, amount in rows.values_list("account__name", "category__name", "amount")
    }


def totals(run):
    return {item["label"]: item["value"] for item in run.report["totals"]}


# What a file is taken for


def test_columns_of_numbers_are_proposed_as_categories_with_the_reason(manager, programme):
    ProductLineFactory(programme=programme, name="Milk")
    run = offered(manager, TEXT)
    assert {name: entry["reason"] for name, entry in run.mapping.items()} == {
        "account": "name",
        "bought:Fresh": "numbers under a name: a new category",
        "bought:Milk": "name of a category",
    }


@pytest.mark.parametrize(
    "heading",
    [
        "Customer ID,Category,Fresh,Milk",
        "Customer ID,Amount,Fresh,Milk",
        "Customer ID,Volume,Fresh,Milk",
        "Customer ID,Region,Fresh,Total",
        "Customer ID,Region,2024,2025",
        "Customer ID,Region,2024-Q1,2024-Q2",
        "Customer ID,Region,Fresh,Website",
    ],
)
def test_other_files_are_not_taken_for_wide_ones(manager, heading):
    run = offered(manager, TEXT.replace(HEAD.strip(), heading))
    assert not [name for name in run.mapping if name.startswith("bought")]


def test_codes_under_a_name_of_their_own_are_no_category(manager):
    rows = "".join(f"{number},{number % 3},{number * 7},{number * 11}\n" for number in range(1, 60))
    run = offered(manager, "Customer ID,Cluster,Fresh,Milk\n" + rows)
    assert set(run.mapping) == {"account", "bought:Fresh", "bought:Milk"}


def test_what_is_proposed_can_be_chosen_otherwise(manager):
    run = offered(manager, TEXT, options=OPTIONS)
    wanted = {"account": "Customer ID", "bought:Dairy": "Milk", "bought": "Region"}
    run = services.configure_run(actor=manager, run=run, wanted=wanted)
    assert run.named_columns == {
        "account": "Customer ID",
        "bought:Dairy": "Milk",
        "bought:Region": "Region",
    }
    assert {entry["reason"] for entry in run.mapping.values()} == {"you"}
    with pytest.raises(ValidationError, match="Two columns become “milk”"):
        services.configure_run(
            actor=manager, run=run, wanted={"bought:Milk": "Milk", "bought:milk": "Fresh"}
        )
    with pytest.raises(ValidationError, match="There is no field “amount:Milk”"):
        services.configure_run(actor=manager, run=run, wanted={"amount:Milk": "Milk"})


def test_one_amount_and_several_do_not_go_together(manager):
    run = offered(manager, TEXT, options=OPTIONS, wanted={"amount": "Fresh"})
    assert "one purchase or several" in services.problems(run)[0]


def test_page_offers_names_of_columns_and_the_number_of_the_row(manager, client):
    client.force_login(manager)
    run = offered(manager, TEXT, options=OPTIONS)
    page = client.get(reverse("imports:detail", args=[run.pk])).content.decode()
    assert "Number of the row" in page
    assert "numbers under a name: a new category" in page
    data = {
        "column-0": "account",
        "column-2": "bought",
        "named-2": "Fresh food",
        "column-3": "bought",
        "named-3": "",
        "read-decimal": "dot",
        "option-unknown": "create",
        "option-period": "2011",
    }
    client.post(reverse("imports:columns", args=[run.pk]), data)
    run.refresh_from_db()
    assert set(run.mapping) == {"account", "bought:Fresh food", "bought:Milk"}
    data |= {"named-3": "fresh  FOOD"}
    answer = client.post(reverse("imports:columns", args=[run.pk]), data)
    assert b"Another column becomes this already" in answer.content


# What comes of it


def test_row_gives_a_purchase_for_each_column(manager):
    run = bring(manager, TEXT)
    assert (run.status, run.rows_read, run.created, run.rejected) == ("published", 6, 12, 0)
    assert bought()["Customer 8", "Milk"] == Decimal("40.50")
    assert totals(run) == {
        "Figures taken": "12",
        "Customers not known: they become candidates": "6",
        "Amount": "528.50",
        "Amount, Fresh": "432.00",
        "Amount, Milk": "96.50",
        "Categories not known: they are made": "2",
    }


def test_same_wide_file_changes_nothing_and_a_newer_one_a_cell(manager):
    bring(manager, TEXT)
    before = list(CategoryPurchase.objects.order_by("pk").values())
    again = bring(manager, TEXT)
    assert (again.created, again.updated, again.unchanged, again.rejected) == (0, 0, 12, 0)
    assert list(CategoryPurchase.objects.order_by("pk").values()) == before
    newer = bring(manager, TEXT.replace("40.50", "41"))
    assert (newer.created, newer.updated, newer.unchanged) == (0, 1, 11)
    undo(manager, newer)
    assert bought()["Customer 8", "Milk"] == Decimal("40.50")


def test_undo_takes_back_a_wide_file(manager):
    run = bring(manager, TEXT, options={**OPTIONS, "channel_codes": "x = Y"})
    undo(manager, run)
    for model in (Account, CategoryPurchase, ProductLine, StagedRecord, ExternalId):
        assert not model.objects.exists(), model


def test_bad_cells_are_refused_one_by_one(manager):
    text = HEAD + (
        "7,1,x,20\n8,2,-3,#REF!\n9,1,,6\n10,1,,\n,2,7,8\n11,1,9,10\n11,1,9,11\n12,1,1,2,3\n"
    )
    run = bring(manager, text, wanted=WIDE)
    assert bought() == {
        ("Customer 7", "Milk"): Decimal(20),
        ("Customer 9", "Milk"): Decimal(6),
        ("Customer 11", "Fresh"): Decimal(9),
        ("Customer 11", "Milk"): Decimal(10),
    }
    assert (run.rows_read, run.created, run.rejected) == (8, 4, 8)
    assert problems(run) == {
        "bad_bought:Fresh": 2,
        "bad_bought:Milk": 1,
        "nothing": 1,
        "no_account": 1,
        "repeated": 2,
        "cells": 1,
    }
    fields = {item["code"]: item["field"] for item in run.report["problems"]}
    assert fields["bad_bought:Fresh"] == "bought:Fresh"
    lines = list(rejects.lines(run))
    assert [line.number for line in lines] == [1, 2, 4, 5, 7, 8]
    assert lines[0].reason == "Fresh: has “x”, which is no number"
    assert lines[1].reason.count("; ") == 1
    assert lines[4].reason.startswith("Fresh: names the same as row 6; Milk: ")


def test_mended_rows_bring_the_cells_that_were_refused(manager):
    run = bring(manager, HEAD + "7,1,x,20\n8,2,300,40\n", wanted=WIDE)
    mended = "".join(rejects.as_csv(run)).replace(",x,", ",30,")
    again = bring(manager, mended, name=rejects.file_name(run))
    assert set(again.mapping) == {"account", "bought:Fresh", "bought:Milk"}
    assert (again.created, again.unchanged, again.rejected) == (1, 1, 0), mended
    assert bought()["Customer 7", "Fresh"] == Decimal(30)


@pytest.mark.parametrize(("option", "count"), [({"lists": "reject"}, 12), ({"mode": "update"}, 12)])
def test_options_hold_for_each_cell(manager, option, count):
    run = bring(manager, TEXT, options={**OPTIONS, **option})
    assert (run.created, run.rejected) == (0, count)
    assert not CategoryPurchase.objects.exists()


def test_totals_and_archived_categories_are_refused_by_column(manager, programme):
    ProductLineFactory(programme=programme, name="Milk", archived_at=programme.created_at)
    wanted = {"account": "Customer ID", "bought": "Fresh", "bought:Milk": "Milk"}
    run = bring(manager, TEXT, wanted=wanted)
    assert (run.created, problems(run)) == (6, {"archived": 6})
    run = bring(manager, TEXT, wanted={"account": "Customer ID", "bought:Total": "Milk"})
    assert problems(run) == {"total": 6}


def test_rows_that_are_stored_twice_over_a_pause_are_stored_once(manager):
    """A pass that goes on where another one stopped knows the parts of rows again."""
    run = offered(manager, TEXT, options=OPTIONS)
    run = services.start_run(actor=manager, run=run, enqueue=False)
    services.stop_run(actor=manager, run=run)
    run = passes.import_rows(run.pk)
    services.resume_run(actor=manager, run=run, enqueue=False)
    run = passes.import_rows(run.pk)
    assert (run.status, run.created, len(bought())) == ("published", 12, 12)


@pytest.mark.parametrize(
    ("heading", "named"),
    [
        ("Food: fresh", "Food: fresh"),
        ("=cmd|' /C calc'!A0", "=cmd|' /C calc'!A0"),
        ("<b>Milk</b>", "<b>Milk</b>"),
        ("Milk", "Milk (3)"),
        ("", "Column 3"),
    ],
)
def test_odd_names_of_columns_become_categories_as_they_are(manager, client, heading, named):
    text = f'Customer ID,Milk,"{heading}"\n7,1,2\n'
    wanted = {"account": "Customer ID", "bought:Dairy": "Milk", "bought": named}
    run = bring(manager, text, wanted=wanted)
    assert bought()["Customer 7", named] == Decimal(2)
    client.force_login(manager)
    page = client.get(run.get_absolute_url()).content.decode()
    assert "<b>Milk</b>" not in page


@pytest.mark.parametrize("name", ["x" * 200, "Total"])
def test_names_that_no_category_may_have_are_refused_by_cell(manager, name):
    wanted = {"account": "Customer ID", "bought:Milk": "Milk", f"bought:{name}": "Fresh"}
    run = bring(manager, TEXT, wanted=wanted)
    assert (run.created, run.rejected) == (6, 6)


def test_columns_are_named_by_text_alone(manager):
    run = offered(manager, TEXT, wanted={"bought:a\0b": "Fresh"})
    assert "bought:a\ufffdb" in run.mapping
    for wanted in ({"bought:Milk": 3}, {"bought:Milk": ["Milk"]}, {"account": "row  number?"}):
        with pytest.raises(ValidationError, match="There is no column"):
            offered(manager, TEXT, wanted=wanted)
    with pytest.raises(ValidationError, match="There is no column"):
        upload(manager, TEXT, kind="category_purchases", wanted={"category": "row number"})
    with pytest.raises(ValidationError, match="There is no column"):
        upload(manager, "Kd-Nr,Date,Net\n7,2026-05-01,1\n", wanted={"account": "row number"})


# Customers that are the numbers of their rows


def test_number_of_the_row_is_chosen_by_a_person_never_found(manager):
    text = "Channel,Fresh,Milk\n1,10,20\n2,30,40\n1,50,60\n"
    run = offered(manager, text, options=OPTIONS)
    assert "The rows name no customer" in services.problems(run)[0]
    assert set(run.mapping) == {"channel", "bought:Fresh", "bought:Milk"}
    with pytest.raises(ValidationError):
        services.start_run(actor=manager, run=run, enqueue=False)
    run = services.configure_run(
        actor=manager, run=run, wanted={**run.named_columns, **ROW}, remember=True
    )
    assert services.problems(run) == []
    kept = RememberedMapping.objects.get()
    assert "account" not in kept.fields
    again = offered(manager, text, options=OPTIONS)
    assert "account" not in again.mapping


def test_channels_may_have_a_row_each(manager):
    run = bring(manager, "Channel,Fresh,Milk\nHotels,10,20\nRetail,30,40\n")
    assert (run.created, Account.objects.count(), Channel.objects.count()) == (4, 0, 2)


def test_numbers_of_rows_are_those_of_their_file_alone(manager, programme):
    erp = ExternalIdFactory(account__programme=programme, system="erp", value="1").account
    text = "Fresh,Milk\n10,20\n30,40\n"
    run = bring(manager, text, wanted=ROW)
    assert (run.created, Account.objects.count()) == (4, 3)
    assert not CategoryPurchase.objects.filter(account=erp).exists()
    systems = ExternalId.objects.exclude(account=erp).values_list("system", "value")
    assert set(systems) == {("wide.csv", "1"), ("wide.csv", "2")}
    assert totals(run)["Customers by the number of their row, source system “wide.csv”"] == "2"
    again = bring(manager, text, wanted=ROW)
    assert (again.created, again.unchanged, Account.objects.count()) == (0, 4, 3)
    other = bring(manager, text, wanted=ROW, name="another.csv")
    assert (other.created, Account.objects.count()) == (4, 5)
    named = bring(
        manager, text, wanted=ROW, name="x.csv", options={**OPTIONS, "system": "wide.csv"}
    )
    assert (named.created, named.unchanged) == (0, 4)


def test_refused_rows_keep_the_numbers_of_their_source(manager):
    run = bring(manager, "Fresh,Milk\n10,20\n30,x\n", wanted={**ROW, **WIDE})
    assert (run.created, run.rejected) == (3, 1)
    mended = "".join(rejects.as_csv(run)).replace("x\r\n", "40\r\n")
    again = bring(manager, mended, wanted=ROW, name=rejects.file_name(run))
    assert (again.created, again.unchanged, Account.objects.count()) == (1, 1, 2)
    assert bought()["Customer 2", "Milk"] == Decimal(40)


def test_column_called_so_goes_before_the_number_of_the_row(manager):
    run = offered(manager, "Row number,Fresh,Milk\n77,10,20\n78,30,40\n", wanted=ROW)
    assert run.columns["account"] == 0
    assert not run.by_row


def test_the_number_of_the_row_can_be_at_fault(manager, client):
    """Rows whose number names nobody: the page says so, and of which column."""
    client.force_login(manager)
    options = {**OPTIONS, "unknown": "reject"}
    run = offered(manager, "Fresh,Milk\n10,20\n30,40\n", options=options, wanted={**ROW, **WIDE})
    run = passes.check(services.check_run(actor=manager, run=run, enqueue=False).pk)
    page = client.get(reverse("imports:detail", args=[run.pk]))
    assert page.status_code == 200
    problem = page.context["problems"][0]
    assert (problem.count, problem.column) == (2, "Number of the row")
    assert run.rejected == 2


def test_accounts_are_made_of_the_numbers_of_rows_too(manager, programme):
    ChannelFactory(programme=programme, name="Retail")
    given = {"name": "wide.csv", "options": {"channel_codes": "2 = retail"}}
    text = "Channel code,Fresh,Milk\n2,10,20\n2,30,40\n"
    run = import_file(manager, text, kind="accounts", wanted={"external_id": "row number"}, **given)
    assert (run.status, run.created, problems(run)) == ("published", 2, {})
    names = Account.objects.order_by("pk").values_list("name", "channel__name")
    assert list(names) == [("Customer 1", "Retail"), ("Customer 2", "Retail")]
    Account.objects.filter(name="Customer 2").update(name="Renamed")
    again = import_file(
        manager, text, kind="accounts", wanted={"external_id": "row number"}, **given
    )
    assert (again.created, again.updated, again.unchanged) == (0, 0, 2)
    codes = {**OPTIONS, "channel_codes": "2 = Retail"}
    purchases = bring(manager, text, wanted=ROW, options=codes)
    assert (purchases.created, Account.objects.count()) == (4, 2)
    assert ("Renamed", "Milk") in bought()


def test_codes_of_channels_stand_for_names(manager, programme):
    text = "Channel,Fresh,Milk\n1,10,20\n2,30,40\n1,50,60\n"
    codes = {**OPTIONS, "channel_codes": "1 = On-trade / Hotels; 2 = Retail"}
    run = bring(manager, text, wanted=ROW, options=codes)
    assert (run.status, run.created) == ("published", 6), problems(run)
    rows = Channel.objects.order_by("full_name").values_list("full_name", "code")
    assert list(rows) == [("On-trade", ""), ("On-trade / Hotels", "1"), ("Retail", "2")]
    assert Account.objects.filter(channel__name="Hotels").count() == 2
    again = bring(manager, text, wanted=ROW)
    assert (again.created, again.unchanged, Channel.objects.count()) == (0, 6, 3)
    with pytest.raises(ValidationError, match="1 = Hotels; 2 = Retail"):
        bring(manager, text, wanted=ROW, options={**OPTIONS, "channel_codes": "1, 2"})


# Real files


@pytest.fixture
def facts(shared_data):
    return json.loads((shared_data / "facts.json").read_text())["wholesale_customers"]


WHOLESALE = {**OPTIONS, "channel_codes": "1 = Hotel, restaurant, cafe; 2 = Retail shop"}


@pytest.mark.realdata
@pytest.mark.one_database
def test_wholesale_customers_come_in_as_they_are(manager, shared_data, facts):
    """440 rows without a customer id, a column a category (its page under the shared data)."""
    data = (shared_data / "wholesale_customers.csv").read_bytes()
    given = {"name": "wholesale_customers.csv", "kind": "category_purchases"}
    run = upload(manager, data, options=WHOLESALE, **given)
    assert set(run.mapping) == {"channel", *(f"bought:{name}" for name in facts["totals"])}
    assert "The rows name no customer" in services.problems(run)[0]
    wanted = {**run.named_columns, **ROW}
    run = services.configure_run(actor=manager, run=run, wanted=wanted)
    assert services.problems(run) == []
    run = import_file(manager, data, options=WHOLESALE, wanted=ROW, **given)
    assert (run.rows_read, run.created, run.rejected) == (440, 2640, 0), run.error
    assert totals(run)["Amount"] == f"{facts['grand_total']}.00"
    assert {name: totals(run)[f"Amount, {name}"] for name in facts["totals"]} == {
        name: f"{total}.00" for name, total in facts["totals"].items()
    }
    counts = {
        channel.name: channel.accounts.count() for channel in Channel.objects.order_by("name")
    }
    assert counts == {"Hotel, restaurant, cafe": 298, "Retail shop": 142}
    sums = {}
    for (name, _category), amount in bought().items():
        sums[name] = sums.get(name, 0) + amount
    places = ranked(sorted(sums.items(), key=lambda item: -item[1]), sum(sums.values()))
    first = [(place.of, place.purchases) for place in places[:3]]
    assert first == [("Customer 86", 199_891), ("Customer 48", 192_714), ("Customer 182", 190_169)]
    assert pareto(places) == 252
    again = import_file(manager, data, options=WHOLESALE, wanted=ROW, **given)
    assert (again.created, again.updated, again.unchanged) == (0, 0, 2640)


@pytest.mark.realdata
@pytest.mark.one_database
def test_wholesale_customers_come_in_by_command(manager, shared_data, capsys):
    path = shared_data / "wholesale_customers.csv"
    call_command(
        "import_category_purchases",
        str(path),
        "--map",
        "account=row number",
        "bought:Delicatessen=Delicassen",
        "--period=2011",
        "--unknown=create",
        "--dry-run",
    )
    said = capsys.readouterr().out
    assert "read 440, created 2640, updated 0, unchanged 0, rejected 0" in said
    assert "Amount, Delicatessen: 670943.00 EUR" in said


@pytest.mark.realdata
@pytest.mark.one_database
def test_wholesale_customers_come_in_over_rest(manager, shared_data, client):
    client.force_login(manager)
    with (shared_data / "wholesale_customers.csv").open("rb") as file:
        body = {
            "kind": "category_purchases",
            "file": file,
            "mapping": json.dumps(ROW),
            "options": json.dumps(WHOLESALE),
        }
        answer = client.post("/api/v1/imports/", body)
    assert answer.status_code == 201, answer.content
    run = Run.objects.get(pk=answer.json()["id"])
    passes.import_rows(run.pk)
    said = client.get(f"/api/v1/imports/{run.pk}/").json()
    assert (said["status"], said["created"], said["rejected"]) == ("published", 2640, 0)
    assert said["mapping"]["bought:Milk"]["column"] == 3


def test_wide_workbook_with_semicolons_and_commas_is_read(manager):
    text = StringIO()
    csv.writer(text, delimiter=";").writerows(
        [["Kundennummer", "Frisch", "Milch"], ["7", "1.234,50", "2,5"], ["8", "3", "4"]]
    )
    run = bring(manager, text.getvalue())
    assert bought()["Customer 7", "Frisch"] == Decimal("1234.50"), problems(run)
