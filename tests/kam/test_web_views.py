"""View mixins: scoping, services behind forms, conflicts, tables, saved views, search."""

import datetime

import django_filters
import pytest
from django.contrib.auth.models import AnonymousUser
from django.contrib.messages.storage.fallback import FallbackStorage
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404
from django.test import RequestFactory
from django.test.utils import override_script_prefix
from django.urls import reverse
from django.utils import timezone
from django.views.generic import DetailView, FormView, ListView, UpdateView
from django_htmx.middleware import HtmxDetails

from accounts.models import Account, Product
from kam.access.columns import never_empty
from kam.changes import editing
from kam.changes.models import Change
from kam.documents import tables as files
from kam.web import navigation, panels, search, services
from kam.web.forms import ServiceForm, ShapeForm, word_differences
from kam.web.models import Draft, SavedView, canonical
from kam.web.views import ScopedViewMixin, ServiceFormMixin, TableMixin
from kam.web.views.tables import Column
from teams.models import BusinessUnit, User
from tests.factories.accounts import AccountFactory
from tests.factories.teams import (
    BusinessUnitFactory,
    MembershipFactory,
    ProgrammeFactory,
    RoleGrantFactory,
    TeamFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db


def ask(user, path="/", data=None, **headers):
    factory = RequestFactory()
    made = factory.get(path, headers=headers)
    if data is not None:
        made = factory.post(path, data, headers=headers)
    made.user, made.session = user, {}
    made.htmx = HtmxDetails(made)
    made._messages = FallbackStorage(made)
    return made


class UnitForm(ServiceForm):
    class Meta:
        model = BusinessUnit
        fields = ["name", "code"]


class UnitUpdate(ScopedViewMixin, ServiceFormMixin, UpdateView):
    model = BusinessUnit
    form_class = UnitForm
    template_name = "web/form.html"
    form_title = "Unit"
    success_url = "/done/"
    success_message = "Saved."

    def perform(self, form):
        return editing.save(
            actor=self.request.user,
            obj=editing.locked(self.object),
            changes=form.changes,
            expected_version=form.version,
        )


@pytest.fixture
def unit():
    return BusinessUnitFactory(name="North")


@pytest.fixture
def manager(unit):
    grant = RoleGrantFactory(role="programme_manager", programme=unit.programme)
    return grant.user


def update(user, unit, data=None, **headers):
    response = UnitUpdate.as_view()(ask(user, "/unit/", data, **headers), pk=unit.pk)
    return response.render() if hasattr(response, "render") else response


def test_scoped_view_hides_what_is_not_visible(unit):
    with pytest.raises(Http404):
        update(UserFactory(), unit)
    assert update(AnonymousUser(), unit).status_code == 302


def test_scoped_view_refuses_what_is_visible_but_not_allowed(unit, manager, monkeypatch):
    class Detail(ScopedViewMixin, DetailView):
        model = BusinessUnit
        needs = "below_nothing"

    queryset = type(BusinessUnit.objects.all())
    monkeypatch.setattr(queryset, "below_nothing", lambda self, _user: self.none(), raising=False)
    with pytest.raises(PermissionDenied):
        Detail.as_view()(ask(manager), pk=unit.pk)


def test_service_form_saves_what_changed_and_goes_on(unit, manager):
    response = update(manager, unit, {"name": "South", "code": "", "version": unit.version})
    unit.refresh_from_db()
    assert (response.status_code, response.url, unit.name) == (302, "/done/", "South")
    row = Change.objects.of(unit).get()
    assert (row.before, row.after) == ({"name": "North"}, {"name": "South"})


def test_service_form_answers_htmx_with_a_redirect_of_the_whole_page(unit, manager):
    data = {"name": "South", "code": "", "version": unit.version}
    response = update(manager, unit, data, **{"HX-Request": "true"})
    assert (response.status_code, response.headers["HX-Redirect"]) == (204, "/done/")


def test_service_form_puts_refusals_at_their_fields(unit, manager):
    BusinessUnitFactory(programme=unit.programme, name="South")
    data = {"name": "south", "code": "typed", "version": unit.version}
    response = update(manager, unit, data)
    unit.refresh_from_db()
    assert (response.status_code, unit.name) == (422, "North")
    page = response.content.decode()
    assert "A unit of this name exists." in page
    assert 'value="typed"' in page
    assert "data-errors" in page


def test_service_form_shows_both_texts_in_a_conflict(unit, manager):
    version = unit.version
    editing.save(actor=manager, obj=unit, changes={"name": "North by east"})
    response = update(manager, unit, {"name": "North by west", "code": "", "version": version})
    unit.refresh_from_db()
    assert (response.status_code, unit.name) == (409, "North by east")
    page = response.content.decode()
    assert '<mark class="differs">east</mark>' in page
    assert '<mark class="differs">west</mark>' in page
    assert f'name="version" value="{unit.version}"' in page


def test_service_form_keeps_mine_when_sent_again_with_the_new_version(unit, manager):
    version = unit.version
    editing.save(actor=manager, obj=unit, changes={"name": "East"})
    again = {"name": "West", "code": "", "version": version + 1}
    assert update(manager, unit, again).status_code == 302
    unit.refresh_from_db()
    assert unit.name == "West"


def test_service_form_never_saves_by_itself(unit):
    form = UnitForm({"name": "X", "code": "", "version": 1}, instance=unit)
    assert form.is_valid()
    assert unit.name == "North"
    with pytest.raises(NotImplementedError):
        form.save()


def test_word_differences_escape_and_mark():
    theirs, mine = word_differences("a <b> c", "a d c")
    assert theirs == 'a <mark class="differs">&lt;b&gt;</mark> c'
    assert mine == 'a <mark class="differs">d</mark> c'


def test_refusal_of_an_unknown_field_stands_on_top():
    class Asking(ServiceFormMixin, FormView):
        form_class = ShapeForm
        template_name = "web/form.html"
        success_url = "/"

        def perform(self, form):
            raise ValidationError({"elsewhere": ["Not like this."]})

    response = Asking.as_view()(ask(UserFactory(), "/", {})).render()
    assert response.status_code == 422
    assert "Not like this." in response.content.decode()


class PersonFilter(django_filters.FilterSet):
    username = django_filters.CharFilter(label="Name", lookup_expr="icontains")

    class Meta:
        model = User
        fields = ["username"]


class People(TableMixin, ListView):
    model = User
    template_name = "404.html"
    page_name = "people"
    default_sort = "name"
    filterset_class = PersonFilter
    columns = [
        Column("name", "Name", "username", optional=False),
        Column("mail", "E-mail", "email"),
        Column("number", "Number", "pk", numeric=True, default=False),
    ]
    export_columns = [files.Column("Name", "username")]


def people(user, query=""):
    return People.as_view()(ask(user, f"/people/{query}")).context_data


def test_table_sorts_by_listed_columns_only():
    user = UserFactory(username="b")
    UserFactory(username="a")
    UserFactory(username="c")
    assert [row.username for row in people(user)["object_list"]] == ["a", "b", "c"]
    names = [row.username for row in people(user, "?sort=-name")["object_list"]]
    assert names == ["c", "b", "a"]
    names = [row.username for row in people(user, "?sort=password")["object_list"]]
    assert names == ["a", "b", "c"]


def test_table_shows_empty_values_last_in_both_directions():
    class Seen(People):
        columns = (*People.columns, Column("seen", "Last seen", "last_login"))

    user = UserFactory(username="never")
    now = timezone.now()
    UserFactory(username="late", last_login=now)
    UserFactory(username="early", last_login=now - datetime.timedelta(days=1))

    def names(query):
        rows = Seen.as_view()(ask(user, f"/people/{query}")).context_data["object_list"]
        return [row.username for row in rows]

    assert names("?sort=seen") == ["early", "late", "never"]
    assert names("?sort=-seen") == ["late", "early", "never"]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("pk", True),
        ("name", True),
        ("programme__name", True),
        ("review_due_on", False),
        ("team__name", False),
        ("worked_out", False),
        ("contacts", False),
    ],
)
def test_only_columns_that_may_be_empty_are_sorted_with_empty_values_last(path, expected):
    assert never_empty(Account, path) is expected


@pytest.mark.parametrize(
    ("more", "page", "said", "pages"),
    [
        (0, 20, "951–1,000 of 1,000", "Page 20 of 20"),
        (1, 20, "951–1,000 of more than 1,000: a filter narrows them", "Page 20 of 20"),
        (300, 1, "1–50 of more than 1,000: a filter narrows them", "Page 1 of 20"),
    ],
)
def test_long_lists_are_counted_and_paged_through_to_an_end(client, more, page, said, pages):
    programme = ProgrammeFactory()
    client.force_login(RoleGrantFactory(programme_manager=True, programme=programme).user)
    rows = [Product(programme=programme, code=f"P{at}", name="P") for at in range(1000 + more)]
    Product.objects.bulk_create(rows)
    address = f"{reverse('accounts:products')}?size=50&page="
    shown = client.get(f"{address}{page}").content.decode()
    assert f">{said}</span>" in shown
    assert f">{pages}</span>" in shown
    assert client.get(f"{address}21").status_code == 404


def test_table_headings_say_direction_and_next_one():
    context = people(UserFactory(), "?sort=name&page=1&username=u")
    first = context["table"].headings[0]
    assert (first.direction, first.href) == ("ascending", "?username=u&sort=-name")


def test_table_filters_become_chips_that_can_be_dropped():
    user = UserFactory(username="birch")
    UserFactory(username="cedar")
    context = people(user, "?username=bir")
    assert [row.username for row in context["object_list"]] == ["birch"]
    (chip,) = context["table"].chips
    assert (chip.label, chip.value, chip.href) == ("Name", "bir", "?")


def test_table_shows_chosen_columns():
    user = UserFactory()
    assert people(user)["table"].names == {"name", "mail"}
    assert people(user, "?columns=number")["table"].names == {"name", "number"}
    assert people(user, "?columns=password")["table"].names == {"name", "mail"}
    assert people(user, "?columns=-")["table"].names == {"name"}
    assert people(user, "?columns=-&columns=number")["table"].names == {"name", "number"}


def test_table_pages_have_listed_sizes():
    user = UserFactory()
    UserFactory.create_batch(30)
    assert len(people(user)["object_list"]) == 25
    assert len(people(user, "?size=50")["object_list"]) == 31
    assert len(people(user, "?size=100000")["object_list"]) == 25


@pytest.mark.parametrize("count", [1, 3])
def test_table_query_count(count, django_assert_num_queries):
    user = UserFactory()
    UserFactory.create_batch(count - 1)
    with django_assert_num_queries(1):  # rows: a first page that is not full counts itself
        assert len(people(user)["object_list"]) == count


def test_table_hands_out_filtered_rows_as_a_file():
    user = UserFactory(username="birch")
    UserFactory(username="cedar")
    response = People.as_view()(ask(user, "/people/?username=bir&export=csv"))
    lines = b"".join(response.streaming_content).decode("utf-8-sig").split()
    assert lines == ["Name", "birch"]


def test_saved_view_keeps_filter_and_belongs_to_one_person(client):
    user, other = UserFactory(), UserFactory()
    client.force_login(user)
    data = {"page": "people", "name": "Mine", "query": "sort=-name&page=3", "back": "/people/?x=1"}
    response = client.post(reverse("web:save_view"), data)
    assert response.url == "/people/?sort=-name"
    view = SavedView.objects.get()
    assert [row for row, here in people(user, "?sort=-name")["table"].saved_views] == [view]
    assert people(other)["table"].saved_views == []
    assert Change.objects.visible_to(user).of(view).count() == 1
    assert Change.objects.visible_to(other).of(view).count() == 0
    client.force_login(other)
    assert client.post(reverse("web:drop_view", args=[view.pk])).status_code == 404
    assert SavedView.objects.count() == 1
    client.force_login(user)
    assert client.post(reverse("web:drop_view", args=[view.pk])).status_code == 302
    assert SavedView.objects.count() == 0


def test_saved_view_never_leads_elsewhere(client):
    client.force_login(UserFactory())
    data = {"page": "people", "name": "Mine", "query": "a=b", "back": "https://evil.example/"}
    assert client.post(reverse("web:save_view"), data).url == "/?a=b"


def test_saved_view_of_the_same_name_is_replaced_and_empty_ones_are_refused():
    user = UserFactory()
    services.save_view(actor=user, page="people", name="Mine", query="a=1")
    services.save_view(actor=user, page="people", name="mine", query="a=2")
    assert [row.query for row in SavedView.objects.all()] == ["a=2"]
    with pytest.raises(ValidationError):
        services.save_view(actor=user, page="people", name=" ", query="a=2")


def test_canonical_is_the_same_for_the_same_parameters():
    assert canonical("b=2&a=1&page=4") == canonical("a=1&b=2") == "a=1&b=2"


def test_draft_is_kept_once_and_private(unit):
    user, other = UserFactory(), UserFactory()
    common = {"obj": unit, "field": "name", "base_version": 1}
    services.save_draft(actor=user, text="Sou", **common)
    services.save_draft(actor=user, text="South", **common)
    services.save_draft(actor=other, text="West", **common)
    assert [row.text for row in Draft.objects.visible_to(user).about(unit)] == ["South"]
    assert Change.objects.count() == 0
    assert services.drop_drafts(actor=user, obj=unit) == 1
    assert [row.text for row in Draft.objects.all()] == ["West"]


def test_search_asks_each_source_and_leaves_out_empty_groups(monkeypatch):
    monkeypatch.setattr(search, "_sources", {})
    asked = []

    def find(user, text, limit):
        asked.append((user, text, limit))
        return [search.Found(f"{text} {row}", "/x/") for row in range(limit)]

    search.register(search.SearchSource("a", "Accounts", "building", find))
    search.register(search.SearchSource("b", "Nothing", "building", lambda *_args: []))
    user = UserFactory()
    groups = search.find(user, " birch ", limit=2)
    assert [(len(group.rows), group.more) for group in groups] == [(2, True)]
    assert asked == [(user, "birch", 3)]
    assert search.find(user, "b") == []


def test_search_page_returns_the_results_alone_to_htmx(client):
    client.force_login(UserFactory())
    whole = client.get("/search/?q=zzzz").content.decode()
    part = client.get("/search/?q=zzzz", headers={"HX-Request": "true"})
    assert "<html" in whole
    assert "<html" not in part.content.decode()
    assert "HX-Request" in part.headers["Vary"]


@pytest.mark.parametrize("path", ["/search/?q=a%00bc", "/accounts/?q=%00", "/teams/?archived=%00"])
def test_nothing_is_found_at_an_address_with_nul(client, path):
    client.force_login(RoleGrantFactory().user)
    assert client.get(path).status_code == 404


def test_panels_render_in_order_for_those_who_may_see_them(monkeypatch):
    monkeypatch.setattr(panels, "_pages", panels.defaultdict(dict))
    shown = {"template": "components/empty.html"}
    for order, name in ((2, "second"), (1, "first"), (3, "hidden")):
        panel = panels.Panel(
            name,
            context=lambda _request, obj, name=name: {"title": f"{name} {obj}"},
            order=order,
            visible=lambda _user, _obj, name=name: name != "hidden",
            **shown,
        )
        panels.register("account", panel)
    html = panels.render(ask(UserFactory()), page="account", obj="Birch")
    assert html.index("first Birch") < html.index("second Birch")
    assert "hidden Birch" not in html


def test_frame_shows_entries_to_whom_they_are_open(client, monkeypatch):
    monkeypatch.setattr(navigation, "_entries", {})
    monkeypatch.setattr(navigation, "_providers", {})
    badge = navigation.Badge(4, "4 overdue", "bad")
    navigation.register(
        navigation.Entry("s", "Finding", "search", "web:search", badge=lambda _user: badge)
    )
    navigation.register(
        navigation.Entry("h", "Hidden thing", "sun", "web:search", visible=lambda _user: False)
    )
    birch = navigation.Shortcut("Birch", "/accounts/1/", "mid", "partnership", alerts=2)
    navigation.provide_shortcuts(lambda _user: navigation.Shortcuts("My accounts", (birch,)))
    navigation.provide_company(lambda _user: "Hartwell")
    client.force_login(UserFactory())
    page = client.get("/search/").content.decode()
    for word in ("Finding", "4 overdue", "My accounts", "Birch", "2 open alerts", "Hartwell"):
        assert word in page
    assert "Hidden thing" not in page


def test_frame_leads_to_where_the_server_hangs_the_application_in(monkeypatch):
    monkeypatch.setattr(navigation, "_entries", {})
    navigation.register(navigation.Entry("h", "Home", "sun", "reviews:my_day"))
    navigation.register(navigation.Entry("s", "Finding", "search", "web:search"))
    for prefix in ("/", "/kam/"):
        with override_script_prefix(prefix):
            frame = navigation.Frame(ask(UserFactory(), f"{prefix}search/"))
            shown = [(item.url, item.current) for item in frame.shown]
        assert shown == [(prefix, False), (f"{prefix}search/", True)]


@pytest.mark.parametrize(("theme", "links"), [("light", 0), ("dark", 1), ("system", 1)])
def test_theme_is_chosen_by_the_person(client, theme, links):
    client.force_login(UserFactory(theme=theme))
    page = client.get("/search/").content.decode()
    assert page.count("dark.css") == links
    assert ("prefers-color-scheme: dark" in page) == (theme == "system")


def test_pages_hold_the_strict_policy(client):
    client.force_login(UserFactory())
    response = client.get("/search/")
    policy = response.headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    page = response.content.decode()
    assert "style=" not in page
    assert "<script>" not in page


def test_frame_asks_each_question_once(client, monkeypatch):
    monkeypatch.setattr(navigation, "_entries", {})
    monkeypatch.setattr(navigation, "_providers", {})
    asked = []

    def allowed(_user):
        asked.append("entry")
        return True

    def shortcuts(_user):
        asked.append("shortcuts")
        return navigation.Shortcuts("")

    def company(_user):
        asked.append("company")
        return "Hartwell"

    for name in ("a", "b"):
        navigation.register(
            navigation.Entry(name, name, "search", "web:search", visible=allowed, phone=True)
        )
    navigation.provide_shortcuts(shortcuts)
    navigation.provide_company(company)
    client.force_login(UserFactory())
    assert client.get("/search/").status_code == 200
    assert sorted(asked) == ["company", "entry", "shortcuts"]


@pytest.mark.parametrize("count", [1, 3])
def test_frame_costs_the_same_however_many_accounts(client, count, django_assert_max_num_queries):
    user = UserFactory()
    for _number in range(count):
        team = TeamFactory()
        MembershipFactory(team=team, user=user, role="kam")
        AccountFactory(programme=team.programme, team=team)
    client.force_login(user)
    with django_assert_max_num_queries(5):  # session, user, rights, my accounts, company and counts
        assert client.get("/search/").status_code == 200
