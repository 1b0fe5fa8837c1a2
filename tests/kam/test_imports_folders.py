"""Files that come by themselves from a folder: complete, agreed, once; all else waits."""

import datetime
import os
import threading

import pytest
from django.core import mail
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import Account, LedgerEntry
from kam.changes.models import Change
from kam.imports import directories, looking, services
from kam.imports.models import Folder, FolderFile, RememberedMapping, Run
from kam.imports.tasks import drop_orphans, look_into_folders
from kam.jobs.models import Job
from kam.jobs.worker import Worker
from teams.models import RoleGrant
from tests.concurrency import run_together
from tests.factories.accounts import AccountFactory, ConflictFactory
from tests.factories.api import caller
from tests.factories.imports import FolderFactory, FolderFileFactory
from tests.factories.teams import (
    MembershipFactory,
    ProgrammeFactory,
    RoleGrantFactory,
    TeamFactory,
)

pytestmark = pytest.mark.django_db
HEADING = "Customer No,Date,Amount\n"
ROWS = "1001,2026-05-31,10.00\n1002,2026-05-31,2.50\n"
LATER = datetime.timedelta(seconds=40)


@pytest.fixture
def base(settings, tmp_path):
    """The import folder of the installation, with one folder in it."""
    settings.IMPORT_FOLDER = str(tmp_path / "in")
    (tmp_path / "in" / "orders").mkdir(parents=True)
    return tmp_path / "in"


@pytest.fixture
def manager():
    return RoleGrantFactory(programme_manager=True, user__email="pm@example.com").user


@pytest.fixture
def programme(manager):
    return manager.grants.get().programme


def remember(manager, programme, text=HEADING + ROWS, **chosen):
    """Map a file once and keep how."""
    run = services.upload_file(
        actor=manager,
        kind="ledger",
        scope_id=programme.pk,
        file=ContentFile(text.encode(), name="first.csv"),
        file_name="first.csv",
    )
    services.configure_run(actor=manager, run=run, remember=True, chosen=chosen)
    services.cancel_run(actor=manager, run=run)
    return RememberedMapping.objects.get(scope_id=programme.pk)


def watched(manager, programme, **values):
    values = {"name": "Orders", "path": "orders", "pattern": "*.csv"} | values
    return services.create_folder(
        actor=manager, kind="ledger", scope_id=programme.pk, values=values
    )


class Clock:
    """Looks into a folder at moments of its own."""

    def __init__(self, folder: Folder) -> None:
        self.folder = folder
        self.now = timezone.now()

    def look(self) -> list[tuple[str, str]]:
        """Two looks, the second when files are complete, with the imports that they start."""
        for _ in range(2):
            self.now += LATER
            looking.look(self.folder.pk, self.now)
        Worker(heartbeat=False).drain()
        self.now += LATER
        looking.look(self.folder.pk, self.now)
        Worker(heartbeat=False).drain()
        self.folder.refresh_from_db()
        rows = self.folder.files.order_by("pk")
        return list(rows.values_list("name", "status"))


@pytest.fixture
def clock(base, manager, programme):
    remember(manager, programme)
    return Clock(watched(manager, programme))


def test_look_asks_for_the_files_at_hand_alone(base, clock):
    FolderFileFactory.create_batch(3, folder=clock.folder, status="done")
    torn = FolderFileFactory(folder=clock.folder, status="seen")
    (base / "orders" / "may.csv").write_text(HEADING + ROWS)
    with CaptureQueriesContext(connection) as queries:
        looking.look(clock.folder.pk, clock.now)
    files = [row["sql"] for row in queries if 'FROM "imports_folderfile"' in row["sql"]]
    asked = [sql.partition(" WHERE ")[2] for sql in files]
    assert all(any(word in where for word in ('"name" IN', '"status"', '"id"')) for where in asked)
    assert not FolderFile.objects.filter(pk=torn.pk).exists()
    assert set(clock.folder.files.values_list("status", flat=True)) == {"done", "seen"}


def test_file_of_an_upload_that_was_killed_is_dropped_after_a_day(manager, programme, monkeypatch):
    remember(manager, programme)
    kept = Run.objects.get().file.name
    orphan = default_storage.save(f"{kept.rpartition('/')[0]}/orphan.csv", ContentFile(b"x"))
    drop_orphans.func()  # what other tests have left behind is as young
    assert default_storage.exists(orphan)
    later = timezone.now() + datetime.timedelta(hours=25)
    monkeypatch.setattr(timezone, "now", lambda: later)
    assert drop_orphans.func() >= 1
    assert (default_storage.exists(kept), default_storage.exists(orphan)) == (True, False)


def test_file_comes_in_by_itself_once_it_is_complete(base, clock, manager):
    (base / "orders" / "may.csv").write_text(HEADING + ROWS)
    looking.look(clock.folder.pk, clock.now)
    assert list(clock.folder.files.values_list("status", flat=True)) == ["seen"]
    (base / "orders" / "may.csv").write_text(HEADING + ROWS + "1003,2026-05-31,1.00\n")
    looking.look(clock.folder.pk, clock.now + LATER)
    assert list(clock.folder.files.values_list("status", "size")) == [("seen", 88)]
    assert clock.look() == [("may.csv", "done")]
    run = Run.objects.get(status="published")
    assert (run.owner, run.created, run.file_name) == (manager, 3, "may.csv")
    assert LedgerEntry.objects.live().count() == 3
    assert (base / "orders" / "may.csv").exists()
    assert clock.folder.looked_at == clock.now
    assert clock.folder.next_look_at == clock.now + datetime.timedelta(hours=1)


def test_same_content_changes_nothing(base, clock):
    (base / "orders" / "may.csv").write_text(HEADING + ROWS)
    assert clock.look() == [("may.csv", "done")]
    os.utime(base / "orders" / "may.csv", (1, 1))
    (base / "orders" / "copy.csv").write_text(HEADING + ROWS)
    found = [("may.csv", "done"), ("may.csv", "known"), ("copy.csv", "known")]
    assert clock.look() == clock.look() == found
    assert (Run.objects.filter(status="published").count(), LedgerEntry.objects.count()) == (1, 2)


def test_undone_import_can_be_taken_again(base, clock, manager):
    (base / "orders" / "may.csv").write_text(HEADING + ROWS)
    clock.look()
    services.undo_run(actor=manager, run=Run.objects.get(status="published"))
    assert clock.look() == [("may.csv", "done")]
    assert LedgerEntry.objects.count() == 0
    services.retry_file(actor=manager, file=clock.folder.files.get())
    clock.look()
    assert clock.look() == [("may.csv", "done")]
    assert LedgerEntry.objects.live().count() == 2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Customer,Day,Amount\n1,2026-05-31,1\n", "Its columns are those of no saved mapping"),
        (HEADING.strip() + ",New\n1,2026-05-31,1,x\n", "Its columns are those of no saved mapping"),
        (HEADING + "1,03/04/2026,1\n", "Say whether the day or the month comes first."),
        ("1001,2026-05-31,10.00\n", "Its columns are those of no saved mapping"),
    ],
)
def test_unclear_file_waits_for_a_person(base, clock, text, words):
    (base / "orders" / "may.csv").write_text(text)
    assert clock.look() == [("may.csv", "waiting")]
    item = clock.folder.files.get()
    assert item.note.startswith(words)
    assert LedgerEntry.objects.count() == Account.objects.count() == 0
    (message,) = mail.outbox
    assert (message.to, "may.csv" in message.body) == (["pm@example.com"], True)
    clock.look()
    assert len(mail.outbox) == 1


def test_waiting_file_holds_back_those_behind_it(base, clock, manager):
    (base / "orders" / "a.csv").write_text(HEADING + "1,03/04/2026,1\n")
    (base / "orders" / "b.csv").write_text(HEADING + ROWS)
    os.utime(base / "orders" / "a.csv", (1, 1))
    assert clock.look() == [("a.csv", "waiting"), ("b.csv", "seen")]
    run = clock.folder.files.get(name="a.csv").run
    services.configure_run(actor=manager, run=run, chosen={"dates": "dmy"})
    services.start_run(actor=manager, run=run)
    Worker(heartbeat=False).drain()
    clock.look()
    assert clock.look() == [("a.csv", "done"), ("b.csv", "done")]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "The file is empty."),
        (b"<html><body>Sign in</body></html>", "This is a web page"),
        (b"\x89PNG\r\n\x1a\n" + b"x" * 40, "This is a picture"),
        (HEADING.encode(), "The file has a heading and no rows."),
    ],
)
def test_unreadable_file_is_refused_and_told(base, clock, manager, content, words):
    (base / "orders" / "may.csv").write_bytes(content)
    (base / "orders" / "june.csv").write_text(HEADING + ROWS)
    os.utime(base / "orders" / "may.csv", (1, 1))
    assert clock.look() == [("may.csv", "refused"), ("june.csv", "done")]
    item = clock.folder.files.get(name="may.csv")
    assert item.note.startswith(words)
    assert words in mail.outbox[0].body
    services.dismiss_file(actor=manager, file=item)
    assert clock.look() == [("may.csv", "dismissed"), ("june.csv", "done")]


def test_rejected_rows_are_told(base, clock):
    (base / "orders" / "may.csv").write_text(HEADING + ROWS + ",2026-05-31,1.00\n")
    assert clock.look() == [("may.csv", "done")]
    assert clock.folder.files.get().note == "1 row rejected"
    assert "1 row rejected" in mail.outbox[0].body


def test_other_import_under_way_is_waited_for(base, clock, manager, programme):
    other = services.upload_file(
        actor=manager,
        kind="ledger",
        scope_id=programme.pk,
        file=ContentFile((HEADING + "9,2026-05-31,1\n").encode(), name="other.csv"),
        file_name="other.csv",
    )
    services.start_run(actor=manager, run=other, enqueue=False)
    (base / "orders" / "may.csv").write_text(HEADING + ROWS)
    assert clock.look() == [("may.csv", "queued")]
    Run.objects.filter(pk=other.pk).update(status="cancelled", lane="")
    clock.look()
    assert clock.look() == [("may.csv", "done")]


def test_mapping_of_the_folder_alone_counts(base, manager, programme):
    kept = remember(manager, programme)
    other = RememberedMapping.objects.create(
        kind="ledger", scope_id=programme.pk, owner=manager, name="Other", signature="x"
    )
    clock = Clock(watched(manager, programme, mapping=other))
    (base / "orders" / "may.csv").write_text(HEADING + ROWS)
    assert clock.look() == [("may.csv", "waiting")]
    assert clock.folder.files.get().note == "Its columns are not those of the mapping “Other”."
    services.cancel_run(actor=manager, run=clock.folder.files.get().run)
    assert clock.look() == [("may.csv", "dismissed")]
    services.update_folder(
        actor=manager, folder=clock.folder, expected_version=None, changes={"mapping": kept}
    )
    services.retry_file(actor=manager, file=clock.folder.files.get())
    clock.look()
    assert clock.look() == [("may.csv", "done")]


def test_links_and_unfinished_files_are_left_alone(base, clock, tmp_path):
    (tmp_path / "secret.csv").write_text(HEADING + ROWS)
    (base / "orders" / "link.csv").symlink_to(tmp_path / "secret.csv")
    (base / "orders" / "pipe.csv").mkdir()
    os.mkfifo(base / "orders" / "fifo.csv")
    for name in (".hidden.csv", "may.csv.part", "may.xlsx", "may.csv~"):
        (base / "orders" / name).write_text(HEADING + ROWS)
    assert clock.look() == []


def test_folder_that_becomes_a_link_is_not_followed(base, clock, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.csv").write_text(HEADING + ROWS)
    (base / "orders").rmdir()
    (base / "orders").symlink_to(outside)
    assert clock.look() == []
    assert clock.folder.note == "This is a file or a link, not a folder."


def test_dead_folder_is_said_and_comes_back(base, clock):
    (base / "orders").rmdir()
    assert clock.look() == []
    assert (clock.folder.note, clock.folder.is_on) == ("There is no such folder.", True)
    (base / "orders").mkdir()
    (base / "orders" / "may.csv").write_text(HEADING + ROWS)
    assert clock.look() == [("may.csv", "done")]
    assert clock.folder.note == ""


def test_file_that_changes_while_it_is_read_is_not_taken(base, clock):
    (base / "orders" / "may.csv").write_text(HEADING + ROWS)
    with directories.opened("orders") as handle:
        (entry,) = directories.files_in(handle, "*.csv")
        (base / "orders" / "may.csv").write_text(HEADING + ROWS + ROWS)
        with pytest.raises(directories.Unsettled), directories.copied(handle, entry):
            pass
        (base / "orders" / "may.csv").unlink()
        with pytest.raises(directories.Unsettled), directories.copied(handle, entry):
            pass


@pytest.mark.parametrize("path", ["../in", "/etc", "orders/../..", "a\\b", "a\0b", "x/" * 9])
def test_path_outside_is_refused(base, manager, programme, path):
    with pytest.raises(ValidationError) as refused:
        watched(manager, programme, path=path)
    assert "path" in refused.value.error_dict
    assert Folder.objects.count() == 0


def test_refusals_never_show_the_path_of_the_machine(base, manager, programme, tmp_path):
    (base / "file").write_text("")
    for path in ("nowhere", "file"):
        with pytest.raises(ValidationError) as refused:
            watched(manager, programme, path=path)
        assert str(tmp_path) not in str(refused.value)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"pattern": "a/b.csv"}, "pattern"),
        ({"pattern": " "}, "pattern"),
        ({"at": datetime.time(6)}, "at"),
        ({"options": {"colour": "red"}}, "colour"),
        ({"every": 7}, "every"),
        ({"name": ""}, "name"),
    ],
)
def test_values_that_make_no_sense_are_refused(base, manager, programme, values, field):
    with pytest.raises(ValidationError) as refused:
        watched(manager, programme, **values)
    assert list(refused.value.error_dict) == [field]


def test_other_programmes_folder_is_refused(base, manager, programme):
    ProgrammeFactory()
    with pytest.raises(ValidationError) as refused:
        watched(manager, programme)
    assert str(programme.pk) in refused.value.messages[0]
    (base / str(programme.pk) / "orders").mkdir(parents=True)
    folder = watched(manager, programme, path=f"{programme.pk}/orders")
    assert folder.path == f"{programme.pk}/orders"


def test_administrator_uses_any_folder(base, programme):
    ProgrammeFactory()
    administrator = RoleGrantFactory().user
    assert watched(administrator, programme).path == "orders"


def test_strangers_set_up_and_see_nothing(base, clock, programme):
    stranger = RoleGrantFactory(programme_manager=True).user
    with pytest.raises(PermissionDenied):
        watched(stranger, programme)
    for write in (
        lambda: services.look_now(actor=stranger, folder=clock.folder),
        lambda: services.archive_folder(actor=stranger, folder=clock.folder),
        lambda: services.update_folder(
            actor=stranger, folder=clock.folder, expected_version=None, changes={"path": ""}
        ),
    ):
        with pytest.raises(PermissionDenied):
            write()
    assert not Folder.objects.visible_to(stranger).exists()
    assert not Change.objects.visible_to(stranger).filter(object_type="imports.folder").exists()


def test_barrier_keeps_somebody_from_watching(base, manager, programme):
    team = TeamFactory(programme=programme)
    mine, other = AccountFactory.create_batch(2, programme=programme, team=team)
    folder = watched(manager, programme)
    other.team = TeamFactory(programme=programme)
    other.save()
    ConflictFactory(a=mine, b=other, kind="ring_fence")
    MembershipFactory(team=team, user=manager)
    with pytest.raises(PermissionDenied):
        watched(manager, programme)
    assert not Folder.objects.editable_by(manager).exists()
    looking.look(folder.pk)
    folder.refresh_from_db()
    assert (folder.is_on, "may no longer import here" in folder.note) == (False, True)


def test_folder_of_somebody_who_left_is_paused_until_it_is_saved_again(base, clock, manager):
    (base / "orders" / "may.csv").write_text(HEADING + ROWS)
    manager.is_active = False
    manager.save()
    assert clock.look() == []
    assert (clock.folder.is_on, "has left" in clock.folder.note) == (False, True)
    colleague = RoleGrantFactory().user
    folder = services.update_folder(
        actor=colleague, folder=clock.folder, expected_version=None, changes={"is_on": True}
    )
    assert (folder.owner, folder.note) == (colleague, "")
    mapping = RememberedMapping.objects.get()
    assert (clock.look(), mapping.owner) == ([("may.csv", "done")], manager)
    assert Run.objects.get(status="published").owner == colleague


def test_right_that_is_lost_pauses_the_folder(base, clock):
    RoleGrant.objects.all().delete()
    clock.look()
    assert (clock.folder.is_on, "may no longer import" in clock.folder.note) == (False, True)
    paused = Change.objects.get(object_type="imports.folder", verb="paused")
    assert (paused.actor, paused.audience) == (None, "object")


def test_schedule_looks_once_into_each_folder(base, clock):
    look_into_folders.call()
    look_into_folders.call()
    assert Job.objects.filter(key=f"import folder {clock.folder.pk}").count() == 1
    Worker(heartbeat=False).drain()
    clock.folder.refresh_from_db()
    assert clock.folder.next_look_at > timezone.now()
    assert not Folder.objects.due(timezone.now()).exists()
    services.look_now(actor=clock.folder.owner, folder=clock.folder)
    assert Folder.objects.due(timezone.now()).get() == clock.folder


def test_daily_look_has_its_time(base, manager, programme):
    folder = watched(manager, programme, every=1440, at=datetime.time(6))
    noon = datetime.datetime(2026, 6, 1, 12, tzinfo=datetime.UTC)
    looking.look(folder.pk, noon)
    folder.refresh_from_db()
    assert folder.next_look_at == datetime.datetime(2026, 6, 2, 6, tzinfo=datetime.UTC)


@pytest.mark.django_db(transaction=True)
def test_two_workers_take_a_file_once(base, clock):
    (base / "orders" / "may.csv").write_text(HEADING + ROWS)
    looking.look(clock.folder.pk, clock.now)
    barrier = threading.Barrier(2)

    def together():
        barrier.wait(30)
        looking.look(clock.folder.pk, clock.now + LATER)

    outcomes = run_together(together, together)
    assert [item.error for item in outcomes if item.error] == []
    Worker(heartbeat=False).drain()
    assert LedgerEntry.objects.live().count() == 2
    assert Run.objects.exclude(status="cancelled").count() == 1


# Pages and calls


def test_pages_set_up_change_and_remove(base, client, manager, programme):
    client.force_login(manager)
    page = client.get(reverse("imports:folder_new"))
    assert "IMPORT_FOLDER" not in page.content.decode()
    data = {"name": "Orders", "kind": "ledger", "scope": programme.pk, "path": "nowhere"}
    data |= {"pattern": "*.csv", "every": 60}
    refused = client.post(reverse("imports:folder_new"), data)
    assert refused.status_code == 422
    assert refused.context["form"].errors == {"path": ["There is no such folder."]}
    client.post(reverse("imports:folder_new"), data | {"path": "orders"})
    folder = Folder.objects.get()
    form = client.get(reverse("imports:folder_edit", args=[folder.pk])).context["form"]
    data |= {"path": "orders", "option-unknown": "reject", "version": form.initial["version"]}
    client.post(reverse("imports:folder_edit", args=[folder.pk]), data)
    folder.refresh_from_db()
    assert folder.options == {"unknown": "reject"}
    FolderFileFactory(folder=folder)
    page = client.get(folder.get_absolute_url())
    assert "The file is empty." in page.content.decode()
    assert "Files that wait" in client.get(reverse("reviews:my_day")).content.decode()
    file = FolderFile.objects.get()
    client.post(reverse("imports:folder_file", args=[file.pk, "dismiss"]))
    file.refresh_from_db()
    assert file.status == "dismissed"
    client.post(reverse("imports:folder_switch", args=[folder.pk]))
    refused = client.post(reverse("imports:folder_look", args=[folder.pk]), follow=True)
    assert "The folder is off" in refused.content.decode()
    client.post(reverse("imports:folder_remove", args=[folder.pk]))
    assert client.get(folder.get_absolute_url()).status_code == 404
    assert "No folder yet" in client.get(reverse("imports:folders")).content.decode()


def test_members_have_no_folders(base, client, clock):
    member = MembershipFactory(team__programme_id=clock.folder.scope_id).user
    client.force_login(member)
    assert client.get(reverse("imports:folder_new")).status_code == 403
    assert client.get(clock.folder.get_absolute_url()).status_code == 404
    assert list(client.get(reverse("imports:folders")).context["object_list"]) == []


def test_calls_set_up_look_and_remove(base, manager, programme):
    client = caller(manager, scope="write")
    body = {"name": "Orders", "kind": "ledger", "scope": programme.pk, "path": "orders"}
    refused = client.post("/api/v1/import-folders/", body | {"path": "../x"})
    assert [item["pointer"] for item in refused.json()["errors"]] == ["/path"]
    made = client.post("/api/v1/import-folders/", body | {"options": {"unknown": "reject"}})
    assert made.status_code == 201, made.content
    here = f"/api/v1/import-folders/{made.json()['id']}/"
    looked = client.post(f"{here}look/")
    assert (looked.status_code, looked.json()["owner"]) == (202, manager.pk)
    changed = client.patch(here, {"every": 1440, "at": "06:00"}, headers={"If-Match": '"1"'})
    assert (changed.status_code, changed.json()["at"]) == (200, "06:00:00")
    fixed = client.patch(here, {"kind": "contacts"}, headers={"If-Match": '"2"'})
    assert fixed.json()["errors"][0]["code"] == "fixed"
    file = FolderFileFactory(folder_id=made.json()["id"])
    listed = client.get("/api/v1/import-files/?status=refused").json()["results"]
    assert [row["id"] for row in listed] == [file.pk]
    done = client.post(f"/api/v1/import-files/{file.pk}/dismiss/")
    assert done.json()["status"] == "dismissed"
    assert client.post(f"/api/v1/import-files/{file.pk}/retry/").json()["status"] == "seen"
    gone = client.delete(here, headers={"If-Match": '"2"'})
    assert (gone.status_code, client.get(here).status_code) == (204, 404)


def test_folder_list_counts_in_one_query(base, manager, programme, django_assert_num_queries):
    for _ in range(3):
        FolderFileFactory(folder=FolderFactory(scope=programme, owner=manager))
    with django_assert_num_queries(3):  # rights, barriers, folders
        rows = list(Folder.objects.visible_to(manager).for_list())
    assert [row.asking for row in rows] == [1, 1, 1]


def test_file_that_is_too_large_is_not_copied(base, settings):
    settings.IMPORT_MAX_BYTES = 10
    (base / "orders" / "huge.csv").write_text(HEADING)
    with directories.opened("orders") as handle:
        (entry,) = directories.files_in(handle, "*")
        with (
            pytest.raises(directories.Unreachable, match="larger"),
            directories.copied(handle, entry),
        ):
            pass


def test_accident_is_said_and_the_folder_waits_for_its_time(base, clock, settings, tmp_path):
    (base / "orders" / "may.csv").write_text(HEADING + ROWS)
    (tmp_path / "full").write_text("a file where a folder should be")
    right = settings.STORAGES
    location = {"location": str(tmp_path / "full")}
    settings.STORAGES = {**right, "default": {**right["default"], "OPTIONS": location}}
    looking.look(clock.folder.pk, clock.now)
    clock.now += LATER
    with pytest.raises(OSError, match="full"):
        looking.look(clock.folder.pk, clock.now)
    clock.folder.refresh_from_db()
    assert "went wrong" in clock.folder.note
    assert clock.folder.next_look_at > clock.now
    assert not Run.objects.filter(file_name="may.csv").exists()
    settings.STORAGES = right
    assert clock.look() == [("may.csv", "done")]
    assert clock.folder.note == ""
