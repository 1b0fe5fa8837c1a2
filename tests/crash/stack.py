"""The application as processes of its own, and somebody who calls it whatever happens."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any
from urllib import error, request

from django.db import connection

from tests.kam.test_jobs_crash import PATIENCE, ROOT, database_url

LEASE = "1.0"
"""Seconds after which the job of a killed worker is taken over."""
TRIED = (OSError, error.URLError, http.client.HTTPException)
"""What a caller sees when the server dies: it calls again."""


def free_port() -> int:
    """A port of this machine that nobody listens at."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


class Stack:
    """One web process and one worker on the test database; either can be killed and started."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.port = free_port()
        self.running: dict[str, int] = {}
        self.kills = 0
        environment = os.environ | {
            "DATABASE_URL": database_url(),
            "DJANGO_SETTINGS_MODULE": "kam.test_settings",
            "PYTHONWARNINGS": "ignore",
            "LOG_LEVEL": "CRITICAL",
            "WEBHOOK_ALLOWED_HOSTS": "127.0.0.1",
        }
        self.forker = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.forker"],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._answer() == "ready"

    def _answer(self) -> str:
        assert self.forker.stdout is not None
        return self.forker.stdout.readline().strip()

    def start(self, *kinds: str) -> None:
        """Start what is not running."""
        values = {"web": str(self.port), "worker": LEASE}
        assert self.forker.stdin is not None
        for kind in kinds or values:
            if kind not in self.running:
                self.forker.stdin.write(f"{kind} {values[kind]}\n")
                self.forker.stdin.flush()
                self.running[kind] = int(self._answer())

    def kill(self, *kinds: str) -> None:
        """SIGKILL for these processes and all that belongs to them; waits until they are gone."""
        for kind in kinds:
            group = self.running.pop(kind, None)
            if group is None:
                continue
            with contextlib.suppress(ProcessLookupError):
                os.killpg(group, signal.SIGKILL)
            wait_until(lambda: gone(group))  # noqa: B023  (called at once)
            self.kills += 1

    def strike(self) -> None:
        """Kill the worker, the web process or both, and start them again at once."""
        kinds = self.chance.choice([("worker",), ("worker",), ("web",), ("web", "worker")])
        self.kill(*kinds)
        self.start(*kinds)

    def end(self) -> None:
        """Stop everything that was started."""
        self.kill(*list(self.running))
        self.forker.kill()
        self.forker.wait()
        for pipe in (self.forker.stdin, self.forker.stdout):
            assert pipe is not None
            pipe.close()


def gone(group: int) -> bool:
    """Whether no process of the group is left."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return True
    return False


def wait_until(condition: Callable[[], Any], say: Callable[[], Any] = lambda: "") -> Any:
    """What `condition()` gives as soon as it is true; fails with `say()` after two minutes."""
    end = time.monotonic() + PATIENCE
    while not (found := condition()):
        assert time.monotonic() < end, say()
        time.sleep(0.03)
    return found


class Caller:
    """Calls the API until it answers, always with the same Idempotency-Key."""

    def __init__(self, stack: Stack, secret: str) -> None:
        self.base = f"http://127.0.0.1:{stack.port}/api/v1/"
        self.secret = secret

    def send(self, method: str, path: str, body: bytes, kind: str) -> tuple[int, Any]:
        """Status and body of the answer, whoever is killed meanwhile."""
        key = uuid.uuid4().hex

        def call() -> tuple[int, Any] | None:
            found = request.Request(self.base + path, data=body or None, method=method)  # noqa: S310
            found.add_header("Authorization", f"Bearer {self.secret}")
            found.add_header("Idempotency-Key", key)
            found.add_header("Content-Type", kind)
            try:
                with request.urlopen(found, timeout=30) as answer:  # noqa: S310  (our own server)
                    return answer.status, json.loads(answer.read() or b"null")
            except error.HTTPError as refusal:
                with refusal:
                    return refusal.code, json.loads(refusal.read() or b"null")
            except (*TRIED, ValueError):
                return None

        return wait_until(call, lambda: f"{method} {path} has no answer")

    def post(self, path: str, body: Any = None) -> tuple[int, Any]:
        """POST as JSON."""
        return self.send("POST", path, json.dumps(body).encode(), "application/json")

    def get(self, path: str) -> Any:
        """Body of a GET."""
        return self.send("GET", path, b"", "application/json")[1]

    def upload(self, kind: str, text: bytes) -> tuple[int, Any]:
        """Bring a file in."""
        mark = uuid.uuid4().hex
        fields = f'--{mark}\r\nContent-Disposition: form-data; name="kind"\r\n\r\n{kind}\r\n'
        fields += f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="f.csv"\r\n'
        fields += "Content-Type: text/csv\r\n\r\n"
        body = fields.encode() + text + f"\r\n--{mark}--\r\n".encode()
        return self.send("POST", "imports/", body, f"multipart/form-data; boundary={mark}")


@contextlib.contextmanager
def stack_of(chance: random.Random) -> Iterator[Stack]:
    """The application, running; everything is stopped in the end."""
    connection.close()  # the forked processes must not share it
    stack = Stack(chance)
    try:
        stack.start()
        yield stack
    finally:
        stack.end()
