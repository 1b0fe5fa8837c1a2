"""Starts web and worker processes in no time: loads the application once, then forks.

Reads lines from its standard input, `worker LEASE` or `web PORT`, and answers each with the process
id of what it has started: a process group of its own, to be killed as a whole. The web process is
gunicorn with threads, as `make run` starts it; the worker is that of `manage.py worker`.
"""

from __future__ import annotations

import datetime
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

import django


def serve(port: str) -> None:
    """Answer requests on 127.0.0.1 until killed."""
    from gunicorn.app.base import BaseApplication

    from kam.wsgi import application

    class Server(BaseApplication):
        def load_config(self) -> None:
            values = {
                "bind": f"127.0.0.1:{port}",
                "workers": 1,
                "worker_class": "gthread",
                "threads": 4,
                "loglevel": "critical",
                "control_socket_disable": True,
            }
            for name, value in values.items():
                if name in self.cfg.settings:
                    self.cfg.set(name, value)

        def load(self) -> Any:
            return application

    Server().run()


def work(lease: str) -> None:
    """Run jobs until killed."""
    from kam.jobs.worker import Worker

    Worker(lease=datetime.timedelta(seconds=float(lease))).run()


KINDS: dict[str, Callable[[str], None]] = {"web": serve, "worker": work}


def load() -> None:
    """Everything that takes time and needs no database."""
    django.setup()
    from django.urls import get_resolver
    from django.utils.module_loading import autodiscover_modules

    import kam.wsgi  # noqa: F401  (loaded before the first fork)

    autodiscover_modules("tasks")
    get_resolver()._populate()


def answer(text: object) -> None:
    """Say it to whoever asked."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> None:
    """Start what is asked for, until the input ends."""
    load()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for who was killed
    answer("ready")
    for line in sys.stdin:
        kind, value = line.split()
        pid = os.fork()
        if pid == 0:
            os.setpgid(0, 0)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            null = os.open(os.devnull, os.O_RDWR)
            os.dup2(null, 0)
            os.dup2(null, 1)
            try:
                KINDS[kind](value)
            finally:
                os._exit(1)
        os.setpgid(pid, pid)
        answer(pid)


if __name__ == "__main__":
    main()
