"""Profile parameters: what accounts are rated on, by whoever runs the programme (K092)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.choices import ScaleKind
from accounts.models import ProfileParameter, Rating, TargetRange
from accounts.services.account import refuse_archived_channel
from kam.changes import editing
from kam.changes.errors import field_error
from teams import policies
from teams.models import Programme, User

PARAMETER_FIELDS = (
    "code",
    "name",
    "channel",
    "area",
    "kind",
    "lowest",
    "highest",
    "unit",
    "low",
    "high",
    "options",
)
MOST_OPTIONS, LONGEST_OPTION = 30, 80
WIDEST = 100
"""Steps of a scale at most: more cannot be told apart."""


@transaction.atomic
def create_parameter(
    *, actor: User, programme: Programme, changes: Mapping[str, Any]
) -> ProfileParameter:
    """Add a parameter. Raises PermissionDenied or ValidationError."""
    if not policies.can_edit_programme(actor, programme):
        raise PermissionDenied
    parameter = ProfileParameter(programme=programme, **_tidy(changes))
    _check(parameter)
    refuse_archived_channel(parameter.channel)
    return editing.create(actor=actor, obj=parameter, fields=("programme", *PARAMETER_FIELDS))


@transaction.atomic
def update_parameter(
    *,
    actor: User,
    parameter: ProfileParameter,
    expected_version: int | None,
    changes: Mapping[str, Any],
) -> ProfileParameter:
    """Change a parameter. Raises PermissionDenied, VersionConflict, or ValidationError: the kind
    of scale once anything is rated or asked on it, a scale on which present ratings would no
    longer lie, another channel while target profiles ask for it."""
    parameter = _managed(actor, parameter)
    editing.expect(parameter, expected_version)
    wanted = _tidy(changes)
    asked = TargetRange.objects.filter(parameter=parameter, profile__archived_at=None)
    rated = Rating.objects.in_force().filter(parameter=parameter)
    if wanted.get("kind", parameter.kind) != parameter.kind and (
        asked.exists() or Rating.objects.filter(parameter=parameter).exists()
    ):
        words = _("It is rated or asked for already: archive it, and add another.")
        raise field_error("kind", words, "in_use")
    if wanted.get("channel", parameter.channel) != parameter.channel:
        refuse_archived_channel(wanted["channel"])
        if asked.exists():
            words = _("Target profiles ask for it: take it out of them first.")
            raise field_error("channel", words, "in_use")
    after = ProfileParameter(
        programme=parameter.programme,
        **{name: wanted.get(name, getattr(parameter, name)) for name in PARAMETER_FIELDS},
    )
    _check(after)
    _refuse_stranded(after, rated, asked)
    return editing.save(
        actor=actor, obj=parameter, changes=wanted, expected_version=expected_version
    )


@transaction.atomic
def archive_parameter(
    *, actor: User, parameter: ProfileParameter, expected_version: int | None = None
) -> ProfileParameter:
    """Ask for it no longer; what was rated stays. Refused while target profiles ask for it."""
    parameter = _managed(actor, parameter)
    if TargetRange.objects.filter(parameter=parameter, profile__archived_at=None).exists():
        words = _("Target profiles ask for it: take it out of them first.")
        raise ValidationError(words, code="in_use")
    return editing.archive(actor=actor, obj=parameter, expected_version=expected_version)


@transaction.atomic
def restore_parameter(
    *, actor: User, parameter: ProfileParameter, expected_version: int | None = None
) -> ProfileParameter:
    """Ask for it again."""
    parameter = _managed(actor, parameter)
    refuse_archived_channel(parameter.channel)
    return editing.restore(actor=actor, obj=parameter, expected_version=expected_version)


def value_problem(
    parameter: ProfileParameter, value: Decimal | None, choice: str
) -> ValidationError | None:
    """What is wrong with a rating on the scale of a parameter; None if nothing is, and for one
    that says nothing."""
    if parameter.kind == ScaleKind.CHOICE:
        if value is not None:
            return field_error("value", _("It is one of a list: choose one."), "kind")
        if choice and choice not in parameter.options:
            return field_error("choice", _("Choose from the list."), "choice")
        return None
    if choice:
        return field_error("choice", _("It is a number: give the value."), "kind")
    return _number_problem(parameter, value)


def _number_problem(parameter: ProfileParameter, value: Decimal | None) -> ValidationError | None:
    if value is None:
        return None
    if parameter.kind == ScaleKind.SCALE and value != value.to_integral_value():
        return field_error("value", _("The scale has whole numbers."), "whole")
    low, high = parameter.lowest, parameter.highest
    if (low is not None and value < low) or (high is not None and value > high):
        return field_error("value", _("It lies outside the scale."), "range")
    return None


def _tidy(changes: Mapping[str, Any]) -> dict[str, Any]:
    """`changes` with options without blanks and repeats."""
    tidy = dict(changes)
    if "options" in tidy:
        options = (str(item).strip() for item in tidy["options"])
        tidy["options"] = list(dict.fromkeys(filter(None, options)))
    return tidy


def _check(parameter: ProfileParameter) -> None:
    """Raise ValidationError where the scale is none."""
    if parameter.channel and parameter.channel.programme_id != parameter.programme_id:
        raise field_error("channel", _("It belongs to another programme."), "foreign")
    if parameter.kind == ScaleKind.CHOICE:
        _check_options(parameter)
        return
    if parameter.options:
        raise field_error("options", _("Only a list has options."), "kind")
    if parameter.kind != ScaleKind.SCALE:
        return
    for name in ("lowest", "highest"):
        end = getattr(parameter, name)
        if end is None:
            raise field_error(name, _("A scale has a lowest and a highest number."), "required")
        if end != end.to_integral_value():
            raise field_error(name, _("The scale has whole numbers."), "whole")
    if parameter.highest - parameter.lowest > WIDEST:  # type: ignore[operator]
        words = _("A scale has at most %(count)d steps.") % {"count": WIDEST}
        raise field_error("highest", words, "wide")


def _check_options(parameter: ProfileParameter) -> None:
    if len(parameter.options) < 2:
        raise field_error("options", _("Give two options or more, each on a line."), "few")
    if len(parameter.options) > MOST_OPTIONS:
        words = _("A list has at most %(count)d options.") % {"count": MOST_OPTIONS}
        raise field_error("options", words, "many")
    if any(len(item) > LONGEST_OPTION for item in parameter.options):
        words = _("An option has at most %(count)d characters.") % {"count": LONGEST_OPTION}
        raise field_error("options", words, "long")
    if parameter.lowest is not None or parameter.highest is not None:
        raise field_error("lowest", _("A list has no lowest and highest."), "kind")


def _refuse_stranded(after: ProfileParameter, rated: Any, asked: Any) -> None:
    """Raise ValidationError where what is rated or asked would lie outside the new scale."""
    words = _("Present ratings or target profiles would lie outside: change them first.")
    if after.kind == ScaleKind.CHOICE:
        used = set(rated.exclude(choice="").values_list("choice", flat=True))
        used |= {item for row in asked.values_list("wanted", flat=True) for item in row}
        if used - set(after.options):
            raise field_error("options", words, "in_use")
        return
    for name, beyond in (("lowest", "lt"), ("highest", "gt")):
        end = getattr(after, name)
        if end is None:
            continue
        ends = Q(**{f"at_least__{beyond}": end}) | Q(**{f"at_most__{beyond}": end})
        if rated.filter(**{f"value__{beyond}": end}).exists() or asked.filter(ends).exists():
            raise field_error(name, words, "in_use")


def _managed(actor: User, parameter: ProfileParameter) -> ProfileParameter:
    parameter = editing.locked(parameter)
    if not policies.can_edit_programme(actor, parameter.programme):
        raise PermissionDenied
    return parameter
