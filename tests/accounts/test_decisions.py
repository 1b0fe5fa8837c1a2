"""Deciding on accounts: the register, what is looked at again, conflicts (3.6, 5.3, K128-K130)."""

import csv
import datetime
import io

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from accounts.figures import trailing_year
from accounts.models import Account, Decision
from accounts.services import create_conflict
from accounts.services.decision import Wish, contribution_of, decide
from accounts.services.scoring import Given, give_scores
from kam.access.dates import business_today
from tests.factories.accounts import (
    AccountFactory,
    ActivityCostFactory,
    ConflictFactory,
    DecisionFactory,
    ExpectationFactory,
    MonthTotalFactory,
    PositionFactory,
    ScoreFactory,
    StatusChangeFactory,
)
from tests.factories.teams import (
    MembershipFactory,
    ProgrammeFactory,
    ProgrammeSettingFactory,
    RoleGrantFactory,
    TeamFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
DAY = datetime.timedelta(days=1)
TYPES = ("growth_potential",)


@pytest.fixture
def programme():
    return ProgrammeFactory()


@pytest.fixture
def director(programme):
    return RoleGrantFactory(programme_manager=True, programme=programme).user


@pytest.fixture
def inside(client, director):
    client.force_login(director)
    return client


@pytest.fixture
def kira():
    return UserFactory(first_name="Kira", last_name="Holm")


def appoint(director, account, manager, **more):
    wish = Wish(account, "appoint", "Grows with us.", TYPES, manager=manager, **more)
    return decide(actor=director, wishes=[wish])[0]


def refusal(action):
    """What a decision is refused with, by field."""
    with pytest.raises(ValidationError) as caught:
        action()
    return caught.value.message_dict


def test_page_asks_for_what_each_decision_needs(inside, programme):
    account = AccountFactory(programme=programme)
    url = reverse("accounts:status", args=[account.pk])
    today = business_today().isoformat()
    needs = {
        "groom": {"trigger", "review_on"},
        "maintain": {"service_model"},
        "handle": {"message", "answer"},
        "appoint": {"manager", "rationale_types"},
    }
    for action, missing in needs.items():
        body = {"action": action, "reason": "Because.", "decided_on": today}
        page = inside.post(url, body)
        assert (page.status_code, set(page.context["form"].errors)) == (422, missing)
    account.refresh_from_db()
    assert (account.status, Decision.objects.count()) == ("candidate", 0)


def test_diplomatic_decision_keeps_the_contribution_that_was_shown(inside, programme):
    """K050: whether it is worth keeping is answered with its contribution in sight."""
    account = AccountFactory(programme=programme)
    month = trailing_year(business_today()).last.replace(day=1)
    MonthTotalFactory(account=account, month=month, lines_without_cost=0, cost=40)
    ActivityCostFactory(account=account, month=month, amount=10)
    known = contribution_of(account, business_today())
    url = reverse("accounts:status", args=[account.pk])
    assert "It contributed" in inside.get(url).content.decode()
    body = {"action": "handle", "reason": "Insists.", "decided_on": business_today().isoformat()}
    inside.post(url, body | {"message": "We serve you through sales.", "answer": "keep"})
    decision = account.decisions.get()
    account.refresh_from_db()
    assert (account.status, decision.answer, decision.contribution) == ("diplomatic", "keep", known)
    assert known == 50


def test_reappointed_account_keeps_its_day_and_takes_the_new_reason(director, programme, kira):
    account = AccountFactory(programme=programme)
    appoint(director, account, kira)
    account.refresh_from_db()
    wish = Wish(account, "appoint", "Still grows.", ("reference",))
    decide(actor=director, wishes=[wish])
    account.refresh_from_db()
    assert (account.rationale, account.rationale_types) == ("Still grows.", ["reference"])
    assert list(account.decisions.values_list("manager", flat=True)) == [kira.pk] * 2
    assert account.decisions.filter(superseded_at=None).count() == 1
    assert account.status_changes.count() == 1


def test_sixth_account_of_a_manager_is_refused_beside_the_manager(director, programme, kira):
    """K033: no override."""
    for _place in range(5):
        team = MembershipFactory(team__programme=programme, user=kira, role="kam").team
        AccountFactory(programme=programme, team=team, status="key", planned_effort="0.1")
    sixth = AccountFactory(programme=programme, planned_effort="0.1")
    found = refusal(lambda: appoint(director, sixth, kira, override_reason="All the same."))
    assert list(found) == ["manager"]
    sixth.refresh_from_db()
    assert (sixth.status, sixth.team) == ("candidate", None)


def test_full_programme_takes_one_more_with_a_reason(director, programme, kira):
    """K032: N+1 needs the programme manager's reason, which stays."""
    ProgrammeSettingFactory(
        programme=programme, name="programme_max_accounts", value=1, valid_from=business_today()
    )
    AccountFactory(programme=programme, status="key")
    account = AccountFactory(programme=programme)
    assert list(refusal(lambda: appoint(director, account, kira))) == ["override_reason"]
    decision = appoint(director, account, kira, override_reason="For a year.")
    assert (decision.override, decision.override_reason) == (True, "For a year.")


def test_register_tells_decisions_and_filters_by_reason(inside, director, programme, kira):
    birch = AccountFactory(programme=programme, name="Birch")
    cedar = AccountFactory(
        programme=programme, name="Cedar", status="key", rationale_types=["reference"]
    )
    StatusChangeFactory(account=cedar, to_status="key", reason="Taken over", decided_by=kira)
    wish = Wish(birch, "groom", "Promising.", trigger="An order", review_on=business_today())
    decide(actor=director, wishes=[wish], on=business_today() - 2 * DAY)
    birch.refresh_from_db()
    appoint(director, birch, kira)
    url = reverse("accounts:register")
    page = inside.get(url)
    text = page.content.decode()
    for part in ("Promising.", "Grows with us.", "Kira Holm", "Taken over", "2 key accounts of"):
        assert part in text, part
    lines = {row.name: [line.what for line in row.lines] for row in page.context["rows"]}
    assert lines == {"Birch": ["appoint", "groom"], "Cedar": ["Candidate → Key account"]}
    shown = inside.get(url, {"rationale": "reference"})
    assert [row.name for row in shown.context["rows"]] == ["Cedar"]
    file = inside.get(url, {"export": "csv", "rationale": "growth_potential"})
    rows = list(csv.DictReader(io.StringIO(b"".join(file.streaming_content).decode("utf-8-sig"))))
    assert [(row["Account"], row["Manager"], row["Decided by"]) for row in rows] == [
        ("Birch", "Kira Holm", str(director))
    ]
    assert "groom" in rows[0]["Decisions"]


def test_register_counts_what_its_reader_sees(client, programme):
    """No count gives away an account that somebody may not see."""
    team = TeamFactory(programme=programme)
    AccountFactory(programme=programme, team=team, status="key", name="Mine")
    AccountFactory(programme=programme, status="key", name="Quagmire")
    client.force_login(MembershipFactory(team=team).user)
    text = client.get(reverse("accounts:register")).content.decode()
    assert "1 key accounts of at most 20" in text
    assert "Quagmire" not in text


def test_register_warns_above_fifty(inside, programme):
    ProgrammeSettingFactory(
        programme=programme, name="programme_max_accounts", value=60, valid_from=business_today()
    )
    AccountFactory.create_batch(51, programme=programme, status="key")
    assert (
        "More than 50 are far too many" in inside.get(reverse("accounts:register")).content.decode()
    )


def again(client):
    """Names on the list with their reasons."""
    page = client.get(reverse("accounts:look_again"))
    return {row.name: " ".join(row.reasons) for row in page.context["rows"]}


def scored(account, on=None, worth="7"):
    ScoreFactory(account=account, scored_on=on or business_today())
    PositionFactory(account=account, attractiveness=worth)
    return account


def test_accounts_wait_to_be_looked_at_again(inside, programme):
    """K048, K128; handbook 3.6."""
    today = business_today()
    due = scored(AccountFactory(programme=programme, name="Due", status="groomed"))
    DecisionFactory(account=due, action="groom", trigger="An order", review_on=today)
    later = scored(AccountFactory(programme=programme, name="Later", status="groomed"))
    DecisionFactory(account=later, action="groom", trigger="x", review_on=today + DAY)
    asked = scored(AccountFactory(programme=programme, name="Asked", status="key"))
    DecisionFactory(account=asked, action="review", reason="Fell out of the run.")
    old = today - datetime.timedelta(days=366)
    scored(AccountFactory(programme=programme, name="Old"), on=old)
    scored(AccountFactory(programme=programme, name="Fresh"), on=old + DAY)
    scored(AccountFactory(programme=programme, name="Below", status="key"), worth="4.99")
    scored(AccountFactory(programme=programme, name="At the cut", status="key"), worth="5")
    scored(AccountFactory(programme=programme, name="Small"), worth="2")
    AccountFactory(programme=programme, name="Unscored", status="key")
    found = again(inside)
    assert set(found) == {"Due", "Asked", "Old", "Below", "Unscored"}
    assert "An order" in found["Due"]
    assert "Fell out of the run." in found["Asked"]
    assert "4.99, below the cut of 5.0" in found["Below"]
    assert list(found)[:3] == ["Asked", "Below", "Unscored"]


def test_key_account_that_is_kept_waits_no_longer_until_it_is_scored_anew(
    inside, director, programme, kira
):
    account = AccountFactory(programme=programme, name="Below", planned_effort="0.1")
    appoint(director, account, kira)
    everything = [f"A{place}" for place in range(1, 11)]
    give_scores(actor=director, scores=[Given(account, code, 3) for code in everything])
    assert list(again(inside)) == ["Below"]
    account.refresh_from_db()
    decide(actor=director, wishes=[Wish(account, "appoint", "Opens a market.", ("access",))])
    assert again(inside) == {}
    give_scores(actor=director, scores=[Given(account, "A1", 2)])
    assert list(again(inside)) == ["Below"]


def test_decision_takes_an_account_off_the_list(inside, director, programme):
    account = scored(AccountFactory(programme=programme, status="key"), worth="3")
    assert len(again(inside)) == 1
    wish = Wish(account, "maintain", "Too small.", service_model="web")
    decide(actor=director, wishes=[wish])
    assert again(inside) == {}
    account.refresh_from_db()
    assert account.status == "maintained"


def test_list_is_for_who_reads_the_programme(client, programme):
    team = TeamFactory(programme=programme)
    AccountFactory(programme=programme, team=team, status="key")
    client.force_login(MembershipFactory(team=team).user)
    assert client.get(reverse("accounts:look_again")).status_code == 404


def test_second_of_an_exclusive_pair_is_not_appointed(director, programme, kira):
    first = AccountFactory(programme=programme, name="Alder", status="key")
    second = AccountFactory(programme=programme, name="Elm")
    ConflictFactory(a=first, b=second, kind="exclusive")
    found = refusal(lambda: appoint(director, second, kira))
    assert "Alder" in " ".join(found["status"])
    second.refresh_from_db()
    assert (second.status, second.team, Decision.objects.count()) == ("candidate", None, 0)


def test_one_manager_never_leads_both_sides_of_a_barrier(director, programme, kira):
    first = AccountFactory(programme=programme, name="Birch")
    appoint(director, first, kira)
    second = AccountFactory(programme=programme, name="Fir")
    ConflictFactory(a=first, b=second, kind="ring_fence")
    found = refusal(lambda: appoint(director, second, kira))
    assert list(found) == ["manager"]
    assert "Birch" in found["manager"][0]
    hidden_from = MembershipFactory(team__programme=programme, user=director, role="observer").team
    rival = AccountFactory(programme=programme, team=hidden_from)
    ConflictFactory(a=first, b=rival, kind="ring_fence")
    found = refusal(lambda: appoint(director, second, kira))
    assert "Birch" not in found["manager"][0]
    assert "Kira" in found["manager"][0]
    second.refresh_from_db()
    assert (second.status, second.team) == ("candidate", None)


@pytest.mark.parametrize("kind", ["exclusive", "ring_fence"])
def test_pair_that_is_violated_is_recorded_and_shown(inside, director, programme, kira, kind):
    accounts = [AccountFactory(programme=programme, name=name) for name in ("Birch", "Fir")]
    for account in accounts:
        appoint(director, account, kira)
    create_conflict(actor=director, a=accounts[0], b=accounts[1], kind=kind)
    for page in ("accounts:violated", "accounts:conflicts"):
        text = inside.get(reverse(page)).content.decode()
        assert "Birch" in text
        assert ("Fir" if kind == "exclusive" else "Kira Holm") in text
    part = inside.get(reverse("accounts:violated"), headers={"HX-Request": "true"})
    assert b"<html" not in part.content
    # what is violated can be decided away, and not be brought back
    account = Account.objects.get(name="Fir")
    decide(actor=director, wishes=[Wish(account, "maintain", "Yields.", service_model="web")])
    account.refresh_from_db()
    assert refusal(lambda: appoint(director, account, kira))


def test_violated_pair_names_nothing_that_is_hidden(client, programme, kira):
    first = AccountFactory(programme=programme, name="Birch", status="key")
    second = AccountFactory(programme=programme, name="Quagmire", status="key")
    ConflictFactory(a=first, b=second, kind="exclusive")
    team = TeamFactory(programme=programme)
    Account.objects.filter(pk=first.pk).update(team=team)
    client.force_login(MembershipFactory(team=team).user)
    part = client.get(reverse("accounts:violated"), headers={"HX-Request": "true"})
    text = part.content.decode()
    assert ("Birch" in text, "Quagmire" in text) == (False, False)


def test_expectation_is_recorded_corrected_archived_and_restored(client, programme):
    """K129."""
    team = TeamFactory(programme=programme)
    account = AccountFactory(programme=programme, team=team, status="key")
    client.force_login(MembershipFactory(team=team, role="kam").user)
    profile = reverse("accounts:profile", args=[account.pk])
    assert "What the customer was told" in client.get(profile).content.decode()
    url = reverse("accounts:expectation_create", args=[account.pk])
    assert client.post(url, {"told": "", "told_on": "2026-05-01"}).status_code == 422
    assert client.post(url, {"told": "One team.", "told_on": "2026-05-01"}).status_code == 302
    row = account.expectations.get()
    edit = reverse("accounts:expectation_edit", args=[row.pk])
    body = {"told": "One team.", "told_on": "2026-05-01", "version": row.version}
    assert client.post(edit, body | {"agreed_on": "2026-04-01"}).status_code == 422
    assert client.post(edit, body | {"agreed_on": "2026-05-09"}).status_code == 302
    row.refresh_from_db()
    client.post(reverse("accounts:expectation_archive", args=[row.pk]), {"version": row.version})
    row.refresh_from_db()
    assert row.is_archived
    assert "archived" in client.get(profile).content.decode()
    client.post(reverse("accounts:expectation_restore", args=[row.pk]), {"version": row.version})
    row.refresh_from_db()
    assert (row.is_archived, row.agreed_on) == (False, datetime.date(2026, 5, 9))


def test_who_reads_an_account_changes_no_expectation(client, programme):
    account = AccountFactory(programme=programme, status="key")
    row = ExpectationFactory(account=account)
    client.force_login(RoleGrantFactory(auditor=True, programme=programme).user)
    for name, pk in (("create", account.pk), ("edit", row.pk)):
        url = reverse(f"accounts:expectation_{name}", args=[pk])
        assert client.get(url).status_code == 403
    client.post(reverse("accounts:expectation_archive", args=[row.pk]))
    row.refresh_from_db()
    assert not row.is_archived


def test_profile_says_how_a_customer_is_handled_and_what_it_was_told(client, programme, director):
    """K050, K129: who reads the account sees what to say; an expectation is recorded there too."""
    team = TeamFactory(programme=programme)
    account = AccountFactory(programme=programme, team=team, status="candidate")
    profile = reverse("accounts:profile", args=[account.pk])
    client.force_login(MembershipFactory(team=team, role="kam").user)
    assert "What we say, and how" not in client.get(profile).content.decode()
    wish = Wish(account, "handle", "Insists.", message="Visit them.", answer="keep")
    decide(actor=director, wishes=[wish])
    text = client.get(profile).content.decode()
    for shown in ("handle diplomatically", "Visit them.", "Worth keeping", "Insists."):
        assert shown in text
    assert reverse("accounts:expectation_create", args=[account.pk]) in text
    decide(actor=director, wishes=[Wish(account, "release", "Leaves.")])
    text = client.get(profile).content.decode()
    assert ("Leaves." in text, "Visit them." in text) == (True, False)
