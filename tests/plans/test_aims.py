"""Objectives of our own company, and whether objectives of accounts are relevant (K026; 4.3)."""

import csv
import io

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from plans.models import CorporateObjective
from plans.relevance import lacking
from plans.services import update_content
from tests.factories.accounts import AccountFactory
from tests.factories.plans import (
    CorporateObjectiveFactory,
    CustomerGoalFactory,
    ObjectiveFactory,
    PlanFactory,
)
from tests.factories.profiles import SuccessFactorFactory
from tests.factories.teams import MembershipFactory, RoleGrantFactory, TeamFactory

pytestmark = pytest.mark.django_db
AIMS = "/programme/objectives/"
CUSTOMER = "Relevance: link it to a goal or a success factor of the customer"
US = "Relevance: link it to an objective of our company"


@pytest.fixture
def account():
    team = TeamFactory()
    return AccountFactory(team=team, programme=team.programme, status="key", name="Birch")


@pytest.fixture
def kam(account):
    return MembershipFactory(team=account.team, role="kam").user


@pytest.fixture
def director(account):
    return RoleGrantFactory(programme_manager=True, programme=account.programme).user


def test_relevance_takes_the_customer_and_our_company(account):
    """R: linked to a customer goal or CSF *and* to a corporate objective (handbook 4.3)."""
    plan = PlanFactory(account=account)
    goal, factor = CustomerGoalFactory(account=account), SuccessFactorFactory(account=account)
    aim = CorporateObjectiveFactory(programme=account.programme)
    cases = [
        ({}, f"{CUSTOMER}, and to an objective of our company"),
        ({"customer_goal": goal}, US),
        ({"success_factor": factor}, US),
        ({"corporate_objective": aim}, CUSTOMER),
        ({"customer_goal": goal, "corporate_objective": aim}, ""),
        ({"success_factor": factor, "corporate_objective": aim}, ""),
    ]
    for links, said in cases:
        assert lacking(ObjectiveFactory(plan=plan, **links)) == said, links


def test_plan_account_and_rest_say_what_is_lacking(client, account, kam):
    plan = PlanFactory(account=account, author=kam)
    objective = ObjectiveFactory(plan=plan, title="Rail labels at three depots")
    client.force_login(kam)
    shown = (
        f"{reverse('plans:detail', args=[plan.pk])}?section=objectives",
        reverse("accounts:detail", args=[account.pk]),
    )
    for url in shown:
        assert CUSTOMER in client.get(url).content.decode(), url
    assert (
        client.get(f"/api/v1/objectives/{objective.pk}/").json()["relevance"].startswith(CUSTOMER)
    )
    assert AIMS in client.get(shown[1]).content.decode()
    aim = CorporateObjectiveFactory(programme=account.programme, text="Services grow")
    objective.success_factor = SuccessFactorFactory(account=account, name="Digital ordering")
    objective.corporate_objective = aim
    objective.save()
    for url in shown:
        page = client.get(url).content.decode()
        assert CUSTOMER not in page
        assert "Services grow" in page
    assert client.get(f"/api/v1/objectives/{objective.pk}/").json()["relevance"] == ""


def test_success_factor_of_another_customer_is_refused(account, kam):
    objective = ObjectiveFactory(plan=PlanFactory(account=account, author=kam))
    factor = SuccessFactorFactory(account=AccountFactory(programme=account.programme))
    with pytest.raises(ValidationError) as caught:
        update_content(
            actor=kam, row=objective, expected_version=1, changes={"success_factor": factor}
        )
    assert set(caught.value.error_dict) == {"success_factor"}


def test_company_objectives_are_kept_with_their_horizon(client, account, kam, director):
    client.force_login(director)
    body = {"text": "Services make 15 %", "horizon": "future"}
    assert client.post(f"{AIMS}new/", body).status_code == 302
    aim = CorporateObjective.objects.get()
    assert (aim.horizon, aim.programme) == ("future", account.programme)
    plan = PlanFactory(account=account)
    ObjectiveFactory(plan=plan, corporate_objective=aim)
    page = client.get(AIMS)
    assert [(row.text, row.served) for row in page.context["rows"]] == [("Services make 15 %", 1)]
    file = client.get(AIMS, {"export": "csv"})
    rows = csv.DictReader(io.StringIO(b"".join(file.streaming_content).decode("utf-8-sig")))
    assert [(row["Horizon"], row["Objectives of accounts"]) for row in rows] == [("future", "1")]
    edit = body | {"horizon": "present", "version": aim.version}
    assert client.post(f"{AIMS}{aim.pk}/edit/", edit).status_code == 302
    aim.refresh_from_db()
    assert aim.horizon == "present"
    client.post(f"{AIMS}{aim.pk}/archive/", {"version": aim.version})
    assert [row.text for row in client.get(AIMS).context["rows"]] == []
    assert "Restore" in client.get(AIMS, {"archived": "1"}).content.decode()
    aim.refresh_from_db()
    client.post(f"{AIMS}{aim.pk}/restore/", {"version": aim.version})
    assert [row.text for row in client.get(AIMS).context["rows"]] == ["Services make 15 %"]
    found = client.get("/api/v1/corporate-objectives/", {"horizon": "present"}).json()["results"]
    assert [row["text"] for row in found] == ["Services make 15 %"]
    client.force_login(kam)
    assert client.get(AIMS).status_code == 200
    assert client.post(f"{AIMS}{aim.pk}/edit/", edit).status_code == 403
    assert client.post(f"{AIMS}new/", body).status_code == 403
    aim.refresh_from_db()
    assert not aim.is_archived


def test_company_objective_comes_back_over_rest(client, account, director):
    client.force_login(director)
    aim = CorporateObjectiveFactory(programme=account.programme)
    url = f"/api/v1/corporate-objectives/{aim.pk}/"
    head = {"If-Match": client.get(url).headers["ETag"]}
    assert client.delete(url, headers=head).status_code == 204
    assert client.get("/api/v1/corporate-objectives/").json()["results"] == []
    rows = client.get("/api/v1/corporate-objectives/", {"archived": "true"}).json()["results"]
    assert [row["id"] for row in rows] == [aim.pk]
    assert client.post(f"{url}restore/").status_code == 200
    assert len(client.get("/api/v1/corporate-objectives/").json()["results"]) == 1
