"""The first visit to an empty application."""

import pytest
from playwright.sync_api import expect

from teams.models import Programme, RoleGrant
from tests.browser.accessibility import assert_accessible

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("page", [{"width": 1440}, {"width": 360, "theme": "dark"}], indirect=True)
def test_first_visitor_sets_up_the_programme(page):
    page.goto("/")
    expect(page.locator("h1")).to_have_text("Set up")
    assert_accessible(page)
    for label, value in (
        ("User name", "nora"),
        ("E-mail", "nora@hartwell.example"),
        ("First name", "Nora"),
        ("Last name", "Field"),
        ("Password", "elms-and-oaks-2030"),
        ("Password again", "elms-and-oaks-2030"),
        ("Programme", "Key accounts Europe"),
        ("Company", "Hartwell Supply"),
        ("Currency", "EUR"),
    ):
        page.get_by_label(label, exact=True).fill(value)
    page.get_by_role("button", name="Start the programme").click()
    expect(page.locator("#toasts, main")).not_to_have_count(0)
    expect(page.get_by_text("Nora Field").first).to_be_attached()
    assert_accessible(page)
    assert Programme.objects.get().currency == "EUR"
    assert RoleGrant.objects.filter(user__username="nora").exists()
    assert page.goto("/set-up/").status == 404
