"""Criteria of attractiveness and of strength as the handbook sets them (3.1, 3.2), and the rules
that every set of them keeps."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy


class Kind(models.TextChoices):
    """What a set of criteria judges."""

    ATTRACTIVENESS = "attractiveness", gettext_lazy("attractiveness")
    STRENGTH = "strength", gettext_lazy("strength")


class Group(models.TextChoices):
    """What a criterion is part of (K044-K046)."""

    NONE = "", gettext_lazy("none")
    GROWTH = "growth", gettext_lazy("growth")
    HARMONY = "harmony", gettext_lazy("harmony")
    VALUE = "value", gettext_lazy("value")


class Default(NamedTuple):
    """A criterion with its weight of 100 and what the scores 0, 5 and 10 mean."""

    code: str
    name: str | Promise
    group: str
    weight: Decimal | int
    low: str | Promise
    middle: str | Promise
    high: str | Promise


_WORSE = gettext_lazy("clearly worse than the best other supplier")
_EQUAL = gettext_lazy("equal to the best other supplier")
_BETTER = gettext_lazy("clearly better than the best other supplier")

ATTRACTIVENESS = (
    Default(
        "A1",
        gettext_lazy("Future potential: growth of accessible spend, 3 years"),
        Group.GROWTH,
        20,
        gettext_lazy("shrinking more than 5 % a year"),
        gettext_lazy("market growth"),
        gettext_lazy("more than 15 % a year"),
    ),
    Default(
        "A2",
        gettext_lazy("Size of accessible category spend"),
        Group.NONE,
        12,
        gettext_lazy("less than 0.5 % of the category"),
        gettext_lazy("3 %"),
        gettext_lazy("15 % or more"),
    ),
    Default(
        "A3",
        gettext_lazy("Current turnover with us"),
        Group.NONE,
        8,
        gettext_lazy("none"),
        gettext_lazy("5 % of our sales"),
        gettext_lazy("15 % or more"),
    ),
    Default(
        "A4",
        gettext_lazy("Profitability: contribution achieved or expected"),
        Group.GROWTH,
        15,
        gettext_lazy("negative"),
        gettext_lazy("company average"),
        gettext_lazy("1.5 times the average or more"),
    ),
    Default(
        "A5",
        gettext_lazy("Cost to serve can be lowered"),
        Group.GROWTH,
        5,
        gettext_lazy("rising"),
        gettext_lazy("stable"),
        gettext_lazy("falls more than 20 % in the plan"),
    ),
    Default(
        "A6",
        gettext_lazy("Geographic spread fits our reach"),
        Group.NONE,
        5,
        gettext_lazy("none of their regions"),
        gettext_lazy("half"),
        gettext_lazy("all, and adds wanted ones"),
    ),
    Default(
        "A7",
        gettext_lazy("Prestige and reference value"),
        Group.NONE,
        7,
        gettext_lazy("harmful"),
        gettext_lazy("known in the sector"),
        gettext_lazy("the name opens doors"),
    ),
    Default(
        "A8",
        gettext_lazy("Access to markets or technologies"),
        Group.NONE,
        9,
        gettext_lazy("none"),
        gettext_lazy("one useful door"),
        gettext_lazy("several decisive ones"),
    ),
    Default(
        "A9",
        gettext_lazy("Strategic and cultural fit, willingness to partner"),
        Group.HARMONY,
        10,
        gettext_lazy("adversarial, wrong fit"),
        gettext_lazy("workable"),
        gettext_lazy("shared direction"),
    ),
    Default(
        "A10",
        gettext_lazy("Sees us as partner, wants joint success, knows its edge with us"),
        Group.VALUE,
        9,
        gettext_lazy("commodity view"),
        gettext_lazy("preferred"),
        gettext_lazy("partner, said so"),
    ),
)
STRENGTH = (
    Default(
        "S1",
        gettext_lazy("Product and solution fit"),
        Group.HARMONY,
        25,
        _WORSE,
        _EQUAL,
        _BETTER,
    ),
    Default("S2", gettext_lazy("Service and delivery"), Group.NONE, 20, _WORSE, _EQUAL, _BETTER),
    Default("S3", gettext_lazy("Relationship depth"), Group.NONE, 20, _WORSE, _EQUAL, _BETTER),
    Default(
        "S4",
        gettext_lazy("Total cost of ownership, price position"),
        Group.NONE,
        15,
        _WORSE,
        _EQUAL,
        _BETTER,
    ),
    Default(
        "S5",
        gettext_lazy("Innovation and technical capability"),
        Group.NONE,
        10,
        _WORSE,
        _EQUAL,
        _BETTER,
    ),
    Default(
        "S6",
        gettext_lazy("Reputation, security of supply"),
        Group.NONE,
        10,
        _WORSE,
        _EQUAL,
        _BETTER,
    ),
)
DEFAULTS: Mapping[str, tuple[Default, ...]] = {
    Kind.ATTRACTIVENESS: ATTRACTIVENESS,
    Kind.STRENGTH: STRENGTH,
}

WHOLE = 100
LEAST_OF_FUTURE = 40
"""A1, A2 and A4 together: size, profitability and potential make importance (K054)."""
MOST_OF_TODAY = 20
"""A3: future value decides, not today's spend (K047)."""
FUTURE = ("A1", "A2", "A4")
TODAY = "A3"
CUSTOMER_SAID = "A10"
"""Scored above 5 only with evidence from the customer (K046)."""
MIDDLE, HIGHEST = 5, 10


def check_weights(kind: str, weights: Mapping[str, Decimal | int]) -> None:
    """Raise ValidationError where weights break the hard rules of 3.1: they sum to 100; in a set of
    attractiveness A1 + A2 + A4 are 40 or more and A3 is 20 or less (K047, K054)."""
    errors = []
    if any(weight < 0 for weight in weights.values()):
        errors.append(ValidationError(_("A weight cannot be below 0."), code="negative"))
    whole = sum(weights.values())
    if whole != WHOLE:
        words = _("The weights add up to %(sum)s, not to 100.") % {"sum": whole}
        errors.append(ValidationError(words, code="sum"))
    if kind == Kind.ATTRACTIVENESS:
        future = sum(weights.get(code, 0) for code in FUTURE)
        if future < LEAST_OF_FUTURE:
            words = _(
                "Potential, size and profitability (A1, A2, A4) weigh %(sum)s together;"
                " they have to weigh 40 or more."
            ) % {"sum": future}
            errors.append(ValidationError(words, code="future"))
        if weights.get(TODAY, 0) > MOST_OF_TODAY:
            words = _("Today's turnover (A3) may weigh 20 at most: future value decides.")
            errors.append(ValidationError(words, code="today"))
    if errors:
        raise ValidationError(errors)
