"""The customers that the rows of a file name, and what has been decided about unknown ones."""

from __future__ import annotations

from typing import Any

from accounts.imports.directory import AMBIGUOUS, Directory
from kam.imports.refusal import Refusal


class Accounts(dict):
    """Key of a customer -> primary key of its account, None where there is none yet, `Refusal`
    where it must not be used. `decisions` say by the words of the file what becomes of customers
    that are not known: the primary key of an account, `create` or `reject`."""

    def __init__(self, directory: Directory, decisions: dict[str, Any]) -> None:
        super().__init__()
        self.directory = directory
        self.decisions = decisions
        wanted = {item for item in decisions.values() if isinstance(item, int)}
        self.matched: set[int] = set()
        if wanted:
            run = directory.run
            allowed = run.import_kind.matches_for(run.owner, run.scope_id)
            assert allowed is not None  # noqa: S101  (a ledger's customers can be matched)
            self.matched.update(allowed.filter(pk__in=wanted).values_list("pk", flat=True))
        self.unknown: set[str] = set()

    def __missing__(self, key: str) -> int | Refusal | None:
        found = self[key] = self._find(key)
        return found

    def _find(self, key: str) -> int | Refusal | None:
        directory = self.directory
        if key[0] == "#":
            pk = directory.by_number.get(key[1:])
            if pk in directory.barred:
                return Refusal("forbidden")
        else:
            pk = directory.by_name.get(key[1:])
        if pk == AMBIGUOUS or pk is None:
            decided = self.decisions.get(key)
            if isinstance(decided, int):
                return decided if decided in self.matched else Refusal("forbidden")
        return Refusal("ambiguous") if pk == AMBIGUOUS else pk
