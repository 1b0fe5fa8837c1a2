"""Giving a verdict on something that hangs on an account."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import FormView

from kam.web.views import ScopedViewMixin, ServiceFormMixin
from kam.web.views.forms import CONFLICT


class VerdictFormView(ServiceFormMixin, ScopedViewMixin, FormView):
    """A form about the row of `model` that the address names, for whom `allowed` lets on its
    account: 404 for who does not see it, 403 for who may not decide."""

    model: ClassVar[Any]
    allowed: ClassVar[Callable[..., bool]]
    template_name = "web/form.html"
    submit_label = gettext_lazy("Decide")
    success_message = gettext_lazy("Decided.")

    @cached_property
    def object(self) -> Any:
        """The row that is decided about."""
        rows = self.model.objects.visible_to(self.request.user).select_related("account")
        return get_object_or_404(rows, pk=self.kwargs["pk"])

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.user.is_authenticated and not self.allowed(request.user, self.object.account):
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)

    def get_initial(self) -> dict[str, Any]:
        return {"version": self.object.version}

    def conflict(self, form: Any, current: Any) -> HttpResponse:
        """Nothing was typed that could be compared: look at it again."""
        form.add_error(None, _("Somebody else changed it in the meantime. Look at it again."))
        response = self.form_invalid(form)
        response.status_code = CONFLICT
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(cancel_url=self.get_success_url(), **kwargs)
