"""The linters of the schema: found, or a line that says what to do."""

import pytest

from deploy import check, linters
from deploy.environment import Stop


@pytest.fixture
def nothing_installed(tmp_path, monkeypatch):
    monkeypatch.setattr(linters, "COPY", tmp_path)


def test_linters_that_cannot_be_fetched_fail_the_check_in_one_line(nothing_installed, monkeypatch):
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9")
    monkeypatch.setenv("npm_config_fetch_retries", "0")
    result = check.schema()
    assert not result.good
    assert result.output.startswith("The linters of the schema ")
    assert result.output.endswith("run make check again.")
    assert "\n" not in result.output


def test_linters_without_npm_say_what_to_install(nothing_installed, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Stop, match=r"need npm\. Install Node\.js"):
        linters.commands("docs/openapi.yaml")


def test_installed_linters_are_used_as_long_as_the_lock_is_the_same(nothing_installed, tmp_path):
    lock = linters.digest()
    (tmp_path / linters.STAMP).write_text(lock)
    spectral, redocly = linters.commands("docs/openapi.yaml")
    assert spectral[0] == str(tmp_path / "node_modules" / ".bin" / "spectral")
    assert redocly[0] == str(tmp_path / "node_modules" / ".bin" / "redocly")
