"""Plans and actions over REST: the same data, the same refusals as the pages."""

import datetime
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from plans import services
from plans.models import Action, Objective, Plan
from plans.snapshots import content_of
from tests.factories.accounts import AccountFactory
from tests.factories.plans import (
    ActionFactory,
    CustomerGoalFactory,
    MilestoneFactory,
    ObjectiveFactory,
    PlanFactory,
    RiskFactory,
    StrategyFactory,
    SwotEntryFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def call(client):
    """Calls as a person: `call(user, "post", "actions", body, match=1)`."""

    def perform(user, method, path, body=None, match=None):
        browser = Client()
        browser.force_login(user)
        headers = {} if match is None else {"If-Match": f'"{match}"'}
        arguments = {} if body is None else {"data": body, "content_type": "application/json"}
        if method == "get" and body is not None:
            return browser.get(f"/api/v1/{path}/", body, headers=headers)
        return getattr(browser, method)(f"/api/v1/{path}/", headers=headers, **arguments)

    return perform


def test_plan_from_draft_to_active(call, people):
    start = {"account": people.account.pk, "title": "Plan 2026", "starts_on": "2026-01-01"}
    made = call(people.kam, "post", "plans", {**start, "ends_on": "2026-12-31"})
    assert (made.status_code, made.json()["currency"]) == (201, "GBP")
    pk, path = made.json()["id"], f"plans/{made.json()['id']}"
    blocked = call(people.kam, "post", f"{path}/submit", {})
    assert blocked.status_code == 400

    objective = call(
        people.kam, "post", "objectives", {"plan": pk, "title": "Grow", "type": "grow"}
    )
    assert (objective.status_code, objective.json()["status"]) == (201, "open")
    call(people.kam, "patch", path, {"defection_contingency": "Call."}, match=1)
    assert call(people.kam, "post", f"{path}/submit", {}).json()["status"] == "in_review"
    assert call(people.kam, "post", f"{path}/approve", {}).status_code == 403
    assert call(people.sponsor, "post", f"{path}/approve", {}).json()["status"] == "approved"
    assert call(people.kam, "post", f"{path}/activate", {}).json()["in_force"] is True
    locked = call(
        people.kam, "patch", f"objectives/{objective.json()['id']}", {"title": "More"}, match=2
    )
    assert locked.status_code == 400
    reading = {"actual": "5", "actual_on": "2026-06-01"}
    done = call(people.kam, "patch", f"objectives/{objective.json()['id']}", reading, match=2)
    assert (done.status_code, done.json()["actual"]) == (200, "5.000000")


def test_approval_reaches_readers_that_keep_what_they_have(client, people, plan):
    """What they read changes with the approval, and not only with the edit before it."""
    row = ObjectiveFactory(plan=plan, title="Keep", approved={"title": "Keep"})
    same = RiskFactory(plan=plan)
    same.approved = content_of(same)
    same.save()
    services.update_content(actor=people.kam, row=row, changes={"title": "Grow"})
    client.force_login(people.member)
    url = f"/api/v1/objectives/{row.pk}/"
    before = client.get(url)
    now = timezone.now().isoformat()
    plan = services.submit_plan(actor=people.kam, plan=plan)
    services.approve_plan(actor=people.sponsor, plan=plan, today=datetime.date(2026, 2, 1))

    after = client.get(url, headers={"If-None-Match": before["ETag"]})
    synced = client.get("/api/v1/objectives/", {"updated_since": now}).json()["results"]
    assert (before.json()["title"], after.json()["title"]) == ("Keep", "Grow")
    assert [item["title"] for item in synced] == ["Grow"]
    assert client.get("/api/v1/risks/", {"updated_since": now}).json()["results"] == []


def test_action_needs_the_account_alone_besides_its_text(call, people):
    made = call(people.member, "post", "actions", {"account": people.account.pk, "text": "Call"})

    assert made.status_code == 201
    assert made.json()["status"] == "todo"
    assert made.json()["author"] == people.member.pk


def test_action_shows_blocked_while_it_waits(call, people):
    first = ActionFactory(account=people.account)
    second = ActionFactory(account=people.account, depends_on=first)
    path = f"actions/{second.pk}"

    assert call(people.kam, "get", path).json()["status"] == "blocked"
    assert [row["id"] for row in call(people.kam, "get", "actions").json()["results"]] == [
        first.pk,
        second.pk,
    ]
    call(people.kam, "post", f"actions/{first.pk}/close", {"note": "Sent"})
    assert call(people.kam, "get", path).json()["status"] == "todo"
    circle = call(people.kam, "patch", f"actions/{first.pk}", {"depends_on": second.pk}, match=2)
    assert circle.status_code == 400


def test_action_of_somebody_else_is_read_only_for_members(call, people):
    other = ActionFactory(account=people.account, owner=people.kam)
    own = ActionFactory(account=people.account, owner=people.member)

    refused = call(people.member, "patch", f"actions/{other.pk}", {"status": "done"}, match=1)
    assert refused.status_code == 403
    assert call(people.member, "post", f"actions/{own.pk}/close", {}).json()["status"] == "done"
    assert Action.objects.get(pk=other.pk).status == "todo"


def test_action_cannot_be_given_to_whoever_does_not_see_the_account(call, people):
    body = {"account": people.account.pk, "text": "Call", "owner": people.outsider.pk}

    refused = call(people.kam, "post", "actions", body)

    assert refused.status_code == 400
    assert refused.json()["errors"][0]["pointer"] == "/owner"


def test_blocked_needs_a_reason(call, people):
    action = ActionFactory(account=people.account)

    refused = call(people.kam, "patch", f"actions/{action.pk}", {"status": "blocked"}, match=1)
    taken = call(
        people.kam,
        "patch",
        f"actions/{action.pk}",
        {"status": "blocked", "blocked_reason": "No budget"},
        match=1,
    )

    assert (refused.status_code, taken.status_code) == (400, 200)


def test_capture_reads_a_line_and_hides_other_accounts(call, people):
    hidden = AccountFactory()
    people.member.first_name = "Tom"
    people.member.save(update_fields=["first_name"])
    body = {"account": people.account.pk, "line": "Tom: quote, 2030-06-20"}

    made = call(people.kam, "post", "actions/capture", body)
    refused = call(people.kam, "post", "actions/capture", {**body, "account": hidden.pk})

    assert made.json()["owner"] == people.member.pk
    assert (made.json()["text"], made.json()["due"]) == ("quote", "2030-06-20")
    assert refused.status_code == 404


def test_stale_version_is_412_with_the_current_body(call, people, plan):
    objective = ObjectiveFactory(plan=plan)
    path = f"objectives/{objective.pk}"
    call(people.deputy, "patch", path, {"title": "Theirs"}, match=1)

    stale = call(people.kam, "patch", path, {"title": "Mine"}, match=1)
    missing = call(people.kam, "patch", path, {"title": "Mine"})

    assert (stale.status_code, missing.status_code) == (412, 428)
    assert "Theirs" in stale.content.decode()
    assert Objective.objects.get().title == "Theirs"


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize(
    ("path", "factory"),
    [
        ("plans", None),
        ("objectives", ObjectiveFactory),
        ("strategies", StrategyFactory),
        ("milestones", MilestoneFactory),
        ("swot-entries", SwotEntryFactory),
        ("risks", RiskFactory),
        ("actions", ActionFactory),
        ("customer-goals", CustomerGoalFactory),
    ],
)
def test_list_query_count(client, people, path, factory, count, django_assert_num_queries):
    if factory is None:
        for year in range(2020, 2020 + count):
            PlanFactory(
                account=people.account,
                starts_on=datetime.date(year, 1, 1),
                ends_on=datetime.date(year, 12, 31),
            )
    elif factory in (ActionFactory, CustomerGoalFactory):
        factory.create_batch(count, account=people.account)
    elif factory in (StrategyFactory, MilestoneFactory):
        factory.create_batch(count, objective__plan=PlanFactory(account=people.account))
    else:
        factory.create_batch(count, plan=PlanFactory(account=people.account))
    client.force_login(people.kam)
    client.get(f"/api/v1/{path}/")
    with django_assert_num_queries(4):  # session, user, rights, rows
        response = client.get(f"/api/v1/{path}/")
    assert len(response.json()["results"]) == count


@pytest.mark.parametrize(
    ("path", "factory"),
    [("objectives", ObjectiveFactory), ("strategies", StrategyFactory)],
)
def test_list_sorted_by_what_a_row_belongs_to_is_walked_page_by_page(client, people, path, factory):
    plan = PlanFactory(account=people.account)
    owner = {"plan": plan} if factory is ObjectiveFactory else {"objective__plan": plan}
    rows = factory.create_batch(3, **owner)
    client.force_login(people.kam)
    address, found = f"/api/v1/{path}/?page_size=1", []
    while address:
        page = client.get(address).json()
        found += [row["id"] for row in page["results"]]
        address = page["next"]
    assert found == [row.pk for row in rows]


def test_page_and_api_refuse_the_same(call, client, people, plan):
    """A due date before the start, and an owner who has nothing to do with the account."""
    bad = {
        "title": "Grow",
        "type": "grow",
        "start": "2026-06-01",
        "due": "2026-05-01",
    }
    client.force_login(people.kam)

    page = client.post(reverse("plans:add", args=[plan.pk, "objective"]), bad)
    api = call(people.kam, "post", "objectives", {**bad, "plan": plan.pk})

    assert (page.status_code, api.status_code) == (422, 400)
    assert "It is due before it starts." in page.content.decode()
    assert "It is due before it starts." in api.content.decode()
    assert not Objective.objects.exists()
    assert Plan.objects.get().version == 1


def test_search_finds_only_what_the_caller_reads(call, people):
    """A reader of the approved version learns nothing of what is being written."""
    plan = PlanFactory(account=people.account, title="Next", approved={"title": "Approved"})
    ObjectiveFactory(plan=plan, title="Poach rival", approved={"title": "Grow share"})

    def found(user, path, text):
        return len(call(user, "get", path, {"search": text}).json()["results"])

    asked = [("objectives", "poach"), ("objectives", "grow"), ("plans", "next"), ("plans", "appr")]
    seen = {
        name: [found(user, *question) for question in asked]
        for name, user in (("kam", people.kam), ("member", people.member))
    }
    assert seen == {"kam": [1, 0, 1, 0], "member": [0, 1, 0, 1]}


def test_filters_and_order_tell_only_what_the_caller_reads(call, people):
    """What is being written neither finds nor sorts the approved rows of a reader."""
    plan = PlanFactory(account=people.account, approved={"title": "Approved"})
    rows = [
        ObjectiveFactory(
            plan=plan,
            owner=people.kam,
            due=working,
            position=place,
            approved={"due": approved, "owner": people.deputy.pk, "position": 11 - place},
        )
        for place, working, approved in (
            (1, "2027-01-31", "2027-06-30"),
            (10, "2027-06-30", "2027-01-31"),
        )
    ]
    first, second = (row.pk for row in rows)

    def found(user, **query):
        answer = call(user, "get", "objectives", {"ordering": "due", **query})
        return [row["id"] for row in answer.json()["results"]]

    asked = (
        {},
        {"owner": people.kam.pk},
        {"owner": people.deputy.pk},
        {"due__lt": "2027-03-01"},
        {"ordering": "position"},
        {"ordering": "-position", "shared": "false"},
    )
    both, back = [first, second], [second, first]
    assert [found(people.kam, **query) for query in asked] == [both, both, [], [first], both, back]
    assert [found(people.member, **query) for query in asked] == [
        back,
        [],
        back,
        [second],
        back,
        [],
    ]


def test_approved_rows_without_a_day_come_last(call, people):
    """Both ways and from page to page, on either database."""
    plan = PlanFactory(account=people.account, approved={"title": "Approved"})
    due = ("2027-06-30", None, "2027-01-31", None)
    first, second, third, fourth = (
        ObjectiveFactory(plan=plan, due="2026-12-31", approved={"due": day}).pk for day in due
    )

    def found(ordering):
        rows, address = [], {"ordering": ordering, "page_size": 1}
        while address:
            answer = call(people.member, "get", "objectives", address).json()
            rows += [row["id"] for row in answer["results"]]
            link = answer["next"]
            address = dict(parse_qsl(urlsplit(link).query)) if link else None
        return rows

    assert found("due") == [third, first, second, fourth]
    assert found("-due") == [first, third, second, fourth]
