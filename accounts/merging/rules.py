"""What happens to each kind of row that points to an account or to a person.

Every relation of the model has to be named here, by its own app: `tests/accounts/test_merging.py`
walks the relations and fails on one without a rule, and a merge refuses to begin.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.db import models

from accounts.merging.journal import Journal
from kam.access.querysets import Reader


@dataclass
class Joining:
    """Two rows on their way to become one, both locked."""

    survivor: Any
    loser: Any
    journal: Journal


class Rule:
    """Rows move to the one that stays, as they are."""

    shown = True
    """Whether people are told how many rows there are."""
    narrowed = False
    """Whether somebody who sees the account may not see some of the rows."""

    def __init__(
        self, relation: str, *, quiet: bool = False, words: Any = "", narrowed: bool = False
    ) -> None:
        self.relation = relation
        label, _dot, self.field = relation.rpartition(".")
        self.label = label
        self.quiet = quiet
        self.narrowed = self.narrowed or narrowed
        self._words = words

    @property
    def model(self) -> Any:
        return apps.get_model(self.label)

    @property
    def words(self) -> str:
        """What the rows are called: as given, else as their model is."""
        return str(self._words) or str(self.model._meta.verbose_name_plural)

    def rows(self, loser: int) -> models.QuerySet:
        """Rows that point to the row with the key `loser`."""
        return self.model._base_manager.filter(**{self.field: loser})

    def count(self, loser: int, reader: Reader | None) -> int:
        """How many rows `reader` may be told of; without one, whoever sees the account."""
        rows = self.rows(loser)
        if not self.shown or (self.narrowed and reader is None):
            return 0
        if self.narrowed:
            seen = self.model._default_manager.all().visible_to(reader).order_by()
            rows = rows.filter(pk__in=seen.values("pk"))
        return rows.count()

    def remarks(self, survivor: Any, loser: Any) -> list[str]:
        """What people should know besides the number, in sentences."""
        return []

    def carry(self, joining: Joining) -> None:
        """Do it."""
        rows = self.rows(joining.loser.pk)
        joining.journal.move(rows, self.field, joining.survivor.pk, quiet=self.quiet)


class Stays(Rule):
    """Rows speak of the one that is taken up itself and stay with it; `why` says so."""

    shown = False

    def __init__(self, relation: str, why: str) -> None:
        super().__init__(relation)
        self.why = why

    def carry(self, joining: Joining) -> None:
        return


_rules: dict[str, dict[str, Rule]] = {}


def register(model: str, *rules: Rule) -> None:
    """Name the rules for rows that point to `model` (`accounts.Account`)."""
    known = _rules.setdefault(model, {})
    for rule in rules:
        known[rule.relation] = rule


def relations_of(model: type[models.Model]) -> list[str]:
    """Every foreign key of any model that points to `model`, as `app.Model.field`."""
    found = []
    for relation in model._meta.get_fields(include_hidden=True):
        if relation.auto_created and not relation.concrete and not relation.many_to_many:
            related: Any = relation.related_model
            found.append(f"{related._meta.label}.{relation.field.name}")  # type: ignore[union-attr]
    return found


def rules_for(model: type[models.Model]) -> list[Rule]:
    """The rules for `model`; raises ImproperlyConfigured if a relation has none."""
    known = _rules.get(model._meta.label, {})
    missing = [name for name in relations_of(model) if name not in known]
    if missing:
        raise ImproperlyConfigured(f"A merge has no rule for {', '.join(missing)}.")
    return list(known.values())
