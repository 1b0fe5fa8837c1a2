"""Creating, editing, moving and deciding on accounts; groups, export, conflicts, products."""

import csv
import io

import pytest
from django.urls import reverse

from accounts.models import Account, Conflict, ConflictException, Product, ProductLine
from accounts.views.listing import roll_up
from tests.factories.accounts import (
    AccountFactory,
    ConflictFactory,
    ExternalIdFactory,
    MonthTotalFactory,
    ProductFactory,
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


def names(response) -> list[str]:
    return [account.name for account in response.context["rows"]]


def edit(client, account, **changes):
    url = reverse("accounts:edit", args=[account.pk])
    body = {"name": account.name, "version": account.version, **changes}
    return client.post(url, body)


def test_account_is_created_with_numbers_and_parent(client, manager, programme):
    group = AccountFactory(programme=programme, name="Birch Group")
    url = reverse("accounts:create")
    body = {
        "programme": programme.pk,
        "name": "Birch Logistics",
        "parent": f"Birch Group ({group.pk})",
        "external_ids": "erp 100482\ncrm A 7",
    }
    assert client.post(url, body | {"external_ids": "erp"}).status_code == 422
    assert client.post(url, body | {"parent": "Nobody"}).status_code == 422
    assert client.post(url, body).status_code == 302
    made = Account.objects.get(name="Birch Logistics")
    assert made.parent == group
    assert [(one.system, one.value) for one in made.external_ids.all()] == [
        ("crm", "A 7"),
        ("erp", "100482"),
    ]


def test_number_of_another_account_is_refused_and_nothing_is_saved(client, manager, programme):
    ExternalIdFactory(account__programme=programme, system="erp", value="1")
    account = AccountFactory(programme=programme, name="Cedar")
    answer = edit(client, account, name="Cedar Health", external_ids="erp 1")
    assert answer.status_code == 422
    account.refresh_from_db()
    assert account.name == "Cedar"


def test_second_editor_sees_both_texts(client, manager, programme):
    account = AccountFactory(programme=programme, name="Cedar")
    assert edit(client, account, name="Cedar Health").status_code == 302
    conflict = edit(client, account, name="Cedar Care")
    assert conflict.status_code == 409
    assert b"Health" in conflict.content
    assert b"Care" in conflict.content
    account.refresh_from_db()
    assert account.name == "Cedar Health"


def test_move_under_own_subsidiary_is_refused(client, manager, programme):
    top = AccountFactory(programme=programme, name="Top")
    below = AccountFactory(parent=top, name="Below")
    assert edit(client, top, parent=f"Below ({below.pk})").status_code == 422
    top.refresh_from_db()
    assert top.parent is None


def test_invisible_parent_reads_as_none_and_stays(client, programme):
    team = TeamFactory(programme=programme)
    user = MembershipFactory(team=team).user
    hidden = AccountFactory(programme=programme, name="Quagmire holding")
    account = AccountFactory(parent=hidden, team=team, name="Birch")
    client.force_login(user)
    for name in ("detail", "profile", "people", "history", "edit"):
        page = client.get(reverse(f"accounts:{name}", args=[account.pk]))
        assert (name, b"Quagmire" in page.content) == (name, False)
    assert b"Quagmire" not in client.get(reverse("accounts:groups")).content
    assert edit(client, account, country="Denmark").status_code == 302
    account.refresh_from_db()
    assert (account.parent, account.country) == (hidden, "Denmark")


def test_manager_of_account_decides_neither_status_nor_team(client, programme):
    team = TeamFactory(programme=programme)
    account = AccountFactory(programme=programme, team=team)
    client.force_login(MembershipFactory(team=team).user)
    for name in ("status", "team"):
        assert client.get(reverse(f"accounts:{name}", args=[account.pk])).status_code == 403
    assert client.post(reverse("accounts:archive", args=[account.pk])).status_code == 403
    assert client.get(reverse("accounts:create")).status_code == 403
    account.refresh_from_db()
    assert (account.status, account.is_archived) == ("candidate", False)


def test_appointment_stands_in_the_register(client, manager, programme):
    account = AccountFactory(programme=programme, name="Birch")
    AccountFactory(programme=programme, name="Cedar")
    url = reverse("accounts:status", args=[account.pk])
    body = {"action": "appoint", "decided_on": "2026-06-01", "version": account.version}
    page = client.post(url, body)
    assert page.status_code == 422
    assert set(page.context["form"].errors) == {"reason", "rationale_types", "manager"}
    lead = MembershipFactory(team__programme=programme).user
    whole = body | {
        "reason": "Opens the rail market.",
        "rationale_types": ["access"],
        "manager": lead.pk,
    }
    assert client.post(url, whole).status_code == 302
    assert client.post(url, whole | {"action": "release"}).status_code == 409
    account.refresh_from_db()
    decision = account.decisions.get()
    leads = account.team.memberships.get().user
    assert (account.status, leads, decision.manager) == ("key", lead, lead)
    assert str(decision.decided_on) == str(account.status_since) == "2026-06-01"
    register = client.get(reverse("accounts:register"))
    for part in (b"Birch", b"Opens the rail market.", b"1 Jun", str(manager).encode()):
        assert (part, part in register.content) == (part, True)
    assert b"Cedar" not in register.content
    assert names(client.get(reverse("accounts:list"), {"rationale": "access"})) == ["Birch"]
    assert names(client.get(reverse("accounts:list"), {"rationale": "reference"})) == []


def test_archived_account_leaves_the_list_and_comes_back(client, manager, programme):
    account = AccountFactory(programme=programme, name="Birch")
    client.post(reverse("accounts:archive", args=[account.pk]), {"version": account.version})
    assert names(client.get(reverse("accounts:list"))) == []
    assert names(client.get(reverse("accounts:list"), {"archived": "true"})) == ["Birch"]
    client.post(reverse("accounts:restore", args=[account.pk]))
    assert names(client.get(reverse("accounts:list"))) == ["Birch"]


def test_list_filters_sorts_and_exports_the_same_rows(client, manager, programme):
    birch = AccountFactory(programme=programme, name="Birch", country="Denmark", stage="mid")
    elm = AccountFactory(programme=programme, name="=Elm", country="Sweden", stage="early")
    AccountFactory(programme=programme, name="Alder")
    for account, revenue in ((birch, 5), (elm, 9)):
        MonthTotalFactory(account=account, month=_last_month(), revenue=revenue)
    url = reverse("accounts:list")
    query = {"stage": ["mid", "early"], "sort": "-revenue"}
    assert names(client.get(url, query)) == ["=Elm", "Birch"]
    assert names(client.get(url, {"stage": "none"})) == ["Alder"]
    assert names(client.get(url, {"country": "denmark"})) == ["Birch"]
    assert names(client.get(url, {"search": "bir"})) == ["Birch"]
    assert names(client.get(url, {"team": "999"})) == []
    answer = client.get(url, query | {"export": "csv"})
    lines = b"".join(answer.streaming_content).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(lines)))
    found = [(row["Account id"], row["Name"]) for row in rows]
    assert found == [(str(elm.pk), "'=Elm"), (str(birch.pk), "Birch")]


def _last_month():
    from accounts.figures import trailing_year
    from kam.access.dates import business_today

    return trailing_year(business_today()).last.replace(day=1)


def test_groups_count_every_account_once(client, manager, programme):
    top = AccountFactory(programme=programme, name="Birch Group")
    road = AccountFactory(parent=top, name="Road")
    AccountFactory(parent=road, name="Rail", status="key")
    for account, revenue in ((top, 1), (road, 20)):
        MonthTotalFactory(account=account, month=_last_month(), revenue=revenue)
    nodes = client.get(reverse("accounts:groups")).context["nodes"]
    assert [(one.account.name, one.depth, one.below, one.revenue) for one in nodes] == [
        ("Birch Group", 0, 2, 21),
        ("Road", 1, 1, 20),
        ("Rail", 2, 0, 0),
    ]
    keys = client.get(reverse("accounts:groups"), {"status": "key"}).context["nodes"]
    assert [(one.account.name, one.depth) for one in keys] == [("Rail", 0)]


def test_groups_are_counted_beyond_the_first_page(client, manager, programme):
    tops = AccountFactory.create_batch(50, programme=programme, status="key")
    kept_out = AccountFactory(programme=programme, status="maintained")
    for parent in (tops[0], kept_out):
        AccountFactory(parent=parent, programme=programme, status="key", name="Zinc")
    for page, roots in ((1, 50), (2, 1)):
        address = {"status": "key", "page": page}
        context = client.get(reverse("accounts:groups"), address).context
        assert context["paginator"].count == 51
        assert [node.depth for node in context["nodes"]].count(0) == roots


def test_unknown_revenue_below_makes_the_sum_unknown():
    top, below = Account(pk=1, name="Top"), Account(pk=2, name="Below", parent_id=1)
    top.revenue, below.revenue = 5, None
    assert [node.revenue for node in roll_up([top], [top, below])] == [None, None]


def test_conflict_is_recorded_excepted_and_ended(client, manager, programme):
    teams = [TeamFactory(programme=programme) for _name in ("Birch", "Elm")]
    birch = AccountFactory(programme=programme, name="Birch", team=teams[0])
    elm = AccountFactory(programme=programme, name="Elm", team=teams[1])
    both = UserFactory(first_name="Kira", last_name="Lund")
    for account in (birch, elm):
        MembershipFactory(team=account.team, user=both, role="member")
    body = {"a": f"Elm ({elm.pk})", "b": f"Birch ({birch.pk})", "kind": "ring_fence"}
    assert client.post(reverse("accounts:conflict_create"), body).status_code == 302
    conflict = Conflict.objects.get()
    page = client.get(reverse("accounts:conflicts"))
    assert page.context["rows"][0]["violations"] == ["Kira Lund"]
    url = reverse("accounts:exception_create", args=[conflict.pk])
    assert client.post(url, {"user": both.pk}).status_code == 422
    assert client.post(url, {"user": both.pk, "reason": "Carve-out."}).status_code == 302
    page = client.get(reverse("accounts:conflicts"))
    assert page.context["rows"][0]["violations"] == []
    exception = ConflictException.objects.get()
    end = {"last_day": "2026-06-30"}
    client.post(reverse("accounts:exception_end", args=[exception.pk]), end)
    client.post(reverse("accounts:conflict_end", args=[conflict.pk]), end)
    exception.refresh_from_db()
    conflict.refresh_from_db()
    assert str(exception.valid_until) == str(conflict.valid_until) == "2026-06-30"


def test_auditor_reads_conflicts_and_changes_none(client, programme):
    conflict = ConflictFactory(a=AccountFactory(programme=programme))
    client.force_login(RoleGrantFactory(auditor=True, programme=programme).user)
    assert client.get(reverse("accounts:conflicts")).status_code == 200
    url = reverse("accounts:conflict_end", args=[conflict.pk])
    assert client.post(url, {"last_day": "2026-06-30"}).status_code == 403
    conflict.refresh_from_db()
    assert conflict.valid_until is None


@pytest.mark.parametrize("count", [1, 3])
def test_conflict_list_query_count(
    client, manager, programme, count, django_assert_max_num_queries
):
    for _place in range(count):
        ConflictFactory(a=AccountFactory(programme=programme))
    with django_assert_max_num_queries(13):
        assert len(client.get(reverse("accounts:conflicts")).context["rows"]) == count


def test_products_are_kept_by_the_programme_manager(client, manager, programme):
    client.post(reverse("accounts:line_create"), {"name": "Labels"})
    line = ProductLine.objects.get()
    body = {"code": "r-100", "name": "Rail labels", "line": line.pk}
    assert client.post(reverse("accounts:product_create"), body).status_code == 302
    assert client.post(reverse("accounts:product_create"), body).status_code == 422
    other_case = body | {"code": "R-100"}
    assert client.post(reverse("accounts:product_create"), other_case).status_code == 302
    assert Product.objects.count() == 2
    found = client.get(reverse("accounts:products"), {"search": "rail"})
    assert len(found.context["page_obj"].object_list) == 2


def test_products_are_read_by_the_programmes_people(client, programme):
    product = ProductFactory(programme=programme)
    client.force_login(MembershipFactory(team=TeamFactory(programme=programme)).user)
    assert client.get(reverse("accounts:products")).status_code == 200
    assert client.get(reverse("accounts:product_edit", args=[product.pk])).status_code == 403
    assert client.get(reverse("accounts:product_create")).status_code == 403


def test_assigning_a_third_account_warns_and_is_done(client, manager, programme):
    """Handbook 5.3: one or two are normal, three to five warn."""
    member = MembershipFactory(team__programme=programme)
    for _place in range(2):
        team = MembershipFactory(team__programme=programme, user=member.user).team
        AccountFactory(programme=programme, team=team, status="key")
    account = AccountFactory(programme=programme, status="key")
    url = reverse("accounts:team", args=[account.pk])
    page = client.post(url, {"team": member.team_id, "version": account.version}, follow=True)
    account.refresh_from_db()
    assert account.team == member.team
    assert "will manage 3 accounts; one or two is normal." in page.content.decode()


def test_more_than_fifty_key_accounts_are_warned_of(client, manager, programme):
    account = AccountFactory(programme=programme)
    url = reverse("accounts:status", args=[account.pk])
    words = "More than 50 key accounts"
    AccountFactory.create_batch(49, programme=programme, status="key")
    assert words not in client.get(url).content.decode()
    AccountFactory(programme=programme, status="key")
    assert words in client.get(url).content.decode()


def test_conflicts_name_no_account_that_the_reader_may_not_see(client, manager, programme):
    """A key account below one side stands behind a barrier before the reader."""
    first = AccountFactory(programme=programme, name="First", status="key")
    second = AccountFactory(programme=programme, name="Second")
    hidden = AccountFactory(programme=programme, parent=second, name="Quagmire", status="key")
    ConflictFactory(a=first, b=second, kind="exclusive")
    url = reverse("accounts:conflicts")
    assert "Quagmire" in client.get(url).content.decode()
    team = TeamFactory(programme=programme)
    MembershipFactory(team=team, user=manager, role="observer")
    ConflictFactory(a=AccountFactory(programme=programme, team=team), b=hidden)
    page = client.get(url).content.decode()
    assert ("Second" in page, "Quagmire" in page) == (True, False)
