"""Hostile and real files through the upload form and through the command: the same truth."""

import io
import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.urls import reverse

from accounts.models import LedgerEntry
from kam.imports.models import Run
from kam.jobs.worker import Worker
from tests.accounts.test_imports_hostile import GOOD, LISTS, NET, PARTLY, REFUSED, bomb, net
from tests.accounts.test_imports_ledger import problems
from tests.factories.teams import RoleGrantFactory

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]


@pytest.fixture
def manager(client):
    user = RoleGrantFactory(programme_manager=True, programme__currency="EUR").user
    client.force_login(user)
    return user


def raw(data) -> bytes:
    return data.encode() if isinstance(data, str) else data


def uploaded(client, manager, data, kind="ledger", name="file.csv"):
    """What the form answers, and the import that it has begun and tried, if it takes the file."""
    body = {"kind": kind, "scope": manager.grants.get().programme_id}
    file = SimpleUploadedFile(name, raw(data))
    response = client.post(reverse("imports:upload"), body | {"file": file})
    if response.status_code == 302:
        Worker(heartbeat=False).drain()
        client.get(response.url)
    return response, Run.objects.order_by("-pk").first()


def commanded(tmp_path, data, kind="ledger", name="file.csv", **options):
    """What the command says when it tries the file."""
    path, said = tmp_path / name, io.StringIO()
    path.write_bytes(raw(data))
    call_command(f"import_{kind}", str(path), dry_run=True, stdout=said, **options)
    return said.getvalue()


@pytest.mark.parametrize("name", GOOD)
def test_usual_forms_give_one_total_both_ways(client, manager, tmp_path, name):
    _response, run = uploaded(client, manager, GOOD[name])
    assert (run.status, net(run), run.rejected) == ("ready", NET, 0)
    assert "Net: 1245.00 EUR" in commanded(tmp_path, GOOD[name])


@pytest.mark.parametrize("name", PARTLY)
def test_rows_that_are_no_sales_are_named_both_ways(client, manager, tmp_path, name):
    data, found = PARTLY[name]
    _response, run = uploaded(client, manager, data)
    assert (problems(run), net(run)) == (found, NET)
    said = commanded(tmp_path, data)
    assert all(item["text"] in said for item in run.report["problems"])
    assert f"rejected {sum(found.values())}" in said
    assert LedgerEntry.objects.count() == 0


@pytest.mark.parametrize("name", REFUSED)
def test_unreadable_files_are_refused_in_one_wording(client, manager, tmp_path, name):
    data, _words = REFUSED[name]
    response, run = uploaded(client, manager, data)
    assert (response.status_code, run) == (422, None)
    (said,) = response.context["form"].errors.values()
    if raw(data):  # an empty upload is refused by the form itself
        with pytest.raises(CommandError) as refusal:
            commanded(tmp_path, data)
        assert str(refusal.value) == said[0]
    assert not Run.objects.exists()


def test_file_that_unpacks_without_end_is_refused_both_ways(client, manager, tmp_path, settings):
    settings.IMPORT_MAX_BYTES = 200_000
    response, run = uploaded(client, manager, bomb())
    assert (response.status_code, run) == (422, None)
    with pytest.raises(CommandError, match="unpacks to more"):
        commanded(tmp_path, bomb())


@pytest.mark.parametrize("name", LISTS)
def test_lists_of_customers_are_judged_alike_both_ways(client, manager, tmp_path, name):
    rows, taken, found = LISTS[name]
    data = "Number,Name,Part of\n" + rows
    _response, run = uploaded(client, manager, data, kind="accounts")
    assert (run.created, problems(run)) == (taken, found)
    said = commanded(tmp_path, data, kind="accounts")
    assert f"created {taken}, updated 0, unchanged 0, rejected {sum(found.values())}" in said


DATES = "Kd-Nr,Datum,Betrag\n1001,03/04/2026,10\n1002,05/04/2026,20\n"


def test_ambiguous_days_are_asked_about_both_ways(client, manager, tmp_path):
    _response, run = uploaded(client, manager, DATES)
    page = client.get(run.get_absolute_url())
    assert "Say whether the day or the month comes first." in page.content.decode()
    with pytest.raises(CommandError, match="day or the month"):
        commanded(tmp_path, DATES)
    assert "Net, April 2026: 30.00" in commanded(tmp_path, DATES, dates="dmy")


REAL = {
    "maven_crm/accounts.csv": ("accounts", 85, 0),
    "northwind/customers.csv": ("accounts", 91, 0),
    "northwind/order_lines.csv": ("ledger", 2_155, 0),
    "northwind/products.csv": ("products", 77, 0),
    "sp500_constituents.csv": ("accounts", 500, 3),
    "online_retail_sample.csv": ("ledger", 20_170, 0),
    "online_retail_sample.xlsx": ("ledger", 20_170, 0),
}
UNSUITABLE = {
    "maven_crm/products.csv": "products",
    "wholesale_customers.csv": "accounts",
    "maven_crm/sales_teams.csv": "memberships",
    "maven_crm/sales_pipeline.csv": "ledger",
    "northwind/orders.csv": "ledger",
    "northwind/employees.csv": "contacts",
}
"""Files that say too little for any kind: they are asked about, or refused row by row."""


@pytest.mark.realdata
@pytest.mark.parametrize("name", REAL)
def test_real_files_come_through_the_form(client, manager, shared_data, name):
    kind, taken, rejected = REAL[name]
    data = (shared_data / name).read_bytes()
    _response, run = uploaded(client, manager, data, kind=kind, name=name.rpartition("/")[2])
    assert (run.status, run.created, run.rejected) == ("ready", taken, rejected), run.report
    facts = json.loads((shared_data / "facts.json").read_text())
    if name == "northwind/order_lines.csv":
        assert net(run) == {"EUR": facts["northwind"]["net_total"]}
    if "online_retail" in name:
        assert net(run) == {"EUR": facts["online_retail_sample"]["net"]["total"]}


@pytest.mark.realdata
@pytest.mark.parametrize("name", UNSUITABLE)
def test_real_files_that_say_too_little_change_nothing_unasked(client, manager, shared_data, name):
    data = (shared_data / name).read_bytes()
    _response, run = uploaded(client, manager, data, kind=UNSUITABLE[name])
    asks = run.status == "uploaded"
    assert asks or run.rejected > 0, (run.status, run.counts(), run.mapping)
    assert LedgerEntry.objects.count() == 0
