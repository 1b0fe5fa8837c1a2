"""How the API is tried, and what every answer has to be."""

from __future__ import annotations

import os

import hypothesis
from hypothesis import HealthCheck, Phase
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
MORE = int(os.environ.get("KAM_FUZZ", "1"))
"""How many times as many examples are drawn as in `make test`."""


def bounded(examples: int, **options: int) -> hypothesis.settings:
    """Settings that draw so many examples, the same ones on every run, and shrink nothing."""
    return hypothesis.settings(
        max_examples=examples * MORE,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        **options,
    )
