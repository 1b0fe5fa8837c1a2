"""The OpenAPI document: valid, without warnings, and the one that is in the repository."""

import json
import pathlib

import pytest
from django.core.management import call_command
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema

ROOT = pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture
def document():
    return json.loads(json.dumps(SchemaGenerator().get_schema(request=None, public=True)))


def operations(document):
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def test_document_is_openapi_without_warnings_and_committed(tmp_path):
    target = tmp_path / "openapi.yaml"
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(target))
    committed = (ROOT / "docs" / "openapi.yaml").read_text()
    assert target.read_text() == committed, "run: manage.py spectacular --file docs/openapi.yaml"


@pytest.mark.one_database
def test_document_follows_the_house_rules(document):
    validate_schema(document)
    names = [operation["operationId"] for *_where, operation in operations(document)]
    assert len(names) == len(set(names))
    for path, method, operation in operations(document):
        where = f"{method} {path}"
        assert path.startswith("/api/v1/"), where
        assert path.endswith("/"), where
        assert path.count("{") <= 2, where
        assert operation.get("description"), f"{where}: say what it does"
        answers = operation["responses"]
        assert {"401", "403", "429"} <= set(answers), where
        for code, answer in answers.items():
            if int(code) >= 400:
                assert "application/problem+json" in answer["content"], f"{where} {code}"
        parameters = {item["name"] for item in operation.get("parameters", ())}
        assert method != "post" or "Idempotency-Key" in parameters, where
        if "412" in answers and not path.endswith("/bulk/"):  # items carry theirs
            assert "If-Match" in parameters, where
