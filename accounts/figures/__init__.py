"""Money of accounts over a period, converted and honest about what is missing (handbook 0, 4.6).

Revenue is the sum of live ledger lines; gross margin = revenue - cost of goods; contribution =
gross margin - cost to serve. A line without a cost makes cost, margin and contribution "not
available"; an account without recorded cost to serve has none to subtract, so that its
contribution is not available either. Every amount is in the programme's currency at the rates of
the last day of the period: one rate a currency, so that a change of rates is no change of sales.
"""

from accounts.figures.basis import (
    AMOUNT,
    SIX_PLACES,
    Figures,
    MonthFigures,
    Period,
    Rates,
    between,
    change_ratio,
    rates_for,
    rates_on,
    ratio,
    trailing_year,
)
from accounts.figures.cells import are_kept
from accounts.figures.chosen import Chosen, just
from accounts.figures.kept import (
    LARGE,
    KeptYear,
    added,
    added_cells,
    hold,
    keep,
    keep_if_large,
    refresh,
    retire,
)
from accounts.figures.months import Months, by_month, compared, totals
from accounts.figures.ranking import (
    PARETO_SHARE,
    Pareto,
    banded,
    first_month,
    kept_of,
    latest_month,
    months_of_sales,
    pareto,
    pareto_kept,
    ranked_sums,
    revenue_rows,
    year_of_sales,
    year_until,
)
from accounts.figures.sums import (
    ActivityTotal,
    by_account,
    by_activity,
    rounded,
    sales_in,
    with_figures,
    with_kept_sums,
    without_costs,
)

__all__ = [
    "AMOUNT",
    "LARGE",
    "PARETO_SHARE",
    "SIX_PLACES",
    "ActivityTotal",
    "Chosen",
    "Figures",
    "KeptYear",
    "MonthFigures",
    "Months",
    "Pareto",
    "Period",
    "Rates",
    "added",
    "added_cells",
    "are_kept",
    "banded",
    "between",
    "by_account",
    "by_activity",
    "by_month",
    "change_ratio",
    "compared",
    "first_month",
    "hold",
    "just",
    "keep",
    "keep_if_large",
    "kept_of",
    "latest_month",
    "months_of_sales",
    "pareto",
    "pareto_kept",
    "ranked_sums",
    "rates_for",
    "rates_on",
    "ratio",
    "refresh",
    "retire",
    "revenue_rows",
    "rounded",
    "sales_in",
    "totals",
    "trailing_year",
    "with_figures",
    "with_kept_sums",
    "without_costs",
    "year_of_sales",
    "year_until",
]
