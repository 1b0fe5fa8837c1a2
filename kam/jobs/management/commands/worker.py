"""Runs background work."""

import datetime
import signal
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils.module_loading import autodiscover_modules

from kam.jobs.worker import LEASE, Worker


class Command(BaseCommand):
    """Runs jobs until it is told to stop; start as many as there is work for."""

    help = "Run background jobs. SIGTERM or SIGINT ends it at the job's next checkpoint."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="run what is due, then end")
        parser.add_argument("--name", default="", help="name shown beside the job")
        parser.add_argument(
            "--lease",
            type=float,
            default=LEASE.total_seconds(),
            help="seconds without a sign of life after which others take the job over",
        )
        parser.add_argument("--queue", action="append", help="only this queue (repeatable)")

    def handle(self, *args: Any, **options: Any) -> None:
        autodiscover_modules("tasks")
        worker = Worker(
            name=options["name"],
            lease=datetime.timedelta(seconds=options["lease"]),
            queues=options["queue"],
        )
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, worker.stop)
        if options["once"]:
            worker.drain()
        else:
            worker.run()
