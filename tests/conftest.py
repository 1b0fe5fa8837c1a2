"""Fixtures that every test may use."""

import datetime

import pytest


@pytest.fixture
def today() -> datetime.date:
    """The day on which tests happen unless they say otherwise."""
    return datetime.date(2026, 6, 1)
