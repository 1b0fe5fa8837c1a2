"""The linters of docs/openapi.yaml, fetched from npm once and pinned by hashes (`deploy/lint/`)."""

import hashlib
import shutil
import subprocess
from pathlib import Path

from deploy.environment import ROOT, Stop, say

RULES = ROOT / "deploy" / "lint"
COPY = ROOT / "var" / "lint"
LOCK = "package-lock.json"
STAMP = "installed.sha256"
QUIET = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true", "NO_COLOR": "1"}
"""Variables with which nothing is reported to anybody."""


def commands(document: str) -> list[list[str]]:
    """A call of each linter; installs them where they are missing or the lock has changed.

    Raises `Stop` with one line when they can be neither found nor fetched.
    """
    programs = _install() / "node_modules" / ".bin"
    spectral = [str(programs / "spectral"), "lint", document, "--quiet"]
    spectral += ["--ruleset", str(RULES / "spectral.yaml"), "--fail-severity", "hint"]
    redocly = [str(programs / "redocly"), "lint", document]
    redocly += ["--config", str(RULES / "redocly.yaml")]
    return [spectral, redocly]


def digest() -> str:
    """Which packages the lock asks for."""
    return hashlib.sha256((RULES / LOCK).read_bytes()).hexdigest()


def _install() -> Path:
    stamp = COPY / STAMP
    if stamp.exists() and stamp.read_text() == digest():
        return COPY
    npm = shutil.which("npm")
    if npm is None:
        raise Stop(
            "The linters of the schema need npm. Install Node.js 20.19, then run make check again."
        )
    say("Fetching the linters of the schema from npm …")
    COPY.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", LOCK, ".npmrc"):
        shutil.copy(RULES / name, COPY / name)
    done = subprocess.run(
        [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
        cwd=COPY,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        reason = next((line for line in done.stderr.splitlines() if line.strip()), "no message")
        raise Stop(
            f"The linters of the schema could not be fetched from npm: {reason.strip()}."
            " Check the network (or the registry in ~/.npmrc), then run make check again."
        )
    stamp.write_text(digest())
    return COPY
