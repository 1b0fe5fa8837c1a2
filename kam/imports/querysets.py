"""Who sees which import."""

from __future__ import annotations

import datetime
import json
import zlib
from collections import defaultdict
from collections.abc import Iterator
from typing import Any, Self

from django.db import models
from django.db.models import Q

from kam.access.querysets import Reader
from kam.changes.querysets import TrackedQuerySet
from kam.imports import kinds


def _reach(method: str, user: Reader) -> Q:
    """Runs of scopes that each kind's `method` gives to `user`; one rule is asked once."""
    alike: dict[Any, list[kinds.ImportKind]] = defaultdict(list)
    for kind in kinds.registered():
        alike[type(kind).scopes_for, type(kind).scopes_read_by].append(kind)
    reach = Q(pk__in=[])
    for first, *others in alike.values():
        scopes = getattr(first, method)(user).order_by().values("pk")
        names = [first.name, *(other.name for other in others)]
        reach |= Q(kind__in=names, scope_id__in=scopes)
    return reach


class RunQuerySet(models.QuerySet):
    """Imports."""

    def visible_to(self, user: Reader) -> Self:
        """Runs that `user` started, and those of scopes whose every run `user` may read."""
        if not user.is_active:
            return self.none()
        return self.filter(Q(owner=user.pk) | _reach("scopes_read_by", user))

    def editable_by(self, user: Reader) -> Self:
        """Runs that `user` may start, stop and undo: the right to import has to be held now."""
        if not user.is_active:
            return self.none()
        own = Q(owner=user.pk) & _reach("scopes_for", user)
        return self.filter(own | _reach("scopes_read_by", user))

    def occupying(self, scope_id: int, lane: str) -> Self:
        """The run that holds `lane` of a scope."""
        return self.filter(scope_id=scope_id, lane=lane)

    def moving(self) -> Self:
        """Runs with work going on."""
        return self.filter(status__in=("checking", "running", "undoing"))

    def for_list(self) -> Self:
        """All that lists of imports show, the latest first."""
        big = ("sample", "findings", "mapping", "report")
        return self.select_related("owner").defer(*big).order_by("-pk")


class RejectedChunkQuerySet(models.QuerySet):
    """Refused rows."""

    def lines(self) -> Iterator[list[Any]]:
        """`[row number, reason, code, cells]` of every refused row, in the order of the file."""
        for payload in (
            self.order_by("run", "number").values_list("payload", flat=True).iterator(chunk_size=20)
        ):
            yield from json.loads(zlib.decompress(bytes(payload)))


class StagedRecordQuerySet(models.QuerySet):
    """What runs will do to records."""

    def in_parts(self, run: models.Model, size: int) -> Iterator[list[Any]]:
        """Those of `run` in the order of its file, in lists of up to `size`."""
        last, of = 0, 0
        rest = self.filter(run=run).order_by("row", "part")
        while part := list(rest.filter(Q(row=last, part__gt=of) | Q(row__gt=last))[:size]):
            last, of = part[-1].row, part[-1].part
            yield part


class RememberedMappingQuerySet(models.QuerySet):
    """How files were read before."""

    def visible_to(self, user: Reader) -> Self:
        """Those that `user` kept, and those of scopes whose every run `user` may read: names and
        columns may tell of a customer."""
        if not user.is_active:
            return self.none()
        return self.filter(Q(owner=user.pk) | _reach("scopes_read_by", user))

    def editable_by(self, user: Reader) -> Self:
        """Mappings that `user` may rename and drop: the right to import has to be held now."""
        if not user.is_active:
            return self.none()
        own = Q(owner=user.pk) & _reach("scopes_for", user)
        return self.filter(own | _reach("scopes_read_by", user))

    def for_list(self) -> Self:
        """All that the list shows, the last used first."""
        return self.order_by("-used_at", "-pk")


class FolderQuerySet(TrackedQuerySet):
    """Folders from which files come by themselves."""

    def visible_to(self, user: Reader) -> Self:
        """Those that run as `user`, and those of scopes whose every run `user` may read."""
        if not user.is_active:
            return self.none()
        return self.filter(Q(owner=user.pk) | _reach("scopes_read_by", user))

    def editable_by(self, user: Reader) -> Self:
        """Those of scopes whose every run `user` may read: any file may lie in a folder."""
        if not user.is_active:
            return self.none()
        return self.filter(_reach("scopes_read_by", user))

    def due(self, now: datetime.datetime) -> Self:
        """Those that are on and whose next look has come."""
        return self.active().filter(is_on=True, next_look_at__lte=now).order_by("next_look_at")

    def for_list(self) -> Self:
        """All that lists show, with `asking`: files that need a person."""
        waiting = Q(files__status__in=("waiting", "refused"))
        rows = self.select_related("owner", "mapping")
        return rows.annotate(asking=models.Count("files", filter=waiting)).order_by("name", "pk")


class FolderFileQuerySet(models.QuerySet):
    """Files that were seen in folders."""

    def visible_to(self, user: Reader) -> Self:
        """Those of the folders that `user` may see."""
        folders = self.model._meta.get_field("folder").related_model._default_manager
        return self.filter(folder__in=folders.visible_to(user).order_by().values("pk"))

    def asking(self) -> Self:
        """Those about which a person has to do something."""
        return self.filter(status__in=("waiting", "refused"), folder__archived_at=None)

    def unfinished(self) -> Self:
        """Those whose import has not come to its end."""
        return self.filter(status__in=("queued", "running", "waiting")).order_by("pk")

    def for_list(self) -> Self:
        """All that lists show, the latest first."""
        return self.select_related("folder", "run").order_by("-pk")
