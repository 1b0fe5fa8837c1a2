"""Pages of plans and actions."""

import pytest
from django.urls import reverse

from tests.factories.plans import (
    ActionFactory,
    MilestoneFactory,
    ObjectiveFactory,
    RiskFactory,
    StrategyFactory,
    SwotEntryFactory,
)


@pytest.mark.parametrize("section", ["summary", "swot", "objectives", "risks", "all"])
@pytest.mark.parametrize("count", [1, 3])
def test_plan_page_query_count(client, people, plan, section, count, django_assert_max_num_queries):
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
    with django_assert_max_num_queries(40):
        response = client.get(reverse("plans:detail", args=[plan.pk]), {"section": section})
    assert response.status_code == 200
