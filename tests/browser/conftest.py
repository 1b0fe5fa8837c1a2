"""A real Chromium against a live server, with the strict Content-Security-Policy in force."""

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Literal

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, Page, Playwright, Response, expect, sync_playwright
from pytest_django.live_server_helper import LiveServer

from teams.models import User

# Playwright's synchronous API keeps an event loop in the thread of the test.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")

ARGUMENTS = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--no-first-run",
)
PATIENCE_MS = 15_000
expect.set_options(timeout=PATIENCE_MS)
PARTS_OF_A_PAGE = {"stylesheet", "script", "image", "font", "manifest"}

Theme = Literal["light", "dark"]
OpenPage = Callable[..., Page]


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """The driver, one for each test process."""
    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="session")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    """The browser that `make test` found, or the system's when pytest is started by hand."""
    path = os.environ.get("KAM_CHROMIUM") or shutil.which("chromium")
    browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
    yield browser
    browser.close()


@pytest.fixture
def problems() -> list[str]:
    """What went wrong on the pages of this test; it fails at the end when something is left."""
    return []


@pytest.fixture
def open_page(
    chromium: Browser, live_server: LiveServer, problems: list[str]
) -> Iterator[OpenPage]:
    """Opens pages of visitors that share nothing: `open_page(user, width=360, theme="dark")`.

    Fails the test at its end when a page logged an error, broke the Content-Security-Policy,
    asked another host, missed a file or met a server error.
    """
    contexts = []

    def open_one(
        user: User | None = None, *, width: int = 1440, height: int = 900, theme: Theme = "light"
    ) -> Page:
        context = chromium.new_context(
            base_url=live_server.url,
            viewport={"width": width, "height": height},
            color_scheme=theme,
            reduced_motion="reduce",
            has_touch=width < 600,
            locale="en-GB",
            timezone_id="Europe/London",
        )
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        page = context.new_page()
        watch(page, live_server.url, problems)
        if user is not None:
            give_session(page, user)
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert problems == []


@pytest.fixture
def page(open_page: OpenPage, request: pytest.FixtureRequest) -> Page:
    """A visitor's page; parametrize it indirectly with `{"width": 360, "theme": "dark"}`."""
    return open_page(**getattr(request, "param", {}))


@pytest.fixture
def sign_in(page: Page) -> Callable[[User | str], None]:
    """Signs the visitor of `page` in, given a user or a user name, without the form."""

    def by_name_or_user(user: User | str) -> None:
        known = User.objects.get(username=user) if isinstance(user, str) else user
        give_session(page, known)

    return by_name_or_user


def give_session(page: Page, user: User) -> None:
    """Put the cookie of a new session of `user` into the browser."""
    client = Client()
    client.force_login(user)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME]
    page.context.add_cookies(
        [
            {
                "name": settings.SESSION_COOKIE_NAME,
                "value": cookie.value,
                "domain": "localhost",
                "path": "/",
            }
        ]
    )


def watch(page: Page, home: str, problems: list[str]) -> None:
    """Collect in `problems` whatever a page must never do.

    An answer of 4xx to a page or a form is for the test to judge; Chromium logs it as an error.
    """

    def heard(kind: str, text: str) -> None:
        if kind == "error" and not text.startswith("Failed to load resource"):
            problems.append(f"console: {text}")

    def answered(response: Response) -> None:
        part = response.request.resource_type in PARTS_OF_A_PAGE
        if response.status >= 500 or (part and response.status >= 400):
            problems.append(f"{response.status}: {response.url}")

    def asked(url: str) -> None:
        if not url.startswith((home, "data:", "blob:", "about:")):
            problems.append(f"another host: {url}")

    page.on("console", lambda message: heard(message.type, message.text))
    page.on("pageerror", lambda error: problems.append(f"script: {error}"))
    page.on("response", answered)
    page.on("request", lambda request: asked(request.url))
