"""Fixtures that every test may use, and how the suite is run."""

import datetime
import gc
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from django.conf import settings
from django.db import connection
from django.test import TransactionTestCase
from pytest_django.plugin import DjangoDbBlocker

ROOT = Path(__file__).resolve().parent.parent

# Examples are drawn the same way on every run, and a busy machine is no failure.
hypothesis.settings.register_profile("kam", deadline=None, derandomize=True, database=None)
hypothesis.settings.load_profile("kam")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark the tests of tests/browser/ and those that ask no database; leave out what the chosen
    one cannot show."""
    sqlite = settings.DATABASES["default"]["ENGINE"].endswith("sqlite3")
    kept, left_out = [], []
    for item in items:
        if item.path.is_relative_to(ROOT / "tests" / "browser"):
            item.add_marker(pytest.mark.browser)
        if not asks_a_database(item):
            item.add_marker(pytest.mark.one_database)
        foreign = sqlite and item.get_closest_marker("postgres_only")
        (left_out if foreign else kept).append(item)
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = kept


def asks_a_database(item: pytest.Item) -> bool:
    """Whether a test may read or write rows."""
    if issubclass(getattr(item, "cls", None) or object, TransactionTestCase):
        return True
    fixtures = {"db", "transactional_db", "django_db_setup"} & {*getattr(item, "fixturenames", ())}
    return bool(fixtures or item.get_closest_marker("django_db"))


def pytest_collection_finish() -> None:
    """Python looks for garbage as rarely as in the product, and never in what was loaded."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(5_000)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Write how many tests passed, failed and were skipped where `make test` asks for it."""
    target = os.environ.get("KAM_TEST_COUNTS")
    if target:
        found = {name: len(tests) for name, tests in terminalreporter.stats.items()}
        counts = {name: found.get(name, 0) for name in ("passed", "failed", "skipped")}
        counts["failed"] += found.get("error", 0)
        Path(target).write_text(json.dumps(counts))


@pytest.fixture
def today() -> datetime.date:
    """The day on which tests happen unless they say otherwise."""
    return datetime.date(2026, 6, 1)


@pytest.fixture
def own_storage(settings: Any, tmp_path: Path) -> None:
    """A storage of files for this test alone."""
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(tmp_path)},
        },
    }


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real files with checked totals beside the checkout."""
    for parent in ROOT.parents[:2]:
        folder = parent / "shared" / "data"
        if (folder / "facts.json").exists():
            return folder
    if os.environ.get("CI"):
        pytest.fail("../shared/data is missing: the tests on real data cannot run.")
    pytest.skip("../shared/data is not here: the tests on real data are left out.")


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """The test database; whoever is still in it at the end, such as the last request of a page
    that was closed, does not keep it from being dropped."""
    yield
    if connection.vendor == "postgresql":
        with django_db_blocker.unblock(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
