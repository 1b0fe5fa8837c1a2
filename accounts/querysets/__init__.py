"""Who sees which account, and what hangs on it."""

from accounts.querysets.accounts import AccountQuerySet
from accounts.querysets.cells import CellQuerySet, PlacedQuerySet
from accounts.querysets.channels import CategoryPurchaseQuerySet, ChannelQuerySet
from accounts.querysets.duplicates import DuplicateQuerySet, MergeQuerySet, MergeStepQuerySet
from accounts.querysets.hanging import (
    ActivityCostQuerySet,
    ConflictQuerySet,
    ContactQuerySet,
    ExceptionQuerySet,
    ExternalIdQuerySet,
    HangingQuerySet,
    InteractionQuerySet,
    LedgerQuerySet,
    ProductQuerySet,
    ProgrammeScopedQuerySet,
    ProgrammeTrackedQuerySet,
    TrackedHangingQuerySet,
)
from accounts.querysets.profiles import (
    PreferredBenefitQuerySet,
    ProfileEntryQuerySet,
    ProfileParameterQuerySet,
    RatingQuerySet,
    SuccessFactorQuerySet,
    TargetProfileQuerySet,
    TargetQuerySet,
)
from accounts.querysets.reach import (
    CONFIRMERS,
    CONTRIBUTORS,
    EDITORS,
    MANAGERS,
    READERS,
    Reach,
    reach_of,
)
from accounts.querysets.running import (
    BudgetLineQuerySet,
    OrganisationChangeQuerySet,
    QualificationQuerySet,
)
from accounts.querysets.selecting import (
    CriteriaSetQuerySet,
    DecisionQuerySet,
    PositionQuerySet,
    ScoreQuerySet,
    SelectionQuerySet,
)

__all__ = [
    "CONFIRMERS",
    "CONTRIBUTORS",
    "EDITORS",
    "MANAGERS",
    "READERS",
    "AccountQuerySet",
    "ActivityCostQuerySet",
    "BudgetLineQuerySet",
    "CategoryPurchaseQuerySet",
    "CellQuerySet",
    "ChannelQuerySet",
    "ConflictQuerySet",
    "ContactQuerySet",
    "CriteriaSetQuerySet",
    "DecisionQuerySet",
    "DuplicateQuerySet",
    "ExceptionQuerySet",
    "ExternalIdQuerySet",
    "HangingQuerySet",
    "InteractionQuerySet",
    "LedgerQuerySet",
    "MergeQuerySet",
    "MergeStepQuerySet",
    "OrganisationChangeQuerySet",
    "PlacedQuerySet",
    "PositionQuerySet",
    "PreferredBenefitQuerySet",
    "ProductQuerySet",
    "ProfileEntryQuerySet",
    "ProfileParameterQuerySet",
    "ProgrammeScopedQuerySet",
    "ProgrammeTrackedQuerySet",
    "QualificationQuerySet",
    "RatingQuerySet",
    "Reach",
    "ScoreQuerySet",
    "SelectionQuerySet",
    "SuccessFactorQuerySet",
    "TargetProfileQuerySet",
    "TargetQuerySet",
    "TrackedHangingQuerySet",
    "reach_of",
]
