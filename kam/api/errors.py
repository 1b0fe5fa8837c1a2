"""Problems as RFC 9457 describes them, the same for every refusal (`design.md` 6)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, PermissionDenied, RequestDataTooBig
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import IntegrityError, OperationalError
from django.db.models import ProtectedError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import exceptions, status
from rest_framework.response import Response

from kam.changes.errors import VersionConflict

MEDIA_TYPE = "application/problem+json"
PREFIX = "/api/"
DEADLOCK = "40P01"
"""PostgreSQL's code for it."""


class PreconditionRequired(exceptions.APIException):
    """A change without `If-Match`."""

    status_code = status.HTTP_428_PRECONDITION_REQUIRED
    default_detail = gettext_lazy("Send the ETag that you read as If-Match.")
    default_code = "if_match_required"


class TooLarge(exceptions.APIException):
    """A body of more than `settings.DATA_UPLOAD_MAX_MEMORY_SIZE` bytes."""

    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_detail = gettext_lazy("The body is too large: send less at a time.")
    default_code = "too_large"


class Conflict(exceptions.APIException):
    """The request collides with what is there or with another request."""

    status_code = status.HTTP_409_CONFLICT
    default_detail = gettext_lazy("This collides with what is there.")
    default_code = "conflict"


class KeyReused(exceptions.APIException):
    """An `Idempotency-Key` came back with another request."""

    status_code = status.HTTP_422_UNPROCESSABLE_ENTITY
    default_detail = gettext_lazy("This Idempotency-Key was used for another request.")
    default_code = "idempotency_key_reused"


def refused(parameter: str, code: str, detail: str) -> exceptions.ValidationError:
    """A refusal of one query parameter."""
    return exceptions.ValidationError({"?" + parameter: [exceptions.ErrorDetail(detail, code)]})


def problem(code: int, detail: str = "", **members: Any) -> dict[str, Any]:
    """The body of a problem; `type` leads to its description in the documentation."""
    title = HTTPStatus(code).phrase
    body = {"type": f"/api/docs/#problem-{code}", "title": title, "status": code}
    return body | {"detail": str(detail) or title} | members


def _pointers(detail: Any, at: str = "") -> Iterator[dict[str, str]]:
    """DRF's nested details as flat errors with JSON pointers (RFC 6901)."""
    if isinstance(detail, dict):
        for name, inner in detail.items():
            if name in (NON_FIELD_ERRORS, "non_field_errors"):
                yield from _pointers(inner, at)
            elif str(name).startswith("?"):
                yield from _pointers(inner, str(name))
            else:
                yield from _pointers(inner, f"{at}/{_escape(name)}")
    elif isinstance(detail, list):
        for number, inner in enumerate(detail):
            nested = isinstance(inner, dict | list)
            yield from _pointers(inner, f"{at}/{number}" if nested else at)
    else:
        code = getattr(detail, "code", None) or "invalid"
        yield {"pointer": at, "code": str(code), "detail": str(detail)}


def _escape(name: Any) -> str:
    return str(name).replace("~", "~0").replace("/", "~1")


def from_django(error: DjangoValidationError) -> list[dict[str, str]]:
    """A model's or service's refusal as errors with JSON pointers."""
    if not hasattr(error, "error_dict"):
        return [_single(item, "") for item in error.error_list]
    return [
        _single(item, "" if name == NON_FIELD_ERRORS else f"/{_escape(name)}")
        for name, items in error.error_dict.items()
        for item in items
    ]


def inside(error: DjangoValidationError, *path: str) -> exceptions.ValidationError:
    """The refusal of one row of a list in the body, with pointers that lead into it."""
    whole: dict[str, Any] = {}
    for single in from_django(error):
        at = whole
        for name in (*path, *map(_unescape, single["pointer"].split("/")[1:])):
            at = at.setdefault(name, {})
        detail = exceptions.ErrorDetail(single["detail"], single["code"])
        at.setdefault(NON_FIELD_ERRORS, []).append(detail)
    return exceptions.ValidationError(whole)


def _unescape(name: str) -> str:
    return name.replace("~1", "/").replace("~0", "~")


def _single(error: DjangoValidationError, pointer: str) -> dict[str, str]:
    pointer += "".join(f"/{_escape(part)}" for part in getattr(error, "within", ()))
    return {"pointer": pointer, "code": error.code or "invalid", "detail": error.messages[0]}


def _translated(error: Exception) -> Exception:
    """The exception of DRF that says the same, for what comes from services and Django."""
    if isinstance(error, Http404):
        return exceptions.NotFound()
    if isinstance(error, RequestDataTooBig):
        return TooLarge()
    if isinstance(error, PermissionDenied):
        return exceptions.PermissionDenied(str(error) or None)
    if isinstance(error, ProtectedError):
        return Conflict(_("Something else still needs this."))
    if isinstance(error, IntegrityError):
        return Conflict()
    if isinstance(error, OperationalError) and is_deadlock(error):
        return Conflict(_("Somebody else was changing the same rows: send it again."))
    return error


def is_deadlock(error: Exception) -> bool:
    """Whether PostgreSQL gave up one of two transactions that waited for each other."""
    return getattr(error.__cause__, "sqlstate", "") == DEADLOCK


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's hook: every refusal as a problem; None (a 500) for what nobody foresaw."""
    if isinstance(error, VersionConflict):
        return _stale(error, context)
    if isinstance(error, DjangoValidationError):
        return _respond(problem(400, _("Some values were refused."), errors=from_django(error)))
    error = _translated(error)
    if not isinstance(error, exceptions.APIException):
        return None
    if isinstance(error, exceptions.ValidationError):
        errors = list(_pointers(error.detail))
        return _respond(problem(400, _("Some values were refused."), errors=errors))
    single = error.detail if isinstance(error.detail, str) else str(error.detail)
    code = getattr(error.detail, "code", error.default_code)
    errors = [{"pointer": "", "code": str(code), "detail": str(single)}]
    response = _respond(problem(error.status_code, single, errors=errors))
    if getattr(error, "auth_header", None):
        response["WWW-Authenticate"] = error.auth_header  # type: ignore[attr-defined]
    if getattr(error, "wait", None):
        response["Retry-After"] = str(int(error.wait))  # type: ignore[attr-defined]
    return response


def _stale(error: VersionConflict, context: dict[str, Any]) -> Response:
    """412 with the present state, as far as the caller may see it."""
    represent = getattr(context["view"], "represent", None)
    current = represent(error.current) if represent else None
    text = _("Somebody else changed this in the meantime.")
    errors = [{"pointer": "", "code": "stale", "detail": text}]
    response = _respond(problem(412, text, errors=errors, current=current))
    if current is not None:
        response["ETag"] = f'"{error.current.version}"'  # type: ignore[attr-defined]
    return response


def _respond(body: dict[str, Any]) -> Response:
    return Response(body, status=body["status"], content_type=MEDIA_TYPE)


Handler = Callable[[HttpRequest], HttpResponse]


def problem_responses(get_response: Handler) -> Handler:
    """Middleware: whatever refuses a call under /api/ before a view is reached (an unknown
    address, a bad host, a body that is too large, a crash) answers as a problem, too."""

    def handle(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if not request.path.startswith(PREFIX):
            return response
        code = response.status_code
        if code == HTTPStatus.MOVED_PERMANENTLY and request.method not in ("GET", "HEAD"):
            code = HTTPStatus.NOT_FOUND  # a redirect to the slash would lose the body
        if code < HTTPStatus.BAD_REQUEST or response.get("Content-Type", "").startswith(MEDIA_TYPE):
            return response
        plain = JsonResponse(problem(code), status=code, content_type=MEDIA_TYPE)
        for name in ("WWW-Authenticate", "Retry-After", "Allow"):
            if name in response:
                plain[name] = response[name]
        return plain

    return handle
