"""Addresses of the API; the resources are handed in from above."""

from __future__ import annotations

from collections.abc import Iterable

from django.urls import URLPattern, URLResolver, include, path

from kam.api.changes import ChangeViewSet
from kam.api.routers import Route, patterns_for
from kam.api.views import MeView, RootView, SchemaView, documentation
from kam.api.viewsets import TokenViewSet

OWN: list[Route] = [("changes", ChangeViewSet), ("tokens", TokenViewSet), ("me", MeView)]


def patterns(*routes: Iterable[Route]) -> list[URLPattern | URLResolver]:
    """Everything under /api/: resources, schema and documentation."""
    every = [*OWN, *(route for group in routes for route in group)]
    resources = tuple(sorted({name for name, _view in every}))
    resource_urls = [
        path("", RootView.as_view(resources=resources), name="root"),
        *patterns_for(every),
    ]
    return [
        path("v1/", include(resource_urls)),
        path("schema/", SchemaView.as_view(), name="schema"),
        path("docs/", documentation, name="docs"),
    ]
