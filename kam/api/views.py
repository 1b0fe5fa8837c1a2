"""Base of all API views, and the views that belong to the API itself."""

from __future__ import annotations

import functools
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer, OpenApiYamlRenderer
from drf_spectacular.utils import OpenApiParameter, extend_schema
from drf_spectacular.views import SpectacularAPIView
from rest_framework import views
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from kam.api import docs, idempotency
from kam.api.errors import refused
from kam.api.filters import refuse_unknown
from kam.api.serializers import MeSerializer


class ApiMixin:
    """What every call has: strict parameters, `Idempotency-Key` on POST, rate headers."""

    query_parameters: tuple[Any, ...] = ()
    """`OpenApiParameter`s that the view understands besides those of lists."""
    problem_codes: tuple[int, ...] = ()
    """Refusals besides those that its kind of call has, for the OpenAPI document."""

    def perform_authentication(self, request: Request) -> None:
        """Counts the call as soon as it is known whose it is: refused ones count and tell, too."""
        try:
            super().perform_authentication(request)  # type: ignore[misc]
        finally:
            super().check_throttles(request)  # type: ignore[misc]

    def check_throttles(self, request: Request) -> None:
        """Done, see `perform_authentication`."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)  # type: ignore[misc]
        if request.method in self.allowed_methods:  # type: ignore[attr-defined]
            refuse_unknown(request, self)
        if request.method == "POST" and idempotency.HEADER in request.headers:
            handler = self.post  # type: ignore[has-type]
            self.post = functools.partial(self._once, handler)

    def _once(self, handler: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        work = functools.partial(handler, request, *args, **kwargs)
        return idempotency.once(request, work, self.handle_exception)  # type: ignore[attr-defined]

    def finalize_response(self, request: Request, response: Any, *args: Any, **kw: Any) -> Any:
        response = super().finalize_response(request, response, *args, **kw)  # type: ignore[misc]
        allowance = getattr(request, "allowance", None)
        if allowance is not None:
            for name, value in allowance.headers().items():
                response[name] = value
        response["Cache-Control"] = "private, no-cache"
        return response


class APIView(ApiMixin, views.APIView):
    """A call that is not about a list of rows."""


class MeView(APIView):
    """Who is calling, and with which token."""

    @extend_schema(responses=MeSerializer, operation_id="me_retrieve")
    def get(self, request: Request) -> Response:
        user = request.user
        me = {
            "id": user.pk,
            "username": user.get_username(),
            "name": str(user),
            "time_zone": getattr(user, "time_zone", "") or settings.TIME_ZONE,
            "token": request.auth,
        }
        return Response(MeSerializer(me).data)


class RootView(APIView):
    """Addresses of all resources."""

    resources: tuple[str, ...] = ()

    @extend_schema(exclude=True)
    def get(self, request: Request) -> Response:
        here = request.build_absolute_uri(request.path)
        return Response({name: f"{here}{name}/" for name in self.resources})


FORMATS = {OpenApiYamlRenderer: "yaml", OpenApiJsonRenderer: "json"}


class SchemaView(ApiMixin, SpectacularAPIView):
    """The OpenAPI document, for whoever is signed in."""

    query_parameters = (OpenApiParameter("lang"), OpenApiParameter("format"))
    renderer_classes = (OpenApiYamlRenderer, OpenApiJsonRenderer)  # type: ignore[assignment]

    @extend_schema(exclude=True)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:  # noqa: FBT001, FBT002  (the signature of the base)
        """`format=json` or `yaml`, else what `Accept` says."""
        wish = request.query_params.get("format")
        for kind in self.renderer_classes:
            if wish == FORMATS.get(kind):
                return kind(), kind.media_type
        return super().perform_content_negotiation(request, force)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        wish = request.query_params.get("format")
        if wish is not None and wish not in FORMATS.values():
            raise refused("format", "format", _("json or yaml."))

    def handle_exception(self, exc: Exception) -> Response:
        """Refusals are JSON, whichever form of the document was asked for."""
        response = super().handle_exception(exc)
        self.request.accepted_renderer = JSONRenderer()
        self.request.accepted_media_type = JSONRenderer.media_type
        return response


@login_required
def documentation(request: HttpRequest) -> HttpResponse:
    """The same as a page to read, made on the server: no script, no style of its own."""
    document = SchemaGenerator().get_schema(request=None, public=True)
    context = {"document": document, "groups": docs.groups(document), "problems": docs.PROBLEMS}
    return render(request, "api/docs.html", context)
