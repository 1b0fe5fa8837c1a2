"""Nothing that was typed is lost: ended session, refused form, lost line (ui.md 7 and 8)."""

import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import expect

from tests.browser.accessibility import assert_accessible
from tests.factories.accounts import AccountFactory
from tests.factories.teams import PASSWORD, MembershipFactory, TeamFactory, UserFactory

pytestmark = pytest.mark.browser

KEPT = """async () => {
  while (!localStorage.length) await new Promise(done => setTimeout(done, 50));
}"""


@pytest.fixture
def kira(transactional_db):
    return UserFactory(username="kira")


@pytest.fixture
def talk(kira):
    """Address of the page on which Kira logs a talk with Birch."""
    team = TeamFactory(name="Birch")
    MembershipFactory(team=team, user=kira, role="kam")
    account = AccountFactory(programme=team.programme, team=team, name="Birch")
    return f"/accounts/{account.pk}/log-contact/"


def test_typed_text_outlives_an_ended_session(page, sign_in, kira, talk):
    sign_in(kira)
    page.goto(talk)
    page.fill("[name=text]", "Trial price is fine, wants Aarhus in.")
    Session.objects.all().delete()
    page.click("main button.btn-primary")
    expect(page.locator("h1")).to_have_text("Sign in")
    expect(page.locator("main")).to_contain_text("what you typed is kept")
    page.fill("[name=login]", "kira")
    page.fill("[name=password]", PASSWORD)
    page.click("main button.btn-primary")
    expect(page.locator("[name=text]")).to_have_value("Trial price is fine, wants Aarhus in.")
    expect(page.locator("#toasts")).to_contain_text("is back")


def test_typed_text_is_kept_for_its_writer_alone_and_until_sign_out(page, sign_in, kira, talk):
    sign_in(kira)
    page.goto(talk)
    page.fill("[name=text]", "Half a thought")
    page.evaluate(KEPT)
    page.goto("/sign-in/logout/")
    page.click("main form[data-signout] button")
    expect(page.locator("h1")).to_have_text("Sign in")
    assert page.evaluate("Object.keys(localStorage).length") == 0


def test_refused_form_takes_the_focus_and_keeps_what_was_typed(page, sign_in, kira, talk):
    sign_in(kira)
    page.goto(talk)
    page.click("main button.btn-primary")
    expect(page.locator("[data-errors]")).to_be_focused()
    assert_accessible(page)


def test_refused_dialog_takes_no_style_of_a_field_that_was_drawn_larger(page, sign_in, kira, talk):
    """Such a style on the new field would break the policy: `problems` hears of it."""
    sign_in(kira)
    page.goto(talk.removesuffix("log-contact/"))
    page.click("a[data-dialog][href*=log-contact]")
    page.locator("dialog textarea").evaluate("field => field.style.height = '200px'")
    page.click("dialog button.btn-primary")
    expect(page.locator("dialog [data-errors]")).to_be_focused()
    page.wait_for_timeout(100)


def test_lost_line_is_said(page, sign_in, kira, problems):
    sign_in(kira)
    page.goto("/search/")
    page.route("**/search/?q=*", lambda route: route.abort())
    page.fill("#q", "birch")
    toast = page.locator('#toasts [data-kind="line"]')
    expect(toast).to_contain_text("no connection")
    problems[:] = [text for text in problems if "htmx:" not in text]  # htmx logs it, too


def test_keys_work_outside_fields_only_and_can_be_switched_off(open_page, kira):
    page = open_page(kira)
    page.goto("/search/")
    page.locator("h1").click()
    page.keyboard.press("/")
    expect(page.locator("#find")).to_be_focused()
    page.keyboard.type("?")
    expect(page.locator("#keys")).to_be_hidden()
    page.locator("h1").click()
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    quiet = open_page(UserFactory(single_keys=False))
    quiet.goto("/search/")
    quiet.keyboard.press("?")
    expect(quiet.locator("#keys")).to_be_hidden()
