"""Customers as a file writes them: checked, with the values that the account will have."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.choices import LADDER, Criticality, GeographicReach, Intent, Size, Stage, Status
from accounts.imports.channels import Channels
from accounts.imports.directory import plain_name, spoken
from accounts.imports.numbers import LONGEST, NUMBERS, numbers_in
from accounts.imports.teams import Teams
from accounts.models import Account
from accounts.numbers import Number
from kam.imports.kinds import Row
from kam.imports.records import Cells
from kam.imports.refusal import Refused
from kam.imports.totals import is_total
from kam.imports.values import is_error, text_of
from teams.models import BusinessUnit

REASONS = {
    "cells": gettext_lazy("has more cells than the heading"),
    "no_name": gettext_lazy("has no name"),
    "no_number": gettext_lazy("has no number, by which accounts are to be known"),
    "nothing": gettext_lazy("names no customer"),
    "nul": gettext_lazy("holds a character that is no text (NUL)"),
    "long": gettext_lazy("has a text that is too long"),
    "error": gettext_lazy("holds an error of the spreadsheet instead of a result"),
    "total": gettext_lazy("is a total, not a customer"),
    "bad_currency": gettext_lazy("has a currency that is not three capital letters"),
    "bad_website": gettext_lazy("has a website that is no address"),
    "bad_status": gettext_lazy("has a status that there is not"),
    "bad_unit": gettext_lazy("names a business unit that there is not"),
    "bad_channel": gettext_lazy("names a trade channel that there is not"),
    "ambiguous": gettext_lazy("names a customer of whom there are several"),
    "unknown_account": gettext_lazy("names a customer that is not known"),
    "known_account": gettext_lazy("names a customer that is there already"),
    "forbidden": gettext_lazy("names a customer that you may not change"),
    "archived": gettext_lazy("names a customer that is archived: restore it first"),
    "no_parent": gettext_lazy("is part of a customer that is not known"),
    "cycle": gettext_lazy("would make a circle: it is part of what is part of it"),
    "parent_rejected": gettext_lazy("is part of a customer whose row is rejected"),
    "team_shared": gettext_lazy("names a team that looks after another customer group"),
    "team_load": gettext_lazy("would give the team's manager more accounts than one may have"),
    "team_barrier": gettext_lazy("names a team with somebody behind an information barrier"),
    "number_taken": gettext_lazy("has a number in another system that is taken"),
    "key_limit": gettext_lazy("would be one key account more than the programme may hold"),
}
LENGTHS = {
    "name": 200,
    "external_id": 120,
    "country": 60,
    "industry": 80,
    "description": 10_000,
    "channel": 1000,
    "parent": 200,
    "team": 120,
    NUMBERS.name: LONGEST,
}
WORDS = {
    "size": spoken(Size),
    "reach": spoken(GeographicReach),
    "intent": spoken(Intent),
    "criticality": spoken(Criticality),
    "target_stage": {word: code for word, code in spoken(Stage).items() if code in LADDER},
}
"""Field -> what its cell may say."""
TYPED = (*WORDS, "target_stage_by", "potential_contribution")
BLAMED = {
    **dict.fromkeys(
        ("nothing", "ambiguous", "unknown_account", "known_account", "forbidden", "repeated"),
        ("external_id", "name"),
    ),
    "archived": ("external_id", "name"),
    "no_name": ("name",),
    "no_number": ("external_id",),
    "number_taken": (NUMBERS.name, "external_id"),
    f"bad_{NUMBERS.name}": (NUMBERS.name,),
    "bad_currency": ("currency",),
    "bad_website": ("website",),
    "bad_status": ("status",),
    "key_limit": ("status",),
    "bad_unit": ("business_unit",),
    "bad_channel": ("channel",),
    "no_parent": ("parent",),
    "cycle": ("parent",),
    "parent_rejected": ("parent",),
    **{f"bad_{name}": (name,) for name in TYPED},
    **dict.fromkeys(("bad_team", "team_shared", "team_load", "team_barrier"), ("team",)),
}
"""Reason -> the fields of which the first one in the file is at fault."""
PLAIN = ("name", "country", "industry", "currency", "website", "description")
_CURRENCY = re.compile(r"[A-Z]{3}")
_STATUS = spoken(Status)
_AMOUNT: Any = Account._meta.get_field("potential_contribution")
_url = URLValidator(schemes=("http", "https"))


class AccountRow(NamedTuple):
    """A checked row: what finds the account, what it shall be, its parent as written, and its
    numbers in whatever systems, besides that of the file's own."""

    key: str
    number: str
    parent: str
    status: str
    team: int | str | None
    values: dict[str, Any]
    numbers: tuple[Number, ...] = ()


class AccountReader:
    """Turns rows of one file into `AccountRow`s. Raises `Refused`."""

    def __init__(
        self,
        *,
        columns: dict[str, int],
        width: int,
        programme_id: int,
        channels: Channels,
        teams: Teams,
        decimal: str,
        dates: str,
        keys: str = "any",
    ) -> None:
        self.columns = columns
        self.typed = {name: columns[name] for name in TYPED if name in columns}
        self.conventions = {"decimal": decimal, "dates": dates}
        self.teams = teams
        self.keys = keys
        self.width = width
        units = BusinessUnit.objects.active().filter(programme=programme_id)
        self.channels = channels
        self.units: dict[str, int] = {}
        for pk, name, code in units.values_list("pk", "name", "code"):
            self.units[plain_name(name)] = pk
            if code:
                self.units.setdefault(plain_name(code), pk)

    def row(self, row: Row, number_of_row: int) -> AccountRow:
        """The row as an account; empty cells say nothing."""
        if len(row) != self.width:
            raise Refused("cells")
        placed = [*row, str(number_of_row)]
        cells = {name: text_of(placed[index]) for name, index in self.columns.items()}
        for name, text in cells.items():
            if "\0" in text:
                raise Refused("nul")
            if is_error(text):
                raise Refused("error")
            if len(text) > LENGTHS.get(name, 200):
                raise Refused("long")
        number, name = cells.get("external_id", ""), cells.get("name", "")
        if not number and not name:
            raise Refused("nothing")
        if not number and is_total(name):
            raise Refused("total")
        values: dict[str, Any] = {item: cells[item] for item in PLAIN if cells.get(item)}
        self._check(values)
        typed = Cells(row, self.typed, self.width, number=number_of_row, **self.conventions)
        values |= self._typed(typed)
        values |= self._place(cells)
        team = self.teams.find(cells["team"]) if cells.get("team") else None
        if team is not None:
            values["team"] = team
        return AccountRow(
            team=team,
            key=self._key(number, name),
            number=number,
            parent=cells.get("parent", ""),
            status=self._status(cells.get("status", "")),
            values=values,
            numbers=tuple(numbers_in(cells.get(NUMBERS.name, ""))),
        )

    def _typed(self, cells: Cells) -> dict[str, Any]:
        """Words of choices, day and amount, as the change log stores them."""
        values: dict[str, Any] = {name: cells.choice(name, WORDS[name]) for name in WORDS}
        day = cells.date("target_stage_by")
        values["target_stage_by"] = day and day.isoformat()
        amount = cells.number("potential_contribution")
        if amount is not None:
            try:
                _AMOUNT.clean(amount, None)
            except ValidationError as error:
                words = {
                    "amount": cells.text("potential_contribution"),
                    "why": " ".join(error.messages),
                }
                text = _("could contribute “%(amount)s” a year: %(why)s") % words
                raise Refused("bad_potential_contribution", text) from error
            values["potential_contribution"] = f"{amount:.{_AMOUNT.decimal_places}f}"
        return {name: value for name, value in values.items() if value}

    def _place(self, cells: dict[str, str]) -> dict[str, Any]:
        """Business unit and trade channel, which have to be there already."""
        values: dict[str, Any] = {}
        unit, channel = cells.get("business_unit"), cells.get("channel")
        if unit:
            if plain_name(unit) not in self.units:
                raise Refused("bad_unit", _("names “%(unit)s”: no business unit") % {"unit": unit})
            values["business_unit"] = self.units[plain_name(unit)]
        if channel:
            found = self.channels.find(channel)
            if found is None:
                text = _("names “%(channel)s”: no trade channel")
                raise Refused("bad_channel", text % {"channel": channel})
            values["channel"] = found
        return values

    def _key(self, number: str, name: str) -> str:
        """What finds the account."""
        if self.keys == "number" and not number:
            raise Refused("no_number")
        if self.keys == "name" and not name:
            raise Refused("no_name")
        return f"#{number}" if number and self.keys != "name" else f"={plain_name(name)}"

    @staticmethod
    def _check(values: dict[str, Any]) -> None:
        if not _CURRENCY.fullmatch(values.get("currency", "EUR")):
            raise Refused("bad_currency")
        website = values.get("website")
        if website:
            if "://" not in website:
                website = values["website"] = f"https://{website}"
            try:
                _url(website)
            except ValidationError as error:
                raise Refused("bad_website") from error

    @staticmethod
    def _status(text: str) -> str:
        if not text:
            return ""
        if plain_name(text) not in _STATUS:
            raise Refused("bad_status", _("has the status “%(status)s”") % {"status": text})
        return _STATUS[plain_name(text)]
