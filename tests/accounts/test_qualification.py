"""Candidates that are looked into with a deadline and a cap (K063; handbook 2.3)."""

import datetime
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.urls import reverse

from accounts.models import Qualification
from accounts.selection.gathering import gather
from accounts.services import qualification as services
from kam.access.dates import business_today
from tests.factories.accounts import AccountFactory, QualificationFactory, SelectionFactory
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


@pytest.fixture
def programme():
    return ProgrammeFactory()


@pytest.fixture
def director(programme):
    return RoleGrantFactory(programme_manager=True, programme=programme).user


@pytest.fixture
def account(programme):
    return AccountFactory(
        programme=programme, name="Juniper Labs", team=TeamFactory(programme=programme)
    )


@pytest.fixture
def manager(account):
    return MembershipFactory(team=account.team, role="kam").user


def late(account, **values):
    """One whose deadline was yesterday."""
    return QualificationFactory(
        account=account, started_on=TODAY - 30 * DAY, deadline=TODAY - DAY, **values
    )


@pytest.mark.parametrize(
    ("days", "spent", "due"),
    [(1, 0, False), (0, 10_000, False), (-1, 0, True), (1, Decimal("10000.01"), True)],
)
def test_deadline_and_cap_force_a_decision_only_once_they_are_passed(account, days, spent, due):
    row = QualificationFactory(
        account=account, started_on=TODAY - 30 * DAY, deadline=TODAY + days * DAY, spent=spent
    )
    assert row.is_due(TODAY) == due
    assert list(Qualification.objects.due(TODAY)) == ([row] if due else [])


def test_passed_limits_take_spending_and_nothing_else_until_somebody_decides(account, manager):
    row = late(account, spent=100)

    def change(**changes):
        return services.update_qualification(
            actor=manager, qualification=row, expected_version=None, changes=changes
        )

    for changes in ({"deadline": TODAY + DAY}, {"cap": Decimal(20_000)}, {"spent": Decimal(50)}):
        with pytest.raises(ValidationError, match="decide first"):
            change(**changes)
    with pytest.raises(ValidationError, match="decide first"):
        services.archive_qualification(actor=manager, qualification=row)
    assert change(spent=Decimal(150)).spent == 150


def test_decision_has_who_when_why_and_stands(account, manager, director):
    row = late(account)
    wanted = {"qualification": row, "verdict": "no_go", "reason": "Buys on price alone."}
    with pytest.raises(PermissionDenied):
        services.decide_qualification(actor=manager, **wanted)
    for bad in ({"reason": " "}, {"verdict": "perhaps"}):
        with pytest.raises(ValidationError):
            services.decide_qualification(actor=director, **wanted | bad)
    row = services.decide_qualification(actor=director, **wanted)
    assert (row.verdict, row.decided_by, row.decided_on) == ("no_go", director, TODAY)
    assert not row.is_due(TODAY)
    with pytest.raises(ValidationError, match="decided already"):
        services.decide_qualification(actor=director, **wanted)
    with pytest.raises(ValidationError, match="start another"):
        services.update_qualification(
            actor=manager, qualification=row, expected_version=None, changes={"spent": Decimal(1)}
        )


def test_one_is_open_at_a_time_for_at_most_a_year_and_not_for_key_accounts(account, manager):
    values = {"deadline": TODAY + 367 * DAY, "cap": Decimal(5), "started_on": TODAY}
    with pytest.raises(ValidationError, match="Twelve months"):
        services.start_qualification(actor=manager, account=account, changes=values)
    values["deadline"] = TODAY + 366 * DAY
    row = services.start_qualification(actor=manager, account=account, changes=values)
    assert (row.currency, row.spent) == (account.programme.currency, 0)
    with pytest.raises(ValidationError, match="being qualified already"):
        services.start_qualification(actor=manager, account=account, changes=values)
    account.status = "key"
    account.save()
    with pytest.raises(ValidationError, match="key account already"):
        services.start_qualification(actor=manager, account=account, changes=values)


def test_runs_weigh_nobody_who_waits_or_was_refused(account, director, programme):
    run = SelectionFactory(programme=programme)
    row = late(account)

    def unready():
        return [item.code for item in gather(run, director).unready]

    assert unready() == ["undecided"]
    services.decide_qualification(actor=director, qualification=row, verdict="no_go", reason="No.")
    assert unready() == ["no_go"]
    QualificationFactory(account=account)
    assert unready() == ["unscored"]
    Qualification.objects.update(verdict="no_go", decided_on=TODAY)
    account.status = "key"
    account.save()
    assert unready() == ["unscored"]


def test_pages_start_change_decide_and_list(client, account, manager, director):
    client.force_login(manager)
    profile = reverse("accounts:profile", args=[account.pk])
    create = reverse("accounts:qualification_create", args=[account.pk])
    assert create in client.get(profile).content.decode()
    body = {
        "deadline": TODAY + 30 * DAY,
        "cap": "5,000",
        "started_on": TODAY,
        "currency": "GBP",
    }
    assert client.post(create, body | {"deadline": TODAY - DAY}).status_code == 422
    assert client.post(create, body).status_code == 302
    row = account.qualifications.get()
    assert (row.cap, row.spent) == (5000, 0)
    edit = reverse("accounts:qualification_edit", args=[row.pk])
    assert client.post(edit, body | {"spent": "5,001", "version": row.version}).status_code == 302
    decide = reverse("accounts:qualification_decide", args=[row.pk])
    day = client.get(reverse("reviews:my_day")).content.decode()
    assert "Go or no-go: Juniper Labs" in day
    assert decide not in day
    assert client.get(decide).status_code == 403
    client.force_login(director)
    assert decide in client.get(reverse("reviews:my_day")).content.decode()
    assert "Go or no-go: Juniper Labs" in client.get(reverse("reviews:decisions")).content.decode()
    assert "decision due" in client.get(reverse("accounts:qualifications")).content.decode()
    assert client.post(decide, {"verdict": "go"}).status_code == 422
    assert client.post(decide, {"verdict": "go", "reason": "A pilot runs."}).status_code == 302
    assert "A pilot runs." in client.get(reverse("accounts:qualifications")).content.decode()
    assert "Juniper Labs" not in client.get(reverse("reviews:decisions")).content.decode()


def test_rest_decides_and_finds_what_is_due(account, director):
    row = late(account)
    api = caller(director)
    found = api.get("/api/v1/qualifications/", {"due": "true"}).json()["results"]
    assert [(item["id"], item["due"]) for item in found] == [(row.pk, True)]
    url = f"/api/v1/qualifications/{row.pk}/decide/"
    assert api.post(url, {"verdict": "go"}).status_code == 400
    decided = api.post(url, {"verdict": "go", "reason": "They trade."}).json()
    assert (decided["verdict"], decided["due"]) == ("go", False)
    assert api.get("/api/v1/qualifications/", {"due": "true"}).json()["results"] == []
