"""What people come for, from sign-in to result, on the demonstration programme."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import Locator, Page, expect

from accounts.models import Account, Interaction, LedgerEntry
from kam.imports.models import Run
from plans import services as plan_services
from plans.models import Action, Objective, Plan
from reviews.models import StageReview
from teams.models import User
from tests.browser.accessibility import assert_accessible

Visit = Callable[..., Page]
PATIENCE_MS = 60_000
LONG_PATIENCE_MS = 400_000
HIDDEN = ("Birch Logistics", "Dogwood Energy", "Hartwell")


def upload(page: Page, path: Path) -> None:
    """Bring a ledger and wait until it has been tried."""
    page.goto("/imports/")
    page.get_by_label("Sales ledger").check()
    page.get_by_label("File", exact=True).set_input_files(path)
    page.get_by_role("button", name="Read the file").click()
    expect(page.locator("h1")).to_have_text(path.name)


def publish(page: Page, button: str | re.Pattern[str], patience: int = PATIENCE_MS) -> None:
    """Import what was tried and wait for the result."""
    page.get_by_role("button", name=button).click(timeout=patience)
    expect(figure(page, "Rows read")).to_be_visible(timeout=patience)


def undo(page: Page, patience: int = PATIENCE_MS) -> None:
    """Take the import back and wait until its rows are gone."""
    page.get_by_role("button", name="Undo the import").click()
    page.get_by_role("dialog").get_by_role("button", name="Undo the import").click()
    expect(page.get_by_role("button", name="Undo the import")).to_have_count(0)
    expect(page.get_by_text("Taking the rows away")).to_have_count(0, timeout=patience)


def figure(page: Page, label: str) -> Locator:
    """A figure of the strip."""
    return page.locator(".figs").get_by_text(label, exact=True)


def panel(page: Page, name: str) -> Locator:
    """A panel by its heading."""
    return page.get_by_role("region", name=name)


@pytest.mark.realdata
@pytest.mark.usefixtures("worker")
def test_programme_manager_imports_again_and_undoes(sign_in, shared_data):
    facts = json.loads((shared_data / "facts.json").read_text())["online_retail_sample"]
    before = (LedgerEntry.objects.live().count(), Account.objects.active().count())
    page = sign_in("programme")
    upload(page, shared_data / "online_retail_sample.csv")
    publish(page, "Import 20,170 rows")
    totals = panel(page, "Check the totals")
    expect(totals).to_contain_text("540,507.23 GBP")
    expect(totals).to_contain_text(f"{facts['customers']} customers")
    assert_accessible(page)
    first = page.url

    upload(page, shared_data / "online_retail_sample.csv")
    expect(page.locator("main")).to_contain_text("Nothing new in this file", timeout=PATIENCE_MS)
    expect(page.get_by_role("button", name=re.compile("Import"))).to_have_count(0)
    again = Run.objects.latest("pk")
    assert (again.created, again.updated, again.unchanged) == (0, 0, facts["rows"])

    page.goto(first)
    undo(page)
    expect(page.locator("main")).to_contain_text("Undone")
    after = (LedgerEntry.objects.live().count(), Account.objects.active().count())
    assert after == before


@pytest.mark.realdata
@pytest.mark.timeout(1500)
@pytest.mark.usefixtures("worker")
def test_the_whole_year_imports_in_the_browser(sign_in, shared_data):
    facts = json.loads((shared_data / "facts.json").read_text())["online_retail_2010_2011"]
    page = sign_in("programme")
    upload(page, shared_data / "online_retail_2010_2011.csv.gz")
    publish(page, re.compile(r"Import 406,829 rows"), LONG_PATIENCE_MS)
    totals = panel(page, "Check the totals")
    expect(totals).to_contain_text("8,300,065.81 GBP")
    expect(totals).to_contain_text("4,372 customers")
    run = Run.objects.latest("pk")
    assert (run.created, run.rejected) == (facts["net"]["rows"], facts["rows_without_customer"])
    undo(page, LONG_PATIENCE_MS)


@pytest.mark.both_databases
def test_account_goes_from_my_day_to_the_portfolio(sign_in):
    page = sign_in("kam")
    expect(panel(page, "Due")).to_contain_text("Stage review of Cedar Health")
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Birch Logistics").click()
    page.get_by_role("link", name="Open the plan").click()
    page.get_by_role("link", name="Open and write").click()
    page.get_by_role("button", name="Revise").click()
    page.get_by_role("dialog").get_by_role("button", name="Revise").click()
    page.get_by_role("link", name="Objective", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Objective", exact=True).fill("Serve the Aarhus depot from stock")
    dialog.get_by_label("Type").select_option("retain")
    dialog.get_by_role("button", name="Add", exact=True).click()
    written = page.get_by_role("article", name="Serve the Aarhus depot from stock")
    line = written.get_by_label("New action")
    line.fill("Tom: measure the stock of the depot, +2w")
    line.press("Enter")
    added = written.locator("tr[id^=action-]", has_text="measure the stock of the depot")
    expect(added).to_be_visible()
    action = Action.objects.get(text="measure the stock of the depot")
    assert (action.objective.title, action.owner.first_name) == (
        "Serve the Aarhus depot from stock",
        "Tom",
    )

    page.goto("/")
    panel(page, "Due").get_by_role("link", name="Stage review of Cedar Health").click()
    page.get_by_role("link", name="Start review").first.click()
    page.get_by_role("dialog").get_by_label("Share of wallet").fill("25")
    page.get_by_role("dialog").get_by_role("button", name="Start review").click()
    page.get_by_role("button", name="Same as last time").click()
    expect(page.locator("main")).to_contain_text("24 of 24 answered")
    page.locator("#B1-4").check(force=True)
    page.get_by_role("link", name="Propose stage").click()
    page.get_by_role("dialog").get_by_label("Reason", exact=False).first.fill("Breadth holds it.")
    page.get_by_role("dialog").get_by_role("button", name="Propose stage").click()
    expect(panel(page, "Proposed")).to_contain_text("Somebody else confirms")
    review = StageReview.objects.get(account__name="Cedar Health", status="proposed")

    page = sign_in("programme")
    waits = re.compile("Confirm the stage of Cedar Health")
    panel(page, "Due").get_by_role("link", name=waits).click()
    page.get_by_role("button", name="Confirm stage").click()
    expect(panel(page, "Confirmed")).to_contain_text("Confirmed by Pia Novak")
    account = Account.objects.get(name="Cedar Health")
    assert (account.stage, account.review_due_on > review.reviewed_on) == ("early", True)

    page = sign_in("senior")
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Portfolio").click()
    row = page.get_by_role("region", name="Accounts of the portfolio").get_by_role(
        "row", name=re.compile("Cedar Health")
    )
    expect(row).to_contain_text("Early")
    row.get_by_role("link", name="Cedar Health").click()
    expect(page.locator("h1")).to_contain_text("Cedar Health")
    expect(page.locator("main")).to_contain_text("What we agreed")

    page = sign_in("outsider")
    for thing in (account, review, action.objective.plan):
        assert page.goto(thing.get_absolute_url()).status == 404
        assert "Cedar" not in page.locator("html").inner_text()


def test_bubble_of_the_matrix_opens_its_account(sign_in):
    page = sign_in("programme")
    page.goto("/accounts/matrix/")
    drawing = page.locator("#matrix svg")
    expect(drawing.get_by_text("Star: Invest selectively, choose which to back")).to_be_visible()
    drawing.get_by_text("Cedar Health").click()
    expect(page.locator("h1")).to_contain_text("Cedar Health")
    page.goto("/accounts/matrix/")
    page.locator("label", has=page.get_by_role("radio", name="Table")).click()
    page.get_by_role("link", name="Strength").click()
    rows = page.get_by_role("table", name="Accounts and their place in the matrix")
    expect(rows.get_by_role("rowheader").first).to_contain_text("Cedar Health")


def test_outsider_finds_no_trace(sign_in):
    page = sign_in("outsider")
    expect(page.locator("main")).to_contain_text("You have no part in a programme yet")
    account = Account.objects.get(name="Birch Logistics")
    plan = Plan.objects.get(account=account)
    review = StageReview.objects.filter(account=account).first()
    hidden = [account.get_absolute_url(), plan.get_absolute_url(), review.get_absolute_url()]
    hidden += [f"{account.get_absolute_url()}{part}/" for part in ("people", "figures", "history")]
    hidden += [f"/teams/{account.team_id}/", f"/api/v1/accounts/{account.pk}/"]
    for address in hidden:
        assert page.goto(address).status == 404, address
    pages = ("/", "/accounts/", "/accounts/matrix/", "/accounts/effort/", "/reviews/", "/teams/")
    for address in (*pages, "/actions/", "/search/?q=birch"):
        assert page.goto(address).status in {200, 404}
        text = page.locator("html").inner_text()
        assert not [name for name in HIDDEN if name in text], address


def test_two_editors_on_one_objective_keep_both_texts(open_page):
    plan = writable_plan()
    objective = Objective.objects.filter(plan=plan).earliest("pk")
    first = open_page(User.objects.get(username="kam"))
    second = open_page(User.objects.get(username="deputy"))
    for page in (first, second):
        page.goto(plan.get_absolute_url())
        page.locator(f"#f-objective-{objective.pk}-title a").click()
    field = f"#f-objective-{objective.pk}-title-v"
    second.locator(field).fill("Raise revenue by a paid trial")
    second.locator(field).press("Enter")
    expect(second.locator(f"#f-objective-{objective.pk}-title a.ed")).to_be_visible()
    first.locator(field).fill("Raise revenue at three depots")
    first.locator(field).press("Enter")
    conflict = first.locator(f"#f-objective-{objective.pk}-title[data-conflict]")
    expect(conflict).to_contain_text("Tom Becker changed the same text")
    expect(conflict).to_contain_text("Raise revenue by a paid trial")
    expect(conflict).to_contain_text("Raise revenue at three depots")
    assert_accessible(first)
    conflict.get_by_role("button", name="Keep mine").click()
    expect(first.locator(f"#f-objective-{objective.pk}-title a.ed")).to_contain_text("three depots")
    objective.refresh_from_db()
    assert objective.title == "Raise revenue at three depots"


def test_typed_text_outlives_the_end_of_the_session(sign_in):
    page = sign_in("kam")
    account = Account.objects.get(name="Birch Logistics")
    page.goto(f"{account.get_absolute_url()}log-contact/")
    page.get_by_label("What matters").fill("Petit wants Aarhus in the trial.")
    Session.objects.all().delete()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("main")).to_contain_text("what you typed is kept")
    page.get_by_label("User name or e-mail").fill("kam")
    page.get_by_label("Password", exact=True).fill("key-accounts-demo")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_label("What matters")).to_have_value("Petit wants Aarhus in the trial.")


def test_contact_is_logged_on_a_phone(open_page):
    page = open_page(User.objects.get(username="kam"), width=360, height=780)
    page.goto("/")
    page.get_by_role("navigation", name="Main, phone").get_by_role("link", name="Log contact").tap()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("checkbox", name=re.compile("Laure Petit")).tap()
    dialog.get_by_role("radio", name="Call").check(force=True)
    dialog.get_by_label("What matters").fill("June forecast agreed.")
    dialog.get_by_role("button", name="Save").tap()
    expect(page.locator("#toasts")).not_to_be_empty()
    talk = Interaction.objects.get(text="June forecast agreed.")
    assert (talk.kind, talk.account.name) == ("call", "Birch Logistics")


def test_keyboard_alone_reaches_everything(open_page):
    page = open_page(User.objects.get(username="kam"))
    page.goto("/")
    page.keyboard.press("Tab")
    expect(page.locator("a.skip")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    page.keyboard.press("/")
    page.keyboard.type("birch log")
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_contain_text("Birch Logistics")
    page.locator("h1").click()
    page.keyboard.press("g")
    page.keyboard.press("a")
    expect(page.locator("h1")).to_contain_text("Accounts")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("navigation", name="Parts of the account")).to_be_visible()


def writable_plan() -> Plan:
    """Birch's plan, open for writing."""
    plan = Plan.objects.get(account__name="Birch Logistics")
    if plan.status == "active":
        plan = plan_services.revise_plan(actor=User.objects.get(username="kam"), plan=plan)
    return plan
