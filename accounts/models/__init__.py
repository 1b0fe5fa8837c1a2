"""The customers: who they are, what they buy, whom we know, what separates them."""

from accounts.models.account import Account, ExternalId, Site, StageChange, StatusChange
from accounts.models.channel import Channel
from accounts.models.conflict import Conflict, ConflictException
from accounts.models.days import NotedDay
from accounts.models.duplicate import DuplicateKind, DuplicatePair
from accounts.models.fact import Fact
from accounts.models.ledger import (
    Activity,
    ActivityCost,
    ExchangeRate,
    LedgerEntry,
    MonthTotal,
    Product,
    ProductExternalId,
    ProductLine,
)
from accounts.models.market import CategoryPurchase
from accounts.models.merge import Merge, MergeStep
from accounts.models.people import Contact, ContactExternalId, Interaction
from accounts.models.staging import StagedAccount, StagedTotal
from accounts.models.sums import KEPT_MONTHS, AccountSums, SumsPeriod

__all__ = [
    "KEPT_MONTHS",
    "Account",
    "AccountSums",
    "Activity",
    "ActivityCost",
    "CategoryPurchase",
    "Channel",
    "Conflict",
    "ConflictException",
    "Contact",
    "ContactExternalId",
    "DuplicateKind",
    "DuplicatePair",
    "ExchangeRate",
    "ExternalId",
    "Fact",
    "Interaction",
    "LedgerEntry",
    "Merge",
    "MergeStep",
    "MonthTotal",
    "NotedDay",
    "Product",
    "ProductExternalId",
    "ProductLine",
    "Site",
    "StageChange",
    "StagedAccount",
    "StagedTotal",
    "StatusChange",
    "SumsPeriod",
]
