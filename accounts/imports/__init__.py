"""Files about customers: the kinds of imports that this app offers."""

from accounts.imports.accounts import AccountsKind
from accounts.imports.ledger import LedgerKind
from accounts.imports.records import (
    ActivityCostsKind,
    CategoryPurchasesKind,
    ContactsKind,
    ExchangeRatesKind,
    MembershipsKind,
    ProductsKind,
    RatingsKind,
    ScoresKind,
    SitesKind,
)
from kam.imports import kinds


def register() -> None:
    """Offer the kinds; called when the app is ready."""
    kinds.register(AccountsKind())
    kinds.register(SitesKind())
    kinds.register(ContactsKind())
    kinds.register(MembershipsKind())
    kinds.register(ProductsKind())
    kinds.register(ActivityCostsKind())
    kinds.register(CategoryPurchasesKind())
    kinds.register(ScoresKind())
    kinds.register(RatingsKind())
    kinds.register(ExchangeRatesKind())
    kinds.register(LedgerKind())
