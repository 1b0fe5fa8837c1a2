"""Fields edited in place: saved, in conflict, kept through a lost session."""

import re

import pytest
from django.urls import reverse

from kam.web.models import Draft
from plans import services
from plans.models import Objective, Plan
from tests.factories.plans import ObjectiveFactory

HTMX = {"HX-Request": "true"}


@pytest.fixture
def objective(plan):
    return ObjectiveFactory(plan=plan, title="Open Rail with a trial at two depots")


@pytest.fixture
def url(objective):
    return reverse("plans:field", args=["objective", objective.pk, "title"])


def test_field_saves_and_says_when(client, people, objective, url):
    client.force_login(people.kam)

    response = client.post(url, {"value": "New", "version": 1}, headers=HTMX)

    objective.refresh_from_db()
    assert (response.status_code, objective.title, objective.version) == (200, "New", 2)
    assert "field-saved" in response["HX-Trigger"]


def test_field_saves_in_passing_without_swapping(client, people, objective, url):
    client.force_login(people.kam)

    response = client.post(url, {"value": "New", "version": 1}, headers={**HTMX, "X-Idle": "1"})

    assert (response.status_code, Objective.objects.get().title) == (204, "New")


def test_field_works_without_script(client, people, objective, url):
    client.force_login(people.kam)

    assert b"<form" in client.get(url).content
    response = client.post(url, {"value": "New", "version": 1})

    assert (response.status_code, Objective.objects.get().title) == (302, "New")


def test_second_editor_sees_both_texts_and_nothing_is_lost(client, people, objective, url):
    services.update_content(
        actor=people.deputy,
        row=objective,
        changes={"title": "Open Rail with a paid trial at two depots"},
    )
    client.force_login(people.kam)
    mine = "Open Rail with a trial at three depots"
    read = "Open Rail with a trial at two depots"

    response = client.post(url, {"value": mine, "version": 1, "read": read}, headers=HTMX)

    body = response.content.decode()
    assert response.status_code == 409
    marked = re.findall('<mark class="differs">(.*?)</mark>', body)
    assert [text.strip() for text in marked] == ["paid", "two", "three"]
    assert Objective.objects.get().title == "Open Rail with a paid trial at two depots"
    assert Draft.objects.get().text == mine

    kept = client.post(url, {"value": mine, "version": 2}, headers=HTMX)
    assert (kept.status_code, Objective.objects.get().title) == (200, mine)
    assert not Draft.objects.exists()


def test_sending_again_what_is_stored_is_no_conflict(client, people, objective, url):
    """The answer to the first send was lost on its way."""
    client.force_login(people.kam)
    body = {"value": "New", "version": 1, "read": objective.title}

    codes = [client.post(url, body, headers=HTMX).status_code for _again in range(2)]

    assert codes == [200, 200]
    assert Objective.objects.get().version == 2


def test_other_fields_of_the_row_do_not_disturb(client, people, objective, url):
    services.update_content(actor=people.deputy, row=objective, changes={"kpi": "Revenue"})
    client.force_login(people.kam)

    response = client.post(
        url, {"value": "New", "version": 1, "read": objective.title}, headers=HTMX
    )

    objective.refresh_from_db()
    assert (response.status_code, objective.title, objective.kpi) == (200, "New", "Revenue")


def test_taking_theirs_forgets_the_draft(client, people, objective, url):
    client.force_login(people.kam)
    arguments = ["objective", objective.pk, "title"]
    client.post(reverse("plans:draft", args=arguments), {"value": "Mine", "version": 1})

    response = client.post(reverse("plans:discard_draft", args=arguments), headers=HTMX)

    assert objective.title in response.content.decode()
    assert not Draft.objects.exists()


def test_lost_session_loses_nothing(client, people, plan, objective, url):
    """What was typed is a draft; the send is refused; after signing in it is offered again, with
    the version that was read, so that a change made meanwhile is a conflict and not lost."""
    client.force_login(people.kam)
    draft = reverse("plans:draft", args=["objective", objective.pk, "title"])
    client.post(draft, {"value": "Mine", "version": 1})
    client.session.flush()
    client.cookies.clear()

    refused = client.post(url, {"value": "Mine", "version": 1}, headers=HTMX)
    assert refused.status_code == 401
    assert Objective.objects.get().title == objective.title
    services.update_content(actor=people.deputy, row=objective, changes={"title": "Theirs"})

    client.force_login(people.kam)
    page = client.get(plan.get_absolute_url()).content.decode()
    assert "Not saved yet" in page
    assert "Mine" in page
    opened = client.get(f"{url}?draft", headers=HTMX).content.decode()
    assert 'value="Mine"' in opened
    assert 'name="version" value="1"' in opened
    assert client.post(url, {"value": "Mine", "version": 1}, headers=HTMX).status_code == 409
    assert Objective.objects.get().title == "Theirs"


def test_drafts_are_seen_by_their_author_alone(client, people, plan, objective):
    client.force_login(people.kam)
    client.post(
        reverse("plans:draft", args=["objective", objective.pk, "title"]),
        {"value": "Private words", "version": 1},
    )
    client.force_login(people.deputy)

    assert b"Private words" not in client.get(plan.get_absolute_url()).content


def test_refused_text_stays_in_the_field(client, people, objective, url):
    client.force_login(people.kam)

    empty = client.post(url, {"value": "", "version": 1}, headers=HTMX)
    long = client.post(url, {"value": "x" * 251, "version": 1}, headers=HTMX)

    assert (empty.status_code, long.status_code) == (422, 422)
    assert "x" * 251 in long.content.decode()
    assert Objective.objects.get().title == objective.title


@pytest.mark.parametrize("who", ["sponsor", "member", "observer", "auditor"])
def test_readers_may_not_write(client, people, plan, who):
    Plan.objects.update(approved={"ambition": "x"})
    client.force_login(getattr(people, who))
    url = reverse("plans:field", args=["plan", plan.pk, "ambition"])

    assert client.get(url).status_code == 403
    assert client.post(url, {"value": "Mine", "version": 1}).status_code == 403
    assert Plan.objects.get().ambition == plan.ambition


def test_locked_field_says_why(client, people, plan, objective, url):
    services.submit_plan(actor=people.kam, plan=plan)
    client.force_login(people.kam)

    response = client.post(url, {"value": "New", "version": 1}, headers=HTMX)

    assert response.status_code == 422
    assert "being reviewed" in response.content.decode()
    assert Draft.objects.get().text == "New"
