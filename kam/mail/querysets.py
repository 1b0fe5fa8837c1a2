"""Who may read kept mail."""

from __future__ import annotations

from typing import Self

from django.contrib.auth import get_user_model
from django.db import models
from django.db.models import Exists, OuterRef

from kam.access.querysets import Reader, scope_model


class MailQuerySet(models.QuerySet):
    """Mail that was kept instead of sent."""

    def visible_to(self, user: Reader) -> Self:
        """All of it for administrators, without mail on accounts that a barrier keeps from them."""
        if not user.is_active:
            return self.none()
        people = get_user_model()._default_manager.filter(pk=user.pk)
        shown = scope_model()._default_manager.all().visible_to(user).order_by().values("pk")
        subjects = self.model._meta.apps.get_model("mail.Subject")._default_manager
        hidden = subjects.filter(mail=OuterRef("pk")).exclude(account_id__in=shown)
        return self.filter(Exists(people.holding("administrator")), ~Exists(hidden))

    def for_list(self) -> Self:
        """Everything that the list shows, the newest first."""
        return self.defer("text", "html").order_by("-kept_at", "-pk")
