"""Generated calls, good and bad: none crashes, and no answer is one that the document does not
name (`design.md` 6)."""

from __future__ import annotations

from typing import Any

import hypothesis
import pytest
from schemathesis import GenerationMode

from tests.fuzz.checks import CHECKS, bounded

pytestmark = [pytest.mark.fuzz, pytest.mark.django_db]
EXAMPLES = 2
"""Drawn for each call, good ones and as many bad ones."""
PARTS = 8
"""The calls are tried in so many tests, that workers share them."""


@pytest.mark.parametrize("part", range(PARTS))
def test_no_generated_call_gets_an_undocumented_answer(api, authorization, undone, part):
    wrong = []
    for number, result in enumerate(api.get_all_operations()):
        if number % PARTS == part:
            wrong += tried(result.ok(), authorization, undone)
    assert not wrong, "\n\n".join(wrong)


@pytest.mark.both_databases
def test_no_generated_call_of_actions_gets_an_undocumented_answer(api, authorization, undone):
    for result in api.get_all_operations():
        operation = result.ok()
        if operation.path.startswith("/api/v1/actions/"):
            assert tried(operation, authorization, undone) == []


def tried(operation: Any, authorization: str, undone: Any) -> list[str]:
    """What was wrong with the answers to generated calls of one operation."""
    wrong = []

    def attempt(case: Any) -> None:
        with undone():
            response = case.call(headers={"Authorization": authorization})
            case.validate_response(response, checks=CHECKS)

    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
        drawn = operation.as_strategy(generation_mode=mode)
        call = bounded(EXAMPLES)(hypothesis.given(case=drawn)(attempt))
        try:
            call()
        except BaseExceptionGroup as failures:
            wrong.append(f"{operation.label} {mode.value}: {failures} {failures.exceptions}")
    return wrong
