"""Pages of plans and actions."""

import pytest
from django.urls import reverse

from tests.factories.plans import (
    ActionFactory,
    MilestoneFactory,
    ObjectiveFactory,
    PlanFactory,
    PlanVersionFactory,
    RiskFactory,
    StrategyFactory,
    SwotEntryFactory,
)


@pytest.mark.parametrize("section", ["summary", "swot", "objectives", "risks", "all"])
@pytest.mark.parametrize("count", [1, 3])
def test_plan_page_query_count(client, people, plan, section, count, django_assert_num_queries):
    for objective in ObjectiveFactory.create_batch(count, plan=plan, owner=people.kam):
        for strategy in StrategyFactory.create_batch(count, objective=objective):
            ActionFactory.create_batch(
                count,
                account=people.account,
                objective=objective,
                strategy=strategy,
                owner=people.kam,
            )
        MilestoneFactory.create_batch(count, objective=objective)
    RiskFactory.create_batch(count, plan=plan, owner=people.kam)
    SwotEntryFactory.create_batch(count, plan=plan)
    client.force_login(people.kam)
    goals = section in ("objectives", "all")
    with django_assert_num_queries(21 if goals else 20):  # any number of rows
        response = client.get(reverse("plans:detail", args=[plan.pk]), {"section": section})
    assert response.status_code == 200


def test_readers_meet_no_working_title_anywhere(client, people):
    """Search, lists of plans, versions and pickers show what was approved, as the plan does."""
    plan = PlanFactory(account=people.account, title="Poach rival", approved={"title": "Grow"})
    ObjectiveFactory(plan=plan, title="Poach depot", approved={"title": "Grow depot"})
    action = ActionFactory(account=people.account, owner=people.member)
    pages = [
        f"{reverse('web:search')}?q=grow",
        reverse("plans:of_account", args=[people.account.pk]),
        reverse("plans:history", args=[plan.pk]),
        reverse("plans:action", args=[action.pk]),
    ]
    client.force_login(people.member)
    bodies = [client.get(page).content.decode() for page in pages]
    assert [("Grow" in body, "Poach" in body) for body in bodies] == [(True, False)] * len(pages)
    hidden = client.get(reverse("web:search"), {"q": "rival"}).content.decode()
    assert plan.get_absolute_url() not in hidden


@pytest.mark.parametrize("count", [1, 3])
def test_action_list_query_count(client, people, count, django_assert_max_num_queries):
    ActionFactory.create_batch(count, account=people.account, owner=people.kam)
    client.force_login(people.kam)
    with django_assert_max_num_queries(10):
        response = client.get(reverse("plans:actions"))
    assert len(response.context["object_list"]) == count


@pytest.mark.parametrize("count", [1, 3])
def test_versions_page_query_count(client, people, plan, count, django_assert_max_num_queries):
    for _place in range(count):
        version = PlanVersionFactory(plan=plan)
    client.force_login(people.kam)
    for url in (reverse("plans:history", args=[plan.pk]), version.get_absolute_url()):
        with django_assert_max_num_queries(18):
            assert client.get(url).status_code == 200


def test_new_objective_is_the_writers(client, people, plan):
    client.force_login(people.kam)
    page = client.get(reverse("plans:add", args=[plan.pk, "objective"]))
    assert page.context["form"]["owner"].value() == people.kam.pk
    assert f'<option value="{people.kam.pk}" selected>' in page.content.decode()
