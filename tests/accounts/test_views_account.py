"""The list and the page of an account: who sees what, in how many queries."""

import pytest
from django.urls import reverse

from tests.factories.accounts import (
    AccountFactory,
    ActivityCostFactory,
    ContactFactory,
    ExternalIdFactory,
    InteractionFactory,
    MonthTotalFactory,
    SiteFactory,
)
from tests.factories.teams import (
    MembershipFactory,
    ProgrammeFactory,
    RoleGrantFactory,
    TeamFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def programme():
    return ProgrammeFactory()


@pytest.fixture
def manager(programme, client):
    """A programme manager, signed in."""
    user = RoleGrantFactory(programme_manager=True, programme=programme).user
    client.force_login(user)
    return user


@pytest.fixture
def kam(programme, client):
    """Somebody who manages one account, signed in; `kam.account` is that account."""
    team = TeamFactory(programme=programme)
    user = MembershipFactory(team=team).user
    user.account = AccountFactory(programme=programme, team=team, name="Birch Logistics")
    client.force_login(user)
    return user


def names(response) -> list[str]:
    return [account.name for account in response.context["rows"]]


def test_list_leaves_archived_accounts_out_unless_asked(client, manager, programme):
    active = AccountFactory(programme=programme, name="Birch", country="GB")
    gone = AccountFactory(
        programme=programme, name="Elm", country="GB", archived_at=active.created_at
    )
    url, form = reverse("accounts:list"), {"search": "", "country": "GB", "archived": ""}
    assert names(client.get(url, form)) == [active.name]  # as the form sends what is left open
    assert names(client.get(url, form | {"archived": "true"})) == [gone.name]


PARTS = ("detail", "profile", "people", "history")


@pytest.mark.parametrize("count", [1, 3])
def test_account_list_query_count(client, manager, programme, count, django_assert_max_num_queries):
    parent = AccountFactory(programme=programme, name="Top")
    for _place in range(count):
        team = TeamFactory(programme=programme)
        MembershipFactory(team=team)
        account = AccountFactory(programme=programme, parent=parent, team=team)
        MonthTotalFactory(account=account)
        ActivityCostFactory(account=account)
        ExternalIdFactory(account=account)
    query = {"sort": "-revenue", "columns": ["parent", "manager", "revenue", "contribution"]}
    with django_assert_max_num_queries(8):
        part = client.get(reverse("accounts:list"), query, headers={"HX-Request": "true"})
    assert b"<html" not in part.content
    with django_assert_max_num_queries(8):
        response = client.get(reverse("accounts:list"), query)
    assert response.status_code == 200
    assert len(names(response)) == count + 1


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("count", [1, 3])
def test_account_part_query_count(
    client, kam, part, count, django_assert_max_num_queries, programme
):
    account = kam.account
    top = AccountFactory(programme=programme, team=account.team)
    account.parent = top
    account.path = f"{top.path}{account.pk}/"
    account.root = top
    account.save()
    for _place in range(count):
        person = ContactFactory(account=account)
        InteractionFactory(account=account, contacts=[person], user=kam)
        SiteFactory(account=account)
        ExternalIdFactory(account=account)
        AccountFactory(parent=account, team=account.team)
        MembershipFactory(team=account.team, role="member")
    with django_assert_max_num_queries(25 if part == "detail" else 12):
        response = client.get(reverse(f"accounts:{part}", args=[account.pk]))
    assert response.status_code == 200


@pytest.mark.parametrize(
    "name",
    [
        "create",
        "groups",
        "filter",
        "log_contact",
        "conflicts",
        "conflict_create",
        "products",
        "product_create",
        "line_create",
    ],
)
def test_pages_without_key_open(client, manager, programme, name):
    AccountFactory(parent=AccountFactory(programme=programme))
    response = client.get(reverse(f"accounts:{name}"))
    assert response.status_code == 200


@pytest.mark.parametrize(
    "name", ["edit", "status", "team", "log_contact_with", "contact_create", "site_create"]
)
def test_forms_of_account_open(client, manager, programme, name):
    account = AccountFactory(parent=AccountFactory(programme=programme))
    ContactFactory(account=account)
    response = client.get(reverse(f"accounts:{name}", args=[account.pk]))
    assert response.status_code == 200


@pytest.mark.parametrize("name", ["list", "groups"])
def test_lists_name_a_currency_or_no_money(client, kam, name):
    url = reverse(f"accounts:{name}")
    assert "in k GBP" in client.get(url).content.decode()
    client.force_login(UserFactory())
    assert "in k" not in client.get(url).content.decode()


def test_file_of_the_list_follows_what_is_held_at_the_moment(client, kam):
    """Its SQL is kept from one call to the next, what may be seen is not."""

    def lines() -> list[str]:
        answer = client.get(reverse("accounts:list"), {"export": "csv"})
        return b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()[1:]

    assert len(lines()) == 1
    second = AccountFactory(programme=kam.account.programme, team=kam.account.team, name="Cedar")
    assert ["Birch" in lines()[0], "Cedar" in lines()[1]] == [True, True]
    second.team.memberships.all().delete()
    assert lines() == []
