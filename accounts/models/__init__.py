"""The customers: who they are, what they buy, whom we know, what separates them."""

from accounts.models.account import Account, ExternalId, Site, StageChange, StatusChange
from accounts.models.cells import SumsBand, SumsCell
from accounts.models.channel import Channel
from accounts.models.conflict import Conflict, ConflictException
from accounts.models.days import NotedDay
from accounts.models.duplicate import DuplicateKind, DuplicatePair
from accounts.models.fact import Fact
from accounts.models.factor import SuccessFactor
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
from accounts.models.profile import (
    PreferredBenefit,
    ProfileEntry,
    ProfileParameter,
    Rating,
    Target,
    TargetProfile,
    TargetRange,
)
from accounts.models.programme_cost import BudgetLine, OrganisationChange, ReturnCase
from accounts.models.qualification import Qualification
from accounts.models.scoring import CriteriaSet, Criterion, Position, Score
from accounts.models.selection import Decision, Expectation, ManagerCapacity, Selection
from accounts.models.staging import StagedAccount, StagedTotal
from accounts.models.sums import AccountSums, SumsPeriod

__all__ = [
    "Account",
    "AccountSums",
    "Activity",
    "ActivityCost",
    "BudgetLine",
    "CategoryPurchase",
    "Channel",
    "Conflict",
    "ConflictException",
    "Contact",
    "ContactExternalId",
    "CriteriaSet",
    "Criterion",
    "Decision",
    "DuplicateKind",
    "DuplicatePair",
    "ExchangeRate",
    "Expectation",
    "ExternalId",
    "Fact",
    "Interaction",
    "LedgerEntry",
    "ManagerCapacity",
    "Merge",
    "MergeStep",
    "MonthTotal",
    "NotedDay",
    "OrganisationChange",
    "Position",
    "PreferredBenefit",
    "Product",
    "ProductExternalId",
    "ProductLine",
    "ProfileEntry",
    "ProfileParameter",
    "Qualification",
    "Rating",
    "ReturnCase",
    "Score",
    "Selection",
    "Site",
    "StageChange",
    "StagedAccount",
    "StagedTotal",
    "StatusChange",
    "SuccessFactor",
    "SumsBand",
    "SumsCell",
    "SumsPeriod",
    "Target",
    "TargetProfile",
    "TargetRange",
]
