"""What the OpenAPI document says of every call besides its own body (`design.md` 6)."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.db import models
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema as BaseAutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter

from kam.api.bulk import LARGEST, BulkResultSerializer
from kam.api.docs import PROBLEMS
from kam.api.errors import MEDIA_TYPE
from kam.api.filters import LARGEST_ID, changed_field, is_list
from kam.api.serializers import ProblemSerializer

WRITES = ("POST", "PUT", "PATCH", "DELETE")


class BearerScheme(OpenApiAuthenticationExtension):
    """How a token is sent."""

    target_class = "kam.api.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {"type": "http", "scheme": "bearer"}


class BrowserScheme(OpenApiAuthenticationExtension):
    """How a browser is recognised; changes also need `X-CSRFToken`."""

    target_class = "kam.api.authentication.BrowserAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {"type": "apiKey", "in": "cookie", "name": settings.SESSION_COOKIE_NAME}


def header(name: str, text: str, **options: Any) -> OpenApiParameter:
    """A header of the request, or with `response=[…]` of the answer."""
    place: Any = OpenApiParameter.HEADER
    return OpenApiParameter(name, OpenApiTypes.STR, place, description=text, **options)


def parameter(name: str, text: str, kind: Any = OpenApiTypes.STR, **options: Any) -> Any:
    """A query parameter."""
    return OpenApiParameter(name, kind, OpenApiParameter.QUERY, description=text, **options)


HEADERS = {
    "RateLimit": "Calls that are left (`r`) and seconds until there are more (`t`).",
    "RateLimit-Policy": "Calls (`q`) that are allowed in so many seconds (`w`).",
    "Retry-After": "Seconds to wait.",
}
"""Headers of answers that every call has, see `kam.api.throttling`."""


def _with_empty(schema: dict[str, Any], field: Any) -> dict[str, Any]:
    """`schema` of a field that is only read, with the empty values that its column may hold: Django
    REST framework forgets them where nothing is written."""
    model = getattr(getattr(field.parent, "Meta", None), "model", None)
    columns = {item.name: item for item in model._meta.fields} if model is not None else {}
    column = columns.get(field.source)
    if column is None or "type" not in schema:
        return schema
    empty: list[Any] = [None] if column.null else []
    empty += [""] if column.blank and isinstance(column, models.CharField) else []
    if column.null and isinstance(schema["type"], str):
        schema = schema | {"type": [schema["type"], "null"]}
    if "enum" in schema:
        more = [value for value in empty if value not in schema["enum"]]
        schema = schema | {"enum": [*schema["enum"], *more]}
    return schema


def _meaning(code: int) -> str:
    """What an answer says by its code alone."""
    return str(dict(PROBLEMS).get(code) or HTTPStatus(code).phrase)


def _told_always(code: str) -> dict[str, Any]:
    """Headers of the answer `code` besides its own."""
    names = [name for name in HEADERS if code == "429" or name != "Retry-After"]
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


SUMMARIES = {
    "list": "List {}",
    "create": "Create one of {}",
    "retrieve": "Read one of {}",
    "update": "Replace one of {}",
    "partial_update": "Change one of {}",
    "destroy": "Delete or archive one of {}",
    "bulk": "Create or change many of {}",
}
PATH_TEXTS = {
    "system": "The other system, e.g. `sap`.",
    "value": "The number there.",
}
LOOKUPS = {
    "gte": "At least this {}.",
    "lte": "At most this {}.",
    "gt": "Beyond this {}.",
    "lt": "Short of this {}.",
    "in": "Any of these, separated by commas: {}.",
    "isnull": "Whether it has no {}.",
    "icontains": "With this in its {}, whatever the case.",
}
"""What a filter asks for, by the end of its name."""


def filter_text(name: str, *, yes_or_no: bool = False) -> str:
    """What the filter `name` does, where its filter set does not say so itself."""
    column, _sign, lookup = name.rpartition("__")
    if lookup not in LOOKUPS:
        return f"Whether {_words(name)}." if yes_or_no else f"With this {_words(name)}."
    return LOOKUPS[lookup].format(_words(column))


def _words(name: str) -> str:
    return name.replace("__", " of ").replace("_", " ")


def finish(result: Any, generator: Any, **_more: Any) -> Any:
    """Hook: names the resources and drops schemas that nothing uses."""
    views = {}
    for path, _regex, _method, callback in generator.endpoints or ():
        tag = path.removeprefix(settings.SPECTACULAR_SETTINGS["SCHEMA_PATH_PREFIX"])
        views[tag.split("/")[1]] = callback.cls
    used = {tag for _path, item in _operations(result) for tag in item.get("tags", ())}
    texts = {tag: inspect.getdoc(views[tag]) or "" for tag in sorted(used)}
    result["tags"] = [
        {"name": tag, "description": " ".join(text.partition("\n\n")[0].split())}
        for tag, text in texts.items()
    ]
    result["components"]["headers"] = {
        name: {"description": text, "schema": {"type": "string"}} for name, text in HEADERS.items()
    }
    _link(result)
    _drop_unused(result)
    return result


def _link(document: dict[str, Any]) -> None:
    """Say which calls an answer leads to: from a row to reading, changing and removing it, and to
    the lists of what hangs on it."""
    calls = {item["operationId"]: item for _path, item in _operations(document)}
    row = {"id": "$response.body#/id"}
    version = {"If-Match": "$response.header.ETag"}
    for name, read in calls.items():
        resource, _sign, action = name.rpartition("_")
        if action != "retrieve" or "{" not in _path_of(document, read):
            continue
        links = {}
        for verb, more in (("partial_update", version), ("destroy", version)):
            if (wanted := calls.get(f"{resource}_{verb}")) is not None:
                known = {item["name"] for item in wanted["parameters"]}
                given = row | {key: value for key, value in more.items() if key in known}
                links[verb] = {"operationId": wanted["operationId"], "parameters": given}
        create = calls.get(f"{resource}_create")
        if create is not None and "201" in create["responses"]:
            first = {"retrieve": {"operationId": name, "parameters": row}}
            create["responses"]["201"]["links"] = first | links
        for other, listing in calls.items():
            owner = {item["name"] for item in listing.get("parameters", ())}
            if other.endswith("_list") and resource.removesuffix("s") in owner:
                way = {resource.removesuffix("s"): row["id"]}
                links[other] = {"operationId": other, "parameters": way}
        if links:
            read["responses"]["200"]["links"] = links


def _path_of(document: dict[str, Any], wanted: dict[str, Any]) -> str:
    return next(path for path, operation in _operations(document) if operation is wanted)


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for operation in methods.values():
            yield path, operation


def _drop_unused(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    while True:
        text = json.dumps(document, default=str)
        unused = [name for name in schemas if f'"#/components/schemas/{name}"' not in text]
        if not unused:
            return
        for name in unused:
            del schemas[name]


class AutoSchema(BaseAutoSchema):
    """Adds problems, versions, retries, and the parameters of every list."""

    def get_summary(self) -> str:
        """A title for lists of calls: what a standard call does, else its first sentence."""
        wording = SUMMARIES.get(getattr(self.view, "action", ""))
        if wording:
            return wording.format(self.get_tags()[0])
        text = " ".join(self.get_description().split())
        return text.partition(". ")[0].rstrip(".")

    def _map_basic_serializer(self, serializer: Any, direction: Any) -> Any:
        """`Meta.sometimes` names fields of answers that are not in every one."""
        schema = super()._map_basic_serializer(serializer, direction)
        sometimes = getattr(getattr(serializer, "Meta", None), "sometimes", ())
        if sometimes and "required" in schema:
            schema["required"] = [name for name in schema["required"] if name not in sometimes]
        return schema

    def _map_serializer_field(
        self,
        field: Any,
        direction: Any,
        bypass_extensions: bool = False,  # noqa: FBT001, FBT002  (the signature of the base)
    ) -> Any:
        schema = super()._map_serializer_field(field, direction, bypass_extensions)
        if direction == "response" and field.read_only:
            return _with_empty(schema, field)
        return schema

    def _get_filter_parameters(self) -> list[Any]:
        found = super()._get_filter_parameters()
        for item in found:
            if not item.get("description"):
                yes_or_no = item["schema"].get("type") == "boolean"
                item["description"] = filter_text(item["name"], yes_or_no=yes_or_no)
            if item["schema"] == {"type": "string"}:
                item["schema"]["minLength"] = 1
        return found

    def _resolve_path_parameters(self, variables: Any) -> list[Any]:
        found = super()._resolve_path_parameters(variables)
        for item in found:
            if item["name"] == "id":
                item["schema"] = {"type": "integer", "minimum": 1, "maximum": LARGEST_ID}
                item["description"] = f"Id of one of {self.get_tags()[0]}."
            item["description"] = item.get("description") or PATH_TEXTS.get(item["name"], "")
        return found

    def get_override_parameters(self) -> list[Any]:
        found = list(getattr(self.view, "query_parameters", ()))
        if self._is_versioned():
            found += self._version_headers()
        if self._is_step():
            found.append(header("If-Match", "The ETag that you read: 412 when it is stale."))
        if self._is_put_by_number():
            text = "The ETag that you read, if you have: 412 when it is stale or nothing is there."
            found.append(header("If-Match", text))
        if self.method == "POST":
            found.append(
                header("Idempotency-Key", "Sent again within 24 h, it gets the first answer.")
            )
            if getattr(self.view, "action", "") == "create":
                found.append(header("Location", "Where the new row is.", response=[201]))
        if self.method == "GET" and self._returns_rows():
            found.append(parameter("fields", "Only these fields, separated by commas."))
        if is_list(self.view):
            found += self._list_parameters()
        if self._is_bulk():
            text = "false does each item for itself and answers with its result."
            found.append(parameter("atomic", text, enum=["true", "false"], default="true"))
        return found

    def _is_bulk(self) -> bool:
        return getattr(self.view, "action", "") == "bulk"

    def get_request_serializer(self) -> Any:
        if self._is_bulk():
            return self.view.get_serializer(many=True)
        return super().get_request_serializer()

    def _get_request_body(self, direction: Any = "request") -> Any:
        body = super()._get_request_body(direction)
        for content in body["content"].values() if self._is_bulk() else ():
            item = content["schema"]["items"]
            change = self._changed_item()
            content["schema"] |= {"minItems": 1, "maxItems": LARGEST}
            content["schema"]["items"] = {"anyOf": [item, change]} if change else item
        return body

    def _changed_item(self) -> dict[str, Any] | None:
        """The body of an item that changes a row: its id and version, and what shall be new."""
        if not hasattr(self.view, "perform_update"):
            return None
        self.view.action = "partial_update"
        serializer = self.view.get_serializer(partial=True)
        self.view.action = "bulk"
        row = {"type": "integer", "minimum": 1, "maximum": LARGEST_ID}
        return {
            "allOf": [
                {
                    "type": "object",
                    "required": ["id", "version"],
                    "properties": {"id": row, "version": {"type": "integer", "minimum": 1}},
                },
                self.resolve_serializer(serializer, "request").ref,
            ]
        }

    def get_response_serializers(self) -> Any:
        return BulkResultSerializer if self._is_bulk() else super().get_response_serializers()

    def _list_parameters(self) -> list[Any]:
        found = []
        if ordering := getattr(self.view, "ordering_fields", None):
            names = ", ".join(sorted(ordering))
            found.append(parameter("ordering", f"By {names}; a minus turns it round."))
        if getattr(self.view, "search_fields", None):
            found.append(parameter("search", "Rows that contain every word, by id unless ordered."))
        if changed_field(self.view):
            text = "Changed at or after this moment."
            found.append(parameter("updated_since", text, OpenApiTypes.DATETIME))
        return found

    def _version_headers(self) -> list[Any]:
        if self.method == "GET":
            known = header("If-None-Match", "An ETag; 304 when nothing has changed.")
            return [known, header("ETag", "The version.", response=[200])]
        if self.method == "POST":
            return [header("ETag", "The version.", response=[201])]
        found = [header("If-Match", "The ETag that you read.", required=True)]
        if self.method != "DELETE":
            found.append(header("ETag", "The new version.", response=[200]))
        return found

    def _is_own_action(self) -> bool:
        """Whether this call is one that the resource has besides the standard ones."""
        action = getattr(self.view, "action", "")
        return bool(action) and action not in SUMMARIES

    def _is_put_by_number(self) -> bool:
        return getattr(self.view, "action", "") == "by_external_id"

    def _is_step(self) -> bool:
        """Whether this call moves one row on that has a version."""
        model = getattr(self.view, "model", None)
        versioned = model is not None and any(f.name == "version" for f in model._meta.fields)
        step = self.method == "POST" and self._is_own_action()
        return versioned and step and getattr(self.view, "detail", False)

    def _is_versioned(self) -> bool:
        """Whether this call is about one row that has a version."""
        model = getattr(self.view, "model", None)
        if getattr(self.view, "versioned", False):
            return True
        own = getattr(self.view, "versioned_actions", ())
        actions = ("retrieve", "create", "update", "partial_update", "destroy", *own)
        versioned = model is not None and any(f.name == "version" for f in model._meta.fields)
        return versioned and getattr(self.view, "action", "") in actions

    def _returns_rows(self) -> bool:
        return getattr(self.view, "action", "") in ("list", "retrieve")

    def _problem_codes(self) -> list[int]:
        codes = {400, 401, 403, 406, 429}
        if "{" in self.path or self._is_own_action():
            codes.add(404)
        if self.method in WRITES:
            codes |= {409, 413, 415}
        if self.method == "POST":
            codes.add(422)
        if self._is_versioned() and self.method in ("PUT", "PATCH", "DELETE"):
            codes |= {412, 428}
        codes |= set(getattr(self.view, "problem_codes", ()))
        if self._is_bulk():
            codes.add(412)
        if self._is_step():
            codes |= {412, 428}
        if self._is_put_by_number():
            codes.add(412)
        return sorted(codes)

    def _get_response_bodies(self, direction: Any = "response") -> Any:
        bodies = super()._get_response_bodies(direction)
        if direction != "response":
            return bodies
        for code in self._problem_codes():
            if str(code) not in bodies:
                bodies[str(code)] = self._get_response_for_code(
                    ProblemSerializer, str(code), media_types=[MEDIA_TYPE]
                )
        if self._is_versioned() and self.method == "GET":
            bodies["304"] = {"description": "Nothing has changed."}
        for code, body in bodies.items():
            body["description"] = body.get("description") or _meaning(int(code))
            if code.startswith("2") or code == "429":
                body["headers"] = body.get("headers", {}) | _told_always(code)
        return bodies

    def _is_list_view(self, serializer: Any = None) -> bool:
        if (lists := getattr(self.view, "lists", None)) is not None:
            return bool(lists)
        return super()._is_list_view(serializer)
