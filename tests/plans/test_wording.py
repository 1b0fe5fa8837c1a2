"""Cross-selling and up-selling are tools, not targets (K134)."""

import pytest
from django.urls import reverse

from plans.models import Objective
from plans.wording import rewording
from tests.factories.api import caller
from tests.factories.plans import ObjectiveFactory, PlanFactory
from tests.factories.teams import RoleGrantFactory

TOOLS = ("Cross-sell labels", "Upselling to premium", "More cross selling", "UP-SELL in Rail")
AIMS = ("Halve stock-outs at Rail", "Sell labels across all sites", "Setup of selling teams")


@pytest.mark.parametrize("title", TOOLS)
def test_tool_as_objective_suggests_another_wording(title):
    assert "is a tool, not an aim" in rewording(title)


@pytest.mark.parametrize("title", AIMS)
def test_aim_is_left_alone(title):
    assert rewording(title) == ""


@pytest.mark.django_db
def test_page_and_rest_suggest_and_accept_it(client):
    plan = PlanFactory()
    director = RoleGrantFactory(programme_manager=True, programme=plan.account.programme).user
    client.force_login(director)
    url = reverse("plans:add", args=[plan.pk, "objective"])
    body = {"title": "Cross-sell labels", "type": "grow"}
    page = client.post(url, body, follow=True).content.decode()
    assert "is a tool, not an aim" in page
    row = Objective.objects.get()
    found = caller(director).get(f"/api/v1/objectives/{row.pk}/").json()
    assert "is a tool" in found["rewording"]
    other = ObjectiveFactory(plan=plan, title="Halve stock-outs")
    found = caller(director).get(f"/api/v1/objectives/{other.pk}/").json()
    assert found["rewording"] == ""
