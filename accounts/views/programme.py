"""Forms on what a programme keeps for all of its accounts: products, lines, trade channels."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.core.exceptions import PermissionDenied

from kam.web.views import ScopedViewMixin, ServiceFormMixin
from teams.models import Programme


class ProgrammeFormMixin(ServiceFormMixin, ScopedViewMixin):
    """Such a form, for whoever runs the programme; `success_url` is the list."""

    template_name = "web/form.html"
    needs = "editable_by"

    @cached_property
    def programme(self) -> Programme:
        """The programme of the row, or the first one that the person runs."""
        if getattr(self, "object", None) is not None:
            return self.object.programme  # type: ignore[attr-defined]
        programme = Programme.objects.editable_by(self.request.user).order_by("pk").first()
        if programme is None:
            raise PermissionDenied
        return programme

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        self.programme  # noqa: B018  (refuses before anything is shown)
        return super().get_context_data(cancel_url=self.success_url, **kwargs)  # type: ignore[attr-defined]
