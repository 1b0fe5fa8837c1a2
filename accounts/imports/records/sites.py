"""Places of customers as a file."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.imports.directory import AMBIGUOUS, plain_name
from accounts.imports.records.customers import (
    ACCOUNT_FIELDS,
    BLAMED,
    REASONS,
    SYSTEM_OPTION,
    CustomerKind,
    CustomerSession,
    unknown_option,
)
from accounts.models import Site
from accounts.querysets import AccountQuerySet
from accounts.services.site import EDITABLE_FIELDS
from kam.imports.kinds import Field
from kam.imports.models import Run
from kam.imports.records import MODE, Cells, Wanted
from kam.imports.refusal import Refused


class SitesKind(CustomerKind):
    """Places, each of one account, by whose name it is known there."""

    name: ClassVar = "sites"
    label: ClassVar = gettext_lazy("Sites")
    model: ClassVar = Site
    fields: ClassVar = (
        Field(
            "name",
            gettext_lazy("Name"),
            "text",
            ("site", "site name", "location", "location name", "plant", "standort", "werk"),
        ),
        *ACCOUNT_FIELDS,
        Field(
            "address",
            gettext_lazy("Address"),
            "text",
            ("street", "street address", "address line 1", "adresse", "strasse", "straße"),
        ),
        Field("city", gettext_lazy("City"), "text", ("town", "ort", "stadt", "ville")),
        Field("country", gettext_lazy("Country"), "text", ("country code", "land", "pays")),
    )
    options: ClassVar = (MODE, unknown_option("reject"), SYSTEM_OPTION)
    blamed: ClassVar = {
        **BLAMED,
        "nothing": ("name",),
        "ambiguous_site": ("name",),
        **{f"bad_{field.name}": (field.name,) for field in fields},
    }
    shown: ClassVar = (
        gettext_lazy("Name"),
        gettext_lazy("Account"),
        gettext_lazy("City"),
        gettext_lazy("Country"),
    )
    previewed: ClassVar = ("name", "account_name/account", "city", "country")

    def problems(self, mapping: Iterable[str]) -> list[str]:
        """A place and an account."""
        given = set(mapping)
        missing = super().problems(given)
        if "name" not in given:
            missing.insert(0, _("Say which column holds the name of the site."))
        return missing

    def open(self, run: Run) -> SitesSession:
        """Begin a pass over a list of places."""
        return SitesSession(run)


class SitesSession(CustomerSession):
    """One pass over a list of places."""

    model: ClassVar = Site
    reasons: ClassVar = {
        **REASONS,
        "ambiguous_site": gettext_lazy("names a site of which the customer has several"),
    }

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        self.known: dict[tuple[int, str], int] = {}
        sites = Site.objects.filter(account__programme=run.scope_id).order_by("pk")
        columns = ("account_id", "name", "pk")
        for account, name, pk in sites.active().values_list(*columns):
            key = (account, plain_name(name))
            self.known[key] = AMBIGUOUS if key in self.known else pk
        for account, name, pk in sites.exclude(archived_at=None).values_list(*columns):
            self.known.setdefault((account, plain_name(name)), pk)

    def rights(self, accounts: AccountQuerySet) -> AccountQuerySet:
        """Accounts whose places the run's owner may keep."""
        return accounts.editable_by(self.run.owner)

    def read(self, cells: Cells) -> Wanted:
        """The place of a row."""
        account: Any = self.account(cells)
        values: dict[str, Any] = {
            name: cells.text(name) for name in EDITABLE_FIELDS if cells.text(name)
        }
        if "name" not in values:
            raise Refused("nothing")
        values["account"] = account
        called = self.called.get(account, account)
        return Wanted(((called, plain_name(values["name"])),), values)

    def find(self, wanted: Wanted) -> int | None:
        """The place of this name at the account."""
        found = self.known.get((wanted.values["account"], wanted.keys[0][1]))
        if found == AMBIGUOUS:
            raise Refused("ambiguous_site")
        return found
