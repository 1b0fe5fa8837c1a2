"""The customers over REST: shapes, rights, and the same refusals as the pages."""

import pytest

from accounts.models import Account, Contact, ExternalId, Interaction
from kam.access.dates import business_today
from kam.changes.models import Change
from tests.factories.accounts import (
    AccountFactory,
    ConflictExceptionFactory,
    ConflictFactory,
    ContactFactory,
    ExternalIdFactory,
    InteractionFactory,
    MonthTotalFactory,
    ProductFactory,
    ProductLineFactory,
    SiteFactory,
)
from tests.factories.api import caller
from tests.factories.teams import (
    BusinessUnitFactory,
    MembershipFactory,
    ProgrammeFactory,
    RoleGrantFactory,
    TeamFactory,
)

pytestmark = pytest.mark.django_db
ACCOUNTS = "/api/v1/accounts/"


@pytest.fixture
def programme():
    return ProgrammeFactory()


@pytest.fixture
def manager(programme):
    """A client with a token of the programme manager."""
    return caller(RoleGrantFactory(programme_manager=True, programme=programme).user)


@pytest.fixture
def birch(programme):
    """An account with a team."""
    return AccountFactory(
        programme=programme, name="Birch Logistics", team=TeamFactory(programme=programme)
    )


@pytest.fixture
def kam(birch):
    """A client with a token of the manager of `birch`."""
    return caller(MembershipFactory(team=birch.team).user)


def test_account_shape(manager, birch):
    ExternalIdFactory(account=birch, system="erp", value="100482")
    body = manager.get(f"{ACCOUNTS}{birch.pk}/").json()
    asked = {
        "id": birch.pk,
        "name": "Birch Logistics",
        "parent": None,
        "status": "candidate",
        "stage": None,
        "target_stage": None,
        "programme": birch.programme_id,
        "business_unit": None,
        "team": birch.team_id,
        "country": "",
        "industry": "",
        "currency": "",
        "external_ids": [{"system": "erp", "id": "100482"}],
    }
    assert {name: body[name] for name in asked} == asked
    assert "updated_at" in body


def test_account_is_created_by_manager_alone(manager, kam, programme, birch):
    body = {
        "name": "Cedar",
        "programme": programme.pk,
        "parent": birch.pk,
        "external_ids": [{"system": "crm", "id": "7"}],
    }
    assert kam.post(ACCOUNTS, body).status_code == 403
    answer = manager.post(ACCOUNTS, body)
    assert answer.status_code == 201
    created = Account.objects.get(pk=answer.json()["id"])
    assert (created.path, created.root) == (f"{birch.path}{created.pk}/", birch)
    assert answer["ETag"] == f'"{created.version}"'


def test_account_needs_name_and_programme(manager):
    answer = manager.post(ACCOUNTS, {})
    assert answer.status_code == 400
    assert {item["pointer"] for item in answer.json()["errors"]} == {"/name", "/programme"}


def test_account_update_needs_version_and_right(kam, birch, programme):
    url = f"{ACCOUNTS}{birch.pk}/"
    assert kam.patch(url, {"country": "DK"}).status_code == 428
    assert kam.patch(url, {"country": "DK"}, HTTP_IF_MATCH='"1"').status_code == 200
    stale = kam.patch(url, {"country": "SE"}, HTTP_IF_MATCH='"1"')
    assert stale.status_code == 412
    other = AccountFactory(programme=programme, team=birch.team)
    moved = kam.patch(url, {"parent": other.pk}, HTTP_IF_MATCH='"2"')
    assert moved.status_code == 403
    birch.refresh_from_db()
    assert (birch.country, birch.parent) == ("DK", None)


def test_invisible_parent_reads_as_none_and_stays(kam, birch, programme):
    hidden = AccountFactory(programme=programme, name="Hidden holding")
    Account.objects.filter(pk=birch.pk).update(
        parent=hidden, path=f"{hidden.path}{birch.pk}/", root=hidden
    )
    url = f"{ACCOUNTS}{birch.pk}/"
    assert kam.get(url).json()["parent"] is None
    answer = kam.patch(url, {"parent": None, "country": "DK"}, HTTP_IF_MATCH='"1"')
    assert answer.status_code == 200
    birch.refresh_from_db()
    assert (birch.parent, birch.country) == (hidden, "DK")
    assert kam.get(ACCOUNTS, {"parent": hidden.pk}).json()["results"] == []
    assert kam.get(ACCOUNTS, {"group": hidden.pk}).json()["results"] == []


def test_account_put_by_external_id_creates_then_updates(manager, programme):
    url = f"{ACCOUNTS}by-external-id/erp/100482/"
    first = manager.put(url, {"name": "Birch", "programme": programme.pk})
    assert first.status_code == 201, first.json()
    again = manager.put(url, {"name": "Birch Logistics", "programme": programme.pk})
    assert again.status_code == 200
    assert again.json()["id"] == first.json()["id"]
    assert again.json()["external_ids"] == [{"system": "erp", "id": "100482"}]
    assert Account.objects.get().name == "Birch Logistics"


def test_account_put_by_external_id_tells_nothing_of_hidden(kam, programme):
    hidden = ExternalIdFactory(account__programme=programme, system="erp", value="1")
    body = {"name": "Taken over", "programme": programme.pk}
    known = kam.put(f"{ACCOUNTS}by-external-id/erp/1/", body)
    unknown = kam.put(f"{ACCOUNTS}by-external-id/erp/2/", body)
    assert known.status_code == unknown.status_code == 403
    assert known.json() | {"instance": ""} == unknown.json() | {"instance": ""}
    hidden.account.refresh_from_db()
    assert hidden.account.name != "Taken over"
    assert ExternalId.objects.count() == 1


def test_account_status_decision(manager, kam, birch):
    url = f"{ACCOUNTS}{birch.pk}/status/"
    body = {"status": "key", "reason": "Opens the rail market.", "rationale_types": ["access"]}
    assert kam.post(url, body).status_code == 403
    assert manager.post(url, {"status": "key"}).status_code == 400
    assert manager.post(url, body).json()["status"] == "key"
    steps = kam.get("/api/v1/status-changes/", {"account": birch.pk}).json()["results"]
    assert [(row["from_status"], row["to_status"], row["reason"]) for row in steps] == [
        ("candidate", "key", "Opens the rail market.")
    ]
    made = kam.get("/api/v1/decisions/", {"account": birch.pk}).json()["results"]
    assert [(row["action"], row["reason"], row["rationale_types"]) for row in made] == [
        ("appoint", "Opens the rail market.", ["access"])
    ]


@pytest.mark.parametrize(
    ("body", "missing"),
    [
        ({"status": "key", "rationale_types": ["access"]}, ["/manager"]),
        ({"status": "groomed"}, ["/trigger", "/review_on"]),
        ({"status": "maintained"}, ["/service_model"]),
        ({"status": "diplomatic"}, ["/message", "/answer"]),
        ({"action": "review", "reason": ""}, ["/reason"]),
        ({"action": "review", "status": "exited"}, ["/status"]),
        ({}, ["/status"]),
    ],
)
def test_account_status_asks_for_what_a_decision_needs(manager, programme, body, missing):
    """K004, K048-K050: by whatever way it is decided."""
    account = AccountFactory(programme=programme)
    answer = manager.post(f"{ACCOUNTS}{account.pk}/status/", {"reason": "Because.", **body})
    assert answer.status_code == 400
    assert [error["pointer"] for error in answer.json()["errors"]] == missing
    account.refresh_from_db()
    assert (account.status, account.decisions.count()) == ("candidate", 0)


def test_account_is_considered_anew(manager, programme):
    account = AccountFactory(programme=programme, status="exited")
    url = f"{ACCOUNTS}{account.pk}/status/"
    body = {"status": "candidate", "reason": "New owner."}
    assert manager.post(url, body, headers={"If-Match": '"99"'}).status_code == 412
    assert manager.post(url, body).json()["status"] == "candidate"
    assert account.decisions.get().action == "consider"


def test_what_is_searched_comes_by_id_unless_ordered(manager, programme):
    found = [
        AccountFactory(programme=programme, name="Zebra Labels").pk,
        AccountFactory(programme=programme, name="Alder Labels").pk,
        ExternalIdFactory(
            account=AccountFactory(programme=programme, name="Birch"), value="LABELS-7"
        ).account_id,
    ]
    AccountFactory(programme=programme, name="Cedar")
    pages = [manager.get(ACCOUNTS, {"search": "labels", "page_size": 2}).json()]
    pages.append(manager.get(pages[0]["next"]).json())
    assert [row["id"] for page in pages for row in page["results"]] == found
    named = manager.get(ACCOUNTS, {"search": "labels", "ordering": "name"}).json()["results"]
    assert [row["id"] for row in named] == [found[1], found[2], found[0]]


def test_account_filters_and_search(manager, programme, birch):
    ExternalIdFactory(account=birch, value="100482")
    AccountFactory(programme=programme, name="Elm Retail", country="Sweden", status="key")
    found = [
        ({"search": "logist"}, ["Birch Logistics"]),
        ({"search": "1004"}, ["Birch Logistics"]),
        ({"search": "00482"}, []),
        ({"status": "key"}, ["Elm Retail"]),
        ({"country": "sweden"}, ["Elm Retail"]),
        ({"team": birch.team_id}, ["Birch Logistics"]),
        ({"ordering": "-name"}, ["Elm Retail", "Birch Logistics"]),
        ({"stage": "none", "status": "candidate"}, ["Birch Logistics"]),
        ({"external_system": "erp"}, ["Birch Logistics"]),
        ({"archived": "true"}, []),
    ]
    for query, names in found:
        rows = manager.get(ACCOUNTS, query).json()["results"]
        assert (query, [row["name"] for row in rows]) == (query, names)
    assert manager.get(ACCOUNTS, {"colour": "red"}).status_code == 400


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize(
    "resource", ["accounts", "sites", "contacts", "interactions", "conflicts", "products"]
)
def test_list_query_count(manager, programme, resource, count, django_assert_max_num_queries):
    parent = AccountFactory(programme=programme)
    for _place in range(count):
        account = AccountFactory(parent=parent, team=TeamFactory(programme=programme))
        MembershipFactory(team=account.team)
        ExternalIdFactory(account=account)
        SiteFactory(account=account)
        person = ContactFactory(account=account)
        InteractionFactory(account=account, contacts=[person])
        ConflictFactory(a=account, b=AccountFactory(programme=programme))
        ProductFactory(programme=programme, line=ProductLineFactory(programme=programme))
    manager.get(f"/api/v1/{resource}/")
    with django_assert_max_num_queries(8) as captured:
        answer = manager.get(f"/api/v1/{resource}/")
    assert len(answer.json()["results"]) >= count
    assert len(captured.captured_queries) <= 6


def test_contact_and_interaction_round(kam, birch):
    person = kam.post(
        "/api/v1/contacts/",
        {"account": birch.pk, "name": "Laure Petit", "buying_roles": ["decider"], "influence": 5},
    )
    assert person.status_code == 201, person.json()
    talk = kam.post(
        "/api/v1/interactions/",
        {
            "account": birch.pk,
            "kind": "call",
            "text": "Price is fine.",
            "contacts": [person.json()["id"]],
        },
    )
    assert talk.status_code == 201, talk.json()
    today = business_today()
    assert talk.json()["happened_on"] == today.isoformat()
    assert Contact.objects.get().last_talked_on == today
    gone = kam.delete(f"/api/v1/interactions/{talk.json()['id']}/", HTTP_IF_MATCH='"1"')
    assert gone.status_code == 204
    assert Contact.objects.get().last_talked_on is None
    assert Interaction.objects.get().is_archived


@pytest.mark.parametrize(
    ("resource", "body"),
    [
        ("contacts", {"name": "X", "influence": 6}),
        ("contacts", {"name": "X", "buying_roles": ["king"]}),
        ("contacts", {"name": ""}),
        ("interactions", {"text": "x", "happened_on": "2999-01-01"}),
        ("interactions", {"text": ""}),
    ],
)
def test_bad_values_are_refused(kam, birch, resource, body):
    answer = kam.post(f"/api/v1/{resource}/", {"account": birch.pk, **body})
    assert answer.status_code == 400
    assert (Contact.objects.count(), Interaction.objects.count()) == (0, 0)


def test_row_does_not_change_its_account(kam, birch, programme):
    other = AccountFactory(programme=programme, team=birch.team)
    person = ContactFactory(account=birch)
    url = f"/api/v1/contacts/{person.pk}/"
    answer = kam.patch(url, {"account": other.pk}, HTTP_IF_MATCH='"1"')
    assert answer.status_code == 400
    person.refresh_from_db()
    assert person.account == birch


def test_conflict_is_recorded_and_ended(manager, kam, birch, programme):
    other = AccountFactory(programme=programme)
    body = {"a": other.pk, "b": birch.pk, "kind": "ring_fence"}
    assert kam.post("/api/v1/conflicts/", body).status_code == 400  # cannot see `other`
    made = manager.post("/api/v1/conflicts/", body)
    assert made.status_code == 201, made.json()
    assert kam.get(f"/api/v1/conflicts/{made.json()['id']}/").status_code == 404
    url = f"/api/v1/conflicts/{made.json()['id']}/"
    ended = manager.patch(url, {"valid_until": "2026-06-30"}, HTTP_IF_MATCH='"1"')
    assert ended.json()["valid_until"] == "2026-06-30"


def test_exception_from_a_barrier_is_ended_by_whoever_decides(manager, programme, birch, kam):
    other = AccountFactory(programme=programme)
    barrier = ConflictFactory(a=birch, b=other)
    person = MembershipFactory(team__programme=programme).user
    exception = ConflictExceptionFactory(conflict=barrier, user=person)
    foreign = ConflictExceptionFactory(user=person)
    url = f"/api/v1/conflicts/{barrier.pk}/exceptions/"
    body = {"valid_until": "2026-06-30"}
    assert kam.post(f"{url}{exception.pk}/end/", body).status_code == 404
    assert manager.post(f"{url}{foreign.pk}/end/", body).status_code == 404
    assert manager.post(f"{url}{exception.pk}/end/", {}).status_code == 400
    exception.refresh_from_db()
    assert exception.valid_until is None
    answer = manager.post(f"{url}{exception.pk}/end/", body)
    assert answer.status_code == 200
    assert answer.json()["exceptions"][0]["valid_until"] == "2026-06-30"


def test_conflict_keeps_its_kind_and_its_end(manager, programme):
    """What is not changed is refused, never ignored; an end stays unless another one is named."""
    conflict = ConflictFactory(
        a=AccountFactory(programme=programme),
        b=AccountFactory(programme=programme),
        kind="exclusive",
        valid_until="2026-12-31",
    )
    url = f"/api/v1/conflicts/{conflict.pk}/"
    version = {"If-Match": manager.get(url)["ETag"]}
    for body in ({"kind": "ring_fence"}, {"valid_from": "2026-02-01"}):
        assert manager.patch(url, body, headers=version).status_code == 400
    answer = manager.patch(url, {"kind": "exclusive"}, headers=version)
    assert (answer.status_code, answer.json()["valid_until"]) == (200, "2026-12-31")


def test_filter_by_contact_tells_nothing_of_hidden_people(kam):
    """The id of a person whom the caller may not see is answered like one that does not exist."""
    hidden = InteractionFactory(contacts=[ContactFactory()]).contacts.get()
    url = "/api/v1/interactions/?contacts="
    answers = [kam.get(f"{url}{pk}") for pk in (hidden.pk, hidden.pk + 1000)]
    assert [(answer.status_code, answer.json()["results"]) for answer in answers] == [(200, [])] * 2


def fenced(user, hidden):
    """Put `user` behind a barrier to `hidden`."""
    team = TeamFactory(programme=hidden.programme)
    MembershipFactory(team=team, user=user, role="observer")
    rival = AccountFactory(programme=hidden.programme, name="Rival", team=team)
    return ConflictFactory(a=rival, b=hidden)


def test_group_figures_end_where_sight_ends(manager, programme):
    """Below an account that the caller may not see nothing belongs to the group."""
    top = AccountFactory(programme=programme)
    hidden = AccountFactory(programme=programme, parent=top)
    below = AccountFactory(programme=programme, parent=hidden)
    MonthTotalFactory(account=top, revenue=100)
    MonthTotalFactory(account=below, revenue=7)
    url = f"{ACCOUNTS}{top.pk}/figures/?level=group"
    assert manager.get(url).json()["revenue"] == "107.000000"
    senior = RoleGrantFactory(
        senior_manager=True, business_unit=BusinessUnitFactory(programme=programme)
    )
    Account.objects.filter(pk__in=[top.pk, below.pk]).update(business_unit=senior.business_unit)
    assert caller(senior.user).get(url).json()["revenue"] == "100.000000"


def test_barrier_leaves_no_row_in_the_log_of_who_stands_before_it(manager, programme):
    hidden = AccountFactory(programme=programme)
    other = AccountFactory(programme=programme)
    administrator = RoleGrantFactory().user
    fenced(administrator, hidden)
    body = {"a": hidden.pk, "b": other.pk, "kind": "ring_fence"}
    assert manager.post("/api/v1/conflicts/", body).status_code == 201
    rows = Change.objects.filter(object_type="accounts.conflict")
    director = rows.get().actor
    assert [rows.visible_to(reader).count() for reader in (director, administrator)] == [1, 0]


def test_decisions_carry_warnings_of_load(manager, programme):
    """A third account warns and asks for nothing (handbook 5.3), as the page does."""
    membership = MembershipFactory(team__programme=programme)
    for _place in range(2):
        team = MembershipFactory(team__programme=programme, user=membership.user).team
        AccountFactory(programme=programme, team=team, status="key")
    third = AccountFactory(programme=programme, status="candidate")
    url = f"{ACCOUNTS}{third.pk}/"
    named = manager.patch(url, {"industry": "Rail"}, headers={"If-Match": '"1"'})
    assert "warnings" not in named.json()
    body = {"team": membership.team.pk}
    given = manager.patch(url, body, headers={"If-Match": named["ETag"]})
    assert [str(membership.user) in text for text in given.json()["warnings"]] == [True]
    status = {
        "status": "groomed",
        "reason": "Promising",
        "trigger": "A second order",
        "review_on": "2027-06-01",
    }
    decided = manager.post(f"{url}status/", status)
    assert decided.status_code == 200
    assert len(decided.json()["warnings"]) == 1
    assert "warnings" not in manager.get(url).json()


def test_taken_number_tells_nothing_of_its_holder(kam, birch, programme):
    """The holder is somebody else's account: its name does not come back (`design.md` 4.1)."""
    ExternalIdFactory(account__programme=programme, account__name="Hidden", system="erp", value="7")
    body = {"external_ids": [{"system": "erp", "id": "7"}]}
    answer = kam.patch(f"{ACCOUNTS}{birch.pk}/", body, headers={"If-Match": '"1"'})
    assert answer.status_code == 400
    assert "Hidden" not in answer.content.decode()
    assert "This number is taken in this system." in answer.content.decode()
