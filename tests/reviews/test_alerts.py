"""What is wrong or waits for a decision: derived, in words, for whoever it concerns."""

import datetime

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.figures import Chosen
from accounts.models import Account
from kam.access.dates import business_today
from reviews import alerts
from tests.factories.accounts import (
    AccountFactory,
    ConflictFactory,
    ContactFactory,
    ExpectationFactory,
    PositionFactory,
)
from tests.factories.plans import ActionFactory, PlanFactory
from tests.factories.reviews import StageReviewFactory
from tests.factories.teams import MembershipFactory, ProgrammeFactory, RoleGrantFactory, UserFactory

pytestmark = pytest.mark.django_db
DAY = datetime.timedelta(days=1)
TODAY = business_today()


def texts(found):
    return [alert.text for alert in found]


def everything():
    return Account.objects.all()


CHOSEN = Chosen(everything)


def healthy(account):
    """Gives `account` what it lacks."""
    PlanFactory(account=account, in_force=True, status="active", locked_at=None)
    ExpectationFactory(account=account)
    account.review_due_on = TODAY
    account.save()


def test_healthy_account_has_no_alert(people):
    healthy(people.account)
    assert alerts.decisions(CHOSEN, TODAY) == []
    assert alerts.alerts(people.kam, CHOSEN, TODAY) == []


def test_missing_people_and_plan_alert_thirty_days_after_appointment(people):
    lone = AccountFactory(programme=people.programme, status="key", name="Lone")
    AccountFactory(programme=people.programme, status="candidate", name="Candidate")
    healthy(people.account)
    expected = ["Lone has neither manager nor deputy", "Lone has no approved plan"]
    expected.append("Lone was not told what being a key account means")
    assert texts(alerts.decisions(CHOSEN, TODAY)) == expected
    for days, found in ((29, []), (30, expected)):
        Account.objects.filter(pk=lone.pk).update(status_since=TODAY - days * DAY)
        assert texts(alerts.decisions(CHOSEN, TODAY)) == found


def test_missing_expectation_alerts_its_manager_thirty_days_after_appointment(people):
    """AL26, K129."""
    healthy(people.account)
    record = people.account.expectations.get()
    record.archived_at = timezone.now()
    record.save()
    text = "Birch Logistics was not told what being a key account means"
    for days, found in ((29, []), (30, [text])):
        Account.objects.update(status_since=TODAY - days * DAY)
        assert texts(alerts.alerts(people.kam, CHOSEN, TODAY)) == found
        assert texts(alerts.decisions(CHOSEN, TODAY)) == found
    Account.objects.update(status="groomed")
    assert alerts.alerts(people.kam, CHOSEN, TODAY) == []


def test_who_is_missing_is_said(people):
    team = people.account.team
    healthy(people.account)
    team.memberships.filter(role="deputy").update(valid_until=TODAY - DAY)
    (alert,) = alerts.decisions(CHOSEN, TODAY)
    assert (alert.text, alert.remedy) == ("Birch Logistics has no deputy", "Open team")
    assert alert.url == reverse("teams:detail", args=[team.pk])
    team.memberships.filter(role="kam").update(valid_until=TODAY - DAY)
    MembershipFactory(team=team, role="deputy")
    assert texts(alerts.decisions(CHOSEN, TODAY)) == ["Birch Logistics has no manager"]


def test_proposals_advice_and_late_reviews_come_in_their_order(people):
    healthy(people.account)
    late = AccountFactory(
        programme=people.programme, status="groomed", name="Late", review_due_on=TODAY - 3 * DAY
    )
    proposal = StageReviewFactory(
        account=people.account,
        status="proposed",
        proposed_by=people.kam,
        decided_stage="mid",
        recommended_stage="uncoupling",
    )
    found = alerts.decisions(CHOSEN, TODAY)
    assert texts(found) == [
        "Stage of Birch Logistics waits for confirmation",
        "Birch Logistics: uncouple, or repair?",
        "Stage review of Late is overdue",
    ]
    assert found[0].detail == "proposed: Mid"
    assert found[0].url == proposal.get_absolute_url()
    assert (found[2].account, found[2].detail) == (late, "3 days late")


def test_old_actions_and_silences_alert(people):
    healthy(people.account)
    ActionFactory(account=people.account, text="Old", due=TODAY - 31 * DAY, owner=people.kam)
    ActionFactory(account=people.account, text="Late", due=TODAY - 30 * DAY)
    ActionFactory(text="Elsewhere", due=TODAY - 99 * DAY)
    for name, over in (("Petit", 16), ("Olsen", 15)):
        ContactFactory(
            account=people.account, name=name, interval_days=30, quiet_on=TODAY - over * DAY
        )
    found = alerts.alerts(people.kam, CHOSEN, TODAY)
    assert texts(found) == ["Old", "Petit hears nothing from us"]
    assert found[0].detail == f"Birch Logistics · {people.kam} · 31 days late"
    assert [alert.remedy for alert in found] == ["Open action", "Log contact"]
    seen = alerts.alerts(people.senior, CHOSEN, TODAY)[-1]
    assert (seen.remedy, seen.in_dialog, "log-contact" in seen.url) == ("Open person", False, False)


def test_my_day_shows_alerts_of_my_accounts_alone(client, people):
    AccountFactory(programme=people.programme, status="key", name="Lone")
    client.force_login(people.kam)
    page = client.get(reverse("reviews:my_day")).content.decode()
    assert "Birch Logistics has no approved plan" in page
    assert "Lone" not in page
    healthy(people.account)
    page = client.get(reverse("reviews:my_day")).content.decode()
    assert "Nothing is wrong on your accounts." in page


def test_decisions_of_the_portfolio_are_what_the_reader_sees(client, people):
    lone = AccountFactory(programme=people.programme, status="key", name="Lone")
    AccountFactory(programme=ProgrammeFactory(), status="key", name="Foreign")
    url = reverse("reviews:decisions")
    client.force_login(people.director)
    page = client.get(reverse("reviews:portfolio")).content.decode()
    assert f"{url}?programme={people.programme.pk}" in page
    shown = client.get(url, {"programme": people.programme.pk}).content.decode()
    assert "Lone has neither manager nor deputy" in shown
    assert "Birch Logistics has no approved plan" in shown
    assert "Foreign" not in shown
    client.force_login(people.senior)
    assert "Lone" not in client.get(url).content.decode()
    rival = AccountFactory(programme=people.programme)
    rival.team = MembershipFactory(user=people.director, team__programme=people.programme).team
    rival.save()
    ConflictFactory(a=lone, b=rival, kind="ring_fence")
    client.force_login(people.director)
    assert "Lone" not in client.get(url).content.decode()
    client.force_login(people.outsider)
    assert client.get(url).status_code == 404


@pytest.mark.parametrize("count", [1, 3])
def test_decisions_query_count(client, people, count, django_assert_num_queries):
    AccountFactory.create_batch(count, programme=people.programme, status="key")
    client.force_login(people.director)
    url = reverse("reviews:decisions")
    headers = {"HX-Request": "true"}
    client.get(url, headers=headers)
    with django_assert_num_queries(
        9
    ):  # session, user, programme, setting, stars, changes, accounts …
        answer = client.get(url, headers=headers)
    assert len(answer.context["alerts"]) == min(3 * count + 2, 6)


def test_margin_and_cost_lead_to_the_accounts_behind_them(client, people):
    client.force_login(people.director)
    figures = client.get(reverse("reviews:portfolio")).context["figures"]
    for figure, column in ((figures[2], "margin"), (figures[3], "cost")):
        assert f"sort=-{column}" in figure["url"]
        listed = client.get(figure["url"])
        assert listed.status_code == 200
        assert column in listed.context["table"].names
        assert listed.context["table"].view.sorting == (column, True)


@pytest.mark.parametrize(("keys", "stars", "found"), [(4, 0, 0), (5, 0, 1), (5, 1, 0), (10, 1, 1)])
def test_one_star_in_five_key_accounts_or_an_alert(client, keys, stars, found):
    """K024: fewer than one Star per five key accounts."""
    programme = ProgrammeFactory()
    for place in range(keys):
        worth, rank = (6, 4) if place < stars else (6, 6)
        account = AccountFactory(programme=programme, status="key", status_since=TODAY)
        PositionFactory(account=account, attractiveness=worth, strength=rank)
    reader = RoleGrantFactory(auditor=True, programme=programme).user
    matters = alerts.of_programme(reader, programme, CHOSEN, TODAY)
    assert texts(matters) == found * ["Too few Stars among key accounts"]
    client.force_login(reader)
    page = client.get(reverse("reviews:decisions")).content.decode()
    assert ("Too few Stars" in page) == bool(found)
    part = alerts.of_programme(UserFactory(), programme, CHOSEN, TODAY)
    assert part == []
