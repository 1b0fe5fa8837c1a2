"""The page of all changes, its filters and its export, and the panel of one record."""

import pytest
from django.template import Context, Template
from django.test import RequestFactory
from django.urls import reverse

from kam.changes import record
from kam.changes.context import source
from kam.changes.models import Change
from kam.web.views import history
from tests.factories.accounts import AccountFactory, ContactFactory, SiteFactory
from tests.factories.teams import MembershipFactory, RoleGrantFactory, UserFactory

pytestmark = pytest.mark.django_db
URL = "/history/"


@pytest.fixture
def admin(client):
    user = RoleGrantFactory(user__first_name="Ada", user__last_name="Byron").user
    client.force_login(user)
    return user


@pytest.fixture
def account():
    return AccountFactory(name="Alba")


def write(account, actor, number: int = 0) -> Change:
    after = {"name": f"name {number}"}
    return record.change(actor=actor, obj=account, verb=f"verb{number}", after=after)


def verbs(response) -> list[str]:
    return [line.verb for line in response.context["lines"]]


@pytest.mark.parametrize("count", [1, 3])
def test_history_query_count(client, admin, account, django_assert_num_queries, count):
    for number in range(count):
        write(account, admin, number)
    client.get(URL)
    # session, user, roles, rows, their accounts; frame
    with django_assert_num_queries(6):
        response = client.get(URL)
    assert len(response.context["lines"]) == count


def test_history_is_read_on_by_cursor(client, admin, account, monkeypatch):
    monkeypatch.setattr(history, "PAGE", 2)
    for number in range(3):
        write(account, admin, number)
    first = client.get(URL)
    assert verbs(first) == ["verb2", "verb1"]
    write(account, admin, 3)
    second = client.get(URL, {"page": first.context["older"]})
    assert (verbs(second), second.context["older"]) == (["verb0"], None)
    assert len(verbs(client.get(URL, {"page": "x"}))) == 2


def test_history_is_filtered(client, admin, account):
    other = UserFactory()
    with source("import", "3"):
        write(account, other, 1)
    with source("page", "/x/"):
        write(AccountFactory(), admin, 2)
    day = str(Change.objects.first().at.date())
    cases = {
        "verb1": [{"actor": other.pk}, {"source": "import"}, {"account": account.pk}],
        "verb2": [{"actor": admin.pk}, {"source": "page"}],
    }
    for verb, filters in cases.items():
        for values in filters:
            assert verbs(client.get(URL, values)) == [verb]
    assert len(verbs(client.get(URL, {"since": day, "until": day}))) == 2
    for values in ({"since": "2999-01-01"}, {"object_type": "teams.team"}, {"account": 10**30}):
        assert verbs(client.get(URL, values)) == []


def test_history_finds_its_account_by_name_within_what_the_reader_sees(client, admin, account):
    hidden = AccountFactory(name="Fenced")
    reader = MembershipFactory(team__programme=account.programme)
    account.team = reader.team
    account.save()
    for row in (account, hidden):
        write(row, admin, row.pk)
    client.force_login(reader.user)
    for text in ("alba", f"Alba ({account.pk})", str(account.pk)):
        page = client.get(URL, {"account": text})
        assert verbs(page) == [f"verb{account.pk}"]
        assert [chip.value for chip in page.context["table"].chips] == ["Alba"]
    for text in ("Fenced", hidden.pk, "nobody"):
        assert verbs(client.get(URL, {"account": text})) == []
    fields = client.get(reverse("web:history_filter")).content.decode()
    assert reverse("accounts:pick") in fields


def test_history_leads_to_its_objects_that_have_a_page(client, admin, account):
    contact = ContactFactory(account=account)
    site = SiteFactory(account=account)
    for row in (account, contact, site):
        record.change(actor=admin, obj=row, verb="seen", after={"name": "x"})
    urls = [line.url for line in client.get(URL).context["lines"]]
    assert urls == ["", contact.get_absolute_url(), account.get_absolute_url()]


def test_history_stands_in_the_navigation_of_who_sees_accounts(client, admin):
    link = b'href="/history/"'
    assert link in client.get("/teams/").content
    client.force_login(UserFactory())
    assert link not in client.get("/teams/").content


def test_history_is_exported_field_by_field_without_formulas(client, admin, account):
    with source("page", "/accounts/1/"):
        record.change(actor=admin, obj=account, before={"name": "Alpa"}, after={"name": "=1+1"})
    response = client.get(URL, {"export": "csv"})
    lines = b"".join(response).decode("utf-8-sig").splitlines()
    assert lines[0] == (
        "Change id,When,Who id,Who,What,Kind,Object id,Object,Account id,Account,"
        "Field,Before,After,From where"
    )
    assert lines[1].split(",")[2:] == [
        str(admin.pk),
        "Ada Byron",
        "changed",
        "account",
        str(account.pk),
        "Alba",
        str(account.pk),
        "Alba",
        "Name",
        "Alpa",
        "'=1+1",
        "page",
    ]
    assert b"".join(client.get(URL, {"export": "xlsx"})).startswith(b"PK")


def test_history_shows_a_script_as_text(client, admin, account):
    write(account, admin)
    Change.objects.update(after={"name": "<script>x</script>"}, source_reference="<b>")
    page = client.get(URL).content.decode()
    assert "&lt;script&gt;x" in page
    assert "<script>x" not in page


def test_history_needs_a_sign_in(client, account):
    write(account, None)
    assert client.get(URL).status_code == 302
    client.force_login(UserFactory())
    assert verbs(client.get(URL)) == []


def test_panel_of_a_record_shows_its_own_changes(admin, account):
    write(account, admin, 1)
    write(AccountFactory(), admin, 2)
    template = Template("{% load history %}{% history account %}")
    request = RequestFactory().get("/")
    request.user = admin
    shown = template.render(Context({"request": request, "account": account}))
    assert "verb1" in shown
    assert "verb2" not in shown
    request.user = UserFactory()
    shown = template.render(Context({"request": request, "account": account}))
    assert "Nothing has been changed yet." in shown


def test_history_says_the_few_fields_that_matter(client, admin):
    site = SiteFactory(name="Depot", account__name="Alba")
    values = {
        "name": "Depot",
        "account": site.account_id,
        "address": "Road 1",
        "city": "Aarhus",
        "country": "Denmark",
        "status": "open",
    }
    record.change(actor=admin, obj=site, verb="created", after=values)
    line = client.get(URL).context["lines"][0]
    assert line.first[0].name == "status"
    assert len(line.first) == 3
    shown = {item.name for item in (*line.first, *line.rest)}
    assert shown == {"address", "city", "country", "status"}  # name and account stand in the line


def test_history_leaves_out_what_stayed_as_it_was(client, admin, account):
    before, after = {"industry": "Food", "name": "Alpa"}, {"industry": "Food", "name": "Alba"}
    record.change(actor=admin, obj=account, verb="stage", before=before, after=after)
    line = client.get(URL).context["lines"][0]
    assert [item.name for item in line.fields] == ["name"]


def test_history_folds_long_texts_of_a_change(client, admin, account):
    record.change(
        actor=admin,
        obj=account,
        before={"description": "x" * 400, "name": "Old"},
        after={"description": "y" * 400, "name": "New"},
    )
    line = client.get(URL).context["lines"][0]
    assert [item.name for item in line.first] == ["name"]
    assert [item.name for item in line.rest] == ["description"]
