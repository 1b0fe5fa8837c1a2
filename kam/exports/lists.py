"""Lists that can be handed out: a page's or an endpoint's, asked again by its address."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlencode, urlsplit

from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, QueryDict
from django.urls import ResolverMatch, get_resolver, resolve, reverse
from django.utils.translation import gettext as _
from django_htmx.middleware import HtmxDetails
from rest_framework.exceptions import APIException, NotAuthenticated
from rest_framework.exceptions import PermissionDenied as RefusedByRest

from kam.access.once import asking_once
from kam.api.viewsets import ReadOnlyViewSet
from kam.documents.tables import Table
from kam.web.views.tables import ExportMixin, TableAnswer

LONGEST = 4000
"""Characters of an address: more filters than that nobody has chosen by hand."""


def table_at(address: str, user: AbstractBaseUser) -> Table:
    """The table that the page or endpoint at `address` would give `user` now; no row is read.

    Raises ValidationError (no list there, or filters that are not understood), PermissionDenied or
    Http404 (not for `user`).
    """
    parts = urlsplit(address)
    has_nul = "\0" in unquote(address)  # see `kam.web.middleware.possible_addresses`
    if parts.scheme or parts.netloc or len(address) > LONGEST or has_nul:
        raise ValidationError({"address": _("This is no list of this application.")})
    match = _match(parts.path)
    request = _request(parts.path, parts.query, user)
    with asking_once():
        if issubclass(_view_of(match.func), ReadOnlyViewSet):
            return _of_endpoint(match, request)
        return _of_page(match, request)


def _match(path: str) -> ResolverMatch:
    try:
        match = resolve(path)
    except Http404:
        match = None
    if match is None or not is_handed_out(match.func):
        raise ValidationError({"address": _("This is no list of this application.")})
    return match


def _view_of(function: Any) -> Any:
    return getattr(function, "view_class", None) or getattr(function, "cls", object)


def is_handed_out(function: Any) -> bool:
    """Whether what a view shows can be handed out."""
    view = _view_of(function)
    if issubclass(view, ReadOnlyViewSet):
        lists = getattr(function, "actions", {}).get("get") == "list"
        return lists and view.export_layout is not None
    return issubclass(view, ExportMixin) and view.is_handed_out()


def _request(path: str, query: str, user: AbstractBaseUser) -> HttpRequest:
    """What `user` would ask if they were here."""
    request: Any = HttpRequest()
    request.method, request.path, request.path_info = "GET", path, path
    request.GET = QueryDict(query, mutable=True)
    request.user = request._force_auth_user = user
    request.wants_table = True
    request.htmx = HtmxDetails(request)
    return request


def _of_page(match: ResolverMatch, request: Any) -> Table:
    request.GET["export"] = "csv"
    answer = match.func(request, *match.args, **match.kwargs)
    if not isinstance(answer, TableAnswer):
        raise PermissionDenied
    return answer.table


def _of_endpoint(match: Any, request: Any) -> Table:
    view = match.func.cls(**match.func.initkwargs)
    view.action_map, view.args, view.kwargs = match.func.actions, match.args, match.kwargs
    view.request = view.initialize_request(request)
    view.format_kwarg = None
    try:
        view.check_permissions(view.request)
        refused = {*view.paginator.parameters, "fields"} & set(view.request.query_params)
        if refused:
            text = _("A file holds all rows and columns: leave this out.")
            raise ValidationError({"filters": f"{', '.join(sorted(refused))}: {text}"})
        rows = view.filter_queryset(view.get_queryset())
    except (NotAuthenticated, RefusedByRest) as error:
        raise PermissionDenied from error
    except APIException as error:
        raise ValidationError({"filters": _words(error.detail)}) from error
    return view.export_layout.table(rows, request.user)


def _words(detail: Any) -> list[str]:
    """What the API found wrong, with the parameter that it speaks of."""
    if isinstance(detail, dict):
        return [f"{name}: {text}" for name, item in detail.items() for text in _words(item)]
    return [str(item) for item in detail] if isinstance(detail, list) else [str(detail)]


@functools.cache
def endpoints() -> dict[str, Any]:
    """Viewsets of the API whose lists can be handed out, by the name of their resource."""
    found: dict[str, Any] = {}
    stack: list[Any] = [get_resolver()]
    while stack:
        for item in stack.pop().url_patterns:
            if hasattr(item, "url_patterns"):
                stack.append(item)
                continue
            view = getattr(item.callback, "cls", object)
            if issubclass(view, ReadOnlyViewSet) and is_handed_out(item.callback):
                found[item.name.removesuffix("-list")] = view
    return dict(sorted(found.items()))


def address_of(name: str, filters: Mapping[str, Any] | None = None) -> str:
    """Address of the endpoint `name` with filters; raises ValidationError for an unknown one."""
    if name not in endpoints():
        known = {"known": ", ".join(endpoints())}
        raise ValidationError({"list": _("There is no such list; there are: %(known)s.") % known})
    query = urlencode(filters or {})
    path = reverse(f"api:{name}-list")
    return f"{path}?{query}" if query else path
