"""View mixins that every app's pages are made of."""

from kam.web.views.forms import ServiceFormMixin
from kam.web.views.scoped import PartialMixin, ScopedViewMixin
from kam.web.views.tables import TableMixin

__all__ = ["PartialMixin", "ScopedViewMixin", "ServiceFormMixin", "TableMixin"]
