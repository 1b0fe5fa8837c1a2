"""Writes of what a person keeps for themselves."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.db import models, transaction

from kam.changes import record
from kam.changes.models import Change
from kam.web.models import Draft, SavedView, canonical

LONGEST_DRAFT = 200_000
"""Characters of a draft that are kept; what is longer is cut there."""


@transaction.atomic
def save_draft(
    *, actor: models.Model, obj: models.Model, field: str, text: str, base_version: int | None
) -> Draft:
    """Keep what `actor` is typing into `field` of `obj`, which the caller has checked they see.

    Private typing is no change of the programme: it leaves no row in the change log.
    """
    draft, _created = Draft.objects.update_or_create(
        user_id=actor.pk,
        object_type=obj._meta.label_lower,
        object_id=obj.pk,
        field=field,
        defaults={"text": text[:LONGEST_DRAFT], "base_version": base_version},
    )
    return draft


@transaction.atomic
def drop_drafts(*, actor: models.Model, obj: models.Model, fields: list[str] | None = None) -> int:
    """Forget drafts of `actor` on `obj`, of some `fields` or all; returns how many."""
    drafts = Draft.objects.filter(user_id=actor.pk).about(obj)
    if fields is not None:
        drafts = drafts.filter(field__in=fields)
    return drafts.delete()[0]


@transaction.atomic
def save_view(*, actor: models.Model, page: str, name: str, query: str) -> SavedView:
    """Keep a list's address under a name; the same name again replaces it.

    Raises ValidationError for an empty or too long name.
    """
    name = name.strip()
    own = SavedView.objects.filter(user_id=actor.pk, page=page, name__iexact=name)
    view = own.select_for_update().first()
    known = view is not None
    view = view or SavedView(user_id=actor.pk, page=page, name=name)
    before = record.snapshot(view, ["name", "query"]) if known else {}
    view.query = canonical(query)
    view.full_clean()
    view.save()
    _log(actor, view, "updated" if known else "created", before)
    return view


@transaction.atomic
def drop_view(*, actor: models.Model, view: SavedView) -> None:
    """Forget a view; raises PermissionDenied for somebody else's."""
    if view.user_id != actor.pk:
        raise PermissionDenied
    before = record.snapshot(view, ["page", "name", "query"])
    _log(actor, view, "deleted", before)
    view.delete()


def _log(actor: models.Model, view: SavedView, verb: str, before: dict) -> None:
    after = {} if verb == "deleted" else record.snapshot(view, ["page", "name", "query"])
    record.change(
        actor=actor,
        obj=view,
        verb=verb,
        before=before,
        after=after,
        audience=Change.Audience.PRIVATE,
        audience_id=actor.pk,
    )
