"""What hangs on an archived account stays as it is until that is restored, by page and REST."""

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone

from accounts.models import Account
from accounts.services import expectation as expectations
from accounts.services import profile as known
from accounts.services import qualification as qualifications
from kam.access.dates import business_today
from tests.factories.accounts import AccountFactory, ExpectationFactory, QualificationFactory
from tests.factories.profiles import PreferredBenefitFactory
from tests.factories.teams import MembershipFactory, RoleGrantFactory, TeamFactory

pytestmark = pytest.mark.django_db
WORDS = "The account is archived: restore it first."


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


def close(account):
    Account.objects.filter(pk=account.pk).update(archived_at=timezone.now())
    account.refresh_from_db()


def test_services_refuse_every_change(account, kam, director):
    told = ExpectationFactory(account=account)
    gone = ExpectationFactory(account=account, archived_at=timezone.now())
    looked = QualificationFactory(account=account)
    benefit = PreferredBenefitFactory(account=account)
    close(account)
    change = {"actor": kam, "expected_version": 1}
    writes = [
        lambda: expectations.update_expectation(
            expectation=told, changes={"told": "Else"}, **change
        ),
        lambda: expectations.archive_expectation(actor=kam, expectation=told),
        lambda: expectations.restore_expectation(actor=kam, expectation=gone),
        lambda: qualifications.update_qualification(
            qualification=looked, changes={"spent": 5}, **change
        ),
        lambda: qualifications.archive_qualification(actor=kam, qualification=looked),
        lambda: qualifications.decide_qualification(
            actor=director, qualification=looked, verdict="go", reason="Now."
        ),
        lambda: known.update_benefit(benefit=benefit, changes={"text": "Else"}, **change),
        lambda: known.archive_benefit(actor=kam, benefit=benefit),
    ]
    for write in writes:
        with pytest.raises(ValidationError) as caught:
            write()
        assert caught.value.message_dict == {"account": [WORDS]}
    for row in (told, gone, looked, benefit):
        row.refresh_from_db()
        assert row.version == 1
    assert (looked.verdict, looked.is_archived, told.is_archived) == ("", False, False)


def test_rest_says_archived(client, account, kam, director):
    told, looked = ExpectationFactory(account=account), QualificationFactory(account=account)
    close(account)
    client.force_login(director)
    json = {"content_type": "application/json"}
    head = {"headers": {"If-Match": '"1"'}}
    day = business_today().isoformat()
    asked = [
        client.patch(f"/api/v1/expectations/{told.pk}/", {"agreed_on": day}, **json, **head),
        client.delete(f"/api/v1/expectations/{told.pk}/", **head),
        client.patch(f"/api/v1/qualifications/{looked.pk}/", {"spent": "5"}, **json, **head),
        client.post(
            f"/api/v1/qualifications/{looked.pk}/decide/",
            {"verdict": "go", "reason": "Now."},
            **json,
            **head,
        ),
    ]
    for answer in asked:
        assert answer.status_code == 400
        errors = [(item["pointer"], item["code"]) for item in answer.json()["errors"]]
        assert errors == [("/account", "archived")]


def test_pages_offer_no_button_and_say_why(client, account, kam, director):
    told, looked = ExpectationFactory(account=account), QualificationFactory(account=account)
    names = ("expectation_edit", "expectation_archive")
    offered = [reverse(f"accounts:{name}", args=[told.pk]) for name in names]
    names = ("qualification_edit", "qualification_decide", "qualification_archive")
    offered += [reverse(f"accounts:{name}", args=[looked.pk]) for name in names]
    profile = reverse("accounts:profile", args=[account.pk])
    everything = reverse("accounts:qualifications")
    client.force_login(director)
    page = client.get(profile).content.decode()
    assert [url for url in offered if url not in page] == []
    close(account)
    page = client.get(profile).content.decode() + client.get(everything).content.decode()
    assert [url for url in offered if url in page] == []
    body = {"told": "Else", "told_on": "2026-05-01", "version": 1}
    refused = client.post(offered[0], body)
    assert refused.status_code == 422
    assert WORDS in refused.content.decode()
    body = {
        "started_on": looked.started_on.isoformat(),
        "deadline": looked.deadline.isoformat(),
        "cap": "10000",
        "spent": "5",
        "currency": looked.currency,
        "version": 1,
    }
    refused = client.post(offered[2], body)
    assert refused.status_code == 422
    assert WORDS in refused.content.decode()
    refused = client.post(offered[3], {"verdict": "go", "reason": "Now.", "version": 1})
    assert refused.status_code == 422
    assert WORDS in refused.content.decode()
