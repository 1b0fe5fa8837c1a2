"""What customers buy in our categories, as a file (K086; handbook 3.4)."""

from accounts.imports.records.purchases.kind import CategoryPurchasesKind

__all__ = ["CategoryPurchasesKind"]
