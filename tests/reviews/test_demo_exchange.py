"""Data in and out of the demonstration: the same on every run, inside the folder of files."""

import datetime

import pytest

from accounts.models import Account, ExchangeRate
from kam.exports.models import Export
from kam.imports.models import Folder, FolderFile, RememberedMapping, Run
from reviews.demo.exchange import exchange
from tests.factories.teams import MembershipFactory, RoleGrantFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_storage")]
TODAY = datetime.date(2026, 11, 22)


def exchanged():
    grant = RoleGrantFactory(programme_manager=True)
    kam = MembershipFactory(team__programme=grant.programme).user
    exchange(grant.programme, {"programme": grant.user, "kam": kam}, TODAY)
    return grant


def test_files_of_the_demonstration_come_in_and_go_out(settings, tmp_path):
    settings.IMPORT_FOLDER = str(tmp_path / "incoming")
    grant = exchanged()
    tried, taken, looked, waiting = Run.objects.order_by("pk")
    assert (tried.status, tried.created, tried.rejected) == ("ready", 2, 6)
    assert not Account.objects.exists()
    assert (taken.status, looked.status, waiting.status) == ("published", "published", "uploaded")
    assert RememberedMapping.objects.get().name == "Month-end rates"
    assert ExchangeRate.objects.filter(programme=grant.programme).count() == 8
    folder = Folder.objects.get()
    assert (folder.path, folder.note) == ("treasury", "")
    files = FolderFile.objects.order_by("pk").values_list("name", "status")
    assert list(files) == [("rates-2026-11.csv", "done"), ("spot.csv", "waiting")]
    days = [TODAY - datetime.timedelta(days=days) for days in (2, 1)]
    assert [row.seen_at.date() for row in FolderFile.objects.order_by("pk")] == days
    exports = Export.objects.order_by("pk")
    assert [export.status for export in exports] == ["ready", "ready"]
    written = {path.parts[len(tmp_path.parts)] for path in tmp_path.rglob("*") if path.is_file()}
    assert written == {"exports", "imports", "incoming"}


def test_no_folder_is_set_up_outside_the_files(settings, tmp_path):
    outside = tmp_path.parent / "elsewhere"
    settings.IMPORT_FOLDER = str(outside)
    exchanged()
    assert not Folder.objects.exists()
    assert not outside.exists()
    settings.IMPORT_FOLDER = ""
    exchanged()
    assert not Folder.objects.exists()
