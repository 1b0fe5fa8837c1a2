"""How far brands have come with the accounts on their target lists (K095)."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.generic import ListView

from accounts import exports
from accounts.choices import TargetStatus
from accounts.models import Channel, ProductLine, Target
from kam.web.views import ScopedViewMixin
from kam.web.views.tables import CappedPaginator, ExportMixin

PAGE = 50


def crumbs(*more: tuple[Any, str]) -> list[tuple[Any, str]]:
    """The way to a page below the target profiles."""
    return [(_("Target profiles"), reverse("accounts:target_profiles")), *more]


class TargetListView(ExportMixin, ScopedViewMixin, ListView):
    """Target lists of the brands: where each stands at which account, since when, by whom; with
    `history=1` all steps (K095)."""

    model = Target
    paginate_by = PAGE
    paginator_class = CappedPaginator
    template_name = "accounts/target_list.html"
    export_layout = exports.TARGETS

    @cached_property
    def asked(self) -> dict[str, int]:
        """Brand and channel that the address names, by their keys."""
        given = {name: self.request.GET.get(name, "") for name in ("brand", "channel")}
        return {
            name: int(text)
            for name, text in given.items()
            if text.isascii() and text.isdecimal() and len(text) < 19
        }

    def get_queryset(self) -> Any:
        rows = super().get_queryset().for_list().filter(account__archived_at=None)
        if self.request.GET.get("history") != "1":
            rows = rows.in_force()
        if "brand" in self.asked:
            rows = rows.filter(brand=self.asked["brand"])
        status = self.request.GET.get("status", "")
        if status in TargetStatus.values:
            rows = rows.filter(status=status)
        if "channel" in self.asked:
            top = Channel.objects.visible_to(self.request.user).filter(pk=self.asked["channel"])
            path = top.values_list("path", flat=True).first()
            rows = rows.filter(account__channel__path__startswith=path) if path else rows.none()
        return rows

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        user = self.request.user
        return super().get_context_data(
            brands=ProductLine.objects.visible_to(user).filter(
                pk__in=Target.objects.visible_to(user).order_by().values("brand")
            ),
            channels=Channel.objects.visible_to(user).active().for_list(),
            statuses=TargetStatus.choices,
            asked=self.asked,
            status=self.request.GET.get("status", ""),
            is_history=self.request.GET.get("history") == "1",
            is_filtered=bool(self.asked or self.request.GET.get("status")),
            crumbs=crumbs((_("Target lists"), "")),
            **kwargs,
        )
