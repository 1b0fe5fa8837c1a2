"""The OpenAPI document, arranged for a page to read."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.utils.translation import gettext_lazy as _

METHODS = ("get", "post", "put", "patch", "delete")
PROBLEMS = (
    (400, _("Values, parameters or the body were refused; errors[] says which and why.")),
    (401, _("No valid token and no session.")),
    (403, _("You may see this, but not do that; or the token's scope is too narrow.")),
    (404, _("There is nothing here that you may see.")),
    (405, _("This address does not take that method.")),
    (406, _("Answers are JSON.")),
    (409, _("This collides with what is there or with another call.")),
    (412, _("Somebody else changed it; current holds the present state.")),
    (413, _("The body is too large: send less at a time.")),
    (415, _("The body's type is not understood.")),
    (422, _("The Idempotency-Key was used for another request.")),
    (428, _("Send the ETag that you read as If-Match.")),
    (429, _("Too many calls; Retry-After says for how long to wait.")),
    (500, _("Our mistake; nothing was written.")),
)


class Field(NamedTuple):
    """One member of a body."""

    name: str
    kind: str
    required: bool
    text: str


class Operation(NamedTuple):
    """One call."""

    method: str
    path: str
    name: str
    text: str
    parameters: list[Any]
    body: list[Field]
    answer: list[Field]
    codes: list[str]


def groups(document: dict[str, Any]) -> list[tuple[str, list[Operation]]]:
    """Calls by resource, in the order of the document."""
    found: dict[str, list[Operation]] = {}
    for path, methods in document.get("paths", {}).items():
        for method in METHODS:
            if method in methods:
                operation = methods[method]
                tag = (operation.get("tags") or ["api"])[0]
                found.setdefault(tag, []).append(_operation(document, method, path, operation))
    return sorted(found.items())


def _operation(document: Any, method: str, path: str, operation: dict[str, Any]) -> Operation:
    answers = operation.get("responses", {})
    codes = [code for code in sorted(answers) if code.startswith("2")]
    good: dict[str, Any] = answers[codes[0]] if codes else {}
    return Operation(
        method=method.upper(),
        path=path,
        name=operation["operationId"],
        text=operation.get("description", ""),
        parameters=operation.get("parameters", []),
        body=_fields(document, operation.get("requestBody", {})),
        answer=_fields(document, good),
        codes=sorted(answers),
    )


def _fields(document: Any, body: dict[str, Any]) -> list[Field]:
    content: dict[str, Any] = next(iter(body.get("content", {}).values()), {})
    schema = _resolved(document, content.get("schema", {}))
    if "results" in schema.get("properties", {}):
        schema = _resolved(document, schema["properties"]["results"])
    if schema.get("type") == "array":
        schema = _resolved(document, schema.get("items", {}))
    required = schema.get("required", [])
    return [
        Field(name, _kind(document, item), name in required, item.get("description", ""))
        for name, item in schema.get("properties", {}).items()
    ]


def _resolved(document: Any, schema: dict[str, Any]) -> dict[str, Any]:
    for part in schema.get("allOf", []):
        schema = part | {name: value for name, value in schema.items() if name != "allOf"}
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return document["components"]["schemas"].get(name, {})
    return schema


def _kind(document: Any, schema: dict[str, Any]) -> str:
    if options := schema.get("oneOf") or schema.get("anyOf"):
        return " | ".join(_kind(document, item) for item in options)
    if "enum" in (whole := _resolved(document, schema)):
        return " | ".join("null" if item is None else str(item) for item in whole["enum"])
    if "$ref" in schema:
        return schema["$ref"].rpartition("/")[2]
    kind = schema.get("type", "any")
    kind = " | ".join(kind) if isinstance(kind, list) else kind
    if kind == "array":
        return f"[{_kind(document, schema.get('items', {}))}]"
    return f"{kind} ({schema['format']})" if "format" in schema else kind
