"""The frame's own pages: search, saved views, drafts."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from django.views.generic import TemplateView

from kam.web import search, services
from kam.web.models import SavedView
from kam.web.views.scoped import PartialMixin


class SearchView(PartialMixin, TemplateView):
    """Results in groups; htmx asks for the list alone while typing."""

    template_name = "web/search.html"
    partial_template_name = "web/_search_results.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        text = self.request.GET.get("q", "")
        only = self.request.GET.get("in", "")
        groups = search.find(self.request.user, text, limit=50 if only else 8, only=only)
        return super().get_context_data(text=text, groups=groups, only=only, **kwargs)


def _back(request: HttpRequest) -> str:
    target = request.POST.get("back", "")
    here = url_has_allowed_host_and_scheme(target, {request.get_host()}, request.is_secure())
    return target if here else "/"


@require_POST
def save_view(request: HttpRequest) -> HttpResponse:
    """Keep filter, sorting and columns of a list under a name."""
    page, name, query = (request.POST.get(key, "") for key in ("page", "name", "query"))
    try:
        view = services.save_view(actor=request.user, page=page, name=name, query=query)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect(_back(request))
    messages.success(request, _("View “%(name)s” saved.") % {"name": view.name})
    return redirect(f"{_back(request).partition('?')[0]}?{view.query}")


@require_POST
def drop_view(request: HttpRequest, pk: int) -> HttpResponse:
    """Forget a view."""
    view = SavedView.objects.visible_to(request.user).filter(pk=pk).first()
    if view is None:
        raise Http404
    services.drop_view(actor=request.user, view=view)
    messages.success(request, _("View “%(name)s” removed.") % {"name": view.name})
    return redirect(_back(request).partition("?")[0])
