"""What the kinds of this app share: their scope is a programme, one run at a time changes it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from django.db import models
from django.db.models import Exists, OuterRef, Q

from accounts import policies
from accounts.models import Account, Conflict, ExternalId, Product
from kam.access.dates import business_today
from kam.access.querysets import Reader
from kam.imports.kinds import ImportKind
from teams.models import Programme, Role, RoleGrant

SYSTEM = "erp"
"""Source system of customer numbers unless somebody names another."""
CHANGES_PER_BATCH = 1000


class ProgrammeKind(ImportKind):
    """Files that belong to a programme: for its managers and the administrators."""

    lane: ClassVar[str] = "customers"

    def scopes_for(self, user: Reader) -> models.QuerySet:
        """Programmes in which `user` may create accounts (`design.md` 4.1)."""
        if not policies.can_run_programme(user):  # known already: asks for nothing
            return Programme.objects.none()
        grants = RoleGrant.objects.filter(user=user.pk).valid_on(business_today())
        managed = grants.filter(role=Role.PROGRAMME_MANAGER).values("programme")
        administers = Exists(grants.filter(role=Role.ADMINISTRATOR))
        return Programme.objects.active().filter(Q(pk__in=managed) | Q(administers))

    def scopes_read_by(self, user: Reader) -> models.QuerySet:
        """Without programmes in which an information barrier hides an account from `user`: a file
        of somebody else may name it."""
        scopes = self.scopes_for(user)
        today = business_today()
        if not user.is_active or not Conflict.objects.fences(today).exists():
            return scopes
        shown = Account.objects.outside_barriers(user, today).order_by().values("pk")
        hidden = Account.objects.filter(programme=OuterRef("pk")).exclude(pk__in=shown)
        return scopes.exclude(Exists(hidden))

    def known_share(self, name: str, values: Sequence[str], scope_id: int | None) -> float | None:
        """Share of customer numbers and product codes that the programme knows."""
        looked_up = {
            "account": ExternalId.objects.filter(value__in=values),
            "external_id": ExternalId.objects.filter(value__in=values),
            "product": Product.objects.filter(code__in=values),
        }.get(name)
        if looked_up is None or scope_id is None:
            return None
        column = "code" if name == "product" else "value"
        known = looked_up.filter(programme=scope_id).values(column).distinct().count()
        return known / len(values)
