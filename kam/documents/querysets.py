"""Who sees which attachment: the account's rule, narrowed by its holder and its confidentiality."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import Exists, OuterRef, Q

from kam.access.querysets import AccountScopedQuerySet, Reader, scope_model
from kam.changes.querysets import TrackedQuerySet
from kam.documents import holders


class AttachmentQuerySet(AccountScopedQuerySet, TrackedQuerySet):
    """Attachments."""

    account_path = "account"

    def visible_to(self, user: Reader) -> Self:
        """Attachments that `user` may see (`design.md` 11).

        Of accounts they may see, on things that they read; of those kept to the team if they are
        in it, of those kept to named people if they are named. Whoever brought a file sees it as
        long as they see the account.
        """
        rows = super().visible_to(user)
        if rows.query.is_empty():
            return rows
        teams = scope_model()._default_manager.all().in_team_of(user).order_by().values("pk")
        named = self.model.people.through.objects.filter(  # type: ignore[attr-defined]
            attachment=OuterRef("pk"), user=user.pk
        )
        rows = rows.filter(
            Q(confidentiality="account")
            | Q(uploaded_by=user.pk)
            | Q(confidentiality="team", account__in=teams)
            | (Q(confidentiality="people") & Exists(named))
        )
        for holder in holders.registered():
            if holder.narrows:
                read = holder.rows(user).order_by().values("pk")
                rows = rows.filter(~Q(object_type=holder.name) | Q(object_id__in=read))
        return rows

    def editable_by(self, user: Reader) -> Self:
        """Attachments that `user` may rename, narrow, replace and archive: of those they see, all
        on accounts that they edit, and their own where they may add some."""
        accounts = scope_model()._default_manager.all()
        edited = accounts.editable_by(user).order_by().values("pk")
        served = accounts.contributable_by(user).order_by().values("pk")
        own = Q(account__in=served, uploaded_by=user.pk)
        return self.visible_to(user).filter(Q(account__in=edited) | own)

    def of(self, obj: models.Model) -> Self:
        """Files that hang on `obj`."""
        return self.of_key(obj._meta.label_lower, obj.pk)

    def of_key(self, kind: str, pk: int) -> Self:
        """Files that hang on the thing of a kind (`Holder.name`) with this key."""
        return self.filter(object_type=kind, object_id=pk)

    def found_by(self, text: str) -> Self:
        """Files whose name or description holds every word of `text`."""
        for word in text.split():
            hits = Q(name__icontains=word) | Q(description__icontains=word)
            self = self.filter(hits)  # noqa: PLW0642  (a queryset is narrowed step by step)
        return self

    def with_rights_of(self, user: Reader) -> Self:
        """Annotates `may_edit`."""
        own = self.model._default_manager.filter(pk=OuterRef("pk")).order_by()
        return self.annotate(may_edit=Exists(own.editable_by(user)))  # type: ignore[attr-defined]

    def for_list(self) -> Self:
        """All that lists of files show, the latest first."""
        rows = self.select_related("account", "uploaded_by", "stored_by")
        return rows.order_by("-stored_at", "-pk")


class EarlierFileQuerySet(models.QuerySet):
    """Files that were replaced."""

    def for_list(self) -> Self:
        """All that the list of versions shows, the latest first."""
        return self.select_related("stored_by").order_by("-number")
