"""What all steps of building the demonstration share."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib.auth.hashers import make_password
from django.utils import timezone

from accounts.models import (
    Account,
    StageChange,
    StatusChange,
)
from kam.changes.models import Change
from kam.documents.models import Attachment, EarlierFile
from plans.models import PlanDecision, PlanVersion
from reviews.demo import cast
from teams.models import User

DATED: dict[Any, str] = {
    Change: "at",
    StageChange: "created_at",
    StatusChange: "created_at",
    PlanVersion: "created_at",
    PlanDecision: "decided_at",
    Attachment: "stored_at",
    EarlierFile: "stored_at",
}
"""What is dated by when it was written, and in which field."""
PASSWORD = "key-accounts-demo"  # noqa: S105  (printed at every start, refused outside the demonstration)


class Steps:
    """Today, and what was made so far."""

    def __init__(self, today: datetime.date) -> None:
        self.today = today
        self.password = make_password(PASSWORD)
        self.people: dict[str, User] = {}
        self.accounts: dict[str, Account] = {}

    @contextmanager
    def on_day(self, days_ago: int) -> Iterator[datetime.date]:
        """What is written inside is logged as of that many days ago."""
        day = self.today - datetime.timedelta(days=days_ago)
        marks = {model: self._last(model) for model in DATED}
        yield day
        if days_ago == 0:
            return
        noon = datetime.datetime.combine(day, datetime.time(9, 30), timezone.get_default_timezone())
        for model, moment in DATED.items():
            model.objects.filter(pk__gt=marks[model]).update(**{moment: noon})

    @staticmethod
    def _last(model: Any) -> int:
        return model.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def deputy_of(manager: str) -> str:
    """The next manager on the list stands in."""
    names = list(cast.MANAGERS)
    return names[(names.index(manager) + 1) % len(names)]
