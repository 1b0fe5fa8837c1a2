"""What people may do to a job."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from kam.jobs.models import Job
from kam.jobs.progress import finished


@transaction.atomic
def cancel_job(*, actor: models.Model, job: Job) -> Job:
    """Stop a job: at once while it waits, at its next checkpoint while it runs.

    Raises PermissionDenied (not visible to `actor`). A finished job stays as it is.
    """
    if not Job.objects.visible_to(actor).filter(pk=job.pk).exists():  # type: ignore[arg-type]
        raise PermissionDenied
    job = Job.objects.select_for_update().get(pk=job.pk)
    values = {"cancel_requested": True}
    if job.status == Job.Status.READY:
        values |= finished(Job.Status.CANCELLED)
    if not job.is_finished:
        Job.objects.filter(pk=job.pk).update(**values)
        job.refresh_from_db()
    return job


@transaction.atomic
def retry_job(*, actor: models.Model, job: Job) -> Job:
    """Put a failed or stopped job back into the queue, with its committed state.

    Raises PermissionDenied (not visible to `actor`) or ValidationError (not failed or stopped).
    """
    if not Job.objects.visible_to(actor).filter(pk=job.pk).exists():  # type: ignore[arg-type]
        raise PermissionDenied
    job = Job.objects.select_for_update().get(pk=job.pk)
    if job.status not in (Job.Status.FAILED, Job.Status.CANCELLED):
        raise ValidationError(_("Only failed or stopped work can be started again."), code="status")
    Job.objects.filter(pk=job.pk).update(
        status=Job.Status.READY,
        attempts=0,
        cancel_requested=False,
        finished_at=None,
        run_after=timezone.now(),
    )
    job.refresh_from_db()
    return job
