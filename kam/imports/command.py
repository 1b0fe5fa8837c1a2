"""The importers without a browser: what the `import_…` commands share (`design.md` 5)."""

from __future__ import annotations

import csv
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any, ClassVar

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files import File
from django.core.management.base import BaseCommand, CommandError
from django.db import models

from kam.changes.context import source
from kam.imports import kinds, passes, policies, rejects, services
from kam.imports.models import Run
from kam.imports.presenting import shown_problems
from kam.jobs.progress import InlineJob, running


class ImportCommand(BaseCommand):
    """Imports one file of `kind_name`; exit code 0 only if every row was taken or reported."""

    kind_name: ClassVar[str]

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", help="CSV (also packed with gzip) or XLSX")
        parser.add_argument("--map", nargs="+", action="extend", metavar="FIELD=COLUMN")
        parser.add_argument("--dry-run", action="store_true", help="report, store nothing")
        parser.add_argument("--as", dest="actor", default=policies.SYSTEM, metavar="USERNAME")
        parser.add_argument("--dates", choices=("ymd", "dmy", "mdy"))
        parser.add_argument("--decimal", choices=("dot", "comma"))
        parser.add_argument("--encoding")
        parser.add_argument("--delimiter")
        parser.add_argument("--sheet")
        parser.add_argument(
            "--rejected",
            metavar="FILE",
            help="where refused rows are written; else beside the file, as FILE.rejected.csv",
        )
        if self.kind.match_url:
            parser.add_argument(
                "--match",
                nargs="+",
                action="extend",
                metavar="CUSTOMER=ACCOUNT",
                help="number or name in the file, and create, reject or the account's id",
            )
        for option in self.kind.options:
            codes = [code for code, _label in option.choices] or None
            parser.add_argument(f"--{option.name}", choices=codes, help=str(option.label))

    @property
    def kind(self) -> kinds.ImportKind:
        return kinds.get(self.kind_name)

    def scope(self, options: dict[str, Any]) -> models.Model:
        """The object into which the file goes. Raises CommandError."""
        raise NotImplementedError

    def handle(self, *args: Any, **options: Any) -> None:
        path = Path(options["file"])
        if not path.is_file():
            raise CommandError(f"There is no file {path}.")
        with source("command", f"import_{self.kind_name}"):
            try:
                run = self._run(path, options)
            except ValidationError as error:
                raise CommandError("\n".join(error.messages)) from error
            except PermissionDenied as error:
                raise CommandError(f"{options['actor']} may not import here.") from error
        self._report(run, path, options)

    def _run(self, path: Path, options: dict[str, Any]) -> Run:
        actor = _actor(options["actor"])
        scope = self.scope(options)
        run = None if options["dry_run"] else self._interrupted(path, scope, actor)
        if run is None:
            with path.open("rb") as handle:
                run = services.upload_file(
                    actor=actor,
                    kind=self.kind_name,
                    scope_id=scope.pk,
                    file=File(handle, name=path.name),
                    file_name=path.name,
                    wanted=_pairs(options["map"]) if options["map"] else None,
                    chosen={
                        name: options[name]
                        for name in ("dates", "decimal", "encoding", "delimiter", "sheet")
                        if options[name]
                    },
                    options={
                        option.name: options[option.name]
                        for option in self.kind.options
                        if options[option.name]
                    },
                    decisions=_decisions(options.get("match") or []),
                )
            begin = services.check_run if options["dry_run"] else services.start_run
            run = begin(actor=actor, run=run, enqueue=False)
        with running(InlineJob(self._progress)):
            work = passes.check if options["dry_run"] else passes.import_rows
            return work(run.pk)

    def _interrupted(self, path: Path, scope: models.Model, actor: AbstractBaseUser) -> Run | None:
        """The run of the same file that was killed or stopped before its end, ready to go on."""
        with path.open("rb") as handle:
            digest = services.digest_of(File(handle))
        run = Run.objects.occupying(scope.pk, self.kind.lane).filter(file_digest=digest).first()
        if run is None or run.kind != self.kind_name:
            return None
        self.stdout.write(f"Going on with import {run.pk} after row {run.rows_done}.")
        return services.resume_run(actor=actor, run=run, enqueue=False)

    def _progress(self, done: int, total: int | None, note: str) -> None:
        if sys.stderr.isatty():
            self.stderr.write(f"\r{done:,} rows", ending="")

    def _write_rejected(self, run: Run, target: Path) -> None:
        """Beside the source, unless somebody named another place; the rows stay with the run."""
        try:
            with target.open("w", encoding="utf-8-sig", newline="") as handle:
                csv.writer(handle).writerows(rejects.table(run))
        except OSError as error:
            message = f"The rejected rows cannot be written to {target} ({error.strerror})."
            raise CommandError(f"{message} Name another place with --rejected.") from error
        self.stdout.write(f"Rejected rows: {target}")

    def _report(self, run: Run, path: Path, options: dict[str, Any]) -> None:
        tried = " (tried, nothing stored)" if run.dry_run else ""
        self.stdout.write(f"{run.file_name}: {run.get_status_display()}{tried}")
        counts = ", ".join(f"{name} {value}" for name, value in run.counts().items())
        self.stdout.write(counts.replace("rows_read", "read"))
        for problem in shown_problems(run):
            self.stdout.write(f"  rejected {problem.count}: {problem.text} ({problem.rows})")
            for part in problem.parts:
                self.stdout.write(f"    {part}")
        for notice in run.report.get("notices", []):
            self.stdout.write(f"  {notice['text']}: {notice['count']}")
        for total in run.report.get("totals", []):
            self.stdout.write(f"  {total['label']}: {total['value']} {total['unit']}")
        if run.rejected and not run.dry_run:
            self._write_rejected(run, Path(options["rejected"] or f"{path}.rejected.csv"))
        if run.status not in (Run.Status.PUBLISHED, Run.Status.READY):
            raise CommandError(run.error or f"The import is {run.get_status_display()}.")


def _actor(username: str) -> AbstractBaseUser:
    users = get_user_model()
    if username == policies.SYSTEM:
        actor, made = users.objects.get_or_create(username=policies.SYSTEM)
        if made:
            actor.set_unusable_password()
            actor.save(update_fields=["password"])
        return actor
    actor = users.objects.filter(username=username, is_active=True).first()
    if actor is None:
        raise CommandError(f"There is no user {username}.")
    return actor


def _pairs(texts: list[str]) -> dict[str, str]:
    pairs = {}
    for text in texts:
        field, mark, column = text.partition("=")
        if not mark:
            raise CommandError(f"Write --map field=column, not {text}.")
        pairs[field.strip()] = column.strip()
    return pairs


def _decisions(texts: list[str]) -> dict[str, Any]:
    """Decisions about customers by the keys of their number and of their name."""
    decided: dict[str, Any] = {}
    for text in texts:
        customer, mark, word = text.rpartition("=")
        if not mark:
            raise CommandError(f"Write --match customer=account, not {text}.")
        value = int(word) if word.isdecimal() else word
        decided |= {f"#{customer}": value, f"={' '.join(customer.split()).casefold()}": value}
    return decided
