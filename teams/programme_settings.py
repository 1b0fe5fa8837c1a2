"""Settings of handbook Appendix B: names, defaults, bounds, meaning, and their value on a day."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db.models import QuerySet, TextChoices
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from kam.access.prepared import kept_objects
from teams.models import Programme, ProgrammeSetting

PROGRAMME_WARNING = 50
"""More key accounts than this are far too many, whatever the setting (handbook 3.6)."""


class Unit(TextChoices):
    """How a value is read; a ratio is stored as 0..1 and shown as a percentage."""

    RATIO = "ratio", _("%")
    COUNT = "count", ""
    POINTS = "points", _("points")
    FTE = "fte", _("full-time people")
    DAYS = "days", _("days")
    MONTHS = "months", _("months")
    YEARS = "years", _("years")
    STAGE = "stage", ""


class Group(TextChoices):
    """Under which heading the settings page shows a value."""

    SELECTION = "selection", _("Selection and limits")
    STAGES = "stages", _("Stages")
    PLAN = "plan", _("Plan, figures, value")
    PEOPLE = "people", _("People and contacts")
    AUDIT = "audit", _("Programme audit")


@dataclass(frozen=True)
class Definition:
    """One setting: default and bounds in its unit, meaning, section of the handbook."""

    name: str
    default: Decimal
    low: Decimal
    high: Decimal
    unit: Unit
    group: Group
    label: Promise
    meaning: Promise
    section: str

    @property
    def is_whole(self) -> bool:
        """Whether only whole numbers make sense."""
        return self.unit in {Unit.COUNT, Unit.DAYS, Unit.MONTHS, Unit.YEARS, Unit.STAGE}


# name, default, lowest, highest, unit, group, section of the handbook
_NUMBERS = (
    ("category_threshold", "0.01", "0", "1", Unit.RATIO, Group.SELECTION, "1.4"),
    ("max_accounts_per_manager", "5", "1", "5", Unit.COUNT, Group.SELECTION, "5.3"),
    ("warn_accounts_per_manager", "3", "1", "5", Unit.COUNT, Group.SELECTION, "5.3"),
    ("manager_fte", "1.0", "0.1", "2", Unit.FTE, Group.SELECTION, "5.3"),
    ("programme_max_accounts", "20", "1", "10000", Unit.COUNT, Group.SELECTION, "1.2"),
    ("attractiveness_weight", "0.7", "0", "1", Unit.RATIO, Group.SELECTION, "3.5"),
    ("hurdle", "5.0", "0", "10", Unit.POINTS, Group.SELECTION, "3.5"),
    ("matrix_cut", "5.0", "0", "10", Unit.POINTS, Group.SELECTION, "3.3"),
    ("stage_threshold_early", "20", "0", "100", Unit.POINTS, Group.STAGES, "2.4"),
    ("stage_threshold_mid", "40", "0", "100", Unit.POINTS, Group.STAGES, "2.4"),
    ("stage_threshold_partnership", "60", "0", "100", Unit.POINTS, Group.STAGES, "2.4"),
    ("stage_threshold_synergistic", "80", "0", "100", Unit.POINTS, Group.STAGES, "2.4"),
    ("floor_gap", "20", "0", "100", Unit.POINTS, Group.STAGES, "2.4"),
    ("evidence_required_from", "3", "1", "5", Unit.COUNT, Group.STAGES, "2.4"),
    ("answer_age", "365", "1", "3650", Unit.DAYS, Group.STAGES, "2.4"),
    ("assessment_age", "90", "1", "3650", Unit.DAYS, Group.STAGES, "2.5"),
    ("min_days_in_stage", "90", "0", "3650", Unit.DAYS, Group.STAGES, "2.5"),
    ("re_entry_cap", "3", "1", "5", Unit.STAGE, Group.STAGES, "2.5"),
    ("kpi_green", "0.95", "0", "2", Unit.RATIO, Group.PLAN, "4.5"),
    ("kpi_amber", "0.80", "0", "2", Unit.RATIO, Group.PLAN, "4.5"),
    ("quality_approve", "80", "0", "100", Unit.POINTS, Group.PLAN, "4.3"),
    ("reapproval_change", "0.10", "0", "1", Unit.RATIO, Group.PLAN, "4.2"),
    ("discount_rate", "0.10", "0", "1", Unit.RATIO, Group.PLAN, "4.8"),
    ("clv_years", "5", "1", "20", Unit.YEARS, Group.PLAN, "4.8"),
    ("plan_forecast_years", "3", "1", "10", Unit.YEARS, Group.PLAN, "4.1"),
    ("retention_line_start", "0.98", "0", "1", Unit.RATIO, Group.PLAN, "4.8"),
    ("retention_line_slope", "0.48", "0", "1", Unit.RATIO, Group.PLAN, "4.8"),
    ("capital_rate", "0.08", "0", "1", Unit.RATIO, Group.PLAN, "4.6"),
    ("decay_days", "90", "1", "3650", Unit.DAYS, Group.PEOPLE, "5.5"),
    ("active_strength", "3", "1", "5", Unit.COUNT, Group.PEOPLE, "5.5"),
    ("mti_target_supplier", "5", "2", "50", Unit.COUNT, Group.PEOPLE, "5.6"),
    ("mti_target_customer", "6", "2", "50", Unit.COUNT, Group.PEOPLE, "5.6"),
    ("spoc_share", "0.60", "0", "1", Unit.RATIO, Group.PEOPLE, "5.7"),
    ("sponsor_max", "3", "1", "50", Unit.COUNT, Group.PEOPLE, "5.1"),
    ("contact_retention", "24", "1", "240", Unit.MONTHS, Group.PEOPLE, "5.5"),
    ("audit_weight_characteristics", "30", "0", "100", Unit.POINTS, Group.AUDIT, "6.1"),
    ("audit_weight_requirements", "20", "0", "100", Unit.POINTS, Group.AUDIT, "6.1"),
    ("audit_weight_principles", "35", "0", "100", Unit.POINTS, Group.AUDIT, "6.1"),
    ("audit_weight_implementation", "15", "0", "100", Unit.POINTS, Group.AUDIT, "6.1"),
)

_STAGE = _("The index and every gate dimension must reach it.")
_WEIGHT = _("The four weights make 100.")

# name: label, meaning
_TEXTS = {
    "category_threshold": (
        _("Candidate above this share of a category"),
        _("A customer with a larger share of a category's purchases is a candidate."),
    ),
    "max_accounts_per_manager": (
        _("Accounts a manager may have"),
        _("One more is refused. The limit can be lowered, not raised above five."),
    ),
    "warn_accounts_per_manager": (
        _("Warning from this number of accounts"),
        _("From here on an appointment warns."),
    ),
    "manager_fte": (
        _("Effort a manager can give"),
        _("The efforts of a manager's accounts together, in full-time people."),
    ),
    "programme_max_accounts": (
        _("Key accounts in the programme"),
        _("One more needs a programme manager's reason."),
    ),
    "attractiveness_weight": (
        _("Weight of attractiveness"),
        _("Its share in the score of a selection; strength has the rest."),
    ),
    "hurdle": (_("Hurdle"), _("An account that scores less lowers the value of a selection.")),
    "matrix_cut": (_("Cut of the matrix"), _("A score equal to the cut counts as high.")),
    "stage_threshold_early": (_("Threshold of early"), _STAGE),
    "stage_threshold_mid": (_("Threshold of mid"), _STAGE),
    "stage_threshold_partnership": (_("Threshold of partnership"), _STAGE),
    "stage_threshold_synergistic": (_("Threshold of synergistic"), _STAGE),
    "floor_gap": (
        _("Gap of the floor"),
        _("Every dimension must reach the threshold less this gap."),
    ),
    "evidence_required_from": (
        _("Evidence needed from score"),
        _("An answer this high without evidence is capped below it."),
    ),
    "answer_age": (_("Answers count for"), _("An older answer counts as not given.")),
    "assessment_age": (
        _("A review allows a step for"),
        _("An older review does not support a new stage."),
    ),
    "min_days_in_stage": (_("Least time in a stage"), _("Before the next step forward.")),
    "re_entry_cap": (
        _("Highest stage on re-entry"),
        _("After an uncoupling. 1 pre-KAM, 2 early, 3 mid, 4 partnership, 5 synergistic."),
    ),
    "kpi_green": (_("On track from"), _("Progress of a measure against its trajectory.")),
    "kpi_amber": (_("Slow from"), _("Below it a measure is behind.")),
    "quality_approve": (
        _("Plan quality for approval"),
        _("A plan below it cannot be approved."),
    ),
    "reapproval_change": (
        _("Change that needs a new approval"),
        _("Of next year's revenue or of the investment."),
    ),
    "discount_rate": (
        _("Discount rate"),
        _("A year, for customer lifetime value and present values."),
    ),
    "clv_years": (_("Years of customer lifetime value"), _("How far the forecast reaches.")),
    "plan_forecast_years": (
        _("Forecast years of a plan"),
        _("A plan in full depth with fewer cannot be approved."),
    ),
    "retention_line_start": (_("Retention without risk"), _("A year, at risk score 0.")),
    "retention_line_slope": (
        _("Retention lost at full risk"),
        _("Retention at risk score 100 is the start less this."),
    ),
    "capital_rate": (
        _("Cost of capital"),
        _("A year, on what the customer owes and on stock held for it."),
    ),
    "decay_days": (
        _("A relation loses a point after"),
        _("Days without a two-way contact, for each point of strength."),
    ),
    "active_strength": (
        _("A relation is active from strength"),
        _("On the scale 0 to 5, after decay."),
    ),
    "mti_target_supplier": (
        _("People of ours to be linked"),
        _("Target of the multi-threading index."),
    ),
    "mti_target_customer": (
        _("People of theirs to be linked"),
        _("Target of the multi-threading index."),
    ),
    "spoc_share": (
        _("Single point of contact from"),
        _("Share of the relationship that hangs on one person."),
    ),
    "sponsor_max": (_("Accounts a sponsor may have"), _("More of them warn.")),
    "contact_retention": (
        _("Contacts are kept for"),
        _("After the last interaction; then personal data are erased."),
    ),
    "audit_weight_characteristics": (_("Weight of characteristics"), _WEIGHT),
    "audit_weight_requirements": (_("Weight of requirements"), _WEIGHT),
    "audit_weight_principles": (_("Weight of principles"), _WEIGHT),
    "audit_weight_implementation": (_("Weight of implementation areas"), _WEIGHT),
}

DEFINITIONS: dict[str, Definition] = {
    name: Definition(
        name, Decimal(default), Decimal(low), Decimal(high), unit, group, *_TEXTS[name], section
    )
    for name, default, low, high, unit, group, section in _NUMBERS
}

ASCENDING = (
    ("stage_threshold_early", "stage_threshold_mid"),
    ("stage_threshold_mid", "stage_threshold_partnership"),
    ("stage_threshold_partnership", "stage_threshold_synergistic"),
    ("kpi_amber", "kpi_green"),
)
AUDIT_WEIGHTS = tuple(name for name in DEFINITIONS if name.startswith("audit_weight_"))


def settings_on(programme: Programme, on: datetime.date) -> dict[str, Decimal]:
    """Every setting as it stands on the day `on`; one query."""
    values = {name: definition.default for name, definition in DEFINITIONS.items()}

    def known(programme: int) -> QuerySet:
        rows = ProgrammeSetting.objects.filter(programme=programme, valid_from__lte=on)
        return rows.order_by("valid_from", "pk").values_list("name", "value")

    values.update(kept_objects(("settings", on), known, programme=programme.pk))
    return values


def setting(programme: Programme, name: str, on: datetime.date) -> Decimal:
    """The setting `name` as it stands on the day `on`; raises KeyError on an unknown name."""
    default = DEFINITIONS[name].default
    rows = ProgrammeSetting.objects.filter(programme=programme, name=name, valid_from__lte=on)
    value = rows.order_by("-valid_from", "-pk").values_list("value", flat=True).first()
    return default if value is None else value


def check(values: Mapping[str, Decimal], among: Mapping[str, Decimal]) -> None:
    """Refuse unknown names, values out of bounds, and values that do not fit together.

    `among` holds all settings that will stand beside `values` on the day. The errors of
    `ValidationError` are keyed by setting.
    """
    errors: dict[str, list[str]] = {}
    for name, value in values.items():
        definition = DEFINITIONS.get(name)
        if definition is None:
            raise ValidationError(gettext("No such setting: %s.") % name, code="unknown")
        if not definition.low <= value <= definition.high:
            text = gettext("Between %(low)s and %(high)s.")
            errors[name] = [text % {"low": definition.low, "high": definition.high}]
        elif definition.is_whole and value != value.to_integral_value():
            errors[name] = [gettext("A whole number.")]
    together = {**among, **values}
    for lower, upper in ASCENDING:
        if {lower, upper} & values.keys() and together[lower] >= together[upper]:
            name = upper if upper in values else lower
            errors.setdefault(name, []).append(gettext("The order of the levels must stay."))
    warn, most = "warn_accounts_per_manager", "max_accounts_per_manager"
    if {warn, most} & values.keys() and together[warn] > together[most]:
        name = warn if warn in values else most
        errors.setdefault(name, []).append(gettext("The warning comes before the limit."))
    weights = [name for name in AUDIT_WEIGHTS if name in values]
    if weights and sum(together[name] for name in AUDIT_WEIGHTS) != 100:
        errors.setdefault(weights[0], []).append(gettext("The four weights make 100."))
    if errors:
        raise ValidationError(errors)


def size_warnings(rows: Iterable[ProgrammeSetting]) -> list[str]:
    """What newly set values warn of: more key accounts than published advice holds to be
    serviceable (handbook 3.6)."""
    return [
        gettext("More than %(count)d key accounts are far too many to serve as such.")
        % {"count": PROGRAMME_WARNING}
        for row in rows
        if row.name == "programme_max_accounts" and row.value > PROGRAMME_WARNING
    ]
