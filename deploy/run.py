"""`make run`: from a bare checkout to a running application with its background worker."""

import errno
import http.client
import os
import re
import secrets
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from deploy import environment
from deploy.environment import ROOT, Stop, say
from deploy.supervise import Child, Supervisor

HOST = "127.0.0.1"
TRUE = {"1", "true", "yes", "on"}
FALSE = {"0", "false", "no", "off"}


def main(arguments: Sequence[str]) -> int:
    """Prepare what is missing, then supervise the web process and one worker until stopped."""
    port = read_port(os.environ.get("PORT") or "8000")
    refuse_used_port(port)
    demo = write_dotenv(ROOT / ".env", os.environ.get("DEMO") or None)
    os.umask(0o027)  # the data in var/ is not for everybody on this machine
    python = environment.ensure()
    variables = {**os.environ, "DEMO": str(demo), "PYTHONUNBUFFERED": "1"}
    sign_ins = prepare(python, variables)
    announcement = Announcement(port=port, demo=demo, sign_ins=sign_ins)
    Supervisor(children(python, port), variables, say).run(announcement.when_ready)
    say("Stopped.")
    return 0


def read_port(text: str) -> int:
    """The number in `text`; raises Stop when it is no port."""
    if not text.isdigit() or not 0 < int(text) < 65536:
        raise Stop(
            f"PORT={text} is not a port. Use a number from 1024 to 65535: make run PORT=8001"
        )
    return int(text)


def refuse_used_port(port: int) -> None:
    """Raise Stop with one line when the port cannot be had."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            if error.errno == errno.EACCES:
                raise Stop(f"Port {port} needs root. Use another: make run PORT=8000") from None
            raise Stop(
                f"Port {port} is in use. Stop the program that uses it,"
                f" or take another: make run PORT={port + 1 if port < 65535 else 8000}"
            ) from None


def write_dotenv(path: Path, wanted: str | None) -> bool:
    """Write `.env` from `.env.example` when it is missing; say whether DEMO holds.

    A DEMO given on the command line is written down, so that commands typed later use the
    same database: demonstration and real data are kept in different ones.
    """
    if wanted is not None and wanted.lower() not in TRUE | FALSE:
        raise Stop(f"DEMO={wanted} is neither 0 nor 1.")
    before = path.read_text() if path.exists() else None
    text = before
    if text is None:
        say("Writing .env with a random key …")
        text = (ROOT / ".env.example").read_text()
        text = re.sub(r"(?m)^SECRET_KEY=$", f"SECRET_KEY={secrets.token_urlsafe(48)}", text)
        wanted = wanted or "1"
    if wanted is not None:
        line = f"DEMO={wanted.lower() in TRUE}"
        text, found = re.subn(r"(?m)^DEMO=.*$", line, text)
        text = text if found else f"{text.rstrip()}\n{line}\n"
    if text != before:
        with open(path, "w", opener=lambda name, flags: os.open(name, flags, 0o600)) as handle:
            handle.write(text)
    value = re.search(r"(?m)^DEMO=(.*)$", text)
    return value is not None and value[1].strip().lower() in TRUE


def prepare(python: Path, variables: dict[str, str]) -> str:
    """Bring database, static files and demonstration up to date; returns the sign-ins' text."""
    done = subprocess.run(
        [str(python), "-m", "deploy.prepare"],
        cwd=ROOT,
        env=variables,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        raise Stop("The application could not be prepared; the message above says why.")
    return done.stdout.strip()


def children(python: Path, port: int) -> list[Child]:
    """The web process and, next to it, the worker for what runs in the background."""
    web = [str(python), "-m", "gunicorn", "--config", "deploy/web.py"]
    wanted = [Child("web", [*web, "--bind", f"{HOST}:{port}", "kam.wsgi"])]
    if (ROOT / "kam/jobs/management/commands/worker.py").exists():
        wanted.append(Child("worker", [str(python), "manage.py", "worker"]))
    return wanted


class Announcement:
    """Prints address and sign-ins once, as soon as the web process answers."""

    def __init__(self, *, port: int, demo: bool, sign_ins: str) -> None:
        self.port, self.demo, self.sign_ins = port, demo, sign_ins
        self.done = False

    def when_ready(self) -> None:
        """Ask for a page; when there is an answer, print the lines."""
        if self.done or not self._answers():
            return
        self.done = True
        print(f"\nReady: http://{HOST}:{self.port}/   (Ctrl-C stops it)")
        if self.demo and self.sign_ins:
            print(self.sign_ins)
        elif not self.demo:
            print("No demonstration data. A new installation opens the set-up page there.")
        sys.stdout.flush()

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection(HOST, self.port, timeout=5)
        try:
            connection.request("GET", "/")
            connection.getresponse().read()
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
        return True
