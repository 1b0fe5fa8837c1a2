"""Sets of criteria: published, never changed (K120; handbook 3.1, 3.2)."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts import policies, tasks
from accounts.models import Account, CriteriaSet, Criterion
from accounts.scoring.criteria import DEFAULTS, Kind, check_weights
from accounts.services import scoring
from accounts.services.account import refuse_archived_account
from kam.access.dates import business_today
from kam.changes import editing, record
from kam.changes.errors import field_error
from teams import policies as programme_policies
from teams.models import Programme, User

MOST = 18
"""Criteria of a set: few are better, and a page of the grid has room for no more."""
CRITERION_FIELDS = ("code", "name", "group", "weight", "low", "middle", "high")


@transaction.atomic
def publish_criteria(
    *,
    actor: User,
    programme: Programme,
    kind: str,
    criteria: Sequence[Mapping[str, Any]],
    account: Account | None = None,
    valid_from: datetime.date | None = None,
    reason: str = "",
) -> CriteriaSet:
    """Put a set of `criteria` (each of `CRITERION_FIELDS`) in force from `valid_from` (today).

    With an `account` it holds that customer's own weights of strength: its critical success
    factors. Positions follow, those of a programme in the background. Raises PermissionDenied, or
    ValidationError where weights break the hard rules, a code comes twice, there are more than
    `MOST`, or a day is past.
    """
    if not _may_publish(actor, programme, account):
        raise PermissionDenied
    today = business_today()
    begin = valid_from or today
    if begin < today:
        raise field_error("valid_from", _("Criteria come into force today or later."), "past")
    if kind not in Kind.values:
        raise field_error("kind", _("Choose from the list."), "choice")
    codes = [row["code"] for row in criteria]
    if len(set(codes)) < len(codes):
        raise field_error("criteria", _("A code may come once in a set."), "twice")
    if len(codes) > MOST:
        words = _("A set has at most %(count)d criteria.") % {"count": MOST}
        raise field_error("criteria", words, "many")
    check_weights(kind, {row["code"]: Decimal(row["weight"]) for row in criteria})
    Programme.objects.select_for_update(no_key=True).get(pk=programme.pk)
    if account is not None:
        account = editing.locked(account)  # as whoever scores it does
        refuse_archived_account(account)
    sets = CriteriaSet.objects.filter(programme=programme, kind=kind, account=account)
    last = sets.order_by("-number").first()
    published = CriteriaSet(
        programme=programme,
        account=account,
        kind=kind,
        number=last.number + 1 if last else 1,
        valid_from=begin,
        reason=reason,
        published_by=actor,
    )
    published.full_clean()
    published.save(force_insert=True)
    rows = [
        Criterion(
            criteria_set=published,
            place=place,
            **{name: row.get(name, "") for name in CRITERION_FIELDS},
        )
        for place, row in enumerate(criteria)
    ]
    for row in rows:
        row.full_clean(exclude=["criteria_set"])
    Criterion.objects.bulk_create(rows)
    weights = {row.code: str(row.weight) for row in rows}
    record.change(
        actor=actor,
        obj=published,
        verb="created",
        after={"kind": kind, "number": published.number, "valid_from": begin, "weights": weights},
        audience="account" if account else "programme",
        audience_id=None if account else programme.pk,
    )
    if account is not None:
        scoring.place_accounts([account], today)
    elif begin == today:
        tasks.place_programme.using(key=f"positions of {programme.pk}").enqueue(programme.pk)
    return published


def default_criteria(kind: str) -> list[dict[str, Any]]:
    """The criteria of the handbook, in the reader's language: what holds until a set is
    published."""
    return [
        {
            "code": row.code,
            "name": str(row.name),
            "group": str(row.group),
            "weight": Decimal(row.weight),
            "low": str(row.low),
            "middle": str(row.middle),
            "high": str(row.high),
        }
        for row in DEFAULTS[kind]
    ]


def _may_publish(actor: User, programme: Programme, account: Account | None) -> bool:
    if account is None:
        return programme_policies.can_edit_programme(actor, programme)
    if account.programme_id != programme.pk:
        raise ValidationError({"account": _("It belongs to another programme.")}, code="foreign")
    return policies.can_manage(actor, account)
