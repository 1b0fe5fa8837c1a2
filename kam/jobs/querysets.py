"""Which jobs are due, whose lease has run out, and who may see them."""

from __future__ import annotations

import datetime
from typing import Self

from django.contrib.auth import get_user_model
from django.db import models
from django.db.models import Exists, OuterRef, Q

from kam.access.querysets import Reader


class JobQuerySet(models.QuerySet):
    """Background work."""

    def visible_to(self, user: Reader) -> Self:
        """Jobs that `user` started; every job for whoever runs the programme."""
        if not user.is_active:
            return self.none()
        runs = get_user_model()._default_manager.filter(pk=user.pk).running_programme()  # type: ignore[attr-defined]
        return self.filter(Q(created_by=user.pk) | Exists(runs))

    def unfinished(self) -> Self:
        """Jobs that wait or run."""
        return self.filter(status__in=("ready", "running"))

    def due(self, now: datetime.datetime, queues: list[str] | None = None) -> Self:
        """Jobs that may start at `now`, most urgent first.

        Of jobs with one `key` only the oldest may start, and none while another of them runs; a
        job put off to a later time holds nothing up until that time comes or it has been tried.
        """
        same_key = self.model._default_manager.filter(key=OuterRef("key")).exclude(
            pk=OuterRef("pk")
        )
        older = Q(enqueued_at__lt=OuterRef("enqueued_at")) | Q(
            enqueued_at=OuterRef("enqueued_at"), pk__lt=OuterRef("pk")
        )
        ahead = Q(status="running") | Q(
            older, Q(attempts__gt=0) | Q(run_after__lte=now), status="ready"
        )
        free = Q(key="") | ~Exists(same_key.filter(ahead))
        jobs = self.filter(free, status="ready", run_after__lte=now)
        if queues:
            jobs = jobs.filter(queue__in=queues)
        return jobs.order_by("-priority", "enqueued_at", "pk")

    def abandoned(self, now: datetime.datetime) -> Self:
        """Running jobs whose worker has not renewed its lease."""
        return self.filter(status="running", leased_until__lt=now)

    def for_list(self) -> Self:
        """Everything that a list of jobs shows, the newest first."""
        return self.select_related("created_by").order_by("-enqueued_at", "-pk")
