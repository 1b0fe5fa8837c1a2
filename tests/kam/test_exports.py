"""Files in the background: what is in them, whose they are, and what becomes of them."""

from __future__ import annotations

import csv
import datetime
import io

import openpyxl
import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.http import Http404
from django.urls import reverse
from django.utils import timezone

from accounts.models import Account
from kam.access.dates import business_today
from kam.changes.models import Change
from kam.documents import tables
from kam.exports import making, services
from kam.exports.lists import address_of, endpoints, table_at
from kam.exports.models import Export
from kam.exports.reach import has_shrunk, ranges, together
from kam.jobs.models import Job
from kam.jobs.progress import Cancelled, InlineJob, running
from kam.jobs.worker import Worker
from kam.web.views.tables import ExportMixin
from teams.models import Membership
from tests.factories.accounts import AccountFactory, ConflictFactory, LedgerEntryFactory
from tests.factories.api import caller
from tests.factories.exports import ExportFactory
from tests.factories.teams import MembershipFactory, RoleGrantFactory, TeamFactory

pytestmark = pytest.mark.django_db

DAY = datetime.timedelta(days=1)


@pytest.fixture
def manager():
    """A manager of two accounts; a third one is out of their sight."""
    member = MembershipFactory(role="kam")
    for name in ("Birch", "Aspen"):
        AccountFactory(programme=member.team.programme, team=member.team, name=name)
    AccountFactory(programme=member.team.programme, name="Hidden")
    return member.user


def made(user, address="/accounts/", form="csv") -> Export:
    """An export whose file is made by a worker."""
    export = services.start_export(actor=user, address=address, format=form)
    Worker(heartbeat=False).drain()
    return Export.objects.for_list().get(pk=export.pk)


def read(user, export) -> list[dict[str, str]]:
    with services.open_export(actor=user, export=export) as file:
        return list(csv.DictReader(io.StringIO(file.read().decode("utf-8-sig"), newline="")))


# What is in it


@pytest.mark.parametrize("address", ["/accounts/?sort=name", "/api/v1/accounts/?ordering=name"])
def test_file_holds_what_its_owner_may_see(manager, address):
    export = made(manager, address)
    assert (export.status, export.rows, export.error) == ("ready", 2, "")
    assert [row["Name"] for row in read(manager, export)] == ["Aspen", "Birch"]
    assert export.size == export.file.size


def test_file_holds_what_is_filtered_and_nothing_else(manager):
    export = made(manager, "/accounts/?search=asp")
    assert [row["Name"] for row in read(manager, export)] == ["Aspen"]
    export = made(manager, address_of("accounts", {"search": "bir"}))
    assert [row["Name"] for row in read(manager, export)] == ["Birch"]


def test_workbook_holds_types_and_no_formula(manager):
    Account.objects.filter(name="Birch").update(name='=HYPERLINK("http://x")')
    export = made(manager, "/accounts/?sort=-name", "xlsx")
    with services.open_export(actor=manager, export=export) as file:
        sheet = openpyxl.load_workbook(io.BytesIO(file.read())).worksheets[0]
    cells = {cell.value: sheet.cell(2, cell.column) for cell in sheet[1]}
    assert (cells["Account id"].data_type, cells["Revenue, 12 months"].data_type) == ("n", "n")
    names = [sheet.cell(row, cells["Name"].column) for row in (2, 3)]
    assert [cell.data_type for cell in names] == ["s", "s"]
    assert [cell.quotePrefix for cell in names].count(True) == 1


def test_rows_are_read_in_parts_in_their_order(manager, monkeypatch):
    monkeypatch.setattr(making, "PART", 2)
    account = Account.objects.get(name="Birch")
    for day in range(5):
        LedgerEntryFactory(account=account, booked_on=business_today() - day * DAY)
    export = made(manager, address_of("ledger-entries", {"ordering": "booked_on"}))
    days = [row["Booked on"] for row in read(manager, export)]
    assert (len(days), days) == (5, sorted(days))


def test_hidden_parent_reads_as_none(manager):
    hidden = Account.objects.get(name="Hidden")
    Account.objects.filter(name="Birch").update(parent=hidden)
    text = str(read(manager, made(manager)))
    assert "Hidden" not in text
    (row,) = (row for row in read(manager, made(manager)) if row["Name"] == "Birch")
    assert [row[name] for name in ("Part of id", "Part of", "Parent")] == ["", "", ""]


# Which lists


def test_page_without_a_layout_is_no_list():
    class Bare(ExportMixin):
        """A list that nobody has laid out for files."""

    class Laid(ExportMixin):
        """One that somebody has."""

        export_columns = (tables.Column("name", "name"),)

    assert (Bare.is_handed_out(), Laid.is_handed_out()) == (False, True)


def test_addresses_that_are_no_list_are_refused(manager):
    for address in (
        "/",
        "https://elsewhere.example/accounts/",
        "//elsewhere.example/accounts/",
        "/nowhere/",
        f"/accounts/{Account.objects.first().pk}/",
        "/api/v1/me/",
        "/api/v1/accounts/?colour=red",
        "/api/v1/accounts/?page_size=2",
        "/accounts/?q=" + "x" * 5000,
        "/selection/costs/?search=a%00bc",
        "",
    ):
        with pytest.raises(ValidationError):
            services.start_export(actor=manager, address=address, format="csv")
    with pytest.raises(ValidationError):
        services.start_export(actor=manager, address="/accounts/", format="pdf")
    assert Export.objects.count() == Job.objects.count() == 0


def test_lists_of_others_are_refused(manager):
    hidden = Account.objects.get(name="Hidden")
    with pytest.raises(Http404):
        services.start_export(actor=manager, address=f"/accounts/{hidden.pk}/lines/", format="csv")
    with pytest.raises(PermissionDenied):
        services.start_export(actor=manager, address="/settings/people/", format="csv")
    assert Export.objects.count() == 0


def test_every_endpoint_that_is_offered_makes_a_table():
    administrator = RoleGrantFactory().user
    assert {"accounts", "contacts", "ledger-entries", "memberships", "plans"} <= set(endpoints())
    for name in endpoints():
        table = table_at(address_of(name), administrator)
        assert (table.count(), bool(str(table.title))) == (len(list(table.rows)), True)


# Long lists


def test_long_list_becomes_a_file_in_the_background(client, manager, monkeypatch):
    client.force_login(manager)
    address = reverse("accounts:list")
    assert client.get(address, {"export": "csv"}).streaming
    monkeypatch.setattr(tables, "LONG", 1)
    response = client.get(address, {"export": "csv", "sort": "name", "page": "3"})
    assert response.status_code == 302
    assert Export.objects.count() == 0
    page = client.get(response["Location"])
    assert b"Make the file" in page.content
    form = {"address": page.context["form"]["address"].value(), "format": "csv"}
    assert form["address"] == "/accounts/?sort=name"
    assert client.post(reverse("exports:new"), form)["Location"] == reverse("exports:list")
    assert b"waiting" in client.get(reverse("exports:list")).content
    Worker(heartbeat=False).drain()
    export = Export.objects.get()
    assert reverse("exports:file", args=[export.pk]).encode() in client.get("/exports/").content
    download = client.get(reverse("exports:file", args=[export.pk]))
    assert download["Content-Disposition"] == 'attachment; filename="accounts.csv"'
    assert b"Aspen" in b"".join(download.streaming_content)


def test_same_list_is_made_once_at_a_time(manager):
    first = services.start_export(actor=manager, address="/accounts/", format="csv")
    assert services.start_export(actor=manager, address="/accounts/", format="csv") == first
    assert services.start_export(actor=manager, address="/accounts/", format="xlsx") != first
    Worker(heartbeat=False).drain()
    assert services.start_export(actor=manager, address="/accounts/", format="csv") != first


def test_number_of_unfinished_files_is_limited(manager):
    for number in range(services.MOST_UNFINISHED):
        services.start_export(actor=manager, address=f"/accounts/?search={number}", format="csv")
    with pytest.raises(ValidationError):
        services.start_export(actor=manager, address="/accounts/", format="csv")


# Whose it is


def test_file_is_for_its_owner_alone(client, manager):
    export = made(manager)
    administrator = RoleGrantFactory().user
    client.force_login(administrator)
    for name in ("file", "stop", "remove"):
        address = reverse(f"exports:{name}", args=[export.pk])
        assert client.get(address).status_code in (404, 405)
        assert client.post(address).status_code == 404 or name == "file"
    api = caller(administrator, scope="admin")
    for path in ("", "file/"):
        assert api.get(f"/api/v1/exports/{export.pk}/{path}").status_code == 404
    for service in (services.open_export, services.stop_export, services.remove_export):
        with pytest.raises(PermissionDenied):
            service(actor=administrator, export=export)
    assert Export.objects.get() == export


def _leave(user):
    Membership.objects.filter(user=user).update(valid_until=business_today() - DAY)


def _barrier(user):
    account = Account.objects.get(name="Birch")
    rival = AccountFactory(
        programme=account.programme, team=TeamFactory(programme=account.programme)
    )
    MembershipFactory(team=rival.team, user=user, role="observer")
    ConflictFactory(a=account, b=rival)


def _move(user):
    Account.objects.filter(name="Birch").update(team=None)


@pytest.mark.parametrize("lose", [_leave, _barrier, _move])
def test_file_is_refused_when_its_owner_sees_less_by_now(client, manager, lose):
    export = made(manager)
    client.force_login(manager)
    address = reverse("exports:file", args=[export.pk])
    assert b"".join(client.get(address).streaming_content)
    lose(manager)
    assert client.get(address).status_code == 403
    assert caller(manager).get(f"/api/v1/exports/{export.pk}/file/").status_code == 403


def test_file_stays_when_its_owner_sees_more(manager):
    export = made(manager)
    Account.objects.filter(name="Hidden").update(team=Account.objects.get(name="Birch").team)
    assert len(read(manager, export)) == 2


def test_list_of_people_is_refused_to_who_is_no_administrator_any_more():
    grant = RoleGrantFactory()
    second = RoleGrantFactory().user
    export = made(grant.user, "/settings/people/")
    assert len(read(grant.user, export)) == 2
    grant.valid_until = business_today() - DAY
    grant.save(update_fields=["valid_until"])
    with pytest.raises(PermissionDenied):
        services.open_export(actor=grant.user, export=export)
    assert second.is_active


def test_rights_lost_before_the_file_is_made_leave_nothing(manager):
    export = services.start_export(actor=manager, address=address_of("accounts"), format="csv")
    _leave(manager)
    Worker(heartbeat=False).drain()
    export.refresh_from_db()
    assert export.rows == 0
    account = Account.objects.get(name="Birch")
    gone = services.start_export(
        actor=account.team.memberships.get().user, address="/accounts/", format="csv"
    )
    assert gone.status == "waiting"


def test_list_that_is_out_of_sight_by_then_fails_in_words(manager):
    account = Account.objects.get(name="Birch")
    export = services.start_export(
        actor=manager, address=f"/accounts/{account.pk}/lines/", format="csv"
    )
    _leave(manager)
    Worker(heartbeat=False).drain()
    export = Export.objects.for_list().get(pk=export.pk)
    assert (export.status, bool(export.file)) == ("failed", False)
    assert "out of your sight" in export.error
    with pytest.raises(Http404):
        services.open_export(actor=manager, export=export)


def test_reach_is_ranges_and_shrinks_only_by_loss():
    assert ranges([1, 2, 3, 7, 9, 10]) == [[1, 3], [7, 7], [9, 10]]
    then = {"held": [["kam", 1]], "fenced": ["/1/"], "accounts": [[1, 3], [7, 7]]}
    assert not has_shrunk(then, then)
    assert not has_shrunk(then, {**then, "accounts": [[1, 9]], "fenced": []})
    assert has_shrunk(then, {**then, "held": []})
    assert has_shrunk(then, {**then, "fenced": ["/1/", "/2/"]})
    for fewer in ([], [[1, 3]], [[1, 2], [7, 7]], [[2, 9]]):
        assert has_shrunk(then, {**then, "accounts": fewer})
    both = together(then, {"held": [["kam", 2]], "fenced": [], "accounts": [[4, 4]]})
    assert both == {"held": [["kam", 1], ["kam", 2]], "fenced": [], "accounts": [[1, 4], [7, 7]]}


# What becomes of it


def test_stopped_export_has_no_file(manager):
    export = services.start_export(actor=manager, address="/accounts/", format="csv")
    stopped = services.stop_export(actor=manager, export=export)
    assert stopped.status == "stopped"
    Worker(heartbeat=False).drain()
    assert not Export.objects.get().file


def test_export_stops_between_two_parts(manager, monkeypatch):
    monkeypatch.setattr(making, "PART", 1)

    class Stopped(InlineJob):
        checks = 0

        def checkpoint(self) -> None:
            self.checks += 1
            if self.checks == 2:
                raise Cancelled

    export = services.start_export(actor=manager, address="/accounts/", format="csv")
    with running(Stopped()), pytest.raises(Cancelled):
        making.make(export.pk)
    assert not Export.objects.get().file


def test_removed_export_takes_its_file_along(manager, django_capture_on_commit_callbacks):
    export = made(manager)
    name = export.file.name
    assert default_storage.exists(name)
    with django_capture_on_commit_callbacks(execute=True):
        services.remove_export(actor=manager, export=export)
    assert (Export.objects.count(), default_storage.exists(name)) == (0, False)


def test_export_removed_while_it_is_made_leaves_no_file(manager, monkeypatch):
    export = services.start_export(actor=manager, address="/accounts/", format="csv")
    kept = []
    store = default_storage.save

    def save(name, content):
        kept.append(store(name, content))
        Export.objects.all().delete()
        return kept[0]

    monkeypatch.setattr(default_storage, "save", save)
    making.make(export.pk)
    assert not default_storage.exists(kept[0])


def test_old_files_and_orphans_are_forgotten(manager):
    fresh, old = made(manager), made(manager, form="xlsx")
    Export.objects.filter(pk=old.pk).update(expires_at=timezone.now() - DAY)
    with pytest.raises(Http404):
        services.open_export(actor=manager, export=Export.objects.get(pk=old.pk))
    assert Export.objects.get(pk=old.pk).status == "expired"
    orphan = default_storage.save("exports/orphan.csv", ContentFile(b"x"))
    assert making.forget(timezone.now()) == 1
    assert list(Export.objects.all()) == [fresh]
    assert not default_storage.exists(old.file.name)
    assert default_storage.exists(orphan)  # a worker may be writing it
    making.forget(timezone.now() + 2 * DAY)
    assert not default_storage.exists(orphan)
    assert default_storage.exists(fresh.file.name)


def test_asking_and_taking_are_logged_for_the_owner(manager):
    export = made(manager)
    read(manager, export)
    rows = Change.objects.of(export).order_by("pk")
    assert [row.verb for row in rows] == ["created", "downloaded"]
    assert {(row.audience, row.audience_id) for row in rows} == {("private", manager.pk)}


# Over REST


def test_export_over_rest(manager):
    api = caller(manager, scope="read")
    body = {"list": "accounts", "format": "csv", "filters": {"search": "aspen"}}
    answer = api.post("/api/v1/exports/", body)
    assert answer.status_code == 201, answer.content
    here = answer["Location"]
    assert answer.json()["status"] == "waiting"
    assert api.get(f"{here}file/").status_code == 404
    Worker(heartbeat=False).drain()
    found = api.get(here).json()
    assert (found["status"], found["rows"], found["progress"]) == ("ready", 1, 1.0)
    file = api.get(f"{here}file/")
    assert (file.status_code, file["Content-Type"]) == (200, tables.TYPES["csv"])
    assert b"Aspen" in b"".join(file.streaming_content)
    assert api.delete(here).status_code == 204
    assert api.get(here).status_code == 404


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"list": "secrets"}, "/list"),
        ({"list": "accounts", "format": "pdf"}, "/format"),
        ({"list": "accounts", "filters": {"colour": "red"}}, "/filters"),
        ({"list": "accounts", "filters": {"search": ["a", "b"]}}, "/filters/search"),
        ({}, "/list"),
    ],
)
def test_export_over_rest_refuses_what_it_does_not_know(manager, body, pointer):
    answer = caller(manager).post("/api/v1/exports/", body)
    assert answer.status_code == 400
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert Export.objects.count() == 0


def test_export_factory_is_ready():
    assert ExportFactory().status == "ready"
