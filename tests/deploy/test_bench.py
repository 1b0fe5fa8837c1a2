"""The benchmark's own arithmetic: budgets, growth, and which sizes are measured where."""

import subprocess
import sys

import pytest

from bench import report, turns
from deploy import bench
from deploy.environment import Stop

pytestmark = pytest.mark.one_database


def page(**changes):
    row = {
        "name": "accounts",
        "kind": "list",
        "role": "kam",
        "status": 200,
        "queries": 8,
        "most_queries": 8,
        "seconds": 0.03,
        "bare_seconds": 0.01,
        "ratio": 3.0,
        "bytes": 1000,
        "accounts": 1000,
        "database": "postgresql",
    }
    return {**row, **changes}


@pytest.mark.parametrize(
    ("changes", "met"),
    [
        ({}, True),
        ({"ratio": 3.01}, False),
        ({"queries": 9}, False),
        ({"status": 500}, False),
        ({"kind": "API create", "ratio": 3.9}, True),
        ({"kind": "API create", "ratio": 4.1}, False),
    ],
)
def test_page_is_judged_by_ratio_queries_and_status(changes, met):
    (row,) = report.judged([page(**changes)])
    assert row["met"] is met


@pytest.mark.parametrize(
    ("changes", "met"),
    [
        ({}, True),
        ({"seconds": 0.041}, False),
        ({"seconds": 0.041, "ratio": 3.0}, True),
        ({"queries": 9}, False),
        ({"status": 500}, False),
        ({"role": "senior"}, False),  # not measured there
        ({"accounts": 10_000}, False),
    ],
)
def test_page_over_its_ratio_on_sqlite_is_compared_with_the_other_database(changes, met):
    there = page(seconds=0.04)
    here = page(**{"database": "sqlite", "seconds": 0.04, "ratio": 5.0, **changes})
    rows = report.judged([there, here])
    report.compare(rows)
    assert [row["met"] for row in rows] == [True, met]


def test_page_over_its_ratio_on_both_databases_is_over():
    rows = report.judged([page(ratio=3.5), page(database="sqlite", ratio=5.0, seconds=0.01)])
    report.compare(rows)
    assert [row["met"] for row in rows] == [False, False]


def test_summary_tells_how_pages_on_sqlite_compare():
    rows = report.judged([page(), page(database="sqlite", ratio=5.0, seconds=0.012)])
    report.compare(rows)
    assert list(report.summary(rows))[-1] == (
        "sqlite: 1 over their ratio, in 0.40 to 0.40 of their time on PostgreSQL"
    )


def test_growth_is_time_over_that_of_the_smallest_size():
    rows = [
        page(),
        page(accounts=10_000, seconds=0.045),
        page(accounts=100_000, seconds=0.06),
        page(kind="portfolio", name="portfolio"),
        page(kind="portfolio", name="portfolio", accounts=100_000, seconds=0.06),
        page(kind="API create", name="create"),
        page(kind="API create", name="create", accounts=10_000),
    ]
    found = {(row["name"], row["accounts"]): row for row in report.growth(rows)}
    assert {key: (row["ratio"], row["met"]) for key, row in found.items()} == {
        ("accounts", 10_000): (pytest.approx(1.5), True),
        ("accounts", 100_000): (pytest.approx(2.0), False),
        ("portfolio", 100_000): (pytest.approx(2.0), True),
    }


def test_summary_names_what_is_over():
    lines = list(report.summary(report.judged([page(), page(name="history", ratio=5.0)])))
    assert lines[1].split() == ["postgresql", "list", "1,000", "1/2", "5.00", "5.00"]
    assert lines[2:] == ["over: postgresql, 1,000 accounts, list: history as kam: 5.00 (budget 3)"]


CHILD = """
from bench import turns
for count in range({rounds}):
    turns.wait()
    print("{name}", count)
"""


def started(name, rounds):
    return subprocess.Popen(
        [sys.executable, "-c", CHILD.format(name=name, rounds=rounds)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_benchmarks_measure_in_turn_until_each_has_ended(capfd):
    with started("small", 2) as small, started("large", 3) as large:
        assert turns.until_waiting(small)
        assert turns.until_waiting(large)
        turns.take_turns([small, large])
    assert small.returncode == large.returncode == 0
    shown = capfd.readouterr().out.splitlines()
    assert shown == ["small 0", "large 0", "small 1", "large 1", "large 2"]


def test_sizes_are_those_asked_for(monkeypatch):
    monkeypatch.delenv("LARGE", raising=False)
    assert bench.read_sizes("") == (1_000, 10_000)
    assert bench.read_sizes("10000,1000") == (1_000, 10_000)
    monkeypatch.setenv("LARGE", "1")
    assert bench.read_sizes("") == (1_000, 10_000, 100_000)
    assert bench.sizes_on("sqlite", (1_000, 100_000)) == (1_000,)
    assert bench.sizes_on("postgres", (1_000, 100_000)) == (1_000, 100_000)
    for text in ("many", "0", "1000,"):
        with pytest.raises(Stop):
            bench.read_sizes(text)
