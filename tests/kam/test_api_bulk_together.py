"""Two bulk calls on the same rows in opposite order: one waits for the other."""

import pytest
from django.db import OperationalError, connection, transaction

from accounts.models import Contact
from kam.api import errors
from tests.concurrency import run_together
from tests.factories.accounts import ContactFactory
from tests.factories.api import caller
from tests.factories.teams import RoleGrantFactory

pytestmark = pytest.mark.django_db(transaction=True)
ROWS = 12


def test_overlapping_calls_in_opposite_order_do_not_stand_in_each_others_way():
    user = RoleGrantFactory().user
    rows = ContactFactory.create_batch(ROWS)

    def change(order, phone, key):
        client = caller(user)
        items = [{"id": row.pk, "version": 1, "phone": phone} for row in order]
        headers = {"Idempotency-Key": key} if key else {}
        return lambda: client.post("/api/v1/contacts/bulk/", items, headers=headers)

    for key in ("", "key"):
        Contact.objects.update(version=1)
        first = change(rows, f"1{key}", f"{key}1" if key else "")
        second = change(rows[::-1], f"2{key}", f"{key}2" if key else "")
        answers = [outcome.value for outcome in run_together(first, second)]
        codes = sorted(answer.status_code for answer in answers)
        assert codes == [200, 412], [answer.content for answer in answers]
        assert len(set(Contact.objects.values_list("phone", flat=True))) == 1
        assert set(Contact.objects.values_list("version", flat=True)) == {2}


@pytest.mark.postgres_only
def test_deadlock_is_a_conflict_that_may_be_sent_again():
    first, second = ContactFactory.create_batch(2)

    def both(one, other):
        def write():
            with transaction.atomic(), connection.cursor() as cursor:
                for row in (one, other):
                    sql = "UPDATE accounts_contact SET phone = 'x' WHERE id = %s"
                    cursor.execute(sql, [row.pk])
                    cursor.execute("SELECT pg_sleep(0.5)")

        return write

    outcomes = run_together(both(first, second), both(second, first))
    (refused,) = [outcome.error for outcome in outcomes if outcome.error]
    assert isinstance(refused, OperationalError)
    assert errors.is_deadlock(refused)
    assert errors.exception_handler(refused, {}).status_code == 409
