"""Rows by their number in another system: one row however many ask for it at once."""

import pytest

from accounts.models import Account, Contact, ContactExternalId, Product
from kam.changes.models import Change
from teams.models import Team
from tests.concurrency import run_together
from tests.factories.accounts import AccountFactory, ContactFactory
from tests.factories.api import caller
from tests.factories.teams import (
    MembershipFactory,
    ProgrammeFactory,
    RoleGrantFactory,
    TeamFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
THREADS = 20


@pytest.fixture
def programme():
    return ProgrammeFactory()


@pytest.fixture
def client(programme):
    return caller(RoleGrantFactory(programme_manager=True, programme=programme).user)


def by_number(resource: str, system: str = "sap", value: str = "77") -> str:
    return f"/api/v1/{resource}/by-external-id/{system}/{value}/"


def body(resource: str, programme) -> dict:
    """What makes a row of the resource; an account for a person to belong to is there."""
    if resource == "contacts":
        account = Account.objects.first() or AccountFactory(programme=programme)
        return {"account": account.pk, "name": "Ida Holm"}
    named = {"code": "P-1"} if resource == "products" else {"name": "Nordic"}
    return {"programme": programme.pk, **named}


MODELS = {"accounts": Account, "contacts": Contact, "products": Product, "teams": Team}


def test_put_compares_the_version_of_the_person_in_the_same_programme(programme):
    other = AccountFactory()
    client = caller(RoleGrantFactory().user)
    client.put(by_number("contacts"), body("contacts", programme) | {"account": other.pk})
    changed = {"account": other.pk, "name": "Ida Berg"}
    assert client.put(by_number("contacts"), changed).json()["version"] == 2
    mine = {"account": AccountFactory(programme=programme).pk, "name": "Ida Holm"}
    made = client.put(by_number("contacts"), mine, headers={"If-Match": '"2"'})
    assert made.status_code == 412, made.content
    assert client.put(by_number("contacts"), mine).status_code == 201
    for version, code in (("2", 412), ("1", 200)):
        answer = client.put(
            by_number("contacts"), mine | {"name": "Ida"}, headers={"If-Match": f'"{version}"'}
        )
        assert answer.status_code == code, answer.content


@pytest.mark.parametrize("resource", MODELS)
def test_put_creates_once_and_then_updates(client, programme, resource):
    first = client.put(by_number(resource), body(resource, programme))
    assert first.status_code == 201, first.content
    assert first.json()["external_ids"] == [{"system": "sap", "id": "77"}]
    field = "code" if resource == "products" else "name"
    again = client.put(by_number(resource), body(resource, programme) | {field: "Other"})
    assert again.status_code == 200, again.content
    assert (again.json()["id"], again.json()[field]) == (first.json()["id"], "Other")
    same = client.put(by_number(resource), body(resource, programme) | {field: "Other"})
    assert (same.status_code, same["ETag"]) == (200, again["ETag"])


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("resource", MODELS)
def test_parallel_puts_make_one_row(programme, resource):
    user = RoleGrantFactory(programme_manager=True, programme=programme).user
    sent = body(resource, programme)
    before = MODELS[resource].objects.count()
    clients = [caller(user) for _ in range(THREADS)]
    calls = [lambda one=one: one.put(by_number(resource), sent) for one in clients]
    outcomes = run_together(*calls)
    assert [outcome.error for outcome in outcomes] == [None] * THREADS
    codes = sorted(outcome.value.status_code for outcome in outcomes)
    assert codes == [200] * (THREADS - 1) + [201]
    assert len({outcome.value.json()["id"] for outcome in outcomes}) == 1
    assert MODELS[resource].objects.count() == before + 1
    made = Change.objects.filter(object_type=MODELS[resource]._meta.label_lower, verb="created")
    assert made.count() == 1


@pytest.mark.parametrize("resource", MODELS)
@pytest.mark.parametrize("value", ["x" * 121, "%00", "%20"])
def test_put_refuses_numbers_that_cannot_be_kept(client, programme, resource, value):
    sent = body(resource, programme)
    before = MODELS[resource].objects.count()
    assert client.put(by_number(resource, value=value), sent).status_code == 400
    assert MODELS[resource].objects.count() == before


def test_person_stays_with_the_account(client, programme):
    first = client.put(by_number("contacts"), body("contacts", programme)).json()
    other = AccountFactory(programme=programme)
    moved = client.put(by_number("contacts"), {"account": other.pk, "name": "Ida Holm"})
    assert (moved.status_code, moved.json()["errors"][0]["code"]) == (400, "fixed")
    assert Contact.objects.get().account_id == first["account"]


def test_number_of_a_hidden_person_tells_nothing(programme):
    hidden = ContactFactory(account__programme=programme)
    ContactExternalId.objects.create(
        contact=hidden, account=hidden.account, system="sap", value="77"
    )
    team = TeamFactory(programme=programme)
    member = MembershipFactory(team=team, user=UserFactory()).user
    own = AccountFactory(programme=programme, team=team)
    response = caller(member).put(by_number("contacts"), {"account": own.pk, "name": "Ida"})
    assert response.status_code == 201
    hidden.refresh_from_db()
    assert hidden.name != "Ida"
    assert response.json()["id"] != hidden.pk


def test_who_may_not_create_gets_403_and_leaves_nothing(programme):
    reader = RoleGrantFactory(auditor=True, programme=programme).user
    for resource, model in MODELS.items():
        sent = body(resource, programme)
        before = model.objects.count()
        assert caller(reader).put(by_number(resource), sent).status_code == 403
        assert model.objects.count() == before
