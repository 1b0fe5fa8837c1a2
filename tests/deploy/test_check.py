"""The checks that `make check` makes itself."""

import pytest

from deploy import check


@pytest.mark.parametrize(
    "line",
    ["see /ro" + "ot/project", "cd /ho" + "me/anna/kam", "'/wo" + "rk/main'"],
)
def test_machine_paths_are_seen(line):
    assert check.MACHINE_PATH.search(line)


@pytest.mark.parametrize(
    "line", ["/accounts/work/1/", "app/home/page", "https://example.com/home/", "/workers/"]
)
def test_addresses_of_pages_are_no_machine_paths(line):
    assert not check.MACHINE_PATH.search(line)


def test_requirement_names_are_normalised():
    wanted = ["psycopg[binary,pool]>=3.2", "Django_Tasks>=0.9", "pyyaml"]
    assert [check.normal(one) for one in wanted] == ["psycopg", "django-tasks", "pyyaml"]


def test_locks_hold_hashed_pins():
    assert {"django", "gunicorn"} <= set(check.pins("requirements.lock"))
    assert check.pins("requirements-uv.lock").keys() == {"uv"}
