"""What brands look for, and how far they have come at each account (K093, K095)."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.choices import ScaleKind, TargetStatus
from accounts.models import (
    Account,
    ProductLine,
    ProfileParameter,
    Target,
    TargetProfile,
    TargetRange,
)
from accounts.services.account import refuse_archived_channel
from accounts.services.followed import ANY, RowsError, changed_meanwhile, lock_for, supersede
from accounts.services.parameter import value_problem
from kam.access.dates import business_today
from kam.changes import editing, record
from kam.changes.errors import field_error, row_error
from teams import policies
from teams.models import Programme, User

PROFILE_FIELDS = ("brand", "channel", "note")
RANGE_FIELDS = ("parameter", "weight", "at_least", "at_most", "wanted")
TARGET_FIELDS = ("account", "brand", "status", "since", "note")
MOST_RANGES = 30
Problem = tuple[str, str, str]
"""The field, the words and the code of what is wrong with a row."""


@transaction.atomic
def create_target_profile(
    *,
    actor: User,
    programme: Programme,
    changes: Mapping[str, Any],
    ranges: Sequence[Mapping[str, Any]],
) -> TargetProfile:
    """Say what a brand looks for: `ranges` hold `RANGE_FIELDS` each. For whoever runs the
    programme. Raises PermissionDenied or ValidationError."""
    if not policies.can_edit_programme(actor, programme):
        raise PermissionDenied
    profile = TargetProfile(programme=programme, **changes)
    _check(profile)
    rows = _ranges(profile, ranges)
    profile = editing.create(actor=actor, obj=profile, fields=("programme", *PROFILE_FIELDS))
    _store(profile, rows)
    return profile


@transaction.atomic
def update_target_profile(
    *,
    actor: User,
    profile: TargetProfile,
    expected_version: int | None,
    changes: Mapping[str, Any],
    ranges: Sequence[Mapping[str, Any]] | None = None,
) -> TargetProfile:
    """Change it, and with `ranges` all that it asks. Raises PermissionDenied, VersionConflict or
    ValidationError."""
    profile = _managed(actor, profile)
    editing.expect(profile, expected_version)
    after = TargetProfile(
        programme=profile.programme,
        **{name: changes.get(name, getattr(profile, name)) for name in PROFILE_FIELDS},
    )
    _check(after)
    old = list(profile.ranges.select_related("parameter"))
    given = ranges if ranges is not None else [_values(row) for row in old]
    rows = _ranges(after, given)
    profile = editing.save(
        actor=actor, obj=profile, changes=dict(changes), expected_version=expected_version
    )
    before, now = [in_words(row) for row in old], [in_words(row) for row in rows]
    if ranges is not None and before != now:
        profile.ranges.all().delete()
        _store(profile, rows)
        profile.version += 1
        profile.save(update_fields=["version", "updated_at"])
        record.change(actor=actor, obj=profile, before={"ranges": before}, after={"ranges": now})
    return profile


@transaction.atomic
def archive_target_profile(
    *, actor: User, profile: TargetProfile, expected_version: int | None = None
) -> TargetProfile:
    """Look for it no longer; target lists stay."""
    profile = _managed(actor, profile)
    return editing.archive(actor=actor, obj=profile, expected_version=expected_version)


@transaction.atomic
def restore_target_profile(
    *, actor: User, profile: TargetProfile, expected_version: int | None = None
) -> TargetProfile:
    """Look for it again. Raises ValidationError where another holds for the same channel, or what
    it asks is archived."""
    profile = _managed(actor, profile)
    _check(profile)
    if profile.ranges.exclude(parameter__archived_at=None).exists():
        raise ValidationError(_("It asks for parameters that are archived."), code="archived")
    return editing.restore(actor=actor, obj=profile, expected_version=expected_version)


class Aim(NamedTuple):
    """A step on a brand's target list. `before` is the key of the row that was read (None: there
    was none); `ANY` asks nothing."""

    account: Account
    brand: ProductLine
    status: str
    since: datetime.date | None = None
    note: str = ""
    before: int | None = ANY


@transaction.atomic
def set_targets(*, actor: User, targets: Sequence[Aim]) -> list[Target]:
    """Record where a brand stands at accounts, all or none: for who edits these. Returns the new
    rows; what says nothing new leaves none.

    Raises PermissionDenied or `RowsError`: archived account, foreign brand, a day to come, changed
    by somebody else meanwhile.
    """
    accounts = {given.account.pk for given in targets}
    lock_for(actor, accounts)
    rows = Target.objects.filter(superseded_at=None, account__in=accounts)
    present = {(row.account_id, row.brand_id): row for row in rows}
    today = business_today()
    refusals = []
    for place, given in enumerate(targets):
        before = present.get((given.account.pk, given.brand.pk))
        error = _problem_with(given, today) or changed_meanwhile("status", given.before, before)
        if error is not None:
            refusals.append((place, error))
    if refusals:
        raise RowsError(refusals)
    wanted = {(given.account.pk, given.brand.pk): given for given in targets}
    news = []
    for key, given in wanted.items():
        before = present.get(key)
        note = given.note.strip()
        is_new = before is None or (before.status, before.note) != (given.status, note)
        if is_new or (given.since and given.since != before.since):  # type: ignore[union-attr]
            row = Target(
                account=given.account,
                brand=given.brand,
                status=given.status,
                since=given.since or today,
                note=note,
                decided_by=actor,
            )
            news.append((row, before))
    return supersede(actor=actor, rows=news, fields=TARGET_FIELDS)


def set_target(*, actor: User, given: Aim) -> Target:
    """Record one step, as `set_targets`; returns the one in force."""
    made = set_targets(actor=actor, targets=[given])
    if made:
        return made[0]
    rows = Target.objects.in_force().filter(account=given.account, brand=given.brand)
    return rows.get()


def in_words(row: TargetRange) -> str:
    """What is wanted on a parameter, for the history."""
    weight = f"{row.weight.normalize():f}"
    return f"{row.parameter.code}: {wanted_words(row)} ({weight})"


def wanted_words(row: TargetRange) -> str:
    """The range or the set that is wanted, as people read it."""
    if row.wanted:
        return ", ".join(row.wanted)
    low, high = (
        None if end is None else f"{end.normalize():f}" for end in (row.at_least, row.at_most)
    )
    unit = f" {row.parameter.unit}" if row.parameter.unit else ""
    if low is not None and high is not None:
        return f"{low}{unit}" if low == high else f"{low} – {high}{unit}"
    if low is not None:
        return _("%(low)s or more") % {"low": f"{low}{unit}"}
    return _("%(high)s or less") % {"high": f"{high}{unit}"}


def _problem_with(given: Aim, today: datetime.date) -> ValidationError | None:
    if given.account.is_archived:
        return field_error("account", _("It is archived: restore it first."), "archived")
    if given.brand.programme_id != given.account.programme_id:
        return field_error("brand", _("It belongs to another programme."), "foreign")
    if given.status not in TargetStatus.values:
        return field_error("status", _("Choose from the list."), "choice")
    if given.since and given.since > today:
        return field_error("since", _("That day is still to come."), "future")
    return None


def _values(row: TargetRange) -> dict[str, Any]:
    return {name: getattr(row, name) for name in RANGE_FIELDS}


def _check(profile: TargetProfile) -> None:
    for name in ("brand", "channel"):
        other = getattr(profile, name)
        if other is not None and other.programme_id != profile.programme_id:
            raise field_error(name, _("It belongs to another programme."), "foreign")
    refuse_archived_channel(profile.channel)


def _ranges(profile: TargetProfile, ranges: Sequence[Mapping[str, Any]]) -> list[TargetRange]:
    """The rows of `ranges`, checked; raises ValidationError with the place of the first problem."""
    if not ranges:
        raise field_error("ranges", _("Say what it looks for on one parameter at least."), "few")
    if len(ranges) > MOST_RANGES:
        words = _("It asks for at most %(count)d parameters.") % {"count": MOST_RANGES}
        raise field_error("ranges", words, "many")
    holding = ProfileParameter.objects.active().holding_in(profile.channel)
    known = holding.filter(programme=profile.programme).in_bulk()
    rows: list[TargetRange] = []
    for place, values in enumerate(ranges):
        row = TargetRange(**{name: values[name] for name in RANGE_FIELDS if name in values})
        row.wanted = [str(item) for item in row.wanted or ()]
        problem = _range_problem(row, known, {item.parameter_id for item in rows})
        if problem is not None:
            raise row_error("ranges", place, *problem)
        row.clean_fields(exclude=["profile"])
        rows.append(row)
    return rows


def _range_problem(
    row: TargetRange, known: Mapping[int, ProfileParameter], taken: set[int]
) -> Problem | None:
    if row.parameter_id not in known:
        return "parameter", _("Accounts of the channel are not rated on it."), "channel"
    if row.parameter_id in taken:
        return "parameter", _("It comes twice."), "twice"
    if row.weight is None or not 0 < row.weight <= Decimal(100):
        return "weight", _("A weight is above 0, and 100 at most."), "range"
    parameter = known[row.parameter_id]
    check = _choice_problem if parameter.kind == ScaleKind.CHOICE else _span_problem
    return check(row, parameter)


def _choice_problem(row: TargetRange, parameter: ProfileParameter) -> Problem | None:
    if row.at_least is not None or row.at_most is not None:
        return "at_least", _("It is one of a list: choose what is wanted."), "kind"
    if not row.wanted:
        return "wanted", _("Choose what is wanted."), "required"
    if set(row.wanted) - set(parameter.options):
        return "wanted", _("Choose from the list."), "choice"
    return None


def _span_problem(row: TargetRange, parameter: ProfileParameter) -> Problem | None:
    if row.wanted:
        return "wanted", _("It is a number: say from where to where."), "kind"
    if row.at_least is None and row.at_most is None:
        return "at_least", _("Say from where, to where, or both."), "required"
    if row.at_least is not None and row.at_most is not None and row.at_most < row.at_least:
        return "at_most", _("The end is below the beginning."), "range"
    for name in ("at_least", "at_most"):
        if value_problem(parameter, getattr(row, name), "") is not None:
            return name, _("It lies outside the scale."), "range"
    return None


def _store(profile: TargetProfile, rows: Sequence[TargetRange]) -> None:
    for row in rows:
        row.profile = profile
    TargetRange.objects.bulk_create(rows)


def _managed(actor: User, profile: TargetProfile) -> TargetProfile:
    profile = editing.locked(profile)
    if not policies.can_edit_programme(actor, profile.programme):
        raise PermissionDenied
    return profile
