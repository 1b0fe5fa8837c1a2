"""The demonstration programme behind the live server: made once, for all tests of this folder.

These tests share one database: nothing is rolled back or emptied between them, and they run in one
process, in the order of the files. A test changes what is its own journey's alone.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
from django.core.management import call_command
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer
from pytest_django.plugin import DjangoDbBlocker

from kam.access.dates import business_today
from reviews import demo
from tests.browser.conftest import OpenPage
from tests.conftest import ROOT
from tests.kam.test_jobs_crash import database_url

GROUP = pytest.mark.xdist_group("demo")
PATIENCE = pytest.mark.timeout(900)
"""The first test waits for the demonstration to be made: minutes on a busy machine."""
Visit = Callable[..., Page]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One process for everything that uses the demonstration, and time to make it; before xdist
    reads who goes together."""
    for item in items:
        if item.path.is_relative_to(ROOT / "tests" / "browser" / "demo"):
            item.add_marker(GROUP)
            item.add_marker(PATIENCE)


@pytest.fixture(scope="package")
def transactional_db(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """What `live_server` stands on: here the demonstration of today, emptied at the very end."""
    with django_db_blocker.unblock():
        demo.build(business_today())
        yield
        call_command("flush", interactive=False, verbosity=0, allow_cascade=True)


@pytest.fixture
def sign_in(open_page: OpenPage) -> Visit:
    """Signs somebody in through the form: `sign_in("kam", width=360)` returns the first page."""

    def through_the_form(name: str, **screen: object) -> Page:
        page = open_page(**screen)
        page.goto("/")
        page.get_by_label("User name or e-mail").fill(name)
        page.get_by_label("Password", exact=True).fill(demo.PASSWORD)
        page.get_by_role("button", name="Sign in", exact=True).click()
        page.locator("a[data-go=d]").first.wait_for(state="attached")
        return page

    return through_the_form


@pytest.fixture
def worker(live_server: LiveServer) -> Iterator[None]:
    """A worker process on the same database, as `make run` starts it."""
    environment = os.environ | {
        "DATABASE_URL": database_url(),
        "DJANGO_SETTINGS_MODULE": "kam.test_settings",
        "PYTHONWARNINGS": "ignore",
        "LOG_LEVEL": "CRITICAL",
    }
    process = subprocess.Popen([sys.executable, "manage.py", "worker"], cwd=ROOT, env=environment)
    yield
    process.terminate()
    process.wait()
