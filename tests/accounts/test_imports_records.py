"""Contacts, products, costs and rates as files: taken, refused, changed, taken back."""

import datetime
from decimal import Decimal

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import (
    Account,
    ActivityCost,
    Contact,
    ContactExternalId,
    ExchangeRate,
    Product,
    ProductLine,
    Site,
)
from accounts.services import ledger, merge_contacts, update_contact
from kam.changes.models import Change
from kam.imports import kinds, passes, services
from kam.imports.models import StagedRecord
from tests.accounts.test_imports_ledger import import_file, notices, problems, undo, upload
from tests.factories.accounts import (
    AccountFactory,
    ActivityFactory,
    ConflictFactory,
    ContactFactory,
    ExchangeRateFactory,
    ExternalIdFactory,
    InteractionFactory,
    SiteFactory,
)
from tests.factories.teams import MembershipFactory, ProgrammeFactory, RoleGrantFactory, TeamFactory

pytestmark = pytest.mark.django_db
PEOPLE = (
    "Contact ID,Customer ID,Company,Name,Title,E-mail,Level,DMU,Influence,Attitude,Cadence,Known\n"
)


@pytest.fixture
def manager():
    """Manages the only programme."""
    return RoleGrantFactory(programme_manager=True).user


@pytest.fixture
def programme(manager):
    return manager.grants.get().programme


@pytest.fixture
def acme(programme):
    """An account with the number 7."""
    return ExternalIdFactory(account__programme=programme, account__name="Acme", value="7").account


def people(manager, text, **kwargs):
    return import_file(manager, PEOPLE + text, kind="contacts", name="people.csv", **kwargs)


def test_contacts_come_with_all_that_is_known_of_them(manager, acme):
    text = 'c1,7,,Ann Ode,Buyer,ann@acme.example,management,"buyer, decider",4,+2,90,confirmed\n'
    run = people(manager, text)
    (ann,) = Contact.objects.all()
    assert (run.status, run.created, problems(run)) == ("published", 1, {})
    assert (ann.account, ann.job_title, ann.level) == (acme, "Buyer", "management")
    assert (ann.buying_roles, ann.influence, ann.attitude) == (["buyer", "decider"], 4, 2)
    assert (ann.interval_days, ann.confidence) == (90, "confirmed")
    assert ann.quiet_on is not None
    assert str(ann.external_ids.get()) == "erp c1"
    (change,) = Change.objects.of(ann)
    assert (change.verb, change.source, change.after["external_ids"]) == (
        "created",
        "import",
        ["erp c1"],
    )


LINES = "Contact ID,Customer ID,Name,E-mail,Site,Reports to\n"


def lines(manager, text, **kwargs):
    return import_file(manager, LINES + text, kind="contacts", name="lines.csv", **kwargs)


def words(run):
    return {item["text"]: item["count"] for item in run.report["problems"]}


def superiors():
    rows = Contact.objects.order_by("pk")
    return dict(rows.values_list("name", "reports_to__name"))


def test_contacts_report_to_people_of_any_row(manager, acme):
    text = "c1,7,Ann,,,Cid\nc2,7,Ben,,,c1\nc3,7,Cid,cid@acme.example,,\n"
    text += "c4,7,Dee,,,CID@acme.example\n"
    run = lines(manager, text)
    assert (run.status, run.created, problems(run)) == ("published", 4, {})
    assert superiors() == {"Ann": "Cid", "Ben": "Ann", "Cid": None, "Dee": "Cid"}
    change = Change.objects.of(Contact.objects.get(name="Ben")).get()
    assert change.after["reports_to"] == Contact.objects.get(name="Ann").pk
    again = lines(manager, text)
    assert Change.objects.filter(verb="updated", source="import").count() == 0
    assert (again.created, again.updated, again.unchanged) == (0, 0, 4)
    undo(manager, again)
    undo(manager, run)
    assert Contact.objects.count() == 0


def test_contacts_report_to_people_that_are_there(manager, acme):
    boss = ContactFactory(account=acme, name="Eve")
    known = ContactFactory(account=acme, name="Fay")
    run = lines(manager, ",7,Gus,,,Eve\n,7,Fay,,,Gus\n")
    assert (run.created, run.updated, problems(run)) == (1, 1, {})
    assert superiors() == {"Eve": None, "Fay": "Gus", "Gus": "Eve"}
    undo(manager, run)
    known.refresh_from_db()
    assert (known.reports_to, Contact.objects.count()) == (None, 2)
    assert boss.reports.count() == 0


def test_contact_who_is_named_by_one_who_stays_is_not_undone(manager, acme):
    run = lines(manager, ",7,Ann,,,\n,7,Ben,,,Ann\n,7,Cid,,,Ben\n")
    ben = Contact.objects.get(name="Ben")
    update_contact(actor=manager, contact=ben, expected_version=1, changes={"phone": "1"})
    undo(manager, run)
    assert superiors() == {"Ann": None, "Ben": "Ann"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (",7,Ann,,,Ann\n", {"reports to the same person": 1}),
        (
            ",7,Ann,,,Ben\n,7,Ben,,,Cid\n,7,Cid,,,Ann\n,7,Dee,,,Ann\n",
            {
                "would make a circle: reports to somebody who reports to them": 3,
                "reports to somebody whose row is rejected": 1,
            },
        ),
        (",7,Ann,,,Zoe\n", {"reports to somebody whom the customer does not have": 1}),
        (
            "c1,7,Ann,,,\nc2,7,Ann,,,\n,7,Ben,,,Ann\n",
            {"reports to a person of whom the customer has several": 1},
        ),
        (
            ",7,Ann,,Hull,\n",
            {"names the site “Hull”, which the customer does not have": 1},
        ),
    ],
)
def test_contacts_with_wrong_lines_are_refused_in_words(manager, acme, text, expected):
    ContactFactory(account__programme=acme.programme, name="Zoe")  # of another customer
    run = lines(manager, text)
    assert words(run) == expected
    assert run.rejected == sum(expected.values())
    assert Contact.objects.filter(account=acme).count() == run.created


def test_circle_through_people_that_are_there_is_refused(manager, acme):
    top = ContactFactory(account=acme, name="Top")
    mid = ContactFactory(account=acme, name="Mid", reports_to=top)
    ContactFactory(account=acme, name="Low", reports_to=mid)
    run = lines(manager, ",7,Top,,,Low\n")
    assert words(run) == {"would make a circle: reports to somebody who reports to them": 1}
    assert superiors() == {"Top": None, "Mid": "Top", "Low": "Mid"}


def test_contacts_work_at_sites_of_their_account(manager, acme):
    site = SiteFactory(account=acme, name="York works")
    SiteFactory(name="York works")
    run = lines(manager, ",7,Ann,,york  WORKS,\n")
    assert (problems(run), Contact.objects.get().site) == ({}, site)


def test_contacts_again_change_nothing_and_empty_cells_say_nothing(manager, acme):
    text = "c1,7,,Ann Ode,Buyer,ann@acme.example,,,,,,\n"
    people(manager, text)
    again = people(manager, text)
    assert (again.created, again.updated, again.unchanged) == (0, 0, 1)
    changed = people(manager, "c1,7,,Ann Oder,,,,,,,,\n")
    ann = Contact.objects.get()
    assert (changed.updated, ann.name, ann.job_title, ann.version) == (1, "Ann Oder", "Buyer", 2)
    undo(manager, changed)
    ann.refresh_from_db()
    assert (ann.name, Contact.objects.count()) == ("Ann Ode", 1)


@pytest.mark.parametrize(
    ("match", "row", "created"),
    [
        ("any", "c9,7,,Ann Ode,,,,,,,,\n", 0),
        ("any", ",7,,ANN  ode,,,,,,,,\n", 0),
        ("any", ",7,,A. Ode,,Ann@acme.example,,,,,,\n", 0),
        ("number", "c9,7,,Ann Ode,,,,,,,,\n", 1),
        ("email", ",7,,Ann Ode,,other@acme.example,,,,,,\n", 1),
        ("name", ",7,,Ann Ode,,other@acme.example,,,,,,\n", 0),
    ],
)
def test_people_are_known_by_the_chosen_keys(manager, acme, match, row, created):
    ContactFactory(account=acme, name="Ann Ode", email="ann@acme.example")
    ContactFactory(account__programme=acme.programme, name="Ann Ode", email="ann@acme.example")
    run = people(manager, row, options={"keys": match})
    assert (run.created, run.rejected) == (created, 0)
    assert Contact.objects.filter(account=acme).count() == 1 + created


def test_number_is_given_to_a_known_person_and_taken_back(manager, acme):
    ann = ContactFactory(account=acme, name="Ann Ode")
    run = people(manager, "c1,7,,Ann Ode,,,,,,,,\n")
    assert (run.updated, ann.external_ids.get().value) == (1, "c1")
    undo(manager, run)
    assert ContactExternalId.objects.count() == 0
    assert Contact.objects.get() == ann


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("1,,,Nobody,,,,,,,,\n", "no_account"),
        ("1,7,,,Buyer,,,,,,,\n", "bad_name"),
        ("1,7,,Ann,,not a mail,,,,,,\n", "bad_email"),
        ("1,7,,Ann,,,chief,,,,,\n", "bad_level"),
        ("1,7,,Ann,,,,boss,,,,\n", "bad_buying_roles"),
        ("1,7,,Ann,,,,,6,,,\n", "bad_influence"),
        ("1,7,,Ann,,,,,2.5,,,\n", "bad_influence"),
        ("1,7,,Ann,,,,,,3,,\n", "bad_attitude"),
        ("1,7,,Ann,,,,,,,400,\n", "bad_interval_days"),
        ("1,7,,Ann,,,,,,,,maybe\n", "bad_confidence"),
        ("1,7,,#REF!,,,,,,,,\n", "bad_name"),
        ("1,7,,A\0nn,,,,,,,,\n", "nul"),
        ("1,7,,Ann,,,,,,,,,surplus\n", "cells"),
        ("1,7,," + "x" * 121 + ",,,,,,,,\n", "bad_name"),
        ("1,9,,Gone,,,,,,,,\n", "archived_account"),
    ],
)
def test_people_that_cannot_be_taken_are_refused(manager, programme, acme, row, code):
    closed = ExternalIdFactory(account__programme=programme, value="9").account
    Account.objects.filter(pk=closed.pk).update(archived_at=closed.created_at)
    run = people(manager, row + "2,7,,Good,,,,,,,,\n")
    assert problems(run) == {code: 1}
    assert list(Contact.objects.values_list("name", flat=True)) == ["Good"]


def test_person_named_twice_is_taken_once(manager, acme):
    run = people(manager, "1,7,,Ann,,,,,,,,\n,7,,ann,,,,,,,,\n1,7,,Bo,,,,,,,,\n")
    assert (problems(run), Contact.objects.count()) == ({"repeated": 2}, 1)


def test_unknown_customers_become_candidates_or_are_refused(manager, programme):
    text = "1,,New Ltd,Ann,,,,,,,,\n2,,New Ltd,Bo,,,,,,,,\n"
    refused = people(manager, text, options={"unknown": "reject"})
    assert (problems(refused), Contact.objects.count()) == ({"unknown_account": 2}, 0)
    run = people(manager, text)
    account = Account.objects.get(name="New Ltd")
    assert (run.created, account.status, account.contacts.count()) == (2, "candidate", 2)
    undo(manager, run)
    assert (Account.objects.count(), Contact.objects.count(), StagedRecord.objects.count()) == (
        0,
        0,
        0,
    )


def test_contacts_of_an_account_behind_a_barrier_are_not_taken(manager, programme):
    team = TeamFactory(programme=programme)
    MembershipFactory(team=team, user=manager, role="observer")
    hidden = ExternalIdFactory(account__programme=programme, value="7").account
    ConflictFactory(a=AccountFactory(programme=programme, team=team), b=hidden)
    secret = ContactFactory(account=hidden, name="Ann")
    run = people(
        manager,
        f"1,7,,Ann,Spy,,,,,,,\n2,,{hidden.name},Ann,Spy,,,,,,,\n",
        options={"unknown": "reject"},
    )
    assert (run.created, run.updated, run.rejected) == (0, 0, 2)
    secret.refresh_from_db()
    assert secret.job_title != "Spy"


def test_contacts_are_hidden_until_the_run_is_published(manager, acme, monkeypatch):
    run = upload(manager, PEOPLE + "1,7,,Ann,,,,,,,,\n", kind="contacts", name="people.csv")
    run = services.start_run(actor=manager, run=run, enqueue=False)
    with monkeypatch.context() as patch:
        patch.setattr(run.import_kind, "publish", _fail)
        with pytest.raises(RuntimeError):
            passes.import_rows(run.pk)
    assert (Contact.objects.count(), StagedRecord.objects.count()) == (0, 1)
    services.resume_run(actor=manager, run=run, enqueue=False)
    passes.import_rows(run.pk)
    assert Contact.objects.count() == 1


def _fail(run):
    raise RuntimeError


def test_stopped_import_of_contacts_goes_on_without_doubling(manager, acme, monkeypatch):
    kind = kinds.get("contacts")
    monkeypatch.setattr(kind, "chunk_rows", 2, raising=False)
    text = (
        PEOPLE
        + "".join(f"{n},,New Ltd,P{n},,,,,,,,\n" for n in range(5))
        + ",,New Ltd,P0,,,,,,,,\n"
    )
    run = upload(manager, text, kind="contacts", name="people.csv")
    run = services.start_run(actor=manager, run=run, enqueue=False)
    services.stop_run(actor=manager, run=run)
    run = passes.import_rows(run.pk)
    assert (run.status, run.rows_done, Contact.objects.count()) == ("stopped", 2, 0)
    services.resume_run(actor=manager, run=run, enqueue=False)
    run = passes.import_rows(run.pk)
    assert (run.created, problems(run)) == (5, {"repeated": 1})
    assert Contact.objects.count() == 5


@pytest.mark.parametrize(
    "row",
    [",7,,Ann Ode,Head of buying,ann@acme.example,,,,,,,\n", ",7,,Bo New,,,,,,,,,Ann Ode\n"],
)
def test_people_who_are_merged_while_a_file_is_read_are_left_alone(manager, acme, row):
    ann = ContactFactory(account=acme, name="Ann Ode", email="ann@acme.example", job_title="Buyer")
    double = ContactFactory(account=acme, name="Anne Ode")
    text = PEOPLE.strip() + ",Reports to\n" + row
    run = upload(manager, text, kind="contacts", name="people.csv")
    run = services.start_run(actor=manager, run=run, enqueue=False)
    services.stop_run(actor=manager, run=run)
    run = passes.import_rows(run.pk)
    merge_contacts(actor=manager, survivor=double, loser=ann)
    services.resume_run(actor=manager, run=run, enqueue=False)
    run = passes.import_rows(run.pk)
    assert (run.is_live, "merged with another one" in run.error) == (False, True)
    ann.refresh_from_db()
    assert (ann.job_title, ann.merged_into) == ("Buyer", double)
    assert set(Contact.objects.all()) == {ann, double}


def test_undo_keeps_people_whom_somebody_has_worked_with(manager, acme):
    run = people(manager, "1,7,,Ann,,,,,,,,\n2,7,,Bo,,,,,,,,\n3,7,,Cy,,,,,,,,\n")
    ann, bo, _cy = Contact.objects.order_by("name")
    update_contact(actor=manager, contact=ann, expected_version=None, changes={"phone": "1"})
    InteractionFactory(account=acme).contacts.add(bo)
    undo(manager, run)
    assert list(Contact.objects.order_by("name")) == [ann, bo]


def test_trial_of_contacts_counts_and_stores_nothing(manager, acme):
    run = upload(manager, PEOPLE + "1,7,,Ann,,,,,,,,\n2,8,,Bo,,,,,,,,\n", kind="contacts")
    run = passes.check(services.check_run(actor=manager, run=run, enqueue=False).pk)
    assert (run.status, run.created, run.rejected) == ("ready", 2, 0)
    assert [item["key"] for item in run.report["unmatched"]] == ["#8"]
    assert (Contact.objects.count(), Account.objects.count()) == (0, 1)


def test_customer_not_known_is_asked_about_as_the_file_writes_it(manager, acme):
    text = "Name,Company\nAnn,Elm  & Söhne GmbH\nBo,elm & söhne gmbh\n"
    run = upload(manager, text, kind="contacts")
    run = passes.check(services.check_run(actor=manager, run=run, enqueue=False).pk)
    (item,) = run.report["unmatched"]
    assert (item["text"], item["count"]) == ("Elm  & Söhne GmbH", 2)


def test_row_without_a_name_is_blamed_on_its_column(manager, acme):
    run = upload(manager, "Name,E-mail,Number\n,,7\nAnn,,7\n", kind="contacts")
    run = services.configure_run(
        actor=manager, run=run, wanted={"name": "Name", "email": "E-mail", "account": "Number"}
    )
    run = passes.check(services.check_run(actor=manager, run=run, enqueue=False).pk)
    assert [(p["code"], p["field"]) for p in run.report["problems"]] == [("no_key", "name")]


def test_contacts_of_northwind_come_in_by_the_command(programme, shared_data, capsys):
    path = shared_data / "northwind" / "customers.csv"
    call_command("import_contacts", str(path))
    assert "created 91" in capsys.readouterr().out
    assert Contact.objects.filter(account__name="Alfreds Futterkiste").get().name == "Maria Anders"
    call_command("import_contacts", str(path))
    assert "created 0, updated 0, unchanged 91" in capsys.readouterr().out


def test_products_come_with_their_lines(manager, programme):
    text = "Code,Description,Series\nA1,Lamp,Light\nA2,Bulb,Light\na1,Other,\n,None,\nA1,Again,\n"
    run = import_file(manager, text, kind="products", name="products.csv")
    assert (run.created, problems(run)) == (3, {"nothing": 1, "repeated": 1})
    assert set(Product.objects.values_list("code", "line__name")) == {
        ("A1", "Light"),
        ("A2", "Light"),
        ("a1", None),
    }
    again = import_file(manager, text, kind="products", name="products.csv")
    assert (again.created, again.updated, again.unchanged) == (0, 0, 3)
    undo(manager, run)
    assert (Product.objects.count(), ProductLine.objects.count()) == (0, 0)


def test_history_of_what_hangs_on_no_account_is_read_by_the_programme(manager, programme):
    import_file(manager, "Code,Name\nP1,Pump\n", kind="products", name="products.csv")
    rates = "Currency,From,Rate\nCHF,2026-01-01,0.95\n"
    import_file(manager, rates, kind="exchange_rates", name="rates.csv")
    for obj in (Product.objects.get(), ExchangeRate.objects.get()):
        change = Change.objects.of(obj).visible_to(manager).get()
        assert (change.verb, change.account_id, change.audience) == ("created", None, "programme")
        assert change.audience_id == programme.pk


def test_rates_are_taken_once_and_never_changed(manager, programme):
    text = "Currency;From;Rate\nCHF;2026-01-01;0,95\nCHF;2026-02-01;0,96\nXYZA;2026-01-01;1\n"
    text += f"{programme.currency};2026-01-01;1\nCHF;2026-03-01;0\nCHF;;1\n"
    run = import_file(
        manager, text, kind="exchange_rates", name="rates.csv", chosen={"decimal": "comma"}
    )
    assert problems(run) == {"bad_currency": 1, "own": 1, "bad_rate": 1, "nothing": 1}
    assert ExchangeRate.objects.get(valid_from="2026-01-01").rate == Decimal("0.95")
    other = "Currency,From,Rate\nCHF,2026-01-01,0.95\nCHF,2026-02-01,0.5\n"
    again = import_file(manager, other, kind="exchange_rates", name="rates.csv")
    assert (again.unchanged, problems(again)) == (1, {"fixed": 1})
    undo(manager, run)
    assert ExchangeRate.objects.count() == 0


def test_archived_rate_makes_room_for_the_one_of_a_file(manager, programme):
    wrong = ExchangeRateFactory(programme=programme, currency="CHF", valid_from="2026-01-01")
    ledger.archive_exchange_rate(actor=manager, rate=wrong)
    text = "Currency,From,Rate\nCHF,2026-01-01,0.95\n"
    run = import_file(manager, text, kind="exchange_rates", name="rates.csv")
    assert (run.created, run.rejected) == (1, 0)
    assert ExchangeRate.objects.active().get().rate == Decimal("0.95")


FORMULA = "=cmd|' /C calc'!A0"
WARNED = "Texts that begin like a formula: kept as text, never run"


@pytest.mark.parametrize(
    ("kind", "text", "count"),
    [
        ("accounts", f"Name,Country\n{FORMULA},DE\nBirch,=1+1\nElm,DE\n", 2),
        ("ledger", f"Customer name,Date,Amount\n{FORMULA},2026-05-02,1\nElm,2026-05-02,2\n", 1),
        ("contacts", f"Customer name,Contact name,Phone\n{FORMULA},Ann,+49 1\nElm,@Bo,-\n", 2),
        ("products", f"Code,Name\n-1,Lamp\nA2,{FORMULA}\n", 1),
    ],
)
def test_texts_that_a_spreadsheet_would_run_are_remarked_and_kept(
    manager, programme, kind, text, count
):
    run = import_file(manager, text, kind=kind, name="attack.csv")
    assert (run.status, run.rejected) == ("published", 0)
    assert notices(run)[WARNED] == count
    stored = Product.objects.all() if kind == "products" else Account.objects.all()
    assert FORMULA in stored.values_list("name", flat=True)


def test_costs_are_added_up_by_currency(manager, programme, acme):
    ActivityFactory(programme=programme, code="logistics", name="Logistics")
    text = (
        "Customer ID,Activity,Month,Quantity,Rate,Amount,Currency\n"
        "7,Logistics,2026-01,2,10.5,,EUR\n7,logistics,2026-02-28,,,5,USD\n"
        "7,Gifts,2026-01-01,,,5,EUR\n7,Logistics,2026-03-01,,,,EUR\n8,Logistics,2026-03-01,,,1,EUR\n"
        "7,Logistics,2026-13,,,1,EUR\n7,Logistics,2026-01,,,9,EUR\n"
    )
    run = import_file(manager, text, kind="activity_costs", name="costs.csv")
    assert problems(run) == {
        "bad_activity": 1,
        "nothing": 1,
        "unknown_account": 1,
        "bad_month": 1,
        "repeated": 1,
    }
    assert set(ActivityCost.objects.values_list("month", "amount", "currency")) == {
        (datetime.date(2026, 1, 1), Decimal(21), "EUR"),
        (datetime.date(2026, 2, 1), Decimal(5), "USD"),
    }
    assert [(t["label"], t["value"], t["unit"]) for t in run.report["totals"]][1:] == [
        ("Amount", "21.00", "EUR"),
        ("Amount", "5.00", "USD"),
        ("Amount, 2026-01", "21.00", "EUR"),
        ("Amount, 2026-02", "5.00", "USD"),
    ]
    undo(manager, run)
    assert ActivityCost.objects.count() == 0


SITES = "Site,Customer ID,Street,Town,Country\n"


def places(manager, text, **kwargs):
    return import_file(manager, SITES + text, kind="sites", name="sites.csv", **kwargs)


def test_sites_are_known_by_their_name_at_their_account(manager, acme):
    works = SiteFactory(account=acme, name="Works", address="Old Road 1", city="Leeds")
    SiteFactory(account=acme, name="Depot", archived_at=timezone.now())
    SiteFactory.create_batch(2, account=acme, name="Twin")
    text = (
        "WORKS,7,New Road 2,,UK\nPort,7,Quay 1,Hull,\nPort,7,Quay 2,,\nDepot,7,,,\nTwin,7,,,\n"
        ",7,Nowhere 1,,\nYard,8,,,\nYard,,,,\n"
    )
    run = places(manager, text)
    assert (run.created, run.updated) == (1, 1)
    assert problems(run) == {
        "repeated": 1,
        "archived": 1,
        "ambiguous_site": 1,
        "nothing": 1,
        "unknown_account": 1,
        "no_account": 1,
    }
    works.refresh_from_db()
    assert (works.name, works.address, works.city, works.country) == (
        "WORKS",
        "New Road 2",
        "Leeds",
        "UK",
    )
    assert Change.objects.of(works).get().after == {
        "name": "WORKS",
        "address": "New Road 2",
        "country": "UK",
    }
    assert places(manager, "Port,7,Quay 1,Hull,\n").unchanged == 1
    undo(manager, run)
    works.refresh_from_db()
    assert (works.name, works.address, works.country) == ("Works", "Old Road 1", "")
    assert not Site.objects.filter(name="Port").exists()


@pytest.mark.parametrize("verb", ["created", "updated"])
def test_publishing_takes_as_many_queries_for_many_rows_as_for_few(manager, acme, verb):
    counts = []
    for number in (2, 40):
        for city in ("", "Hull") if verb == "updated" else ("Hull",):
            rows = "".join(f"Site {number}-{row},7,,{city},\n" for row in range(number))
            run = upload(manager, SITES + rows, kind="sites", name="sites.csv")
            run = services.start_run(actor=manager, run=run, enqueue=False)
            with CaptureQueriesContext(connection) as queries:
                run = passes.import_rows(run.pk)
        begun = max(
            at
            for at, row in enumerate(queries)
            if "stagedrecord" in row["sql"].lower()
            and row["sql"].startswith(('INSERT INTO "accounts_site"', "INSERT INTO accounts_site"))
        )
        counts.append(len(queries) - begun)
        assert getattr(run, verb) == number
    assert counts[0] == counts[1]


def test_site_at_which_somebody_works_is_not_taken_back(manager, acme):
    run = places(manager, "Port,7,Quay 1,Hull,\n")
    ContactFactory(account=acme, site=Site.objects.get())
    undo(manager, run)
    assert Site.objects.get().name == "Port"


def test_sites_come_in_on_accounts_that_their_bringer_may_edit(programme, acme):
    reader = RoleGrantFactory(programme_manager=True, programme=programme).user
    ConflictFactory(
        a=acme,
        b=AccountFactory(
            programme=programme,
            team=MembershipFactory(user=reader, team__programme=programme).team,
        ),
    )
    run = places(reader, "Port,7,Quay 1,Hull,\n")
    assert (run.created, Site.objects.count()) == (0, 0)
    assert run.rejected == 1


@pytest.mark.parametrize(
    ("mode", "created", "codes"), [("create", 1, {"known": 1}), ("update", 0, {"unknown": 1})]
)
def test_mode_says_which_sites_are_taken(manager, acme, mode, created, codes):
    SiteFactory(account=acme, name="Works")
    run = places(manager, "Works,7,Road,,\nPort,7,,,\n", options={"mode": mode})
    assert (run.created, problems(run)) == (created, codes)


@pytest.mark.parametrize(
    ("mode", "created", "codes"), [("create", 1, {"known": 1}), ("update", 0, {"unknown": 1})]
)
def test_mode_says_which_people_are_taken(manager, acme, mode, created, codes):
    ContactFactory(account=acme, name="Ann")
    run = people(manager, ",7,,Ann,Boss,,,,,,,\n,7,,Bo,,,,,,,,\n", options={"mode": mode})
    assert (run.created, problems(run)) == (created, codes)


def test_records_of_another_programme_stay_apart(manager, programme):
    other = ProgrammeFactory()
    far = ExternalIdFactory(account__programme=other, value="7", programme=other).account
    ann = ContactFactory(account=far, name="Ann")
    people(manager, "1,7,,Ann,Boss,,,,,,,\n")
    ann.refresh_from_db()
    assert ann.job_title != "Boss"
    assert Contact.objects.count() == 2
    assert Account.objects.filter(programme=programme).count() == 1
