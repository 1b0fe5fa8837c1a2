"""The page that everybody meets first."""

import pytest
from playwright.sync_api import Page

from tests.browser.accessibility import assert_accessible

SIZES = [
    {"width": 1440, "theme": "light"},
    {"width": 360, "theme": "light"},
    {"width": 1440, "theme": "dark"},
]


@pytest.mark.both_databases
@pytest.mark.parametrize("page", SIZES, indirect=True)
def test_sign_in_page_is_accessible(page: Page):
    page.goto("/sign-in/login/")
    assert_accessible(page)
