"""Pages' own files: under the names that collecting them gave, asked for once."""

import pytest
from django.core.management import call_command
from django.test import override_settings

from kam.web.storage import PageFilesStorage


@pytest.fixture(scope="module")
def collected(tmp_path_factory):
    """The product's files, collected as `make run` does it."""
    folder = tmp_path_factory.mktemp("static")
    storages = {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "staticfiles": {"BACKEND": "kam.web.storage.PageFilesStorage"},
    }
    with override_settings(STATIC_ROOT=folder, STORAGES=storages):
        call_command("collectstatic", interactive=False, verbosity=0)
        yield folder


def test_address_is_that_of_a_collected_file_each_time(collected) -> None:
    storage = PageFilesStorage(location=collected)
    first, again = (storage.url("kam/base.css") for _time in range(2))
    assert first == again
    assert first != "/static/kam/base.css"
    assert (collected / first.removeprefix("/static/")).is_file()
    assert storage.url("kam/frame.css") != first


def test_file_that_is_not_there_has_no_address(collected) -> None:
    storage = PageFilesStorage(location=collected)
    for _time in range(2):
        with pytest.raises(ValueError, match="Missing staticfiles manifest entry"):
            storage.url("kam/nothing.css")
