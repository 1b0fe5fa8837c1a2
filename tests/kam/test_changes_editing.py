"""The one way in which rows are written: what the database refuses is said in words."""

from __future__ import annotations

import datetime

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from kam.changes import editing
from kam.changes.models import Change
from plans.models import Action
from tests.factories.accounts import AccountFactory
from tests.factories.plans import ActionFactory

pytestmark = pytest.mark.django_db
DAY = datetime.date(2026, 3, 2)
EARLIER = datetime.date(2026, 3, 1)
TOO_EARLY = {"__all__": ["It is due before it starts."]}


def test_create_says_which_constraint_is_broken_and_leaves_nothing():
    account = AccountFactory()
    changes = Change.objects.count()
    action = Action(account=account, text="Call", start=DAY, due=EARLIER)
    with transaction.atomic():
        with pytest.raises(ValidationError) as refused:
            editing.create(actor=None, obj=action, fields=("text",))
        assert Action.objects.count() == 0  # the transaction around it goes on
    assert refused.value.message_dict == TOO_EARLY
    assert action.pk is None
    assert Change.objects.count() == changes


def test_create_tells_broken_constraints_and_wrong_fields_together():
    action = Action(account=AccountFactory(), text="", start=DAY, due=EARLIER)
    with pytest.raises(ValidationError) as refused:
        editing.create(actor=None, obj=action, fields=("text",))
    assert refused.value.message_dict == {"text": ["This field cannot be blank."]} | TOO_EARLY


def test_save_says_which_constraint_is_broken_and_keeps_the_version():
    action = ActionFactory(start=DAY, due=DAY)
    with pytest.raises(ValidationError) as refused:
        editing.save(actor=None, obj=action, changes={"due": EARLIER})
    assert refused.value.message_dict == TOO_EARLY
    assert action.version == Action.objects.get().version
    assert Action.objects.get().due == DAY


def test_create_asks_no_query_for_a_constraint_that_holds():
    action = Action(account=AccountFactory(), text="Call", start=DAY, due=DAY)
    with CaptureQueriesContext(connection) as queries:
        editing.create(actor=None, obj=action, fields=("text",))
    assert not [query for query in queries if "_check" in query["sql"]]
