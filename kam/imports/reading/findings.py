"""What was understood about a file: each finding with its value, its reason and how sure it is."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass
class Finding:
    """One thing understood about the file.

    `needed` marks a choice that nobody but a person can make: the run waits for it.
    """

    value: Any
    reason: str
    needed: bool = False
    chosen: bool = False


@dataclass
class Findings:
    """All that reading rows depends on; stored with the run, so that it reads alike for ever."""

    form: Finding
    encoding: Finding | None = None
    delimiter: Finding | None = None
    sheet: Finding | None = None
    header: Finding = field(default_factory=lambda: Finding(value=True, reason=""))
    skipped: int = 0
    decimal: Finding | None = None
    dates: Finding | None = None
    columns: list[str] = field(default_factory=list)
    sheets: list[str] = field(default_factory=list)

    NAMES = ("form", "encoding", "delimiter", "sheet", "header", "decimal", "dates")

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Findings:
        values = dict(stored)
        for name in cls.NAMES:
            if values.get(name) is not None:
                values[name] = Finding(**values[name])
        return cls(**values)

    def value(self, name: str) -> Any:
        """Value of a finding; None where it does not apply."""
        finding = getattr(self, name)
        return finding.value if finding else None

    def open_choices(self) -> list[str]:
        """Names of findings that wait for a person's choice."""
        return [name for name in self.NAMES if (found := getattr(self, name)) and found.needed]
