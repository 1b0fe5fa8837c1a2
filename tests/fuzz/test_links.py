"""Calls that follow the links of the document: what one answer names the next call uses."""

from __future__ import annotations

import pytest
from django.db import transaction
from hypothesis.stateful import run_state_machine_as_test

from tests.fuzz.checks import CHECKS, bounded

pytestmark = [pytest.mark.fuzz, pytest.mark.django_db]
RUNS, STEPS = 12, 8


def test_rows_are_made_read_changed_and_removed_along_the_links(api, authorization):
    seen: list[tuple[str, int]] = []

    class Machine(api.as_state_machine()):
        """Each run in a transaction of which nothing stays."""

        def setup(self) -> None:
            self.run_ends = transaction.atomic()
            self.run_ends.__enter__()

        def teardown(self) -> None:
            transaction.set_rollback(True)
            self.run_ends.__exit__(None, None, None)

        def get_call_kwargs(self, case):
            return {"headers": {"Authorization": authorization}}

        def validate_response(self, response, case, **_options):
            seen.append((case.operation.method, response.status_code))
            case.validate_response(response, checks=CHECKS)

    run_state_machine_as_test(Machine, settings=bounded(RUNS, stateful_step_count=STEPS))
    assert {code for _method, code in seen} & {200, 201, 204}, "no call got through"
