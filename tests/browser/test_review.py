"""Answering a stage review in a real browser on a slow line: nothing is lost, nothing collides."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Page, Route, expect

from kam.access.dates import business_today
from reviews import services
from reviews.models import StageReview
from tests.factories.accounts import AccountFactory
from tests.factories.teams import MembershipFactory, TeamFactory
from tests.reviews.conftest import EXAMPLES, answers_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def written():
    """A draft with Birch's answers, its manager and the deputy."""
    team = TeamFactory()
    kam = MembershipFactory(team=team, user__first_name="Kira").user
    tom = MembershipFactory(team=team, role="deputy", user__first_name="Tom").user
    account = AccountFactory(programme=team.programme, team=team, status="key")
    text, share = EXAMPLES["birch"]
    today = business_today()
    review = services.start_review(
        actor=kam,
        account=account,
        reviewed_on=today,
        on=today,
        share_of_wallet=share,
        answers=answers_of(text),
    )
    return review, kam, tom


@contextmanager
def slow(page: Page, path: str) -> Iterator[list]:
    """Holds back what the page sends to `path` until the block ends; yields what waits."""
    waiting: list = []
    held = True

    def handle(route: Route) -> None:
        if held:
            waiting.append(route)
        else:
            route.continue_()

    page.route(path, handle)
    try:
        yield waiting
    finally:
        held = False
        for route in waiting:
            route.continue_()


def wait_for(page: Page, waiting: list, count: int) -> None:
    """Let the page run until `count` requests wait."""
    for _turn in range(100):
        if len(waiting) >= count:
            return
        page.wait_for_timeout(50)
    pytest.fail(f"{len(waiting)} of {count} requests were sent")


def score_of(review: StageReview, item: str) -> int | None:
    return review.answers.get(item=item).score


def test_proposal_waits_for_the_answer_on_its_way(open_page, written):
    review, kam, _tom = written
    page = open_page(kam)
    page.goto(review.get_absolute_url())
    with slow(page, "**/answers/**") as waiting:
        page.locator("#B1-3").check(force=True)
        wait_for(page, waiting, 1)
        page.get_by_role("link", name="Propose stage").click()
        page.wait_for_timeout(300)
        expect(page.get_by_role("dialog")).to_have_count(0)
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Propose stage").click()
    expect(page.get_by_role("region", name="Proposed")).to_be_visible()
    review.refresh_from_db()
    assert (review.status, score_of(review, "B1")) == ("proposed", 3)
    assert review.outcome["dimensions"]["B"] == 56.25


def test_quick_answers_and_typing_survive_each_other(open_page, written):
    review, kam, _tom = written
    page = open_page(kam)
    page.goto(review.get_absolute_url())
    row = page.locator("#row-A1")
    with slow(page, "**/answers/**") as waiting:
        page.locator("#A1-1").check(force=True)
        wait_for(page, waiting, 1)
        page.locator("#A1-3").check(force=True)
        row.locator("summary").click()
        page.locator("#A1-e").fill("Visit of 3 May")
    page.locator("#B2-4").check(force=True)  # leaves the field, too
    expect(row).to_contain_text("Visit of 3 May")
    expect(page.locator("#head-B")).to_contain_text("62.50")
    expect(page.locator("#A1-e")).to_have_value("Visit of 3 May")
    assert (score_of(review, "A1"), score_of(review, "B2")) == (3, 4)
    assert review.answers.get(item="A1").evidence == "Visit of 3 May"
    expect(page.locator("[role=alert]")).to_have_count(0)


def test_somebody_elses_answer_is_shown_and_chosen(open_page, written):
    review, kam, tom = written
    first, second = open_page(kam), open_page(tom)
    for page in (first, second):
        page.goto(review.get_absolute_url())
    second.locator("#A1-1").check(force=True)
    expect(second.locator("#head-A")).to_contain_text("37.50")
    first.locator("#A1-4").check(force=True)
    row = first.locator("#row-A1")
    expect(row.get_by_role("alert")).to_contain_text("answered 1 in the meantime. Yours: 4.")
    assert score_of(review, "A1") == 1
    row.get_by_role("button", name="Keep mine").click()
    expect(row.get_by_role("alert")).to_have_count(0)
    assert score_of(review, "A1") == 4

    second.locator("#A1-0").check(force=True)
    row = second.locator("#row-A1")
    row.get_by_role("button", name="Take what is stored").click()
    expect(second.locator("#A1-4")).to_be_checked()
    assert score_of(review, "A1") == 4


def test_evidence_typed_is_sent_after_five_idle_seconds(open_page, written):
    review, kam, _tom = written
    page = open_page(kam)
    page.goto(review.get_absolute_url())
    page.locator("#row-C1 summary").click()
    page.locator("#C1-e").fill("Plan of 2 May")
    expect(page.locator("#row-C1 .own")).to_have_text("Plan of 2 May")
    expect(page.locator("#C1-e")).to_be_focused()
    assert review.answers.get(item="C1").evidence == "Plan of 2 May"


def test_refused_answer_keeps_the_dialog_closed(open_page, written):
    review, kam, tom = written
    page = open_page(kam)
    page.goto(review.get_absolute_url())
    services.answer(
        actor=tom, review=review, item="A1", changes={"score": 0}, on=review.reviewed_on
    )
    with slow(page, "**/answers/**") as waiting:
        page.locator("#A1-4").check(force=True)
        wait_for(page, waiting, 1)
        page.get_by_role("link", name="Propose stage").click()
    expect(page.locator("#row-A1").get_by_role("alert")).to_contain_text("Yours: 4.")
    expect(page.get_by_role("dialog")).to_have_count(0)
