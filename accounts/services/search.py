"""Looking for duplicates is asked for here and done by a worker."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.db import transaction

from accounts import policies
from accounts.models import Account
from accounts.tasks import look_for_duplicates
from kam.jobs.models import Job
from teams.models import User


@transaction.atomic
def start_search(*, actor: User, account: Account | None = None) -> Job:
    """Look for duplicates in all that `actor` sees, or among the people of `account`.

    A search that waits already is not doubled. Raises PermissionDenied.
    """
    if account is not None and not policies.can_see(actor, account):
        raise PermissionDenied
    if not policies.has_accounts(actor):
        raise PermissionDenied
    key = f"duplicates:{actor.pk}"
    args = [actor.pk, account.pk if account else None]
    waiting = Job.objects.filter(key=key, status=Job.Status.READY, args=args).first()
    if waiting is not None:
        return waiting
    task = look_for_duplicates.using(created_by=actor, key=key)
    return Job.objects.get(pk=task.enqueue(*args).id)
