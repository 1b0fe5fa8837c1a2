"""How customers, people and money stand in files, such that the importer reads them again.

Headings that bring something back are names of fields of its kinds (`accounts/imports`), in any
language of the page. Ids of ours stand beside the names and are left alone by the importer.
"""

from accounts.exports.accounts import (
    ACCOUNTS,
    COVERAGE,
    COVERAGE_LINES,
    FACTS,
    REGISTER,
    SITES,
)
from accounts.exports.decisions import (
    CAPACITIES,
    CONFLICTS,
    LOOK_AGAIN,
    MERGES,
    PAIRS,
    PLANNED_COSTS,
    SELECTIONS,
    UNDECIDED,
)
from accounts.exports.market import CHANNELS, MAP, PURCHASES
from accounts.exports.matrix import EFFORT_COLUMNS, MATRIX_COLUMNS
from accounts.exports.money import COSTS, LEDGER, PRODUCTS, RATES
from accounts.exports.people import CONTACTS, TALKS
from accounts.exports.profiles import (
    BENEFITS,
    ENTRIES,
    FACTORS,
    MATCHES,
    PARAMETERS,
    RATINGS,
    TARGET_PROFILES,
    TARGETS,
)
from accounts.exports.programme import BUDGET, ORGANISATION, QUALIFICATIONS, RETURNS
from accounts.exports.scores import SCORES, ScoreSheet

__all__ = [
    "ACCOUNTS",
    "BENEFITS",
    "BUDGET",
    "CAPACITIES",
    "CHANNELS",
    "CONFLICTS",
    "CONTACTS",
    "COSTS",
    "COVERAGE",
    "COVERAGE_LINES",
    "EFFORT_COLUMNS",
    "ENTRIES",
    "FACTORS",
    "FACTS",
    "LEDGER",
    "LOOK_AGAIN",
    "MAP",
    "MATCHES",
    "MATRIX_COLUMNS",
    "MERGES",
    "ORGANISATION",
    "PAIRS",
    "PARAMETERS",
    "PLANNED_COSTS",
    "PRODUCTS",
    "PURCHASES",
    "QUALIFICATIONS",
    "RATES",
    "RATINGS",
    "REGISTER",
    "RETURNS",
    "SCORES",
    "SELECTIONS",
    "SITES",
    "TALKS",
    "TARGETS",
    "TARGET_PROFILES",
    "UNDECIDED",
    "ScoreSheet",
]
