"""Conflicts between customers; a ring-fence is also an information barrier (K130)."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts import querysets
from accounts.models.account import Account
from kam.access.models import Dated
from kam.changes.models import Tracked


class Conflict(Dated, Tracked):
    """Two accounts that stand in each other's way, with all below them.

    `exclusive`: never both key. `ring_fence`: an information barrier – whoever is in a team of
    one sees nothing of the other, whatever else they hold, and nobody can be in both teams.
    Holds the pair and the kind only, never rivals' confidential facts (handbook 3.5).
    """

    class Kind(models.TextChoices):
        EXCLUSIVE = "exclusive", _("exclusive: never both key")
        RING_FENCE = "ring_fence", _("information barrier")

    a = models.ForeignKey(
        Account, verbose_name=_("account"), on_delete=models.PROTECT, related_name="conflicts_as_a"
    )
    b = models.ForeignKey(
        Account,
        verbose_name=_("and account"),
        on_delete=models.PROTECT,
        related_name="conflicts_as_b",
    )
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)

    objects = querysets.ConflictQuerySet.as_manager()

    class Meta:
        ordering = ["a__name", "b__name", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(a__lt=F("b")),
                name="conflict_ordered",
                violation_error_message=_("A conflict needs two different accounts."),
            ),
            models.UniqueConstraint(
                fields=["a", "b", "kind"],
                condition=Q(archived_at=None),
                name="conflict_pair",
                violation_error_message=_("This conflict is recorded already."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.a} / {self.b}"


class ConflictException(Dated):
    """A person to whom a barrier does not apply, by name, dated, with a reason."""

    conflict = models.ForeignKey(Conflict, on_delete=models.PROTECT, related_name="exceptions")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="barrier_exceptions"
    )
    reason = models.CharField(_("reason"), max_length=250)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = querysets.ExceptionQuerySet.as_manager()

    class Meta:
        ordering = ["conflict", "pk"]

    def __str__(self) -> str:
        return f"{self.user}: {self.conflict}"
