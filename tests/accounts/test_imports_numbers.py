"""Numbers in other systems come in with customers, people and products, and go when undone."""

import datetime

import pytest
from django.urls import reverse

from accounts.imports.accounts import AccountsKind
from accounts.models import Account, Contact, ContactExternalId, ExternalId, ProductExternalId
from accounts.services import set_external_ids, update_account
from kam.changes.models import Change
from kam.imports import passes, services
from tests.accounts.test_imports_ledger import import_file, problems, undo, upload
from tests.factories.accounts import (
    AccountFactory,
    ContactFactory,
    ExternalIdFactory,
    ProductFactory,
)
from tests.factories.teams import ProgrammeSettingFactory, RoleGrantFactory

pytestmark = pytest.mark.django_db
HEAD = "Number,Name,Country,All external ids\n"


@pytest.fixture
def manager():
    """Manages the only programme."""
    return RoleGrantFactory(programme_manager=True).user


@pytest.fixture
def programme(manager):
    return manager.grants.get().programme


def take(manager, text, kind="accounts", **kwargs):
    return import_file(manager, text, kind=kind, **kwargs)


def stopped(manager, text, kind):
    """A run whose rows are stored, and that waits for going on."""
    run = upload(manager, text, kind=kind)
    run = services.start_run(actor=manager, run=run, enqueue=False)
    services.stop_run(actor=manager, run=run)
    run = passes.import_rows(run.pk)
    run.import_kind.prepare_chunk(run)
    return run


def resumed(manager, run):
    services.resume_run(actor=manager, run=run, enqueue=False)
    return passes.import_rows(run.pk)


def held(account) -> set[str]:
    return {str(number) for number in ExternalId.objects.filter(account=account)}


def test_new_and_known_customers_get_their_numbers(manager, programme):
    known = ExternalIdFactory(account__programme=programme, value="1").account
    text = HEAD + '1,,,"erp 1, crm A-7"\n2,Two,,"crm B 8, ""old list"" 3"\n'
    run = take(manager, text)
    assert (run.created, run.updated, run.rejected) == (1, 1, 0)
    assert held(known) == {"erp 1", "crm A-7"}
    new = Account.objects.get(name="Two")
    assert held(new) == {"erp 2", "crm B 8", "old list 3"}
    log = Change.objects.get(object_id=known.pk, object_type="accounts.account", verb="updated")
    assert log.after["external_ids"] == ["crm A-7"]
    again = take(manager, text.replace("Two", "Two "))
    assert (again.created, again.updated, again.unchanged) == (0, 0, 2)


def test_undo_takes_the_numbers_away_that_the_file_brought(manager, programme):
    known = ExternalIdFactory(account__programme=programme, value="1").account
    ExternalIdFactory(account=known, system="crm", value="old")
    run = take(manager, HEAD + '1,,UK,"crm old, crm new"\n')
    assert held(known) == {"erp 1", "crm old", "crm new"}
    undo(manager, run)
    assert held(known) == {"erp 1", "crm old"}


def test_undo_takes_numbers_from_a_customer_that_was_changed_since(manager, programme):
    known = ExternalIdFactory(account__programme=programme, value="1").account
    run = take(manager, HEAD + '1,,UK,"crm new, shop 5"\n')
    known.refresh_from_db()
    update_account(actor=manager, account=known, expected_version=None, changes={"country": "DE"})
    ExternalId.objects.filter(account=known, system="shop").delete()
    undo(manager, run)
    known.refresh_from_db()
    assert (held(known), known.country) == ({"erp 1"}, "DE")
    told = Change.objects.filter(object_id=known.pk, verb="import_undone").get()
    assert (told.before, told.after) == ({"external_ids": ["crm new"]}, {"external_ids": []})


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ('2,Two,,"crm X"\n', "number_taken"),
        ('2,Two,,"shop 1"\n3,Three,,"shop 1"\n', "number_taken"),
        ('2,Two,,"erp 3"\n3,Three,,\n', "number_taken"),
        ('2,Two,,"crm"\n', "bad_external_ids"),
        (f'2,Two,,"{"s" * 41} 1"\n', "bad_external_ids"),
        (f'2,Two,,"crm {"9" * 121}"\n', "bad_external_ids"),
    ],
)
def test_number_of_another_one_is_refused_with_its_row(manager, programme, rows, code):
    other = ExternalIdFactory(account__programme=programme, system="crm", value="X").account
    run = take(manager, HEAD + rows + "9,Nine,,\n")
    assert problems(run) == {code: 1}
    assert held(other) == {"crm X"}
    assert Account.objects.filter(name="Nine").exists()


def test_customers_known_by_name_get_the_number_of_the_file(manager, programme):
    known = AccountFactory(programme=programme, name="Birch")
    other = ExternalIdFactory(account__programme=programme, value="8").account
    text = "Number,Name\n7,Birch\n8,Alder\n"
    run = take(manager, text, options={"keys": "name"})
    assert problems(run) == {"number_taken": 1}
    assert (held(known), held(other)) == ({"erp 7"}, {"erp 8"})


def test_number_given_away_before_the_file_counts_stops_it(manager, programme):
    known = ExternalIdFactory(account__programme=programme, value="1").account
    other = AccountFactory(programme=programme)
    run = stopped(manager, HEAD + "1,,UK,crm new\n", "accounts")
    ExternalIdFactory(account=other, system="crm", value="new")
    run = resumed(manager, run)
    assert (run.status, "crm new" in run.error) == ("failed", True)
    known.refresh_from_db()
    assert (held(known), held(other)) == ({"erp 1"}, {"crm new"})
    assert known.country == ""


def test_people_get_their_numbers_and_lose_them(manager, programme):
    account = ExternalIdFactory(account__programme=programme, value="1").account
    ann = ContactFactory(account=account, name="Ann")
    head = "Account,Contact name,Contact number,All external ids\n"
    text = head + '1,Ann,P1,"crm 4, erp P1"\n1,Bob,,"crm 5, hr 6"\n1,Cy,,crm 4\n'
    run = take(manager, text, kind="contacts")
    assert problems(run) == {"number_taken": 1}
    bob = Contact.objects.get(name="Bob")

    def numbers(person):
        rows = ContactExternalId.objects.filter(contact=person)
        return {f"{row.system} {row.value}" for row in rows}

    assert numbers(ann) == {"erp P1", "crm 4"}
    assert numbers(bob) == {"crm 5", "hr 6"}
    told = Change.objects.get(object_id=ann.pk, object_type="accounts.contact", verb="updated")
    assert told.after["external_ids"] == ["erp P1", "crm 4"]
    again = take(manager, text, kind="contacts")
    assert (again.created, again.updated, again.unchanged) == (0, 0, 2)
    undo(manager, run)
    assert numbers(ann) == set()
    undone = Change.objects.get(object_id=ann.pk, verb="import_undone")
    assert undone.before == {"external_ids": ["erp P1", "crm 4"]}


def test_products_get_their_numbers_and_lose_them(manager, programme):
    known = ProductFactory(programme=programme, code="A")
    other = ProductFactory(programme=programme, code="B")
    ProductExternalId.objects.create(product=other, programme=programme, system="ean", value="9")
    text = "Code,All external ids\nA,ean 4006381333931\nC,ean 9\nD,shop 1\nE,shop 1\n"
    run = take(manager, text, kind="products")
    assert problems(run) == {"number_taken": 2}
    kept = ProductExternalId.objects.filter(programme=programme)
    assert set(kept.values_list("product__code", "system", "value")) == {
        ("A", "ean", "4006381333931"),
        ("B", "ean", "9"),
        ("D", "shop", "1"),
    }
    undo(manager, run)
    assert set(kept.values_list("product__code", "value")) == {("B", "9")}
    assert known.external_ids.count() == 0


def test_page_keeps_a_system_with_a_blank_in_its_name(manager, programme, client):
    """As numbers of rows have it: their system is called as the file."""
    account = ExternalIdFactory(
        account__programme=programme, system="Wholesale customers.csv", value="12"
    ).account
    client.force_login(manager)
    address = reverse("accounts:edit", args=[account.pk])
    shown = client.get(address).context["form"].initial["external_ids"]
    data = {"name": account.name, "version": account.version, "external_ids": f"{shown}\ncrm A 7"}
    assert client.post(address, data).status_code == 302
    assert held(account) == {"Wholesale customers.csv 12", "crm A 7"}


def test_number_that_somebody_gave_meanwhile_is_theirs(manager, programme):
    """Not the run's: history does not say so, and undoing leaves it."""
    known = ExternalIdFactory(account__programme=programme, value="1").account
    run = stopped(manager, HEAD + '1,,UK,"crm new, shop 5"\n', "accounts")
    set_external_ids(actor=manager, account=known, external_ids=[("erp", "1"), ("crm", "new")])
    run = resumed(manager, run)
    log = Change.objects.get(object_id=known.pk, object_type="accounts.account", source="import")
    assert log.after == {"country": "UK", "external_ids": ["shop 5"]}
    undo(manager, run)
    assert held(known) == {"erp 1", "crm new"}


def test_number_of_a_person_that_somebody_gave_meanwhile_is_theirs(manager, programme):
    account = ExternalIdFactory(account__programme=programme, value="1").account
    ann = ContactFactory(account=account, name="Ann")
    text = 'Account,Contact name,All external ids\n1,Ann,"crm 4, hr 5"\n'
    run = stopped(manager, text, "contacts")
    ContactExternalId.objects.create(contact=ann, account=account, system="crm", value="4")
    run = resumed(manager, run)
    assert run.status == "published"
    undo(manager, run)
    assert [str(row) for row in ContactExternalId.objects.filter(contact=ann)] == ["crm 4"]


def test_number_of_a_person_given_to_another_meanwhile_stops_the_file(manager, programme):
    account = ExternalIdFactory(account__programme=programme, value="1").account
    ContactFactory(account=account, name="Ann")
    other = ContactFactory(account=account, name="Bob")
    run = stopped(manager, "Account,Contact name,Contact number\n1,Ann,P1\n", "contacts")
    ContactExternalId.objects.create(contact=other, account=account, system="erp", value="P1")
    run = resumed(manager, run)
    assert (run.status, "erp P1" in run.error) == ("failed", True)


def test_rows_that_mean_one_known_customer_are_refused_but_the_first(manager, programme):
    known = ExternalIdFactory(account__programme=programme, value="7", account__name="Birch")
    run = take(manager, HEAD + "7,Birch,UK,crm A\n,Birch,,crm B\n")
    assert problems(run) == {"repeated": 1}
    assert held(known.account) == {"erp 7", "crm A"}


def test_row_refused_for_its_number_takes_no_place_among_key_accounts(manager, programme):
    ProgrammeSettingFactory(
        programme=programme,
        name="programme_max_accounts",
        value=1,
        valid_from=datetime.date(2026, 1, 1),
    )
    ExternalIdFactory(account__programme=programme, system="crm", value="X")
    text = "Number,Name,Status,All external ids\n2,Two,key,crm X\n3,Three,key,\n"
    run = take(manager, text)
    assert problems(run) == {"number_taken": 1}
    assert Account.objects.get(name="Three").status == "key"


def test_refused_rows_stay_refused_when_a_run_goes_on(manager, programme, monkeypatch):
    """Row 2 is refused for its number, row 3 is the customer's; its number is known after that."""
    monkeypatch.setattr(AccountsKind, "chunk_rows", 2)
    ExternalIdFactory(account__programme=programme, system="crm", value="X")
    known = ExternalIdFactory(account__programme=programme, value="5").account
    rows = "5,,,crm X\n5,,,crm Q\n6,Six,,crm Q\n"
    run = upload(manager, HEAD + rows, kind="accounts")
    run = services.start_run(actor=manager, run=run, enqueue=False)
    services.stop_run(actor=manager, run=run)
    run = passes.import_rows(run.pk)
    assert (run.status, run.rows_done) == ("stopped", 2)
    run = resumed(manager, run)
    assert (run.status, problems(run)) == ("published", {"number_taken": 2})
    assert held(known) == {"erp 5", "crm Q"}
