"""What happens to accounts by the mere passing of days."""

from __future__ import annotations

import datetime

from django.db import transaction
from django.db.models import Q

from accounts.models import Account, Conflict
from kam.access.dates import business_today
from kam.changes import access
from kam.jobs.backend import task
from kam.jobs.schedule import periodic
from teams.models import Membership, RoleGrant, User

DAY = datetime.timedelta(days=1)


@periodic(every=DAY, at=datetime.time(0, 5))
@task()
def tell_access_by_date() -> None:
    """Log whose rights began today or ended yesterday by their dates, see `kam.changes.access`."""
    note_access_of_day(business_today())


@transaction.atomic
def note_access_of_day(today: datetime.date) -> None:
    """The rows of the day `today`; all of them or none."""
    yesterday = today - DAY
    turns = Q(valid_from=today) | Q(valid_until=yesterday)
    for member in Membership.objects.filter(turns).select_related("user").order_by("pk"):
        mine = Account.objects.filter(team=member.team_id)
        access.log_days(user=member.user, accounts=mine, before=yesterday, after=today)
    for barrier in Conflict.objects.filter(turns, kind="ring_fence").select_related("a", "b"):
        sides = Q(path__startswith=barrier.a.path) | Q(path__startswith=barrier.b.path)
        fenced = Account.objects.filter(sides)
        for user in User.objects.filter(memberships__team__accounts__in=fenced).distinct():
            access.log_days(user=user, accounts=fenced, before=yesterday, after=today)
    for grant in RoleGrant.objects.filter(turns).select_related("user").order_by("pk"):
        verb = access.GRANTED if grant.valid_from == today else access.REVOKED
        access.log_access(actor=None, user=grant.user, obj=grant, verb=verb)
