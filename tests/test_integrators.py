"""What `docs/integrators.md` promises to a stranger is done, word for word, against a server."""

from __future__ import annotations

import csv
import os
import re
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from accounts.models import Account, Contact, Decision, ExternalId, LedgerEntry
from kam.imports.models import Run
from tests.factories.teams import RoleGrantFactory
from tests.kam.test_jobs_crash import Workers, database_url

ROOT = Path(__file__).resolve().parent.parent
FIRST = "## In fifteen minutes\n"
SELECTIONS = "## Selections\n"

pytestmark = [pytest.mark.one_database, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def worker():
    group = Workers()
    group.start()
    yield
    group.end()


def blocks(heading: str) -> list[tuple[str, str]]:
    """Language and text of each block of a section, in order."""
    text = (ROOT / "docs" / "integrators.md").read_text()
    section = text[text.index(heading) :].removeprefix(heading).partition("\n## ")[0]
    return re.findall(r"^```(\w+)\n(.*?)^```$", section, re.DOTALL | re.MULTILINE)


def run_blocks(
    parts: list[tuple[str, str]], names: dict[str, str], address: str, folder: Path
) -> subprocess.CompletedProcess[str]:
    """Bash blocks in one shell, the Python block saved as the page says."""
    script = ["set -euo pipefail"]
    for language, text in parts:
        if language == "bash":
            script.append(text)
        else:
            (folder / names[language]).write_text(text)
    (folder / "manage.py").symlink_to(ROOT / "manage.py")  # the folder of the application
    return subprocess.run(
        ["bash", "-c", "\n".join(script)],
        check=False,
        cwd=folder,
        env=os.environ
        | {
            "KAM": address,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "DATABASE_URL": database_url(),
            "DJANGO_SETTINGS_MODULE": "kam.test_settings",
        },
        capture_output=True,
        text=True,
        timeout=240,
    )


def test_page_synchronises_customers_contacts_and_sales(live_server, worker, tmp_path):
    """Each bash block runs in one shell, the Python block is saved as the page says."""
    programme = RoleGrantFactory(
        programme_manager=True, user__username="shop.bridge", programme__currency="GBP"
    ).programme
    done = run_blocks(blocks(FIRST), {"python": "sync.py"}, live_server.url, tmp_path)
    assert done.returncode == 0, done.stderr + done.stdout
    lines = done.stdout.splitlines()
    assert lines[0] == "shop.bridge"
    assert "1000.000000" in lines
    assert "3 customers; 3 new sales lines, 0 known ones" in lines
    second = lines.index("3 customers; 0 new sales lines, 3 known ones")
    assert any("updated accounts.contact" in line for line in lines[:second])
    assert not any("accounts.account" in line for line in lines[second:])

    numbers = {item.value: item.account for item in ExternalId.objects.filter(system="shop")}
    assert {number: account.name for number, account in numbers.items()} == {
        "77": "Nordic Paper",
        "78": "Nordic Paper Kotka",
        "79": "Baltic Board, Riga",
    }
    assert numbers["78"].parent == numbers["77"]
    assert Account.objects.filter(programme=programme).count() == 3
    people = dict(Contact.objects.values_list("name", "email"))
    assert people == {
        "Ida Holm": "ida.holm@nordic.example",
        "Juris Ozols": "juris@board.example",
    }
    sold = LedgerEntry.objects.live()
    assert sum(sold.values_list("amount", flat=True)) == Decimal("2515.45")
    assert sold.count() == 5
    assert [run.status for run in Run.objects.all()] == ["published", "published"]
    with (tmp_path / "lines.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert sorted(row["Document"] for row in rows) == ["C-3", "I-2", "I-3"]
    assert {row["Account name"] for row in rows} == {"Nordic Paper", "Baltic Board, Riga"}


def test_page_chooses_key_accounts(live_server, worker, tmp_path):
    """After the first two blocks of the page: token, and who one is."""
    RoleGrantFactory(
        programme_manager=True, user__username="shop.bridge", programme__currency="GBP"
    )
    parts = blocks(FIRST)[:2] + blocks(SELECTIONS)
    done = run_blocks(parts, {"python": "decide.py"}, live_server.url, tmp_path)
    assert done.returncode == 0, done.stderr + done.stdout
    lines = done.stdout.splitlines()
    assert "4.042" in lines
    assert lines[-1] == "2 appointed"
    assert any("Birch Logistics" in line for line in lines)
    keys = Account.objects.filter(status="key").values_list("name", flat=True)
    assert set(keys) == {"Birch Logistics", "Cedar Health"}
    assert set(Decision.objects.values_list("advice", "manager__username")) == {
        ("appoint", "shop.bridge")
    }
