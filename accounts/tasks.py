"""Background work on accounts: what days bring about, duplicates, merges."""

from __future__ import annotations

import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts import figures
from accounts.models import (
    Account,
    Conflict,
    CriteriaSet,
    Merge,
    MergeStep,
    NotedDay,
    StagedAccount,
    SumsPeriod,
)
from accounts.services.duplicate import keep_found
from accounts.services.merge import carry_stragglers
from accounts.services.scoring import place_part
from accounts.services.solving import abandoned, end_abandoned, solve
from kam.access.dates import business_today
from kam.changes import access
from kam.imports.models import Run, StagedRecord
from kam.imports.policies import is_system
from kam.jobs.backend import task
from kam.jobs.progress import current_job
from kam.jobs.schedule import periodic
from teams.models import Membership, Programme, RoleGrant, User

DAY = datetime.timedelta(days=1)
LONGEST_GAP = datetime.timedelta(days=400)
"""Days without a worker that are made up for."""
SETTLING = datetime.timedelta(hours=1)
"""How long after a merge something may still be under way that began before it."""


@periodic(every=DAY, at=datetime.time(0, 5))
@task()
def tell_access_by_date() -> None:
    """Log whose rights have begun or ended by their dates since the last day that was noted, see
    `kam.changes.access`."""
    note_access_until(business_today())


@transaction.atomic
def note_access_until(today: datetime.date) -> None:
    """The rows of `today` and of the days before on which no worker ran; all of them or none."""
    noted, _made = NotedDay.objects.select_for_update().get_or_create(
        name="access", defaults={"day": today - DAY}
    )
    day = max(noted.day, today - LONGEST_GAP)
    while day < today:
        day += DAY
        _note_access_of_day(day)
    noted.day = max(noted.day, today)
    noted.save(update_fields=["day"])


def _note_access_of_day(today: datetime.date) -> None:
    yesterday = today - DAY
    midnight = datetime.datetime.combine(
        today, datetime.time(), timezone.get_default_timezone()
    )  # whatever was told since then, a person has brought about
    days: dict[str, Any] = {"before": yesterday, "after": today, "since": midnight}
    turns = Q(valid_from=today) | Q(valid_until=yesterday)
    for member in Membership.objects.filter(turns).select_related("user").order_by("pk"):
        mine = Account.objects.filter(team=member.team_id)
        access.log_days(user=member.user, accounts=mine, **days)
    for barrier in Conflict.objects.filter(turns, kind="ring_fence").select_related("a", "b"):
        sides = Q(path__startswith=barrier.a.path) | Q(path__startswith=barrier.b.path)
        fenced = Account.objects.filter(sides)
        for user in User.objects.filter(memberships__team__accounts__in=fenced).distinct():
            access.log_days(user=user, accounts=fenced, **days)
    for grant in RoleGrant.objects.filter(turns).select_related("user").order_by("pk"):
        verb = access.GRANTED if grant.valid_from == today else access.REVOKED
        access.log_access(actor=None, user=grant.user, obj=grant, verb=verb, since=midnight)


@task()
def look_for_duplicates(
    user_id: int, account_id: int | None = None, run_id: int | None = None
) -> int:
    """Find possible duplicates within what the user may see: everywhere, among the people of one
    account, or those of what an import has made. Returns how many were found."""
    user = User.objects.get(pk=user_id)
    accounts = Account.objects.all()
    if not is_system(user):
        accounts = accounts.visible_to(user)
    job = current_job()
    if account_id is not None:
        return keep_found(accounts=accounts.filter(pk=account_id), job=job)
    if run_id is None:
        return keep_found(accounts=accounts, job=job)
    made = StagedAccount.objects.filter(run=run_id, created=True)
    records = StagedRecord.objects.filter(run=run_id, run__kind="contacts", created=True)
    return keep_found(
        accounts=accounts.filter(programme=Run.objects.get(pk=run_id).scope_id),
        job=job,
        only=set(made.values_list("account", flat=True)),
        only_people={pk for pk in records.values_list("object_id", flat=True) if pk},
    )


def _merges_to_settle() -> bool:
    now = timezone.now()
    young = Merge.objects.filter(undone_at=None, merged_at__gte=now - SETTLING)
    return young.exists() or MergeStep.objects.filter(merge__undo_until__lt=now).exists()


@periodic(every=datetime.timedelta(minutes=5), when=_merges_to_settle)
@task()
def settle_merges() -> int:
    """Carry what was being written to an account while it was merged, and drop the steps of
    merges that cannot be taken back any more. Returns rows carried."""
    now = timezone.now()
    MergeStep.objects.filter(merge__undo_until__lt=now).delete()
    young = Merge.objects.filter(undone_at=None, merged_at__gte=now - SETTLING)
    return sum(carry_stragglers(merge=merge) for merge in young.order_by("pk"))


def _has_many_accounts() -> bool:
    """Whether any programme may be so large that sums are kept, or was."""
    place = figures.LARGE
    many = Account.objects.order_by("pk")[place : place + 1]
    return SumsPeriod.objects.exists() or many.exists()


@periodic(every=datetime.timedelta(minutes=15), when=_has_many_accounts)
@task()
def keep_sums() -> None:
    """Keep the sums that pages of large programmes read: of another year when a month is over, at
    other rates when these change (`accounts.figures.kept`)."""
    for programme in Programme.objects.order_by("pk"):
        figures.keep_if_large(programme, programme.today())


@task()
def place_programme(programme_id: int) -> int:
    """Work out the positions in the matrix of all accounts of a programme that have scores, after
    criteria changed; returns how many moved."""
    job, moved, last = current_job(), 0, 0
    while True:
        with job.fenced():
            count, reached = place_part(programme_id, last, business_today())
        moved += count
        if reached is None:
            return moved
        last = reached
        job.report(moved)
        job.checkpoint()


@periodic(every=DAY, at=datetime.time(0, 10))
@task()
def begin_criteria() -> None:
    """Let positions follow criteria that come into force with the day."""
    begin_criteria_until(business_today())


@transaction.atomic
def begin_criteria_until(today: datetime.date) -> None:
    """Start the work for `today` and for the days before on which no worker ran."""
    noted, _made = NotedDay.objects.select_for_update().get_or_create(
        name="criteria", defaults={"day": today - DAY}
    )
    begun = CriteriaSet.objects.filter(valid_from__gt=noted.day, valid_from__lte=today).order_by()
    for programme in sorted(set(begun.values_list("programme", flat=True))):
        place_programme.using(key=f"positions of {programme}").enqueue(programme)
    noted.day = max(noted.day, today)
    noted.save(update_fields=["day"])


@task(max_attempts=3)
def solve_selection(selection_id: int, user_id: int) -> None:
    """Solve a scenario with what the user may see."""
    solve(selection_id, User.objects.get(pk=user_id), current_job())


@periodic(every=datetime.timedelta(minutes=1), when=lambda: abandoned().exists())
@task()
def settle_selections() -> int:
    """End runs that no worker solves any more; returns how many."""
    return end_abandoned()
