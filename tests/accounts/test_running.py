"""What the programme costs, brings and changes (K023, K120, K128, K131-K133; handbook 4.6, 4.7)."""

import datetime
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.urls import reverse

from accounts.models import Account, OrganisationChange
from accounts.running.budgeting import budget_of, fiscal_year, year_of
from accounts.running.earning import months_after
from accounts.running.returns import accounts_to_review, cases_of, returns_of
from accounts.services import budget as budgets
from accounts.services import earning as earnings
from accounts.services import organisation as organisations
from accounts.services.criteria import default_criteria, publish_criteria
from kam.access.dates import business_today
from tests.factories.accounts import (
    AccountFactory,
    ActivityCostFactory,
    ActivityFactory,
    BudgetLineFactory,
    ExchangeRateFactory,
    ExpectationFactory,
    MonthTotalFactory,
    OrganisationChangeFactory,
    ReturnCaseFactory,
)
from tests.factories.api import caller
from tests.factories.teams import (
    MembershipFactory,
    ProgrammeFactory,
    RoleGrantFactory,
    TeamFactory,
)

pytestmark = pytest.mark.django_db
TODAY = business_today()
DAY = datetime.timedelta(days=1)
KINDS = {"people": 344, "systems": 20, "training": 12}


@pytest.fixture
def programme():
    return ProgrammeFactory(currency="GBP")


@pytest.fixture
def director(programme):
    return RoleGrantFactory(programme_manager=True, programme=programme).user


@pytest.fixture
def birch(programme):
    return AccountFactory(
        programme=programme,
        name="Birch Logistics",
        status="key",
        team=TeamFactory(programme=programme),
        planned_cost=376,
    )


def budgeted(account):
    """The programme cost of 4.6: people 344 (manager, team and executive time), tools, training."""
    for kind, amount in KINDS.items():
        BudgetLineFactory(
            programme=account.programme, account=account, cost_type=kind, amount=amount
        )


def earned(account, month, contribution, programme_cost):
    """A year from `month` on, all booked in its first month."""
    MonthTotalFactory(
        account=account, month=month, revenue=contribution + 1080, cost=0, lines_without_cost=0
    )
    kinds = {False: 1080, True: programme_cost}
    for is_own, amount in kinds.items():
        activity = ActivityFactory(programme=account.programme, programme_cost=is_own)
        ActivityCostFactory(account=account, activity=activity, month=month, amount=amount)


def measured(case):
    """The case as pages read it."""
    reader = RoleGrantFactory(auditor=True, programme=case.account.programme).user
    return list(cases_of(reader, [case.account.programme]))


def since(years):
    """First day of the month in which somebody became key so many whole years ago."""
    return months_after(TODAY.replace(day=1), -12 * years)


def test_budget_adds_up_by_account_kind_and_programme(birch, programme, director):
    """K023, K131: sums per account and programme reconcile."""
    budgeted(birch)
    BudgetLineFactory(programme=programme, cost_type="process", amount=100, effort=Decimal("0.5"))
    BudgetLineFactory(programme=programme, cost_type="equipment", amount=10, year=TODAY.year - 1)
    BudgetLineFactory(programme=programme, amount=10, currency="EUR")
    own = ActivityFactory(programme=programme, programme_cost=True)
    for activity in (own, ActivityFactory(programme=programme)):
        ActivityCostFactory(
            account=birch, activity=activity, month=TODAY.replace(month=1, day=1), amount=90
        )
    budget = budget_of(director, programme, TODAY.year, TODAY)
    assert [(row.account, row.whole, row.planned, row.spent) for row in budget.rows] == [
        (birch, 376, 376, 90)
    ]
    assert budget.rows[0].by_kind == [344, 0, 20, 0, 12]
    assert (budget.programme.whole, budget.programme.effort) == (100, Decimal("0.5"))
    assert budget.whole.whole == budget.accounts.whole + budget.programme.whole == 476
    assert sum(budget.whole.by_kind) == 476
    assert (budget.unrated, budget.off_plan) == (1, [])
    ExchangeRateFactory(programme=programme, currency="EUR", rate=Decimal("0.5"))
    again = budget_of(director, programme, TODAY.year, TODAY)
    assert (again.unrated, again.programme.whole) == (0, 105)
    Account.objects.update(planned_cost=400)
    assert [row.off_plan for row in budget_of(director, programme, TODAY.year, TODAY).rows] == [-24]


def test_fiscal_year_is_the_programmes(programme):
    programme.fiscal_year_start = 4
    days = (datetime.date(2026, 4, 1), datetime.date(2027, 3, 31))
    assert fiscal_year(programme, 2026) == days
    assert [year_of(programme, day) for day in (days[0], days[0] - DAY)] == [2026, 2025]


def test_budget_of_an_account_is_shown_to_its_people_and_that_of_the_programme_is_not(
    client, birch, programme
):
    budgeted(birch)
    BudgetLineFactory(programme=programme, text="Rollout of the system")
    manager = MembershipFactory(team=birch.team, role="kam").user
    client.force_login(manager)
    text = client.get(reverse("accounts:budget")).content.decode()
    assert ("Birch Logistics" in text, "Rollout" in text) == (True, False)
    line = birch.budget_lines.first()
    assert client.get(reverse("accounts:budget_edit", args=[line.pk])).status_code == 403
    with pytest.raises(PermissionDenied):
        budgets.add_budget_line(actor=manager, programme=programme, changes={})


def test_budget_page_takes_changes_and_archives_lines(client, birch, programme, director):
    client.force_login(director)
    url = reverse("accounts:budget_create")
    body = {"year": TODAY.year, "cost_type": "training", "text": "Negotiation", "currency": "GBP"}
    assert client.post(url, body | {"amount": "-1"}).status_code == 422
    wanted = body | {"amount": "1,200", "account": f"Birch Logistics ({birch.pk})"}
    assert client.post(url, wanted).status_code == 302
    line = birch.budget_lines.get()
    edit = reverse("accounts:budget_edit", args=[line.pk])
    assert client.post(edit, wanted | {"amount": "900", "version": line.version}).status_code == 302
    line.refresh_from_db()
    assert line.amount == 900
    page = client.get(reverse("accounts:budget")).content.decode()
    assert "do not add up to its planned" in page
    body = {"version": line.version}
    assert client.post(reverse("accounts:budget_archive", args=[line.pk]), body).status_code == 302
    assert "No budget for this year" in client.get(reverse("accounts:budget")).content.decode()


def test_return_is_that_of_the_handbook(birch, programme):
    """4.7: second year 2,872 against 2,440.07, over 376."""
    start = since(2)
    case = ReturnCaseFactory(account=birch, started_on=start)
    earned(birch, start, 2500, 370)
    earned(birch, months_after(start, 12), 2872, 376)
    found = returns_of(measured(case), programme=programme, on=TODAY)[birch.pk]
    assert [row.number for row in found.years] == [1, 2]
    assert found.years[1].counterfactual == Decimal("2440.07")
    assert round(found.years[1].more_contribution, 2) == Decimal("431.93")
    assert round(found.years[1].ratio, 3) == Decimal("1.149")
    assert found.total.more_cost == 746


def test_return_without_its_inputs_is_not_available(birch, programme):
    start = since(1)
    case = ReturnCaseFactory(account=birch, started_on=start)
    (year,) = returns_of(measured(case), programme=programme, on=TODAY)[birch.pk].years
    assert (year.ratio, year.missing) == (
        None,
        ("sales of that time", "cost to serve", "programme cost"),
    )
    case.currency = "EUR"
    case.save()
    assert returns_of(measured(case), programme=programme, on=TODAY)[birch.pk].unknown_currency


def test_two_years_below_one_are_looked_at_again(client, birch, programme, director):
    """K128."""
    start = since(2)
    ReturnCaseFactory(account=birch, started_on=start)
    earned(birch, start, 2400, 376)
    earned(birch, months_after(start, 12), 2500, 376)
    assert accounts_to_review(director, TODAY) == {birch.pk}
    client.force_login(director)
    page = client.get(reverse("accounts:look_again")).content.decode()
    assert "Brought less than it cost for two years running." in page
    assert "two years below 1" in client.get(reverse("accounts:returns")).content.decode()
    outsider = RoleGrantFactory(auditor=True, programme=ProgrammeFactory()).user
    assert accounts_to_review(outsider, TODAY) == set()


def test_verdict_is_locked_for_two_years_and_has_who_when_why(client, birch, director):
    """K133."""
    case = ReturnCaseFactory(account=birch, started_on=months_after(TODAY, -24) + DAY)
    wanted = {"verdict": "continue", "reason": "It pays."}
    with pytest.raises(ValidationError, match="Too early"):
        earnings.give_verdict(actor=director, case=case, **wanted)
    client.force_login(director)
    url = reverse("accounts:return_verdict", args=[case.pk])
    page = client.get(url).content.decode()
    assert ("Locked until" in page, "disabled" in page) == (True, True)
    body = {"verdict": "stop", "verdict_reason": "Too dear."}
    assert client.post(url, body).status_code == 422
    case.started_on -= DAY
    case.save()
    assert "Locked until" not in client.get(url).content.decode()
    assert client.post(url, body).status_code == 302
    case.refresh_from_db()
    assert (case.verdict, case.verdict_by, case.verdict_on) == ("stop", director, TODAY)
    with pytest.raises(ValidationError, match="too early"):
        earnings.update_case(
            actor=director, case=case, expected_version=None, changes={"started_on": TODAY}
        )


def test_case_is_recorded_with_what_the_ledger_has_of_the_year_before(client, birch, director):
    start = since(0)
    Account.objects.update(status_since=start)
    earned(birch, months_after(start, -3), 2300, 50)
    client.force_login(director)
    assert (
        reverse("accounts:return_create", args=[birch.pk])
        in client.get(reverse("accounts:returns")).content.decode()
    )
    url = reverse("accounts:return_create", args=[birch.pk])
    assert client.get(url).context["form"].initial["contribution_before"] == 2300
    body = {
        "started_on": start,
        "contribution_before": "2,300",
        "currency": "GBP",
        "growth_ratio": "0.03",
        "growth_source": "others",
    }
    assert client.post(url, body).status_code == 302
    assert client.post(url, body).status_code == 422
    case = birch.return_cases.get()
    edit = reverse("accounts:return_edit", args=[case.pk])
    assert client.post(edit, body | {"growth_ratio": "0.04"}).status_code == 302
    assert client.post(reverse("accounts:return_archive", args=[case.pk])).status_code == 302
    case.refresh_from_db()
    assert (case.growth_ratio, case.is_archived) == (Decimal("0.04"), True)


def test_change_without_an_assessment_warns_until_somebody_assesses_it(client, programme, director):
    """K132; it warns instead of refusing (`design.md` 11)."""
    client.force_login(director)
    url = reverse("accounts:organisation_create")
    body = {"kind": "pay", "text": "Bonus by team", "effective_on": "2026-12-01"}
    answer = client.post(url, body, follow=True).content.decode()
    assert "nobody has said yet" in answer
    change = OrganisationChange.objects.get()
    assert (change.is_assessed, change.assessed_by) == (False, None)
    assert (
        "Nobody has assessed: Bonus by team"
        in client.get(reverse("reviews:decisions")).content.decode()
    )
    edit = reverse("accounts:organisation_edit", args=[change.pk])
    assessed = body | {"impact": "Managers of three accounts.", "risk": "medium"}
    assert client.post(edit, assessed | {"version": change.version}).status_code == 302
    change.refresh_from_db()
    assert (change.assessed_by, change.assessed_on) == (director, TODAY)
    assert "Nobody has assessed" not in client.get(reverse("reviews:decisions")).content.decode()
    organisations.update_change(
        actor=director, change=change, expected_version=None, changes={"impact": " "}
    )
    change.refresh_from_db()
    assert change.assessed_on is None
    member = MembershipFactory(team=TeamFactory(programme=programme)).user
    client.force_login(member)
    assert client.get(reverse("accounts:organisation")).status_code == 404


def test_questions_are_answered_from_the_programme(client, birch, programme, director):
    """K120: the answer to the first question is the criteria in force, with a link to them."""
    client.force_login(director)
    url = reverse("accounts:questions")

    def answers():
        found = client.get(url).context["questions"]
        return {row.name: (row.answer, row.url, row.warns) for row in found}

    first = answers()
    assert first["criteria"][0].startswith("Attractiveness: the handbook's own (Future potential")
    assert first["criteria"][1] == reverse("accounts:criteria")
    assert first["told"] == (
        "1 of 1 key accounts was not told.",
        reverse("accounts:register"),
        True,
    )
    assert first["cost"][2] is True
    ExpectationFactory(account=birch)
    budgeted(birch)
    OrganisationChangeFactory(programme=programme)
    publish_criteria(
        actor=director,
        programme=programme,
        kind="attractiveness",
        criteria=default_criteria("attractiveness"),
    )
    later = answers()
    assert later["criteria"][0].startswith("Attractiveness: version 1 since")
    assert later["told"][0] == "Every one does."
    assert later["cost"] == (
        "376 GBP are budgeted for this year.",
        reverse("accounts:budget"),
        False,
    )
    assert later["changes"][0] == "1 change has no assessment."
    client.force_login(MembershipFactory(team=birch.team, role="kam").user)
    assert set(answers()) == {"criteria", "number", "told", "cost", "return"}


def test_rest_holds_budget_return_and_changes(birch, programme, director):
    api = caller(director)
    body = {
        "programme": programme.pk,
        "account": birch.pk,
        "year": 2026,
        "cost_type": "systems",
        "text": "Portal",
        "amount": "20",
    }
    line = api.post("/api/v1/budget-lines/", body).json()
    assert (line["currency"], line["account"]) == ("GBP", birch.pk)
    assert api.post("/api/v1/budget-lines/", body | {"cost_type": "cars"}).status_code == 400
    start = since(2)
    body = {
        "account": birch.pk,
        "started_on": start.isoformat(),
        "contribution_before": "2300",
        "growth_ratio": "0.03",
        "growth_source": "others",
    }
    case = api.post("/api/v1/return-cases/", body).json()
    earned(birch, start, 2500, 370)
    earned(birch, months_after(start, 12), 2872, 376)
    found = api.get(f"/api/v1/return-cases/{case['id']}/figures/").json()
    assert found["years"][1]["counterfactual"] == "2440.07"
    assert found["years"][1]["ratio"] == "1.148750"
    url = f"/api/v1/return-cases/{case['id']}/verdict/"
    decided = api.post(url, {"verdict": "adapt", "verdict_reason": "Fewer visits."}).json()
    assert (decided["verdict"], decided["verdict_by"]) == ("adapt", director.pk)
    body = {
        "programme": programme.pk,
        "kind": "structure",
        "text": "Two regions become one",
        "effective_on": "2027-01-01",
    }
    change = api.post("/api/v1/organisation-changes/", body).json()
    assert change["assessed_on"] is None
    url = f"/api/v1/return-cases/{case['id']}/"
    assert api.delete(url, headers={"If-Match": f'"{decided["version"]}"'}).status_code == 204
    assert api.get(f"{url}figures/").json()["years"][1]["ratio"] == "1.148750"


def test_forms_on_the_return_say_whose_it_is_and_lead_back(client, birch, director):
    case = ReturnCaseFactory(account=birch)
    client.force_login(director)
    for name, title in (
        ("accounts:return_verdict", "Is Birch Logistics worth it?"),
        ("accounts:return_edit", "What the return of Birch Logistics is measured against"),
    ):
        shown = client.get(reverse(name, args=[case.pk])).content.decode()
        assert f"<h1>{title}</h1>" in shown
        assert f'<li><a href="{reverse("accounts:returns")}">' in shown
