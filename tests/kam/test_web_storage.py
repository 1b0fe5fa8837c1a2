"""Pages' own files: under the names that collecting them gave, each worked out once."""

import pytest
from django.core.management import call_command
from django.test import override_settings

from kam.web.storage import PageFilesStorage


@pytest.fixture(scope="module")
def collected(tmp_path_factory):
    """Two files, collected as `make run` collects the product's."""
    source, folder = (tmp_path_factory.mktemp(name) for name in ("source", "collected"))
    for name in ("base", "frame"):
        (source / f"{name}.css").write_text(f".{name} {{ color: red }}")
    storages = {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "staticfiles": {"BACKEND": "kam.web.storage.PageFilesStorage"},
    }
    finders = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    with override_settings(
        STATIC_ROOT=folder,
        STATICFILES_DIRS=[source],
        STATICFILES_FINDERS=finders,
        STORAGES=storages,
    ):
        call_command("collectstatic", interactive=False, verbosity=0)
        yield folder


def test_address_is_that_of_a_collected_file_and_stays_it(collected) -> None:
    storage = PageFilesStorage(location=collected)
    first = storage.url("base.css")
    assert first != "/static/base.css"
    assert (collected / first.removeprefix("/static/")).is_file()
    assert storage.url("frame.css") != first
    storage.hashed_files.clear()  # whoever works it out again finds nothing
    assert storage.url("base.css") == first


def test_file_that_is_not_there_has_no_address(collected) -> None:
    storage = PageFilesStorage(location=collected)
    for _time in range(2):
        with pytest.raises(ValueError, match="Missing staticfiles manifest entry"):
            storage.url("nothing.css")
