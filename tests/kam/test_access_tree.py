"""Trees stored as paths: who lies below whom, found by the database as Python finds it."""

import pytest
from django.db.models import F
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from teams.models import BusinessUnit
from tests.factories.teams import BusinessUnitFactory

KEYS = st.sampled_from([1, 2, 9, 10, 11, 19, 90, 99, 100, 101])
PATHS = st.lists(KEYS, max_size=4).map(lambda keys: "/" + "".join(f"{key}/" for key in keys))


class TestBelow(TestCase):
    @settings(max_examples=30)
    @given(st.lists(PATHS, min_size=1, max_size=8, unique=True), PATHS)
    def test_rows_below_a_path_are_those_that_begin_with_it(self, paths, top):
        first = BusinessUnitFactory()
        units = BusinessUnitFactory.create_batch(len(paths), programme=first.programme)
        for unit, path in zip(units, paths, strict=True):
            BusinessUnit.objects.filter(pk=unit.pk).update(path=path)
        BusinessUnit.objects.filter(pk=first.pk).update(path=top)
        rows = BusinessUnit.objects.exclude(pk=first.pk)
        expected = {path for path in paths if path.startswith(top)}
        assert set(rows.filter(path__startswith=top).values_list("path", flat=True)) == expected
        others = rows.exclude(path__startswith=top).values_list("path", flat=True)
        assert set(others) == set(paths) - expected
        above = BusinessUnit.objects.filter(pk=first.pk).values("path")[:1]
        named = rows.annotate(top=above).filter(path__startswith=F("top"))
        assert set(named.values_list("path", flat=True)) == expected


@pytest.mark.django_db
def test_everything_lies_below_nothing():
    unit = BusinessUnitFactory()
    BusinessUnit.objects.filter(pk=unit.pk).update(path="")
    BusinessUnitFactory(programme=unit.programme)
    assert BusinessUnit.objects.filter(path__startswith="").count() == 2
