"""The helper with which other tests prove that nothing is lost when two write at once."""

import pytest
from django.db import connection, transaction

from teams.models import User
from tests.concurrency import run_together


@pytest.mark.django_db(transaction=True)
def test_run_together_uses_real_transactions():
    user = User.objects.create(username="anna", first_name="")

    def add_letter() -> None:
        with transaction.atomic():
            locked = User.objects.select_for_update().get(pk=user.pk)
            locked.first_name += "x"
            locked.save(update_fields=["first_name"])

    outcomes = run_together(*[add_letter] * 4)
    assert [outcome.error for outcome in outcomes] == [None] * 4
    user.refresh_from_db()
    assert user.first_name == "xxxx"


@pytest.mark.django_db(transaction=True)
def test_run_together_hands_over_values_and_errors():
    def fails() -> None:
        raise LookupError("nothing there")

    first, second = run_together(fails, lambda: connection.vendor)
    assert isinstance(first.error, LookupError)
    assert second.value == connection.vendor
