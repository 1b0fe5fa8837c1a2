"""Draws `docs/images/*.png`; runs inside `.venv` with Playwright.

The demonstration is made in a database that is thrown away; nothing in `var/` is touched.
"""

import http.client
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "docs" / "images"
PASSWORD = "key-accounts-demo"  # noqa: S105  (of the demonstration, printed at every start)
HOST = "127.0.0.1"
PATIENCE_SECONDS = 60
LARGEST_BYTES = 200_000
UNDER_WAY = ".htmx-request, .htmx-swapping, .htmx-settling"
"""What htmx marks while a part of the page is fetched and put in."""
BROWSER_ARGUMENTS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--no-first-run",
]
WIDE, PHONE = (1200, 760), (360, 740)


class Picture(NamedTuple):
    """What is drawn: who looks, where, and what is clicked on the way (accessible names)."""

    name: str
    person: str | None
    address: str
    clicks: tuple[str, ...] = ()
    size: tuple[int, int] = WIDE
    dark: bool = False


PICTURES = (
    Picture("sign-in", None, "/"),
    Picture("my-day", "kam", "/"),
    Picture("account", "kam", "/", ("Birch Logistics",)),
    Picture("account-dark", "kam", "/", ("Birch Logistics",), dark=True),
    Picture("people", "kam", "/", ("Birch Logistics", "People")),
    Picture("plan", "kam", "/", ("Birch Logistics", "Open the plan", "Open and write")),
    Picture("review", "kam", "/", ("24 of 24 answered",)),
    Picture("figures", "kam", "/", ("Birch Logistics", "Figures")),
    Picture("accounts", "programme", "/accounts/"),
    Picture("portfolio", "senior", "/portfolio/"),
    Picture("market-map", "programme", "/selection/map/"),
    Picture("scores", "programme", "/selection/scores/"),
    Picture("matrix", "programme", "/accounts/matrix/"),
    Picture("scenario", "programme", "/selection/", ("Next year, scenario A",)),
    Picture("my-day-phone", "kam", "/", size=PHONE),
    Picture("portfolio-phone", "senior", "/portfolio/", size=PHONE, dark=True),
)


def main() -> None:
    """Make the demonstration, serve it, draw every picture."""
    TARGET.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        served(Path(folder)) as home,
        sync_playwright() as driver,
    ):
        path = os.environ.get("KAM_CHROMIUM")
        browser = driver.chromium.launch(executable_path=path, args=BROWSER_ARGUMENTS)
        for picture in PICTURES:
            draw(browser, home, picture)
        browser.close()


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of a server with the demonstration of today, until the block ends."""
    variables = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "kam.test_settings",
        "DATABASE_URL": f"sqlite:///{folder / 'demo.sqlite3'}",
        "SECRET_KEY": secrets.token_urlsafe(48),
        "DEMO": "True",
        "DEBUG": "False",
    }
    for command in (["migrate", "-v0"], ["seed_demo"]):
        subprocess.run(
            [sys.executable, "manage.py", *command],
            cwd=ROOT,
            env=variables,
            check=True,
            stdout=subprocess.DEVNULL,
        )
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "gunicorn", "--threads", "4", "--log-level", "warning"]
    server = subprocess.Popen(
        [*command, "--bind", f"{HOST}:{port}", "kam.wsgi"], cwd=ROOT, env=variables
    )
    try:
        home = f"http://{HOST}:{port}"
        wait_for(port)
        yield home
    finally:
        server.terminate()
        server.wait()


def wait_for(port: int) -> None:
    """Until the server answers; ends the program when it does not."""
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        connection = http.client.HTTPConnection(HOST, port, timeout=PATIENCE_SECONDS)
        try:
            connection.request("HEAD", "/")
            connection.getresponse()
        except ConnectionError:
            time.sleep(0.3)
        else:
            return
        finally:
            connection.close()
    sys.exit("The server did not answer.")


def draw(browser: Browser, home: str, picture: Picture) -> None:
    """Draw one picture; ends the program when it is too large for the documentation."""
    width, height = picture.size
    context = browser.new_context(
        base_url=home,
        viewport={"width": width, "height": height},
        color_scheme="dark" if picture.dark else "light",
        reduced_motion="reduce",
        locale="en-GB",
        timezone_id="Europe/London",
    )
    page = context.new_page()
    page.goto("/")
    if picture.person:
        sign_in(page, picture.person)
        page.goto(picture.address)
    for name in picture.clicks:
        follow(page, name)
    page.wait_for_load_state("networkidle")
    page.evaluate("document.activeElement?.blur()")
    path = TARGET / f"{picture.name}.png"
    page.screenshot(path=path)
    context.close()
    if path.stat().st_size > LARGEST_BYTES:
        sys.exit(f"{path.relative_to(ROOT)} is larger than {LARGEST_BYTES} bytes.")
    print(path.relative_to(ROOT))


def sign_in(page: Page, person: str) -> None:
    """Through the form, as everybody."""
    page.fill("[name=login]", person)
    page.fill("[name=password]", PASSWORD)
    page.click("main button.btn-primary")
    page.wait_for_selector("#main")


def follow(page: Page, name: str) -> None:
    """Click the link of that name, or the link in the row that says so."""
    link = page.get_by_role("link", name=name).first
    if link.count() == 0:
        link = page.get_by_role("row").filter(has_text=name).get_by_role("link").first
    link.click()
    page.wait_for_selector(UNDER_WAY, state="detached")
    page.wait_for_load_state("networkidle")


if __name__ == "__main__":
    main()
