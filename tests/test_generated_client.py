"""A client generated from the OpenAPI document alone does what the integrators' page does."""

from __future__ import annotations

import datetime
import importlib
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import pytest

from accounts.models import LedgerEntry
from tests.factories.api import TokenFactory
from tests.factories.teams import RoleGrantFactory

ROOT = Path(__file__).resolve().parent.parent
MAY = datetime.date(2026, 5, 4)

pytestmark = [pytest.mark.one_database, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def generated(tmp_path, monkeypatch):
    """The client's package, made in a folder of its own."""
    tool = Path(sys.executable).parent / "openapi-python-client"
    document = ROOT / "docs" / "openapi.yaml"
    command = [tool, "generate", "--path", document, "--meta", "none"]
    done = subprocess.run(
        [*map(str, command), "--output-path", "kam_client"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONWARNINGS": "ignore"},
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "WARNING" not in done.stdout, done.stdout  # a call that it could not make sense of
    monkeypatch.syspath_prepend(tmp_path)
    yield SimpleNamespace(
        call=lambda name: importlib.import_module(f"kam_client.api.{name}"),
        models=importlib.import_module("kam_client.models"),
        Client=importlib.import_module("kam_client").AuthenticatedClient,
    )
    for name in [name for name in sys.modules if name.partition(".")[0] == "kam_client"]:
        del sys.modules[name]


def test_generated_client_runs_the_integration(live_server, generated):
    """Token, customers by external id, sales in bulk, contacts, figures, changes."""
    grant = RoleGrantFactory(programme_manager=True, programme__currency="GBP")
    token = TokenFactory.secret(TokenFactory(owner=grant.user))
    models = generated.models
    with generated.Client(live_server.url, token=token, raise_on_unexpected_status=True) as client:

        def call(name: str, *args, **values):
            found = generated.call(name).sync(*args, client=client, **values)
            assert not isinstance(found, models.Problem), found
            return found

        me = call("me.me_retrieve")
        assert me.username == grant.user.username
        start = call("changes.changes_list", after="latest").next_

        body = models.PutAccountRequest(programme=grant.programme_id, name="Nordic Paper")
        account = call("accounts.accounts_by_external_id_update", "shop", "77", body=body)
        body.country = "Sweden"
        again = call("accounts.accounts_by_external_id_update", "shop", "77", body=body)
        assert (again.id, again.country) == (account.id, "Sweden")

        lines = [
            models.LedgerEntryRequest(account=account.id, booked_on=MAY, amount=amount)
            for amount in ("1200.00", "-200.00")
        ]
        for _ in range(2):  # the second call is a repeat, and does nothing
            sold = call(
                "ledger_entries.ledger_entries_bulk_create", body=lines, idempotency_key="sales-5"
            )
        assert [item.status for item in sold.results] == [201, 201]

        person = models.ContactRequest(account=account.id, name="Ida Holm")
        contact = call("contacts.contacts_by_external_id_update", "shop", "4711", body=person)
        found = call("contacts.contacts_list", search="ida")
        assert [row.id for row in found.results] == [contact.id]

        figures = call("accounts.accounts_figures_retrieve", account.id, from_="2026-05-01")
        assert (figures.revenue, figures.currency) == ("1000.000000", "GBP")

        refused = generated.call("accounts.accounts_retrieve").sync(999_999, client=client)
        assert isinstance(refused, models.Problem)

        page = call("changes.changes_list", after=parse_qs(urlsplit(start).query)["after"][0])
        seen = [(change.verb, change.object_type) for change in page.results]
        for what in (
            ("created", "accounts.account"),
            ("updated", "accounts.account"),
            ("created", "accounts.contact"),
        ):
            assert what in seen
    assert LedgerEntry.objects.count() == 2
