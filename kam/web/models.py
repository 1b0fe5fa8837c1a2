"""What a person keeps for themselves: text being typed, and views of lists."""

from __future__ import annotations

from typing import Self
from urllib.parse import parse_qsl, urlencode

from django.conf import settings
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from kam.access.querysets import Reader


def canonical(query: str) -> str:
    """The same parameters always as the same text, without page number and empty ones."""
    pairs = [(name, value) for name, value in parse_qsl(query) if name not in ("page", "export")]
    return urlencode(sorted(pairs))


class PrivateQuerySet(models.QuerySet):
    """Rows that one person alone sees."""

    def visible_to(self, user: Reader) -> Self:
        """Rows of `user`."""
        return self.filter(user_id=user.pk) if user.is_active else self.none()

    def editable_by(self, user: Reader) -> Self:
        """Rows of `user`."""
        return self.visible_to(user)


class DraftQuerySet(PrivateQuerySet):
    """Text typed and not yet committed."""

    def about(self, obj: models.Model) -> Self:
        """Drafts of fields of `obj`."""
        return self.filter(object_type=obj._meta.label_lower, object_id=obj.pk)


class SavedViewQuerySet(PrivateQuerySet):
    """Named filters of lists."""

    def of(self, user: Reader, page: str) -> Self:
        """Views that `user` keeps of `page`."""
        return self.visible_to(user).filter(page=page).order_by(Lower("name"))


class Draft(models.Model):
    """Text of one field that one person is typing (`design.md` 4.2).

    `base_version` is the version of the object that they read.

    Kept until it is committed or the person discards it; seen by nobody else.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    object_type = models.CharField(max_length=60)
    object_id = models.BigIntegerField()
    field = models.CharField(max_length=60)
    base_version = models.PositiveIntegerField(null=True)
    text = models.TextField(blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = DraftQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "object_type", "object_id", "field"], name="draft_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.object_type} {self.object_id} {self.field}"


class SavedView(models.Model):
    """Filter, sorting and columns of a list under a name; `query` is its address after the "?"."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    page = models.CharField(_("page"), max_length=60)
    name = models.CharField(_("name"), max_length=60)
    query = models.TextField(_("filter"))
    created_at = models.DateTimeField(auto_now_add=True)

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "user",
                "page",
                Lower("name"),
                name="savedview_name",
                violation_error_message=_("You have a view of this name."),
            )
        ]

    def __str__(self) -> str:
        return self.name
