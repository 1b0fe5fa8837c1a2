"""Data in and out of the demonstration: files tried and taken, a folder, lists as files.

Everything lies in the folder of files; where the import folder is somewhere else, or there is none,
no folder is set up.
"""

from __future__ import annotations

import datetime
import os
from pathlib import Path

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone

from kam.exports import making
from kam.exports.services import start_export
from kam.imports import looking, passes, services
from kam.imports.models import Folder, FolderFile, Run
from teams.models import Programme, User

PLACE = "treasury"
"""Folder below the import folder into which the demonstration puts its files."""
RATES = {
    "CHF": ("0.8873", "0.8910"),
    "DKK": ("0.1149", "0.1152"),
    "NOK": ("0.0746", "0.0741"),
    "SEK": ("0.0758", "0.0763"),
}
"""Currency -> its rate of the month before, and of this month."""
VISITORS = """Company,Country,Industry,Part of,Status
Birch Airfreight,Denmark,Logistics,Birch Group,candidate
Tamarind Spices,United Kingdom,Food,,candidate
Tupelo Honey,United Kingdom,Food,,warm
Teak Boats,Norway,Leisure,,hot
Tulip Bulbs,Netherlands,Gardening,Polder Holding,candidate
Teasel Mills,United Kingdom,Textiles,,candidate
Teasel Mills,United Kingdom,Textiles,,candidate
Total,,,,
"""
"""Who came to the stand: a list with some rows that an import refuses, each for its reason."""


def exchange(programme: Programme, people: dict[str, User], today: datetime.date) -> None:
    """Files that came in and went out up to the day before `today`."""
    manager = people["programme"]
    first = today.replace(day=1)
    before = (first - datetime.timedelta(days=1)).replace(day=1)
    tried = _uploaded(manager, programme, "accounts", "trade-fair-visitors.csv", VISITORS)
    services.check_run(actor=manager, run=tried, enqueue=False)
    passes.check(tried.pk)
    taken = _uploaded(manager, programme, "exchange_rates", _name(before), _rates(before, 0))
    taken = services.configure_run(
        actor=manager, run=taken, remember=True, remember_as="Month-end rates"
    )
    services.start_run(actor=manager, run=taken, enqueue=False)
    passes.import_rows(taken.pk)
    if _is_inside():
        _watch(manager, programme, first, today)
    for name, address, form in (
        ("programme", "/accounts/?status=key", "xlsx"),
        ("kam", "/accounts/duplicates/", "csv"),
    ):
        making.make(start_export(actor=people[name], address=address, format=form).pk)


def _uploaded(actor: User, programme: Programme, kind: str, name: str, text: str) -> Run:
    return services.upload_file(
        actor=actor,
        kind=kind,
        scope_id=programme.pk,
        file=ContentFile(text.encode(), name=name),
        file_name=name,
    )


def _name(month: datetime.date) -> str:
    return f"rates-{month:%Y-%m}.csv"


def _rates(month: datetime.date, place: int) -> str:
    day = month.isoformat()
    rows = [f"{code},{day},{rates[place]},treasury" for code, rates in RATES.items()]
    return "\n".join(["Currency,Valid from,Rate,Source", *rows, ""])


def _is_inside() -> bool:
    """Whether the import folder lies in the folder of files, where the demonstration may write."""
    try:
        files = Path(default_storage.path("")).resolve()
    except NotImplementedError:  # files are kept on another machine
        return False
    folder = settings.IMPORT_FOLDER
    return bool(folder) and Path(folder).resolve().is_relative_to(files)


def _watch(actor: User, programme: Programme, month: datetime.date, today: datetime.date) -> None:
    """A folder with one file that was taken, and a day later one that waits for somebody."""
    place = Path(settings.IMPORT_FOLDER) / PLACE
    place.mkdir(parents=True, exist_ok=True)
    folder = services.create_folder(
        actor=actor,
        kind="exchange_rates",
        scope_id=programme.pk,
        values={"name": "Rates of the treasury", "path": PLACE, "every": Folder.Every.DAY},
    )
    other = "Code,Day,Spot,Desk\nCHF,03/04/2026,0.8932,Zurich\n"
    for days, name, text in ((2, _name(month), _rates(month, 1)), (1, "spot.csv", other)):
        day = today - datetime.timedelta(days=days)
        seen = timezone.make_aware(datetime.datetime.combine(day, datetime.time(9, 30)))
        (place / name).write_text(text)
        changed = (seen - datetime.timedelta(minutes=10)).timestamp()
        os.utime(place / name, (changed, changed))
        _look(folder, seen)


def _look(folder: Folder, seen: datetime.datetime) -> None:
    """See what is new in `folder` at `seen`, take it once it has settled, and note the outcome."""
    for seconds in (0, 31, 37):
        looking.look(folder.pk, seen + datetime.timedelta(seconds=seconds))
        running = folder.files.filter(status=FolderFile.Status.RUNNING, run__isnull=False)
        for run_id in running.values_list("run", flat=True):
            passes.import_rows(run_id)
