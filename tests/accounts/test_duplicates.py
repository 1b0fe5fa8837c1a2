"""Which names and people look alike, how pairs are kept, and who sees them."""

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from accounts import services
from accounts.duplicates import finding, normal
from accounts.duplicates.weighing import LEAST, AccountCard, PersonCard, in_words
from accounts.duplicates.weighing import of_accounts as alike
from accounts.duplicates.weighing import of_people as same_person
from accounts.models import Account, DuplicatePair
from accounts.services.duplicate import dismiss_pair, likely_duplicates, reopen_pair
from accounts.services.search import start_search
from accounts.tasks import look_for_duplicates
from kam.changes.errors import VersionConflict
from kam.changes.models import Change
from kam.jobs.models import Job
from tests.factories.accounts import (
    AccountFactory,
    ConflictFactory,
    ContactFactory,
    DuplicatePairFactory,
    ExternalIdFactory,
    SiteFactory,
)
from tests.factories.api import caller
from tests.factories.teams import (
    MembershipFactory,
    ProgrammeFactory,
    RoleGrantFactory,
    TeamFactory,
    UserFactory,
)

ALIKE = (
    ("Müller GmbH & Co. KG", "Mueller GmbH", True),
    ("Müller GmbH & Co. KG", "MULLER AG", True),
    ("S.A. Dupont", "Dupont SA", True),
    ("ACME Sp. z o.o.", "Acme", True),
    ("Smith & Sons Ltd", "Smith and Sons Limited", True),
    ("Danfoss A/S", "Danfoss", True),
    ("Société Générale S.A.", "Societe Generale", True),
    ("Birch Logistics", "Birch-Logistics, Inc.", True),
    ("Birch Logistics", "Bich Logistics", True),
    ("Birch Logistics", "Logistics Birch", True),
    ("Birch Logistics", "Birch Foods", False),
    ("Birch Logistics", "Birch Logistics Nordic", False),
    ("Plant 7 Works", "Plant 8 Works", False),
    ("AB", "AG", False),
)


def card(name: str, pk: int = 1, **values: Any) -> AccountCard:
    return AccountCard(pk, name, values.pop("country", ""), values.pop("website", ""), pk, **values)


@pytest.mark.parametrize(("one", "other", "expected"), ALIKE)
def test_names_are_told_apart(one, other, expected):
    likeness = alike(card(one, 1), card(other, 2))
    assert (likeness.score >= LEAST) == expected
    assert alike(card(other, 2), card(one, 1)).score == likeness.score


def test_signs_add_up_and_explain_themselves():
    one = card(
        "Birch",
        1,
        website="https://www.birch.example/en",
        numbers=(("erp", "10047"),),
        places=frozenset({"4 mill rd leeds"}),
    )
    other = card(
        "Quercus",
        2,
        website="birch.example",
        numbers=(("crm", "10047"),),
        places=frozenset({"4 mill rd leeds"}),
    )
    likeness = alike(one, other)
    assert likeness.score == 90
    assert [in_words(reason) for reason in likeness.reasons] == [
        "Same website, birch.example",
        "Same address",
        "Number 10047 in erp and in crm",
    ]


def test_same_number_in_one_system_says_nothing():
    pair = [card(name, pk, numbers=(("erp", "10047"),)) for pk, name in enumerate(("A", "B"))]
    assert alike(*pair).score == 0


def test_same_name_in_another_country_or_group_weighs_less():
    abroad = alike(card("Birch", 1, country="Norway"), card("Birch Ltd", 2, country="Sweden"))
    assert abroad.score < LEAST
    family = [AccountCard(pk, "Birch", "", "", 7) for pk in (1, 2)]
    assert alike(*family).score < LEAST


def test_public_mail_hosts_say_nothing():
    pair = [card("A", 1, mails=frozenset({"a@gmail.com"})), card("B", 2)]
    pair[1] = card("B", 2, mails=frozenset({"b@gmail.com"}))
    assert alike(*pair).score == 0


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (("Anna Smith", "a@x.example"), ("A. S.", "a+news@X.example"), True),
        (("Anna Smith", ""), ("Smith, Anna", ""), True),
        (("Dr. Ánna Smith", ""), ("anna smith", ""), True),
        (("Anna Smith", ""), ("Anna Smyth", ""), True),
        (("Anna Smith", ""), ("A. Smith", ""), False),
        (("Anna Smith", ""), ("Otto Smith", ""), False),
        (("Anna Smith", ""), ("Anna Jones", ""), False),
    ],
)
def test_people_are_told_apart(one, other, expected):
    cards = [
        PersonCard(pk, 1, name, normal.mail(mail), "", "")
        for pk, (name, mail) in enumerate((one, other))
    ]
    assert (same_person(*cards).score >= LEAST) == expected


def test_pairs_are_few_however_many_share_a_word():
    cards = [card(f"Birch {number:04}", number) for number in range(600)]
    assert len(list(finding.candidates(cards, finding.account_blocks, None))) < 40 * len(cards)
    cards = [card("Birch Ltd", number) for number in range(600)]
    assert len(list(finding.candidates(cards, finding.account_blocks, None))) < len(cards)


# Kept pairs


@pytest.fixture
def programme(db) -> Any:
    return ProgrammeFactory()


@pytest.fixture
def manager(programme) -> Any:
    return RoleGrantFactory(programme_manager=True, programme=programme).user


def search(user: Any, **values: Any) -> int:
    return look_for_duplicates.func(user.pk, **values)


def test_search_keeps_pairs_once_and_updates_them(manager, programme):
    one = AccountFactory(programme=programme, name="Birch Ltd")
    other = AccountFactory(programme=programme, name="Birch")
    people = [ContactFactory(account=one, name=name) for name in ("Anna Smith", "Smith, Anna")]
    assert search(manager) == 2
    assert search(manager) == 2
    pair = DuplicatePair.objects.get(kind="account")
    assert (pair.account_a, pair.account_b, pair.score) == (one, other, 85)
    assert DuplicatePair.objects.get(kind="contact").contact_b == people[1]
    Account.objects.filter(pk=other.pk).update(website="birch.example")
    Account.objects.filter(pk=one.pk).update(website="birch.example")
    search(manager)
    pair.refresh_from_db()
    assert pair.score == 94
    Account.objects.filter(pk=other.pk).update(name="Quercus", website="")
    search(manager)
    assert not DuplicatePair.objects.filter(kind="account").exists()


def test_addresses_numbers_and_mail_are_compared(manager, programme):
    one, other = (AccountFactory(programme=programme, name=name) for name in ("Alder", "Rowan"))
    for place, account in enumerate((one, other)):
        SiteFactory(account=account, address="4, Mill Road", city="Leeds")
        ExternalIdFactory(account=account, system=("erp", "crm")[place], value="0010-47")
        ContactFactory(account=account, email="Anna@birch.example")
    assert search(manager) == 1
    pair = DuplicatePair.objects.get()
    assert {reason["code"] for reason in pair.reasons} == {"address", "number", "mail"}


def test_dismissed_pair_never_comes_back(manager, programme):
    accounts = [AccountFactory(programme=programme, name=name) for name in ("Birch", "Birch Ltd")]
    search(manager)
    pair = DuplicatePair.objects.get()
    dismiss_pair(actor=manager, pair=pair, note="Two firms.", expected_version=pair.version)
    Account.objects.update(website="birch.example")
    search(manager)
    pair.refresh_from_db()
    assert (pair.state, pair.decided_by, pair.note) == ("dismissed", manager, "Two firms.")
    assert Change.objects.visible_to(manager).get(object_id=pair.pk).verb == "dismissed"
    third = AccountFactory(programme=programme, name="Birch GmbH")
    services.merge_accounts(actor=manager, survivor=third, loser=accounts[0])
    search(manager)
    open_pairs = DuplicatePair.objects.filter(state="open").standing()
    assert not open_pairs.filter(account_a=accounts[1], account_b=third).exists()


def test_dismissed_pair_can_be_decided_about_again(manager, programme):
    pair = DuplicatePairFactory(
        account_a=AccountFactory(programme=programme), account_b=AccountFactory(programme=programme)
    )
    pair = dismiss_pair(actor=manager, pair=pair)
    with pytest.raises(VersionConflict):
        reopen_pair(actor=manager, pair=pair, expected_version=1)
    assert reopen_pair(actor=manager, pair=pair).state == "open"


def test_everybody_compares_what_they_see(manager, programme):
    team = TeamFactory(programme=programme)
    user = MembershipFactory(team=team, role="kam").user
    mine = AccountFactory(programme=programme, name="Birch", team=team)
    AccountFactory(programme=programme, name="Birch Ltd")
    assert search(user) == 0
    assert search(manager) == 1
    pair = DuplicatePair.objects.get()
    assert not DuplicatePair.objects.visible_to(user).exists()
    with pytest.raises(PermissionDenied):
        dismiss_pair(actor=user, pair=pair)
    Account.objects.update(team=team)
    assert DuplicatePair.objects.visible_to(user).get() == pair
    assert not DuplicatePair.objects.mergeable_by(user).exists()
    assert DuplicatePair.objects.editable_by(user).exists()
    assert mine.pk in (pair.account_a_id, pair.account_b_id)


def test_barrier_hides_the_pair_from_both_sides(manager, programme):
    pair = DuplicatePairFactory(
        account_a=AccountFactory(programme=programme), account_b=AccountFactory(programme=programme)
    )
    team = TeamFactory(programme=programme)
    MembershipFactory(team=team, user=manager, role="observer")
    Account.objects.filter(pk=pair.account_a_id).update(team=team)
    assert DuplicatePair.objects.visible_to(manager).exists()
    ConflictFactory(a=pair.account_a, b=pair.account_b)
    assert not DuplicatePair.objects.visible_to(manager).exists()


def test_waiting_search_is_not_doubled(manager, programme):
    AccountFactory(programme=programme)
    first = start_search(actor=manager)
    assert start_search(actor=manager) == first
    assert Job.objects.count() == 1
    with pytest.raises(PermissionDenied):
        start_search(actor=UserFactory())


def test_new_account_is_compared_with_those_that_are_seen(manager, programme):
    team = TeamFactory(programme=programme)
    user = MembershipFactory(team=team, role="kam").user
    known = AccountFactory(programme=programme, name="Birch Logistics Ltd")
    found = likely_duplicates(manager, programme=programme, name="BIRCH LOGISTICS")
    assert [account for account, _likeness in found] == [known]
    assert likely_duplicates(user, programme=programme, name="BIRCH LOGISTICS") == []
    ExternalIdFactory(account=known, system="erp", value="100482")
    by_number = likely_duplicates(
        manager,
        programme=programme,
        name="Quercus",
        website="https://birch.example",
        external_ids=[("crm", "100482")],
    )
    assert by_number == []


# Pages and API


def test_list_explains_and_dismisses(client, manager, programme):
    pair = DuplicatePairFactory(
        account_a=AccountFactory(programme=programme, name="Birch"),
        account_b=AccountFactory(programme=programme, name="Birch Ltd"),
        reasons=[{"code": "legal_form"}],
    )
    client.force_login(manager)
    page = client.get(reverse("accounts:duplicates"))
    assert b"Names differ only by legal form" in page.content
    url = reverse("accounts:duplicate_dismiss", args=[pair.pk])
    response = client.post(url, {"version": pair.version}, follow=True)
    assert b"Nothing to decide" in response.content
    page = client.get(reverse("accounts:dismissed"))
    assert b"Birch Ltd" in page.content


def test_search_of_the_page_shows_progress(client, manager, programme):
    account = AccountFactory(programme=programme)
    client.force_login(manager)
    response = client.post(reverse("accounts:duplicates_find"), {"account": account.pk})
    assert response.url.endswith(f"?account={account.pk}&kind=contact")
    assert b"Looking for duplicates" in client.get(reverse("accounts:duplicates_progress")).content
    Job.objects.update(status="succeeded")
    page = client.get(reverse("accounts:duplicates_progress"))
    assert page.headers["HX-Refresh"] == "true"


def test_api_finds_lists_and_dismisses(manager, programme):
    api = caller(manager)
    for name in ("Birch", "Birch Ltd"):
        AccountFactory(programme=programme, name=name)
    started = api.post("/api/v1/duplicates/find/", {}, format="json")
    assert started.status_code == 202
    job = Job.objects.get(pk=started.json()["job"])
    search(manager, account_id=None)
    assert job.args == [manager.pk, None]
    row = api.get("/api/v1/duplicates/?state=open&kind=account").json()["results"][0]
    assert row["reasons"] == ["Names differ only by legal form, accents or punctuation"]
    url = f"/api/v1/duplicates/{row['id']}/"
    answer = api.post(f"{url}dismiss/", {"note": "Two firms."}, format="json")
    assert (answer.status_code, answer.json()["state"]) == (200, "dismissed")
    stale = api.post(f"{url}reopen/", headers={"If-Match": '"1"'})
    assert stale.status_code == 412
    assert api.post(f"{url}reopen/").json()["state"] == "open"
