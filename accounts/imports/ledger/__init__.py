"""The sales ledger as a file (`design.md` 11, "Ledger")."""

from accounts.imports.ledger.kind import LedgerKind

__all__ = ["LedgerKind"]
