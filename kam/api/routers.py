"""How apps join the API without it knowing them.

Each app's `api/urls.py` holds `routes = [("accounts", AccountViewSet), …]`; `kam/urls.py`, on top,
hands all of them to `kam.api.urls.patterns`. An entry may also be a plain `APIView` (`portfolio`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.urls import URLPattern, URLResolver, path
from rest_framework.routers import SimpleRouter
from rest_framework.viewsets import ViewSetMixin

Route = tuple[str, Any]


def patterns_for(routes: Iterable[Route]) -> list[URLPattern | URLResolver]:
    """Addresses of `routes`; of two with one name the later one counts."""
    router = SimpleRouter(use_regex_path=True)
    plain: list[URLPattern | URLResolver] = []
    for prefix, view in dict(routes).items():
        if issubclass(view, ViewSetMixin):
            router.register(prefix, view, basename=prefix)
        else:
            plain.append(path(f"{prefix}/", view.as_view(), name=prefix))
    return [*plain, *router.urls]
