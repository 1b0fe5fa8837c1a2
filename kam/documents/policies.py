"""Who may do what with a file; every answer asks the queryset that knows the rule."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet

from kam.access.once import asking_once
from kam.access.prepared import kept_exists
from kam.access.querysets import Reader, scope_model, sight_of
from kam.documents import holders
from kam.documents.models import Attachment


def can_add(user: Reader, obj: Any) -> bool:
    """Whether `user` may hang files on `obj`, which they see."""
    holder = holders.of(obj)

    def allowed(pk: int) -> QuerySet:
        return getattr(holder.model._default_manager.all(), holder.adds)(user).filter(pk=pk)

    with asking_once():
        return kept_exists(("adds files", holder.name, sight_of(user)), allowed, pk=obj.pk)


def can_change(user: Reader, attachment: Attachment) -> bool:
    """Whether `user` may rename, narrow, replace and archive it."""
    return Attachment.objects.editable_by(user).filter(pk=attachment.pk).exists()


def sees_account(user: Reader, account_id: int) -> bool:
    """Whether `user` sees the account at all."""
    return scope_model()._default_manager.all().visible_to(user).filter(pk=account_id).exists()


def readers_of_attachments(user: Reader) -> Q:
    """Condition on the change log: files that `user` may see now, whoever saw them before."""
    shown = Attachment.objects.visible_to(user).order_by().values("pk")
    return Q(object_type=Attachment._meta.label_lower, audience_id__in=shown)
