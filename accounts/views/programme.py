"""Pages on one programme, and forms on what a programme keeps for all of its accounts.

Whoever belongs to several programmes names one by `?programme=`, as on the portfolio and the map;
without it a page is on their first.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any, NamedTuple

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.utils.translation import gettext as _

from kam.web.addresses import key_in
from kam.web.views import ScopedViewMixin, ServiceFormMixin
from kam.web.views.tables import changed
from teams.models import Programme

MOST_OFFERED = 20
"""Programmes to switch between; further ones are reached by their address."""


class Pick(NamedTuple):
    """A programme to switch to."""

    label: str
    url: str
    is_here: bool


class Programmes:
    """Those of `rows` that a page offers, the first ones first: one query, a second one only where
    the address names one that is not among them. With `or_all` a page is on all of them until one
    is named."""

    def __init__(
        self, request: HttpRequest, rows: QuerySet[Programme], *, or_all: bool = False
    ) -> None:
        self.request, self.rows, self.or_all = request, rows, or_all

    @property
    def is_named(self) -> bool:
        """Whether the address names one."""
        return bool(self.request.GET.get("programme"))

    @cached_property
    def offered(self) -> Sequence[Programme]:
        """The first few."""
        return list(self.rows.active().order_by("pk")[:MOST_OFFERED])  # type: ignore[attr-defined]

    @cached_property
    def chosen(self) -> Programme | None:
        """The one that the address names, else the first; None without any. Raises Http404 for one
        that is not theirs."""
        if not self.is_named:
            return self.offered[0] if self.offered else None
        pk = key_in(self.request.GET["programme"])
        found = next((row for row in self.offered if row.pk == pk), None)
        found = found or self.rows.filter(pk=pk).first()
        if found is None:
            raise Http404
        return found

    @property
    def context(self) -> dict[str, Any]:
        """What `components/switch.html` shows, and what links add to keep the programme."""
        here = None if self.or_all and not self.is_named else self.chosen
        switch = [Pick(row.name, self._address(row.pk), row == here) for row in self.offered]
        if len(switch) < 2:  # nothing to switch between
            switch = []
        elif self.or_all:
            switch = [Pick(_("All"), self._address(None), here is None), *switch]
        return {
            "switch": switch,
            "switch_label": _("Programme"),
            "picked": here.pk if here and self.is_named else "",
        }

    def _address(self, programme: int | None) -> str:
        return f"{self.request.path}{changed(self.request.GET, programme=programme)}"


def read_programmes(request: HttpRequest) -> Programmes:
    """Those to which the person belongs."""
    return Programmes(request, Programme.objects.visible_to(request.user))


class ProgrammePageMixin:
    """A page on one of the reader's programmes; 404 without any."""

    request: HttpRequest

    @cached_property
    def programmes(self) -> Programmes:
        """Those that the page is offered for."""
        return read_programmes(self.request)

    @cached_property
    def programme(self) -> Programme:
        """The one that the page is on."""
        if self.programmes.chosen is None:
            raise Http404
        return self.programmes.chosen

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)  # type: ignore[misc]
        return context | self.programmes.context  # type: ignore[no-any-return]


class ProgrammeFormMixin(ServiceFormMixin, ScopedViewMixin):
    """Such a form, for whoever runs the programme; `success_url` is the list."""

    template_name = "web/form.html"
    needs = "editable_by"

    @cached_property
    def programmes(self) -> Programmes:
        """Those that the person runs."""
        return Programmes(self.request, Programme.objects.editable_by(self.request.user))

    @cached_property
    def programme(self) -> Programme:
        """The programme of the row; of a new one that of the address, or the first one that the
        person runs."""
        if getattr(self, "object", None) is not None:
            return self.object.programme  # type: ignore[attr-defined]
        if not self.programmes.offered:
            raise PermissionDenied
        return self.programmes.chosen  # type: ignore[return-value]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        self.programme  # noqa: B018  (refuses before anything is shown)
        cancel = getattr(self, "cancel_url", None) or self.success_url  # type: ignore[attr-defined]
        is_new = getattr(self, "object", None) is None
        switch = self.programmes.context if is_new else {}
        return super().get_context_data(cancel_url=cancel, **switch, **kwargs)
