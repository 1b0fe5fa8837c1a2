"""Writing a plan in real browsers: two at once, and one whose session ends."""

import datetime

import pytest

from plans import services
from plans.models import Action, Objective
from tests.factories.accounts import AccountFactory
from tests.factories.plans import ObjectiveFactory, PlanFactory, StrategyFactory
from tests.factories.teams import MembershipFactory, TeamFactory

pytestmark = pytest.mark.django_db(transaction=True)
OLD = "Open Rail labels with a trial at two depots"
THEIRS = "Open Rail labels with a paid trial at two depots"
MINE = "Open Rail labels with a trial at three depots"
# Keeps what the field of a form holds at the moment when it comes into the page.
WATCH = """new MutationObserver(() => {
  window.cameWith ??= document.querySelector("form[data-write] [name=value]")?.value;
}).observe(document, { childList: true, subtree: true })"""


@pytest.fixture
def written():
    """A draft with one objective, its manager and the deputy."""
    team = TeamFactory()
    kam = MembershipFactory(team=team, user__first_name="Kira").user
    tom = MembershipFactory(team=team, role="deputy", user__first_name="Tom").user
    account = AccountFactory(programme=team.programme, team=team, status="key")
    plan = PlanFactory(account=account, author=kam)
    return plan, ObjectiveFactory(plan=plan, title=OLD), kam, tom


def open_field(page, objective):
    page.click(f"#f-objective-{objective.pk}-title a")
    page.wait_for_selector(f"form#f-objective-{objective.pk}-title")
    return page.locator(f"#f-objective-{objective.pk}-title-v")


def test_two_editors_on_one_objective_lose_nothing(open_page, written):
    plan, objective, kam, tom = written
    first, second = open_page(kam), open_page(tom)
    for page in (first, second):
        page.goto(plan.get_absolute_url())
    mine, theirs = open_field(first, objective), open_field(second, objective)

    theirs.fill(THEIRS)
    theirs.press("Enter")
    second.wait_for_selector("#save-state:has-text('Saved')")
    second.wait_for_selector(f"#f-objective-{objective.pk}-title a.ed")
    mine.fill(MINE)
    mine.press("Enter")

    box = first.locator(f"#f-objective-{objective.pk}-title[data-conflict]")
    box.wait_for()
    assert box.locator("mark").all_inner_texts()
    assert THEIRS in box.inner_text()
    assert MINE in box.inner_text()
    assert Objective.objects.get().title == THEIRS

    first.click("text=Merge")
    first.fill(
        f"#f-objective-{objective.pk}-title-merge",
        "Open Rail labels with a paid trial at three depots",
    )
    first.click("text=Save the merged text")
    first.wait_for_selector(f"#f-objective-{objective.pk}-title a.ed")
    assert Objective.objects.get().title == "Open Rail labels with a paid trial at three depots"


def test_session_that_ends_while_typing_loses_nothing(open_page, written):
    plan, objective, kam, tom = written
    page = open_page(kam)
    page.goto(plan.get_absolute_url())
    field = open_field(page, objective)
    field.fill(MINE)
    cookie = page.context.cookies()
    page.context.clear_cookies(name="sessionid")
    field.press("Enter")
    page.wait_for_selector("#toasts a")
    assert Objective.objects.get().title == OLD
    services.update_content(actor=tom, row=objective, changes={"kpi": "Revenue"})

    # In a tab of its own: the one that is left would send once more what was typed.
    page.context.add_cookies([item for item in cookie if item["name"] == "sessionid"])
    page = page.context.new_page()
    page.add_init_script(WATCH)
    page.goto(plan.get_absolute_url())
    again = page.locator(
        f"form#f-objective-{objective.pk}-title #f-objective-{objective.pk}-title-v"
    )
    again.wait_for()
    assert again.input_value() == MINE
    assert page.evaluate("window.cameWith") == MINE, "could be typed over before it was back"
    again.press("Enter")
    page.wait_for_selector(f"#f-objective-{objective.pk}-title a.ed")
    assert (Objective.objects.get().title, Objective.objects.get().kpi) == (MINE, "Revenue")


def test_action_is_captured_and_closed_in_two_clicks(open_page, written):
    plan, objective, kam, tom = written
    strategy = StrategyFactory(objective=objective)
    page = open_page(kam, width=360, theme="dark")
    page.goto(plan.get_absolute_url())

    page.fill(f"#n-strategy-{strategy.pk}", "Tom: quote for depot Aarhus, 2030-06-20")
    page.press(f"#n-strategy-{strategy.pk}", "Enter")
    page.wait_for_selector("tr[id^=action-]")
    action = Action.objects.get()
    assert (action.text, action.owner) == ("quote for depot Aarhus", tom)
    assert action.due == datetime.date(2030, 6, 20)

    page.click(f"#action-{action.pk} button.tick")
    page.wait_for_selector(f"#action-{action.pk}.struck")
    assert Action.objects.get().status == "done"
    page.click(f"#action-{action.pk} button.tick")
    page.wait_for_selector(f"#action-{action.pk}:not(.struck)")
    assert Action.objects.get().status == "todo"
