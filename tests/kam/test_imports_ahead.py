"""Reading ahead of the database, and writing many rows with one statement."""

import gc
import threading

import pytest
from django.utils import translation

from kam.imports.ahead import Ahead, collect, few_collections
from kam.imports.models import StagedRecord
from kam.imports.parts import ROWS, update_each
from tests.factories.imports import RunFactory


def test_items_come_in_order_and_the_next_one_is_made_when_told():
    made = threading.Semaphore(0)
    seen = []

    def items():
        for number in range(4):
            seen.append(number)
            made.release()
            yield number

    handed = Ahead(items())
    assert next(handed) == 0
    assert seen == [0]
    handed.begin()
    handed.begin()  # again is no harm
    for _item in range(2):
        made.acquire(timeout=30)  # the second one is made although nobody has asked for it
    assert seen == [0, 1]
    assert list(handed) == [1, 2, 3]
    assert list(handed) == []


def test_items_are_made_in_the_language_of_the_reader():
    def items():
        yield translation.get_language()

    with translation.override("en"):
        assert list(Ahead(items())) == ["en"]
    with translation.override("en-gb"):
        assert list(Ahead(items())) == ["en-gb"]


def test_an_error_comes_where_its_item_would():
    def items():
        yield 1
        raise ValueError("torn")

    handed = Ahead(items())
    assert next(handed) == 1
    with pytest.raises(ValueError, match="torn"):
        next(handed)


def test_items_are_let_go_when_the_reader_stops():
    closed = []

    def items():
        try:
            yield from range(100)
        finally:
            closed.append(True)

    handed = Ahead(items())
    next(handed)
    handed.begin()
    handed.close()
    assert closed == [True]


def test_garbage_is_looked_for_by_request_only():
    with few_collections():
        assert not gc.isenabled()
        collect()
    assert gc.isenabled()


@pytest.mark.both_databases
def test_many_rows_are_changed_as_one_by_one(db, django_assert_num_queries):
    run = RunFactory()
    staged = StagedRecord.objects.bulk_create(
        [StagedRecord(run=run, row=number, version=1) for number in range(ROWS + 1)]
    )
    for item in staged:
        item.object_id = None if item.row % 3 == 0 else item.row * 10
        item.after = {"text": f"it's {item.row} % of \\n"} if item.row % 2 else {}
        item.version, item.created = 7, item.row % 5 == 0
    with django_assert_num_queries(2):
        update_each(staged, ["object_id", "after", "created"])
    stored = list(StagedRecord.objects.filter(run=run))
    assert [item.object_id for item in stored] == [item.object_id for item in staged]
    assert [item.after for item in stored] == [item.after for item in staged]
    assert [item.created for item in stored] == [item.created for item in staged]
    assert {item.version for item in stored} == {1}
