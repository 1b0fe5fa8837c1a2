"""From scores to a decided programme in a real browser: scenario, solving, decision, register."""

import datetime
import itertools
import json
import re

import pytest
from playwright.sync_api import Page, expect

from accounts.models import Decision, Selection
from kam.jobs.worker import Worker
from tests.factories.accounts import AccountFactory, MonthTotalFactory
from tests.factories.selection import handbook_programme
from tests.factories.teams import ProgrammeFactory, RoleGrantFactory, UserFactory

pytestmark = pytest.mark.django_db(transaction=True)


def test_programme_is_chosen_and_decided_without_leaving_the_product(page: Page, sign_in) -> None:
    example = handbook_programme()
    sign_in(example.director)
    page.goto("/selection/scores/")
    expect(page.locator("main")).to_contain_text("Alder Foods")

    page.goto("/selection/")
    page.get_by_role("link", name="Scenario", exact=True).click()
    form = page.get_by_role("dialog")
    form.get_by_label(re.compile("budget", re.IGNORECASE)).fill("1,000,000")
    form.get_by_label(re.compile("key accounts at most", re.IGNORECASE)).fill("5")
    form.get_by_role("button", name="Set up").click()
    page.get_by_role("button", name="Cedar Health has to be in").click()
    page.get_by_role("button", name="Solve").click()
    expect(page.locator("main")).to_contain_text("Waiting for its turn")
    Worker(heartbeat=False).drain()
    expect(page.locator("main")).to_contain_text("optimum proven")
    expect(page.locator("tfoot")).to_contain_text("5.768")
    expect(page.get_by_role("region", name="Compared with").first).to_contain_text("Without Luis")

    page.get_by_role("link", name="Decide", exact=True).click()
    cedar = page.locator("section.wish", has_text="Cedar Health")
    cedar.get_by_label("Decision").select_option("appoint")
    page.get_by_role("button", name="Decide", exact=True).click()
    expect(cedar).to_contain_text("Say why.")
    assert not Decision.objects.exists()
    cedar.get_by_label("Reason", exact=True).fill("Grows with us.")
    cedar.get_by_label("Growth potential").check()
    page.get_by_role("button", name="Decide", exact=True).click()
    expect(page.locator("body")).to_contain_text("1 account decided.")

    run = Selection.objects.get()
    page.goto(f"/selection/{run.pk}/")
    expect(page.get_by_role("region", name="Decided").first).to_contain_text("Cedar Health")
    page.goto("/accounts/register/")
    expect(page.locator("main")).to_contain_text("Cedar Health")


def test_ledger_leads_to_a_first_scenario(page: Page, sign_in) -> None:
    director = UserFactory(username="first")
    programme = ProgrammeFactory()
    RoleGrantFactory(user=director, programme_manager=True, programme=programme)
    for name, amount in (("Quill", 90_000), ("Reed", 8_000)):
        account = AccountFactory(programme=programme, name=name, country="Italy")
        for month in (datetime.date(2010, 5, 1), datetime.date(2011, 5, 1)):
            MonthTotalFactory(account=account, month=month, revenue=amount)
    sign_in(director)
    page.goto("/selection/")
    expect(page.locator("main")).to_contain_text("2 candidates")
    page.get_by_role("link", name="Market map").last.click()
    expect(page.locator("main")).to_contain_text("Customers by what they buy from us")
    page.get_by_role("link", name="Score candidates, the largest first").click()
    page.get_by_role("button", name="Take what the data say").click()
    expect(page.get_by_label(re.compile("^Quill, A3"))).to_have_value("10")
    field = page.get_by_label(re.compile("^Quill, A1 "))
    field.focus()
    for score in (8, 7, 10, 6, 5, 10, 7, 6, 8, 5):
        page.keyboard.type(str(score))
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Control+Enter")
    expect(page.locator("tbody tr").first).to_contain_text("100")
    page.get_by_role("link", name="Strength").click()
    page.get_by_label(re.compile("^Quill, S1 ")).focus()
    for _criterion in range(6):
        page.keyboard.type("6")
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Control+Enter")
    expect(page.locator("tbody tr", has_text="Quill")).to_contain_text("6.00")

    page.get_by_role("link", name="Costs", exact=True).click()
    page.get_by_role("link", name="Scored, without a cost").click()
    page.get_by_label("Where none is planned").fill("120,000")
    page.get_by_role("button", name="Fill in and save").click()
    expect(page.locator("main")).to_contain_text("No account fits")
    page.goto("/selection/managers/")
    page.get_by_role("link", name="Manager", exact=True).click()
    form = page.get_by_role("dialog")
    form.get_by_label("Manager").select_option(str(director.pk))
    form.get_by_role("button", name="Record").click()
    expect(page.locator("tbody")).to_contain_text(str(director))
    page.goto("/selection/")
    page.get_by_role("link", name="Scenario", exact=True).first.click()
    page.get_by_role("dialog").get_by_role("button", name="Set up").click()
    page.get_by_role("button", name="Solve").click()
    Worker(heartbeat=False).drain()
    expect(page.locator("main")).to_contain_text("optimum proven")
    expect(page.locator("tr.in")).to_contain_text("Quill")


NAMES = """() => {
  const texts = [...document.querySelectorAll("#matrix svg text")];
  return texts.filter(text => NAMED.includes(text.textContent)).map(text => {
    const {left, right, top, bottom} = text.getBoundingClientRect();
    return [text.textContent, left, right, top, bottom];
  });
}"""


def test_names_in_the_matrix_do_not_hide_each_other(page: Page, sign_in) -> None:
    example = handbook_programme()
    sign_in(example.director)
    named = [account.name for account in example.accounts.values()]
    for width in (1440, 360):
        page.set_viewport_size({"width": width, "height": 900})
        page.goto("/accounts/matrix/")
        expect(page.locator("#matrix svg text", has_text="Cedar Health")).to_be_visible()
        boxes = page.evaluate(NAMES.replace("NAMED", json.dumps(named)))
        assert len(boxes) >= (8 if width == 1440 else 5)
        for one, two in itertools.combinations(boxes, 2):
            beside = one[2] <= two[1] + 1 or two[2] <= one[1] + 1
            apart = one[4] <= two[3] + 2 or two[4] <= one[3] + 2
            assert beside or apart, (width, one, two)
