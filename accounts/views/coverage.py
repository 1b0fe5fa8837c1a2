"""Which parts of a customer somebody looks after, and which nobody does (K059)."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from accounts import exports
from accounts.profiles.covering import By, Coverage, coverage_of
from accounts.views.parts import AccountPartView
from kam.access.dates import business_today
from kam.documents.tables import Layout
from kam.web.views.tables import ExportMixin


class CoverageView(ExportMixin, AccountPartView):
    """Companies and sites of the customer with who manages them, the last talk and what they buy;
    together by our unit or by country with `?by=` (K059)."""

    part = "profile"
    part_template_name = "accounts/_coverage.html"
    depends_on_reader_alone = False

    @cached_property
    def by(self) -> str:
        """What the address puts parts together by."""
        asked = self.request.GET.get("by", "")
        return asked if asked in By.values else By.PLACE.value

    @cached_property
    def coverage(self) -> Coverage:
        """Who looks after what today."""
        return coverage_of(self.object, self.request.user, business_today())

    def get_export_layout(self) -> Layout:
        return exports.COVERAGE if self.by == By.PLACE else exports.COVERAGE_LINES

    def get_export_rows(self, layout: Layout) -> Any:
        self.object = self.get_object()
        return self.coverage.places if self.by == By.PLACE else self.coverage.by(self.by)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        found = self.coverage
        lines = [] if self.by == By.PLACE else found.by(self.by)
        ways = [(value, label, value == self.by) for value, label in By.choices]
        return super().get_context_data(
            coverage=found, lines=lines, ways=ways, by=self.by, **kwargs
        )
