"""Files of records that people also keep one by one: contacts, sites, products, costs, purchases,
rates, members, scores, ratings."""

from accounts.imports.records.contacts import ContactsKind
from accounts.imports.records.costs import ActivityCostsKind
from accounts.imports.records.memberships import MembershipsKind
from accounts.imports.records.products import ProductsKind
from accounts.imports.records.purchases import CategoryPurchasesKind
from accounts.imports.records.rates import ExchangeRatesKind
from accounts.imports.records.ratings import RatingsKind
from accounts.imports.records.scores import ScoresKind
from accounts.imports.records.sites import SitesKind

__all__ = [
    "ActivityCostsKind",
    "CategoryPurchasesKind",
    "ContactsKind",
    "ExchangeRatesKind",
    "MembershipsKind",
    "ProductsKind",
    "RatingsKind",
    "ScoresKind",
    "SitesKind",
]
