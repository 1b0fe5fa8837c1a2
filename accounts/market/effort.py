"""Where effort goes against where potential is (K027).

Effort is the planned FTE of the manager, else what is usual at the stage (handbook 5.3); potential
is what the customer buys elsewhere over three years: accessible spend less our sales, not below 0.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import (
    BooleanField,
    Case,
    Count,
    DecimalField,
    Exists,
    ExpressionWrapper,
    F,
    FloatField,
    Func,
    OuterRef,
    Q,
    QuerySet,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Cast, Coalesce

from accounts.figures import AMOUNT, ratio
from accounts.models import Account
from accounts.selection.gathering import EFFORT
from kam.access.tree import PathField

TIMES = 2
"""Share of effort over so many times the share of potential is out of proportion (K027)."""
FTE: DecimalField = DecimalField(max_digits=20, decimal_places=2)
PRODUCT: DecimalField = DecimalField(max_digits=40, decimal_places=8)
UTMOST = Value(1e9)
"""Times its share that effort is where there is no potential at all."""


class NotBelowZero(Func):
    """A number, 0 where it is below; NULL stays. It is worked out once: a CASE would add up again
    for every time that it names a sum. LIMIT keeps planners from putting it in several times."""

    template = (
        "(SELECT CASE WHEN it < 0 THEN 0 ELSE it END"
        " FROM (SELECT %(expressions)s AS it LIMIT 1) once)"
    )
    arity = 1
    output_field = AMOUNT


MOST_FIRST = F("excess").desc(nulls_last=True)
"""Accounts most out of proportion first."""


class Totals(NamedTuple):
    """Effort in FTE and potential of accounts together; `unknown` ones, of which no potential is
    known, are in neither."""

    effort: Decimal
    potential: Decimal
    unknown: int


NOTHING = Totals(Decimal(0), Decimal(0), 0)


class Share(NamedTuple):
    """One account's shares, 0..1; `excess` is the one over the other. None is "not available"."""

    account: Any
    effort: Decimal | None
    potential: Decimal | None

    @property
    def excess(self) -> Decimal | None:
        """How many times its share of potential the effort is."""
        return ratio(self.effort, self.potential)

    @property
    def is_over(self) -> bool:
        """Whether it is listed (K027)."""
        return is_over(self.effort, self.potential)


def is_over(effort: Decimal | None, potential: Decimal | None) -> bool:
    """Whether a share of effort is more than twice the share of potential, strictly (K027)."""
    return effort is not None and potential is not None and effort > TIMES * potential


def with_effort(accounts: QuerySet[Account]) -> QuerySet[Account]:
    """Annotates `effort` and `potential` of accounts with `spend` and `sales`."""
    usual = [When(stage=stage, then=Value(fte)) for stage, fte in EFFORT.items() if stage]
    by_stage = Case(*usual, default=Value(EFFORT[None]), output_field=FTE)
    gap = ExpressionWrapper(F("spend") - F("sales"), output_field=AMOUNT)
    return accounts.annotate(
        effort=Coalesce("planned_effort", by_stage, output_field=FTE),
        potential=NotBelowZero(gap),
    )


def totals(accounts: QuerySet[Account]) -> Totals:
    """Sums over `accounts` (`with_effort`); the potential of one below another of them is part of
    that one's and counts once."""
    inner = ExpressionWrapper(OuterRef("path"), output_field=PathField())
    above = accounts.filter(root=OuterRef("root"), potential__isnull=False).annotate(inner=inner)
    above = above.exclude(pk=OuterRef("pk")).filter(inner__startswith=F("path"))
    rows = accounts.alias(is_part=Exists(above.order_by())).order_by()
    sums = rows.aggregate(
        all_effort=Sum("effort", filter=Q(potential__isnull=False)),
        all_potential=Sum("potential", filter=Q(is_part=False)),
        unknown=Count("pk", filter=Q(potential=None)),
    )
    none = Decimal(0)
    return Totals(sums["all_effort"] or none, sums["all_potential"] or none, sums["unknown"])


def with_excess(accounts: QuerySet[Account], whole: Totals) -> QuerySet[Account]:
    """Annotates `excess`, to sort by, and `is_over`; `whole` are the totals of all."""
    if not whole.effort:
        return accounts.annotate(
            excess=Cast(Value(None), FloatField()),  # a bare NULL is no order to PostgreSQL
            is_over=Value(value=False, output_field=BooleanField()),
        )
    scale = Value(float(whole.potential / whole.effort))
    effort, possible = (Cast(name, FloatField()) for name in ("effort", "potential"))
    there = ExpressionWrapper(F("effort") * Value(whole.potential), output_field=PRODUCT)
    here = ExpressionWrapper(F("potential") * Value(whole.effort * TIMES), output_field=PRODUCT)
    return accounts.annotate(
        excess=Case(
            When(potential__gt=0, then=effort / possible * scale),
            When(potential=0, then=UTMOST),
            default=None,
            output_field=FloatField(),
        ),
        taken=there,
        due=here,
    ).annotate(
        is_over=Case(
            When(potential__isnull=False, taken__gt=F("due"), then=Value(value=True)),
            default=Value(value=False),
            output_field=BooleanField(),
        )
    )


def out_of_proportion(accounts: QuerySet[Account], *, over: bool) -> QuerySet[Account]:
    """Those of `accounts` (`with_excess`) whose effort is, or is not, out of proportion."""
    return accounts.filter(is_over=over)


def share(account: Any, whole: Totals) -> Share:
    """What `account` (`with_effort`) has of the whole."""
    effort = None if account.potential is None else ratio(account.effort, whole.effort)
    return Share(account, effort, ratio(account.potential, whole.potential))
