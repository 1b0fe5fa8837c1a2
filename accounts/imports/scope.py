"""What the kinds of this app share: their scope is a programme, one run at a time changes it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, ClassVar

from django.db import models
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import policies
from accounts.models import Account, DuplicatePair, ExternalId, Product, StagedAccount
from accounts.querysets import MANAGERS, reach_of
from kam.access.dates import business_today
from kam.access.querysets import Reader
from kam.imports import rejects
from kam.imports.kinds import ImportKind, Option
from kam.imports.models import Run
from kam.imports.policies import is_system
from teams.models import Programme

SYSTEM = "erp"
"""Source system of customer numbers unless somebody names another."""
SYSTEM_BY_ROW = Option(
    "system",
    gettext_lazy("Source system of the numbers"),
    SYSTEM,
    help=gettext_lazy("Numbers of rows: that of the file alone, unless you name another."),
)
SYSTEM_LENGTH = ExternalId._meta.get_field("system").max_length or 0
CHANGES_PER_BATCH = 1000


def system_of(run: Run) -> str:
    """Source system of the customer numbers in `run`. Numbers of rows are no numbers of a system:
    unless somebody names one they are those of the file, by its name, alone."""
    chosen = run.option("system")
    if not run.by_row or chosen != SYSTEM:
        return chosen
    name = run.file_name.removesuffix(rejects.SUFFIX)
    if len(name) <= SYSTEM_LENGTH:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{name[: SYSTEM_LENGTH - 9]}~{digest}"


def numbered_name(number: str) -> str:
    """What a customer is called of whom a file says nothing but a number."""
    return _("Customer %(number)s") % {"number": number}


def numbered_rows(run: Run, count: int) -> list[dict[str, str]]:
    """How many customers are known by their row, and by what source system, for the totals."""
    if not run.by_row:
        return []
    label = _("Customers by the number of their row, source system “%(system)s”")
    return [{"label": label % {"system": system_of(run)}, "value": str(count), "unit": ""}]


class ProgrammeKind(ImportKind):
    """Files that belong to a programme: for its managers and the administrators."""

    lane: ClassVar[str] = "customers"
    seen_at: ClassVar[tuple[Any, str] | None] = (gettext_lazy("See the accounts"), "accounts:list")
    """Where people look at what a file has brought: label and name of the page, if there is one."""

    def scopes(self) -> models.QuerySet:
        """Programmes."""
        return Programme.objects.active()

    def scopes_for(self, user: Reader) -> models.QuerySet:
        """Programmes in which `user` may create accounts (`design.md` 4.1)."""
        programmes = self.scopes()
        if not user.is_active:
            return programmes.none()
        held = reach_of(user, business_today()).programmes
        managed = [programme for role, programme in held if role in MANAGERS]
        return programmes if None in managed else programmes.filter(pk__in=managed)

    def is_offered_to(self, user: Reader) -> bool:
        """To programme managers and administrators; known already, asks for nothing."""
        return policies.can_run_programme(user)

    def scopes_read_by(self, user: Reader) -> models.QuerySet:
        """Without programmes in which an information barrier hides an account from `user`: a file
        of somebody else may name it."""
        hidden = Account.objects.behind_barriers_of(user).order_by()
        return self.scopes_for(user).exclude(pk__in=hidden.values("programme"))

    def further(self, run: Run) -> list[tuple[Any, str]]:
        """Accounts and people that the file has made and that look like others; then the place
        where what came is seen."""
        places = []
        if self.seen_at:
            label, name = self.seen_at
            places.append((label, reverse(name)))
        found = DuplicatePair.objects.of_run(run.pk).standing().filter(state="open")
        if found.exists():
            address = f"{reverse('accounts:duplicates')}?run={run.pk}"
            places.insert(0, (_("Possible duplicates"), address))
        return places

    def brought(self, run: Run, user: Reader) -> models.QuerySet | None:
        """Accounts that the run has made, changed, or given lines."""
        touched = StagedAccount.objects.filter(run=run).order_by().values("account")
        return Account.objects.visible_to(user).filter(pk__in=touched).order_by("name", "pk")

    match_url: ClassVar[str] = "accounts:pick"

    def matches_for(self, user: Reader, scope_id: int) -> models.QuerySet:
        """Accounts to which `user` may bring rows; a command of the installation: all of them."""
        accounts = Account.objects.filter(programme=scope_id, staged_by=None).active()
        return accounts if is_system(user) else accounts.managed_by(user)

    def known_share(self, name: str, values: Sequence[str], scope_id: int | None) -> float | None:
        """Share of customer numbers and product codes that the programme knows."""
        looked_up = {
            "account": ExternalId.objects.filter(value__in=values),
            "external_id": ExternalId.objects.filter(value__in=values),
            "product": Product.objects.filter(code__in=values),
        }.get(name)
        if looked_up is None or scope_id is None:
            return None
        column = "code" if name == "product" else "value"
        known = looked_up.filter(programme=scope_id).values(column).distinct().count()
        return known / len(values)
