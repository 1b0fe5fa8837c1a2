"""Search across everything that the reader may see."""

from typing import Any

from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers
from django.views.generic import TemplateView

from kam.web import search


class SearchView(LoginRequiredMixin, TemplateView):
    """Results in groups; htmx asks for the list alone while typing."""

    template_name = "web/search.html"

    def get_template_names(self) -> list[str]:
        return ["web/_search_results.html" if self.request.htmx else self.template_name]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        text = self.request.GET.get("q", "")
        only = self.request.GET.get("in", "")
        groups = search.find(self.request.user, text, limit=50 if only else 8, only=only)
        return super().get_context_data(text=text, groups=groups, only=only, **kwargs)

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = super().get(request, *args, **kwargs)
        patch_vary_headers(response, ["HX-Request"])
        return response
