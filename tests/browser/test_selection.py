"""From scores to a decided programme in a real browser: scenario, solving, decision, register."""

import re

import pytest
from playwright.sync_api import Page, expect

from accounts.models import Decision, Selection
from kam.jobs.worker import Worker
from tests.factories.selection import handbook_programme

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
