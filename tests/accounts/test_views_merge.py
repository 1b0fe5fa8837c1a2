"""Pages of merges: the preview, the result, taking it back, and where the merged one leads."""

import datetime
from typing import Any

import pytest
from django.urls import reverse

from accounts import services
from accounts.models import Account, Contact, Merge, StagedAccount
from tests.factories.accounts import (
    AccountFactory,
    ConflictFactory,
    ContactFactory,
    DuplicatePairFactory,
    SiteFactory,
)
from tests.factories.api import caller
from tests.factories.imports import RunFactory
from tests.factories.teams import MembershipFactory, ProgrammeFactory, RoleGrantFactory, TeamFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def programme() -> Any:
    return ProgrammeFactory()


@pytest.fixture
def manager(programme) -> Any:
    return RoleGrantFactory(programme_manager=True, programme=programme).user


@pytest.fixture
def pair(programme) -> tuple[Account, Account]:
    return (
        AccountFactory(programme=programme, name="Birch Ltd"),
        AccountFactory(programme=programme, name="Birch", country="Norway"),
    )


def address(pair: Any) -> str:
    return reverse("accounts:merge_preview", args=[row.pk for row in pair])


def versions(pair: Any) -> dict[str, int]:
    return {"version": pair[0].version, "other_version": pair[1].version}


def test_preview_shows_fields_and_children_and_merges(client, manager, pair):
    SiteFactory.create_batch(2, account=pair[1])
    DuplicatePairFactory(account_a=pair[0], account_b=pair[1])
    client.force_login(manager)
    page = client.get(address(pair))
    assert [item.words for item in page.context["preview"].counts] == ["Sites"]
    assert b"Same name" in page.content
    assert Merge.objects.count() == 0
    response = client.post(address(pair), versions(pair) | {"f-name": "loser"}, follow=True)
    merge = Merge.objects.get()
    assert response.redirect_chain == [(merge.get_absolute_url(), 302)]
    assert Account.objects.get(pk=pair[0].pk).name == "Birch"
    assert client.get(reverse("accounts:merges")).context["rows"][0]["can_be_undone"]
    response = client.post(reverse("accounts:merge_undo", args=[merge.pk]), follow=True)
    assert b"Taken back" in response.content
    assert Account.objects.filter(merged_into=None).count() == 2


def test_fields_that_are_empty_on_both_stand_in_one_line(client, manager, pair):
    client.force_login(manager)
    page = client.get(address(pair))
    blank = page.context["blank"]
    assert {"Website", "Industry"} <= set(blank)
    assert not set(blank) & {item["choice"].label for item in page.context["choices"]}
    assert f"Empty on both: {', '.join(blank)}" in page.content.decode()


def test_fields_that_are_the_same_on_both_stand_in_one_line(client, manager, pair):
    Account.objects.update(country="Peru")
    client.force_login(manager)
    page = client.get(address(pair))
    assert [choice.label for choice in page.context["alike"]] == ["Status", "Country"]
    assert "The same on both: Status Candidate; Country Peru" in page.content.decode()
    assert [item["choice"].label for item in page.context["choices"]] == ["Name"]


def test_ticks_are_shown_where_they_are_set(client, manager, pair):
    Account.objects.filter(pk=pair[0].pk).update(decision_level=True)
    client.force_login(manager)
    choices = {
        row["choice"].name: row["choice"] for row in client.get(address(pair)).context["choices"]
    }
    tick = choices["decision_level"]
    assert (tick.survivor, tick.loser, tick.chosen) == ("yes", "", "survivor")


def test_days_and_figures_that_are_chosen_together_are_named(client, manager, pair):
    day = datetime.date(2026, 5, 2)
    known = {"stage": "mid", "stage_since": day, "relationship_index": "41.7"}
    Account.objects.filter(pk=pair[1].pk).update(**known)
    client.force_login(manager)
    page = client.get(address(pair)).content.decode()
    assert "Mid · stage since 2 May 2026 · relationship index 41.7" in page


def test_preview_refuses_what_the_service_refuses(client, manager, pair):
    ConflictFactory(a=pair[0], b=pair[1])
    client.force_login(manager)
    page = client.get(address(pair))
    assert b"stands between them" in page.content
    assert client.post(address(pair), versions(pair)).status_code == 422
    assert Merge.objects.count() == 0


def test_stale_preview_asks_to_look_again(client, manager, pair):
    client.force_login(manager)
    seen = versions(pair)
    services.update_account(
        actor=manager, account=pair[1], expected_version=None, changes={"country": "Sweden"}
    )
    response = client.post(address(pair), seen)
    assert response.status_code == 409
    assert response.context["versions"] == (1, 2)
    assert b"Sweden" in response.content
    assert Merge.objects.count() == 0


def test_preview_is_for_who_decides(client, programme, pair):
    team = TeamFactory(programme=programme)
    user = MembershipFactory(team=team, role="kam").user
    client.force_login(user)
    assert client.get(address(pair)).status_code == 404
    Account.objects.update(team=team)
    assert client.get(address(pair)).status_code == 403
    assert client.post(address(pair), versions(pair)).status_code == 403


def test_page_of_the_merged_leads_to_the_survivor(client, programme, manager, pair):
    team = TeamFactory(programme=programme)
    Account.objects.filter(pk=pair[0].pk).update(team=team)
    rows = [Account.objects.get(pk=row.pk) for row in pair]
    services.merge_accounts(actor=manager, survivor=rows[0], loser=rows[1])
    client.force_login(MembershipFactory(team=team, role="kam").user)
    for name in ("detail", "profile", "people", "history", "figures"):
        response = client.get(reverse(f"accounts:{name}", args=[pair[1].pk]))
        assert response.url == reverse(f"accounts:{name}", args=[pair[0].pk])
    client.force_login(MembershipFactory(team=TeamFactory(programme=programme)).user)
    assert client.get(pair[1].get_absolute_url()).status_code == 404


def test_merged_stays_in_sight_of_the_team_that_takes_over(client, programme, manager, pair):
    merge = services.merge_accounts(actor=manager, survivor=pair[0], loser=pair[1])
    team = TeamFactory(programme=programme)
    services.assign_team(
        actor=manager,
        account=Account.objects.get(pk=pair[0].pk),
        team=team,
        expected_version=None,
    )
    client.force_login(MembershipFactory(team=team, role="kam").user)
    assert client.get(pair[1].get_absolute_url()).status_code == 302
    services.undo_merge(actor=manager, merge=merge)
    assert client.get(pair[1].get_absolute_url()).status_code == 404


def test_people_are_merged_on_their_page(client, manager, pair):
    people = ContactFactory.create_batch(2, account=pair[0], name="Anna Smith")
    client.force_login(manager)
    url = reverse("accounts:contact_merge", args=[person.pk for person in people])
    assert client.get(url).status_code == 200
    client.post(url, versions(people))
    assert Contact.objects.get(pk=people[1].pk).merged_into == people[0]
    response = client.get(people[1].get_absolute_url())
    assert response.url == people[0].get_absolute_url()


def test_other_account_is_picked(client, manager, pair):
    client.force_login(manager)
    url = reverse("accounts:merge_pick", args=[pair[0].pk])
    response = client.post(url, {"other": f"Birch ({pair[1].pk})"})
    assert response.url == address(pair)
    assert client.post(url, {"other": f"Birch Ltd ({pair[0].pk})"}).status_code == 422


def test_new_account_that_looks_like_another_is_asked_about(client, manager, programme, pair):
    client.force_login(manager)
    url = reverse("accounts:create")
    body = {"programme": programme.pk, "name": "BIRCH Limited", "country": "Norway"}
    response = client.post(url, body)
    assert response.status_code == 422
    assert b"Is it one of these?" in response.content
    assert Account.objects.count() == 2
    assert client.post(url, body | {"anyway": "on"}).status_code == 302
    assert Account.objects.count() == 3


def test_api_previews_merges_and_takes_back(manager, pair):
    api = caller(manager)
    SiteFactory(account=pair[1])
    body = {"kind": "account", "survivor": pair[0].pk, "loser": pair[1].pk}
    shown = api.post("/api/v1/merges/", body | {"dry_run": True}, format="json")
    assert shown.status_code == 200
    assert shown.json()["refusals"] == []
    assert shown.json()["counts"] == [
        {"relation": "accounts.Site.account", "words": "Sites", "rows": 1}
    ]
    assert Merge.objects.count() == 0
    stale = api.post("/api/v1/merges/", body | {"loser_version": 7}, format="json")
    assert stale.status_code == 412
    made = api.post("/api/v1/merges/", body | {"choices": {"name": "loser"}}, format="json")
    assert (made.status_code, made.json()["taken"]) == (201, ["name", "country"])
    loser = api.get(f"/api/v1/accounts/{pair[1].pk}/")
    assert loser.json()["merged_into"] == pair[0].pk
    url = f"/api/v1/accounts/{pair[1].pk}/"
    refused = api.patch(
        url, {"country": "Peru"}, format="json", headers={"If-Match": loser["ETag"]}
    )
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (409, "merged")
    undone = api.post(f"/api/v1/merges/{made.json()['id']}/undo/")
    assert undone.status_code == 200
    assert Account.objects.filter(merged_into=None).count() == 2


def test_api_tells_what_only_trying_shows(manager, programme, pair):
    rival = AccountFactory(programme=programme, status="key")
    ConflictFactory(a=pair[1], b=rival, kind="exclusive")
    Account.objects.filter(pk=pair[0].pk).update(status="key")
    body = {"kind": "account", "survivor": pair[0].pk, "loser": pair[1].pk, "dry_run": True}
    shown = caller(manager).post("/api/v1/merges/", body, format="json")
    assert len(shown.json()["refusals"]) == 1
    assert Merge.objects.count() == 0


def test_lists_are_handed_out_as_files(client, manager, pair):
    DuplicatePairFactory(account_a=pair[0], account_b=pair[1])
    client.force_login(manager)
    file = client.get(reverse("accounts:duplicates"), {"export": "csv"})
    assert b"Birch Ltd" in b"".join(file)
    services.merge_accounts(actor=manager, survivor=pair[0], loser=pair[1])
    file = client.get(reverse("accounts:merges"), {"export": "csv"})
    assert f",{pair[0].pk},Birch Ltd,{pair[1].pk},Birch," in b"".join(file).decode()


def test_pairs_of_an_import_are_shown_to_who_may_see_it(client):
    programme, team = ProgrammeFactory(), TeamFactory()
    sides = [AccountFactory(programme=programme, team=team) for _ in range(2)]
    DuplicatePairFactory(account_a=sides[0], account_b=sides[1])
    run = RunFactory(scope=programme)
    StagedAccount.objects.create(run=run, account=sides[0], row=1, created=True)
    member = MembershipFactory(team=team, role="member").user
    manager = RoleGrantFactory(programme_manager=True, programme=programme).user
    for user, number, shown in (
        (manager, run.pk, 1),
        (member, run.pk, 0),
        (manager, 10**30, 0),
    ):
        client.force_login(user)
        answer = client.get(reverse("accounts:duplicates"), {"run": number})
        assert len(answer.context["rows"]) == shown
