"""Category purchases as files: taken, refused, changed, taken back; real files too."""

import csv
import datetime
import io
import json
from collections import defaultdict
from decimal import ROUND_HALF_UP, Decimal

import pytest

from accounts.imports.records.purchases.periods import period_of
from accounts.models import Account, CategoryPurchase, Channel, ProductLine
from accounts.services.channel import archive_channel
from kam.changes.models import Change
from kam.imports import passes, services
from tests.accounts.test_imports_ledger import import_file, problems, undo, upload
from tests.factories.accounts import (
    AccountFactory,
    CategoryPurchaseFactory,
    ChannelFactory,
    ExternalIdFactory,
    ProductLineFactory,
    SiteFactory,
)
from tests.factories.teams import RoleGrantFactory

pytestmark = pytest.mark.django_db
HEAD = "Customer ID,Customer,Channel,Category,Year,Use type,Volume,UoM,Purchases,Currency,Source\n"
YEAR = (datetime.date(2025, 1, 1), datetime.date(2025, 12, 31))


@pytest.fixture
def manager():
    """Manages the only programme."""
    return RoleGrantFactory(programme_manager=True, programme__currency="GBP").user


@pytest.fixture
def programme(manager):
    return manager.grants.get().programme


@pytest.fixture
def acme(programme):
    """An account with the number 7."""
    return ExternalIdFactory(account__programme=programme, account__name="Acme", value="7").account


def bring(manager, text, **kwargs):
    given = {"kind": "category_purchases", "name": "purchases.csv", **kwargs}
    return import_file(manager, text, **given)


def totals(run):
    """Totals of a run by their words and unit."""
    return {(item["label"], item["unit"]): item["value"] for item in run.report["totals"]}


def test_purchases_come_with_channels_and_categories(manager, programme, acme):
    text = HEAD + (
        "7,,On-trade / Hotels,Labels,2025,resale,12.5,t,1000.50,,report\n"
        "7,,on-trade/hotels,Packaging,2025,own input,,,2000,EUR,\n"
        ",Elm,Off-trade,Labels,2025-Q2,,,,3,,\n"
        ",,On-trade,Labels,2025,,,,9000,,panel\n"
    )
    run = bring(manager, text, options={"unknown": "create"})
    assert (run.status, run.created, problems(run)) == ("published", 4, {}), run.error
    names = Channel.objects.order_by("full_name").values_list("full_name", flat=True)
    assert list(names) == ["Off-trade", "On-trade", "On-trade / Hotels"]
    acme.refresh_from_db()
    assert (str(acme.channel), acme.version) == ("On-trade / Hotels", 2)
    elm = Account.objects.get(name="Elm")
    assert (str(elm.channel), elm.status) == ("Off-trade", "candidate")
    rows = CategoryPurchase.objects.order_by("amount").values_list(
        "account__name",
        "channel__name",
        "category__name",
        "use_type",
        "volume",
        "amount",
        "currency",
    )
    assert list(rows) == [
        ("Elm", None, "Labels", "", None, Decimal(3), "GBP"),
        ("Acme", None, "Labels", "resale", Decimal("12.5"), Decimal("1000.5"), "GBP"),
        ("Acme", None, "Packaging", "own_input", None, Decimal(2000), "EUR"),
        (None, "On-trade", "Labels", "", None, Decimal(9000), "GBP"),
    ]
    quarter = CategoryPurchase.objects.get(account=elm)
    assert (quarter.period_from, quarter.period_until) == (
        datetime.date(2025, 4, 1),
        datetime.date(2025, 6, 30),
    )
    assert set(CategoryPurchase.objects.values_list("recorded_by", "confidence")) == {
        (manager.pk, "estimated")
    }
    found = totals(run)
    assert found["Amount", "GBP"] == "10003.50"
    assert found["Amount, Packaging", "EUR"] == "2000.00"
    assert found["Volume", "t"] == "12.5"
    assert found["Channels not known: they are made", ""] == "3"
    assert found["Categories not known: they are made", ""] == "2"


def test_same_file_changes_nothing_and_a_newer_one_what_differs(manager, acme):
    text = HEAD + "7,,,Labels,2025,,,,1000,,\n7,,,,2025,,3,t,,,\n"
    bring(manager, text)
    again = bring(manager, text)
    assert (again.created, again.updated, again.unchanged) == (0, 0, 2)
    newer = bring(manager, HEAD + "7,,On-trade,Labels,2025,,,,1100,,survey\n7,,,,2025,,,,5,,\n")
    assert (newer.created, newer.updated, newer.unchanged) == (0, 2, 0)
    rows = CategoryPurchase.objects.order_by("pk").values_list("amount", "volume", "source")
    assert list(rows) == [(1100, None, "survey"), (5, 3, "")]
    undo(manager, newer)
    rows = CategoryPurchase.objects.order_by("pk").values_list("amount", "volume", "source")
    assert list(rows) == [(1000, None, ""), (None, 3, "")]
    acme.refresh_from_db()
    assert acme.channel is None
    assert not Channel.objects.exists()


def test_undo_takes_back_all_that_the_file_made(manager, acme):
    run = bring(
        manager,
        HEAD + "7,,A / B,Labels,2025,,,,1,,\n,Elm,A / B,Labels,2025,,,,1,,\n",
        options={"unknown": "create"},
    )
    assert (run.status, run.created) == ("published", 2), run.error
    undo(manager, run)
    assert list(Account.objects.values_list("name", "channel")) == [("Acme", None)]
    for model in (CategoryPurchase, Channel, ProductLine):
        assert not model.objects.exists(), model
    verbs = Change.objects.filter(object_id=acme.pk, object_type="accounts.account")
    assert list(verbs.order_by("id").values_list("verb", flat=True)) == [
        "updated",
        "import_undone",
    ]


def test_undo_keeps_what_somebody_has_worked_with(manager, programme, acme):
    run = bring(manager, HEAD + "7,,A / B,Labels,2025,,,,1,,\n")
    other = AccountFactory(programme=programme, channel=Channel.objects.get(name="A"))
    undo(manager, run)
    assert list(Channel.objects.values_list("full_name", flat=True)) == ["A"]
    other.refresh_from_db()
    assert other.channel.name == "A"


def test_bad_rows_are_named_in_words(manager, programme, acme):
    acme.channel = ChannelFactory(programme=programme, name="Retail", code="R")
    acme.save()
    text = HEAD + (
        "7,,R,Labels,2025,,,,1,GBP,\n"
        "7,,Retail,Labels,2025,,,,2,GBP,\n"
        "7,,Other,Labels,2024,,,,1,,\n"
        "8,,,Labels,2025,,,,1,,\n"
        ",,,Labels,2025,,,,1,,\n"
        "7,,,Labels,2025-13,,,,1,,\n"
        "7,,,Labels,2025-03-04,,,,1,,\n"
        "7,,,Labels,,,,,1,,\n"
        "7,,,Labels,2023,,,,,,\n"
        "7,,,Labels,2023,gift,,,1,,\n"
        "7,,,Labels,2023,,,,-1,,\n"
        "7,,,Labels,2023,,,,x,,\n"
        "7,,,Labels,2022,,,,1,pounds,\n"
        "7,,,#REF!,2023,,,,1,,\n"
        "Total,,,,2023,,,,9,,\n"
        ",,Grand total,,2023,,,,9,,\n"
        "7,,,Total,2023,,,,9,,\n"
    )
    run = bring(manager, text)
    assert run.created == 1
    assert problems(run) == {
        "repeated": 1,
        "channel_of": 1,
        "unknown_account": 1,
        "no_account": 1,
        "bad_period": 2,
        "no_period": 1,
        "nothing": 1,
        "bad_use_type": 1,
        "bad_amount": 2,
        "bad_currency": 1,
        "bad_category": 1,
        "total": 3,
    }
    reasons = " ".join(item["text"] for item in run.report["problems"])
    assert "no year, half-year, quarter or month" in reasons


def test_sites_belong_to_the_customer_of_the_row(manager, programme, acme):
    works = SiteFactory(account=acme, name="Works")
    SiteFactory(account__programme=programme, name="Elsewhere")
    text = (
        "Customer ID,Site,Channel,From,Until,Amount\n"
        "7,works,,2025-01-01,2025-12-31,1\n7,Elsewhere,,2025-01-01,2025-12-31,2\n"
        ",Works,On-trade,2025-01-01,2025-12-31,3\n7,,,2025-12-31,2025-01-01,4\n"
        "7,,,2025-01-31,,5\n"
    )
    run = bring(manager, text)
    assert problems(run) == {"bad_site": 1, "site_without": 1, "order": 1, "no_period": 1}
    assert CategoryPurchase.objects.get().site == works


@pytest.mark.parametrize(
    ("options", "codes"),
    [
        ({"lists": "reject"}, {"bad_channel": 1, "bad_category": 1}),
        ({"mode": "update"}, {"unknown": 2}),
    ],
)
def test_options_say_what_is_taken(manager, acme, options, codes):
    text = HEAD + "7,,New,,2025,,,,1,,\n7,,,New,2025,,,,1,,\n"
    run = bring(manager, text, options=options)
    assert (run.created, problems(run)) == (0, codes)


def test_period_and_currency_may_be_those_of_the_file(manager, acme):
    text = "Customer ID,Category,Spend\n7,Labels,5\n"
    missing = upload(manager, text, kind="category_purchases", name="p.csv")
    assert "the period" in services.problems(missing)[0]
    run = bring(manager, text, options={"period": "2025-H1", "currency": "EUR"})
    assert (run.created, CategoryPurchase.objects.get().currency) == (1, "EUR")
    assert CategoryPurchase.objects.get().period_until == datetime.date(2025, 6, 30)


def test_archived_channels_and_categories_are_restored_first(manager, programme, acme):
    now = acme.created_at
    top = ChannelFactory(programme=programme, name="Old", archived_at=now)
    ProductLineFactory(programme=programme, name="Gone", archived_at=now)
    text = HEAD + "7,,old,,2025,,,,1,,\n7,,Old / New,,2024,,,,1,,\n7,,,Gone,2025,,,,1,,\n"
    run = bring(manager, text)
    assert (run.created, problems(run)) == (0, {"archived": 3})
    assert Channel.objects.get() == top


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("category_purchases", "Channel,Year,Spend\nHotels,2025,5\n"),
        ("category_purchases", "Customer ID,Channel,Year,Spend\n7,Hotels,2025,5\n"),
        ("accounts", "Name,Trade channel\nAcme,Hotels\n"),
    ],
)
def test_channel_that_is_archived_while_a_file_is_read_takes_in_nothing(
    manager, programme, acme, kind, text
):
    hotels = ChannelFactory(programme=programme, name="Hotels")
    run = upload(manager, text, name="list.csv", kind=kind)
    run = services.start_run(actor=manager, run=run, enqueue=False)
    services.stop_run(actor=manager, run=run)
    run = passes.import_rows(run.pk)
    archive_channel(actor=manager, channel=hotels)
    services.resume_run(actor=manager, run=run, enqueue=False)
    run = passes.import_rows(run.pk)
    assert (run.is_live, "archived meanwhile" in run.error) == (False, True)
    assert not CategoryPurchase.objects.exists()
    assert not Account.objects.filter(staged_by=None).exclude(channel=None).exists()


def test_archived_purchases_do_not_stand_in_the_way(manager, acme):
    gone = CategoryPurchaseFactory(account=acme)
    CategoryPurchase.objects.filter(pk=gone.pk).update(archived_at=gone.created_at)
    run = bring(manager, "Customer ID,Year,Spend\n7,2025,5\n")
    assert (run.created, CategoryPurchase.objects.active().get().amount) == (1, 5)


def test_column_that_is_missing_is_said(manager):
    for heading, said in (
        ("Category,Spend,Note", "customer"),
        ("Customer,Category,Note", "amount or the volume"),
        ("Customer,Spend,From", "first and the last day"),
    ):
        run = upload(
            manager, f"{heading}\n1,2,2025-01-01\n", kind="category_purchases", name="p.csv"
        )
        assert any(said in text for text in services.problems(run)), heading


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2025", "2025-01-01", "2025-12-31"),
        ("FY 2025", "2025-01-01", "2025-12-31"),
        ("2024-Q1", "2024-01-01", "2024-03-31"),
        ("Q4 2025", "2025-10-01", "2025-12-31"),
        ("2025 H2", "2025-07-01", "2025-12-31"),
        ("2024-02", "2024-02-01", "2024-02-29"),
        ("12/2025", "2025-12-01", "2025-12-31"),
    ],
)
def test_period_is_read(text, first, last):
    found = period_of(text)
    assert found == (datetime.date.fromisoformat(first), datetime.date.fromisoformat(last))


@pytest.mark.parametrize(
    "text", ["", "25", "2025-13", "2025-H3", "2025/26", "2025-01-02", "Q5 2025"]
)
def test_period_that_names_none_is_none(text):
    assert period_of(text) is None


# Real files


@pytest.fixture
def facts(shared_data):
    return json.loads((shared_data / "facts.json").read_text())


def rows_of(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def written(rows):
    """A file of `rows`, whose first one names the columns."""
    file = io.StringIO()
    csv.writer(file).writerows(rows)
    return file.getvalue()


@pytest.mark.realdata
@pytest.mark.one_database
def test_northwind_lines_are_summed_before_they_are_purchases(manager, shared_data, facts):
    lines = (shared_data / "northwind" / "order_lines.csv").read_bytes()
    run = upload(manager, lines, kind="category_purchases", name="order_lines.csv")
    assert services.problems(run), "order lines are no purchases of a period"
    sums = defaultdict(Decimal)
    for row in rows_of(shared_data / "northwind" / "order_lines.csv"):
        amount = Decimal(row["UnitPrice"]) * Decimal(row["Quantity"])
        key = (row["CustomerID"], row["Category"], row["OrderDate"][:4])
        sums[key] += amount * (1 - Decimal(row["Discount"]))
    rows = [["CustomerID", "Category", "Year", "Purchase value"]]
    rows += [[*key, amount] for key, amount in sums.items()]
    run = bring(manager, written(rows), name="northwind.csv", options={"unknown": "create"})
    assert (run.created, run.rejected) == (len(sums), 0), problems(run)
    found = totals(run)
    shown = {
        name: Decimal(found[f"Amount, {name}", "GBP"]).quantize(Decimal("0.01"), ROUND_HALF_UP)
        for name, _total, _share in facts["northwind"]["net_by_category"]
    }
    assert shown == {
        name: Decimal(total) for name, total, _share in facts["northwind"]["net_by_category"]
    }
