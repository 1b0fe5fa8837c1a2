"""A Chromium for the browser tests: the system's, the distribution's, or Playwright's own."""

import os
import shutil
import subprocess
from pathlib import Path

from deploy.environment import Stop, say
from deploy.packages import install_with_distribution

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
OWN_PATH = (
    "from playwright.sync_api import sync_playwright\n"
    "with sync_playwright() as p: print(p.chromium.executable_path)"
)


def find(python: Path) -> str:
    """Path of a Chromium that starts; installs one where there is none; `python` has Playwright."""
    named = os.environ.get("CHROMIUM")
    if named:
        if not _starts(named):
            raise Stop(f"CHROMIUM={named} does not start. Leave it out to have one found.")
        return named
    found = _system() or _playwright(python)
    if found is None:
        packages = {"apt-get": "chromium fonts-liberation", "dnf": "chromium", "apk": "chromium"}
        install_with_distribution("Chromium", packages)
        found = _system() or _playwright(python, install=True)
    if found is None:
        raise Stop(
            "No Chromium for the browser tests, and none could be installed."
            " Type: apt-get install chromium   (or set CHROMIUM=/path/to/chrome)"
        )
    return found


def _system() -> str | None:
    paths = (shutil.which(name) for name in NAMES)
    return next((path for path in paths if path and _starts(path)), None)


def _playwright(python: Path, *, install: bool = False) -> str | None:
    """Playwright's own download, if it is there or (with `install`) can be fetched."""
    if install:
        say("Fetching Chromium with Playwright …")
        extra = ["--with-deps"] if os.geteuid() == 0 else []
        command = [str(python), "-m", "playwright", "install", *extra, "chromium"]
        subprocess.run(command, stdin=subprocess.DEVNULL, check=False)
    answer = subprocess.run(
        [str(python), "-c", OWN_PATH], capture_output=True, text=True, check=False
    )
    path = answer.stdout.strip()
    return path if path and _starts(path) else None


def _starts(path: str) -> bool:
    """Whether it is a real browser: some distributions put a mere signpost there."""
    try:
        command = [path, "--version"]
        answer = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return answer.returncode == 0 and "Chrom" in answer.stdout
