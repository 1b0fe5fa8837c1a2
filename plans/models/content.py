"""What all rows of a plan share."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from kam.changes.models import Tracked


class PlanContent(Tracked):
    """A row of a plan.

    `CONTENT_FIELDS` are locked while the plan is in review and after its approval;
    `EXECUTION_FIELDS` stay open (`design.md` 11). `approved` holds the content as last approved
    (null: never), which is what readers see while the working copy moves on.
    """

    CONTENT_FIELDS: ClassVar[tuple[str, ...]] = ()
    EXECUTION_FIELDS: ClassVar[tuple[str, ...]] = ()
    PARENT: ClassVar[str] = "plan"

    approved = models.JSONField(_("as approved"), null=True, blank=True, editable=False)

    class Meta:
        abstract = True

    @classmethod
    def editable_fields(cls) -> tuple[str, ...]:
        """All that people may change."""
        return (*cls.CONTENT_FIELDS, *cls.EXECUTION_FIELDS)
