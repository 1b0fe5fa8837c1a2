"""What every endpoint inherits; also the pattern that tests of a resource follow."""

import datetime
import json
import re
from itertools import chain

import pytest
import time_machine
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from kam.api import services
from kam.api.models import StoredAnswer, Token
from kam.api.tasks import forget_old_answers
from kam.changes.models import Change
from teams.models import Programme, User
from tests.concurrency import run_together
from tests.factories.api import TokenFactory, caller
from tests.factories.teams import ProgrammeFactory, RoleGrantFactory, UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.kam.api_urls")]
LIST = "/api/v1/programmes/"
NEW = {"name": "New", "supplier_name": "Alba", "currency": "GBP"}


@pytest.fixture
def admin():
    return RoleGrantFactory().user


@pytest.fixture
def client(admin):
    return caller(admin)


@pytest.fixture
def programme():
    return ProgrammeFactory(name="First")


def detail(programme) -> str:
    return f"{LIST}{programme.pk}/"


def problems(response) -> list[tuple[str, str]]:
    """Pointers and codes of a refusal, after checking that it is a proper one."""
    body = response.json()
    assert response["Content-Type"] == "application/problem+json"
    assert body["status"] == response.status_code
    assert {"type", "title", "detail"} <= set(body)
    return [(error["pointer"], error["code"]) for error in body.get("errors", [])]


# Lists


@pytest.mark.parametrize("count", [1, 3])
def test_list_query_count(client, django_assert_num_queries, count):
    ProgrammeFactory.create_batch(count)
    client.get(LIST)
    with django_assert_num_queries(3):  # token with owner, rights, rows
        response = client.get(LIST)
    assert len(response.json()["results"]) == count


def test_list_shows_only_what_the_token_owner_sees(programme):
    response = caller(UserFactory()).get(LIST)
    assert response.json() == {"next": None, "previous": None, "results": []}
    assert caller(UserFactory()).get(detail(programme)).status_code == 404


@pytest.mark.parametrize(
    ("query", "pointer", "code"),
    [
        ("colour=red", "?colour", "unknown_parameter"),
        ("currency=GBP&currency=EUR", "?currency", "repeated"),
        ("search=%00", "?search", "characters"),
        ("ordering=secret", "?ordering", "ordering"),
        ("ordering=--name", "?ordering", "ordering"),
        ("page_size=0", "?page_size", "page_size"),
        ("page_size=501", "?page_size", "page_size"),
        ("page_size=x", "?page_size", "page_size"),
        ("with_count=yes", "?with_count", "switch"),
        ("updated_since=yesterday", "?updated_since", "moment"),
        ("updated_since=2026-01-01T00:00", "?updated_since", "moment"),
        ("updated_since=2026-13-01T00:00Z", "?updated_since", "moment"),
        ("fields=name,secret", "?fields", "unknown_field"),
        ("cursor=abc", "?cursor", "cursor"),
    ],
)
def test_list_refuses_parameters(client, programme, query, pointer, code):
    response = client.get(f"{LIST}?{query}")
    assert response.status_code == 400
    assert problems(response) == [(pointer, code)]


def test_list_filters_searches_orders_counts_and_cuts_down(client):
    for name, currency in (("Bb", "GBP"), ("A", "EUR"), ("Ccc", "GBP")):
        ProgrammeFactory(name=name, currency=currency, supplier_name="Alba Ltd")
    body = client.get(f"{LIST}?currency=GBP&fields=name&with_count=1").json()
    assert body == {
        "count": 2,
        "next": None,
        "previous": None,
        "results": [{"name": "Ccc"}, {"name": "Bb"}],
    }
    assert [row["name"] for row in client.get(f"{LIST}?ordering=letters").json()["results"]] == [
        "A",
        "Bb",
        "Ccc",
    ]
    assert len(client.get(f"{LIST}?search=ltd+CC").json()["results"]) == 1
    future = (timezone.now() + datetime.timedelta(days=1)).isoformat().replace("+", "%2B")
    assert client.get(f"{LIST}?updated_since={future}").json()["results"] == []


def walk(client, url: str, way: str = "next") -> list[list[str]]:
    """Names on all pages from `url` on."""
    pages = []
    while url:
        body = client.get(url).json()
        pages.append([row["name"] for row in body["results"]])
        url = body[way]
    return pages


@pytest.mark.parametrize("sign", ["", "-"])
@pytest.mark.parametrize("ordering", ["name", "letters", "archived"])
def test_pages_hold_every_row_once_whatever_the_order(client, sign, ordering):
    ordering = sign + ordering
    now = timezone.now()
    for number in range(7):
        archived_at = now + datetime.timedelta(days=number // 2) if number % 3 else None
        ProgrammeFactory(name=f"{'x' * (number % 3)}{number}", archived_at=archived_at)
    everything = walk(client, f"{LIST}?ordering={ordering}")[0]
    assert len(everything) == 7
    pages = walk(client, f"{LIST}?ordering={ordering}&page_size=2")
    assert list(chain(*pages)) == everything
    first = client.get(f"{LIST}?ordering={ordering}&page_size=3").json()
    second = client.get(first["next"]).json()
    assert client.get(second["previous"]).json()["results"] == first["results"]
    third = client.get(second["next"]).json()
    assert (third["next"], first["previous"]) == (None, None)
    back = walk(client, third["previous"], "previous")
    assert list(chain(*reversed(back))) == everything[:6]


def test_pages_stay_put_under_writes(client):
    for name in "BDFH":
        ProgrammeFactory(name=name)
    first = client.get(f"{LIST}?ordering=name&page_size=2").json()
    ProgrammeFactory(name="A")
    ProgrammeFactory(name="E")
    Programme.objects.filter(name="D").delete()
    second = client.get(first["next"]).json()
    assert [row["name"] for row in second["results"]] == ["E", "F"]
    other = client.get(first["next"].replace("ordering=name", "ordering=-name"))
    assert problems(other) == [("?cursor", "cursor")]


# One row: versions


def test_row_carries_its_version_and_knows_when_nothing_changed(client, programme):
    response = client.get(detail(programme))
    assert (response.status_code, response["ETag"]) == (200, '"1"')
    for header in ('"1"', 'W/"1"', '"7", "1"'):
        again = client.get(detail(programme), HTTP_IF_NONE_MATCH=header)
        assert (again.status_code, again.content) == (304, b"")
    assert client.get(detail(programme), HTTP_IF_NONE_MATCH='"2"').status_code == 200
    assert problems(client.get(detail(programme) + "?page_size=1")) == [
        ("?page_size", "unknown_parameter")
    ]


def test_row_is_created_with_location_and_source(admin):
    client = caller(admin)
    response = client.post(LIST, NEW)
    assert (response.status_code, response["ETag"]) == (201, '"1"')
    programme = Programme.objects.get()
    assert response["Location"] == f"http://testserver{detail(programme)}"
    assert response.json()["name"] == "New"
    change = Change.objects.get()
    token = Token.objects.get()
    assert (change.actor, change.source, change.source_reference) == (admin, "api", token.name)


@pytest.mark.parametrize("method", ["patch", "put", "delete"])
@pytest.mark.parametrize("header", [None, "*", ""])
def test_change_without_version_is_refused(client, programme, method, header):
    extra = {} if header is None else {"HTTP_IF_MATCH": header}
    response = getattr(client, method)(detail(programme), NEW, **extra)
    assert problems(response) == [("", "if_match_required")]
    assert response.status_code == 428
    programme.refresh_from_db()
    assert (programme.name, programme.archived_at) == ("First", None)


@pytest.mark.parametrize("header", ["1", '"x"', '"1", "2"', '"99999999999999999999"'])
def test_change_with_another_kind_of_tag_is_refused(client, programme, header):
    response = client.patch(detail(programme), {"name": "X"}, HTTP_IF_MATCH=header)
    assert (response.status_code, problems(response)) == (400, [("", "if_match")])


def test_stale_change_gets_the_present_state(client, programme):
    first = client.patch(detail(programme), {"name": "Second"}, HTTP_IF_MATCH='"1"')
    assert (first.status_code, first["ETag"]) == (200, '"2"')
    stale = client.patch(detail(programme), {"name": "Third"}, HTTP_IF_MATCH='"1"')
    assert (stale.status_code, stale["ETag"]) == (412, '"2"')
    assert problems(stale) == [("", "stale")]
    assert stale.json()["current"] == client.get(detail(programme)).json()
    assert client.delete(detail(programme), HTTP_IF_MATCH='"1"').status_code == 412
    assert client.delete(detail(programme), HTTP_IF_MATCH='W/"2"').status_code == 204
    programme.refresh_from_db()
    assert (programme.name, programme.is_archived) == ("Second", True)


# Refusals


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (NEW | {"colour": "red"}, [("/colour", "unknown_field")]),
        (NEW | {"currency": "pounds"}, [("/currency", "invalid"), ("/currency", "max_length")]),
        (NEW | {"currency": "gbp"}, [("/currency", "invalid")]),
        (NEW | {"name": "first"}, [("", "invalid")]),
        ({}, [("/name", "required"), ("/supplier_name", "required"), ("/currency", "required")]),
        ([], [("", "invalid")]),
        (NEW | {"name": "a\x00b"}, [("", "parse_error")]),
    ],
)
def test_bad_body_is_refused_field_by_field(client, programme, body, expected):
    response = client.post(LIST, body)
    assert response.status_code == 400
    assert problems(response) == expected
    assert list(Programme.objects.all()) == [programme]


def test_half_a_surrogate_pair_is_refused(client):
    text = json.dumps(NEW).replace("New", "\\ud800")
    response = client.post(LIST, text, content_type="application/json")
    assert problems(response) == [("", "parse_error")]


def test_sent_back_read_only_fields_change_nothing(client, programme):
    body = client.get(detail(programme)).json() | {"name": "Renamed", "version": 9, "id": 999}
    response = client.put(detail(programme), body, HTTP_IF_MATCH='"1"')
    assert response.json() == body | {"id": programme.pk, "version": 2, "letters": 7}


def test_refusals_of_the_protocol_are_problems(client, programme):
    assert problems(client.post(LIST, "{", content_type="application/json"))[0][1] == "parse_error"
    cases = [
        (client.get("/api/v1/nothing/"), 404),
        (client.get("/api/nothing"), 404),
        (client.get(f"{LIST}abc/"), 404),
        (client.get(f"{LIST}99999999999999999999/"), 404),
        (client.post("/api/v1/programmes", NEW), 404),
        (client.post(detail(programme), {}), 405),
        (client.get(LIST, HTTP_ACCEPT="text/html"), 406),
        (client.post(LIST, "<a/>", content_type="application/xml"), 415),
        (client.patch(detail(programme), {"name": "forbidden"}, HTTP_IF_MATCH='"1"'), 403),
        (APIClient().get(LIST), 401),
    ]
    for response, status in cases:
        problems(response)
        assert response.status_code == status, response.content
    assert APIClient().get(LIST)["WWW-Authenticate"] == 'Bearer realm="api"'


def test_crash_tells_nothing(admin):
    client = APIClient(raise_request_exception=False)
    client.force_login(admin)
    response = client.get("/api/v1/broken/")
    assert response.status_code == 500
    assert problems(response) == []
    assert "secret" not in response.content.decode()


# Tokens


def test_token_is_read_once_and_stored_as_a_hash(admin):
    client = caller(admin, scope="admin")
    response = client.post("/api/v1/tokens/", {"name": "BI", "scope": "read", "days": 30})
    body = response.json()
    token = Token.objects.get(pk=body["id"])
    assert response.status_code == 201
    assert body["secret"].startswith(token.prefix)
    assert body["secret"] not in str(list(Token.objects.values_list()))
    assert body["secret"] not in str(list(Change.objects.values_list()))
    assert "secret" not in client.get(f"/api/v1/tokens/{token.pk}/").json()
    fresh = APIClient(HTTP_AUTHORIZATION=f"Bearer {body['secret']}")
    assert fresh.get("/api/v1/me/").json()["token"]["name"] == "BI"
    assert fresh.post(LIST, NEW).status_code == 403
    assert client.delete(f"/api/v1/tokens/{token.pk}/").status_code == 204
    assert fresh.get("/api/v1/me/").status_code == 401
    made, revoked = Change.objects.order_by("id")
    assert [(row.verb, row.audience, row.audience_id) for row in (made, revoked)] == [
        ("created", "private", admin.pk),
        ("revoked", "private", admin.pk),
    ]


@pytest.mark.parametrize(
    "values",
    [
        {"revoked_at": timezone.now()},
        {"expires_at": timezone.now()},
        {"owner__is_active": False},
    ],
)
def test_closed_token_opens_nothing(values):
    token = TokenFactory(**values)
    client = APIClient(HTTP_AUTHORIZATION=f"Bearer {TokenFactory.secret(token)}")
    response = client.get("/api/v1/me/")
    assert (response.status_code, problems(response)) == (401, [("", "authentication_failed")])
    assert token.is_valid == ("owner__is_active" in values)


@pytest.mark.parametrize(
    ("scope", "method", "status"),
    [("read", "post", 403), ("write", "post", 201), ("read", "get", 200), ("admin", "post", 201)],
)
def test_scope_bounds_what_a_token_does(admin, scope, method, status):
    response = getattr(caller(admin, scope), method)(LIST, NEW if method == "post" else None)
    assert response.status_code == status
    if status == 403:
        assert problems(response) == [("", "scope")]
        assert not Programme.objects.exists()


def test_tokens_of_others_are_the_administrators(admin):
    user = UserFactory()
    token = TokenFactory(owner=user)
    outsider = caller(UserFactory(), scope="admin")
    assert outsider.get(f"/api/v1/tokens/{token.pk}/").status_code == 404
    assert outsider.delete(f"/api/v1/tokens/{token.pk}/").status_code == 404
    assert token.pk not in [row["id"] for row in outsider.get("/api/v1/tokens/").json()["results"]]
    assert caller(user, "write").delete(f"/api/v1/tokens/{token.pk}/").status_code == 403
    assert caller(admin, "admin").delete(f"/api/v1/tokens/{token.pk}/").status_code == 204
    with pytest.raises(PermissionDenied):
        services.create_token(actor=UserFactory(), owner=user, name="x", scope="read")


def test_tokens_of_others_are_hidden_from_an_administrator_whose_role_has_run_out():
    day = datetime.datetime(2031, 5, 6, 12, tzinfo=datetime.UTC)
    with time_machine.travel(day, tick=False) as clock:
        user = RoleGrantFactory(valid_until=day.date()).user
        others = TokenFactory(owner=UserFactory())
        client = caller(user)

        def seen():
            listed = [row["id"] for row in client.get("/api/v1/tokens/").json()["results"]]
            return others.pk in listed, client.get(f"/api/v1/tokens/{others.pk}/").status_code

        assert seen() == (True, 200)
        clock.move_to(day + datetime.timedelta(days=1))
        assert seen() == (False, 404)


@pytest.mark.parametrize("count", [1, 3])
def test_token_list_query_count(admin, django_assert_num_queries, count):
    client = caller(admin)
    TokenFactory.create_batch(count)
    client.get("/api/v1/tokens/")
    with django_assert_num_queries(2):  # token with owner, rows
        response = client.get("/api/v1/tokens/")
    assert len(response.json()["results"]) == count + 1


def test_browser_session_lists_its_own_tokens(admin):
    token = TokenFactory(owner=UserFactory())
    client = APIClient()
    client.force_login(token.owner)
    assert [row["id"] for row in client.get("/api/v1/tokens/").json()["results"]] == [token.pk]


def test_use_of_a_token_is_noted_once_a_day(client, django_assert_num_queries):
    with django_assert_num_queries(2):  # token with owner, day of use
        client.get("/api/v1/me/")
    with django_assert_num_queries(1):
        client.get("/api/v1/me/")
    assert Token.objects.get().last_used_on == timezone.now().date()


def test_browser_session_needs_the_csrf_token_to_write(admin):
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(admin)
    assert client.get(LIST).status_code == 200
    response = client.post(LIST, NEW)
    assert (response.status_code, problems(response)) == (403, [("", "permission_denied")])
    client.cookies["csrftoken"] = "x" * 32
    assert client.post(LIST, NEW, HTTP_X_CSRFTOKEN="x" * 32).status_code == 201
    assert Change.objects.get().source == "api"


def test_create_token_command_prints_a_working_secret(capsys):
    user = UserFactory(username="erp")
    call_command("create_token", "ERP", "--scope", "write", "--days", "7")
    secret = capsys.readouterr().out.strip()
    client = APIClient(HTTP_AUTHORIZATION=f"Bearer {secret}")
    assert client.get("/api/v1/me/").json()["id"] == user.pk
    token = Token.objects.get()
    assert (
        datetime.timedelta(days=6) < token.expires_at - timezone.now() < datetime.timedelta(days=8)
    )
    assert Change.objects.get().source == "command"
    for arguments in (["nobody"], ["erp", "--days", "0"]):
        with pytest.raises(CommandError):
            call_command("create_token", *arguments, "--scope", "read")


def test_create_token_command_refuses_the_user_of_imports():
    User.objects.get_or_create(username="system")
    with pytest.raises(CommandError, match="tokens are people's"):
        call_command("create_token", "system", "--scope", "read")
    assert Token.objects.count() == 0


@pytest.fixture
def allowed(settings):
    """Sets how many calls a minute are allowed, counted from here."""
    cache.clear()

    def allow(calls: int) -> None:
        settings.API_CALLS_PER_MINUTE = calls

    yield allow
    cache.clear()


def test_calls_are_counted_and_bounded(client, allowed):
    allowed(2)
    remaining = [client.get("/api/v1/me/")["RateLimit-Remaining"] for _ in range(2)]
    response = client.get("/api/v1/me/")
    assert remaining == ["1", "0"]
    assert (response.status_code, problems(response)) == (429, [("", "throttled")])
    assert 1 <= int(response["Retry-After"]) <= 60
    assert re.fullmatch(r'"calls";r=0;t=\d+', response["RateLimit"])
    assert response["RateLimit-Policy"] == '"calls";q=2;w=60'


def test_refused_calls_are_counted_and_told_too(programme, allowed):
    allowed(4)
    reader = caller(UserFactory(), scope="read")
    answers = [
        reader.get("/api/v1/programmes/?colour=red"),
        reader.post(LIST, NEW),
        reader.get(detail(programme)),
        reader.trace(LIST),
    ]
    assert [answer.status_code for answer in answers] == [400, 403, 404, 405]
    assert [answer["RateLimit-Remaining"] for answer in answers] == ["3", "2", "1", "0"]
    assert reader.get("/api/v1/me/").status_code == 429


def test_strangers_are_counted_by_their_address(allowed):
    allowed(2)
    stranger = APIClient(REMOTE_ADDR="192.0.2.7")
    answers = [stranger.get(LIST) for _ in range(2)]
    answers += [stranger.get(LIST, headers={"Authorization": "Bearer wrong"})]
    assert [answer.status_code for answer in answers] == [401, 401, 429]
    assert [answer["RateLimit-Remaining"] for answer in answers] == ["1", "0", "0"]
    assert APIClient(REMOTE_ADDR="192.0.2.8").get(LIST).status_code == 401


# Retries


def post_once(client, key="k1", body=NEW):
    return client.post(LIST, body, HTTP_IDEMPOTENCY_KEY=key)


def test_repeated_post_gets_the_first_answer(admin, client):
    first, again = post_once(client), post_once(client)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert (again["Location"], again["ETag"]) == (first["Location"], first["ETag"])
    assert again["Idempotent-Replayed"] == "true"
    assert Programme.objects.count() == 1
    assert post_once(caller(RoleGrantFactory().user), body=NEW | {"name": "Y"}).status_code == 201


def test_key_with_another_body_is_refused(client):
    post_once(client)
    response = post_once(client, body=NEW | {"name": "Other"})
    assert (response.status_code, problems(response)) == (422, [("", "idempotency_key_reused")])
    assert Programme.objects.count() == 1
    assert post_once(client, key="x" * 256).status_code == 400


def test_refusal_is_replayed_and_writes_nothing(client):
    bad = NEW | {"currency": "x"}
    first, again = post_once(client, body=bad), post_once(client, body=bad)
    assert (first.status_code, again.status_code) == (400, 400)
    assert problems(first) == problems(again)
    assert not Programme.objects.exists()


def test_answer_is_forgotten_after_a_day(client):
    post_once(client)
    StoredAnswer.objects.update(created_at=timezone.now() - datetime.timedelta(hours=25))
    assert post_once(client).status_code == 400, "the name is taken by now"
    StoredAnswer.objects.update(created_at=timezone.now() - datetime.timedelta(hours=25))
    assert forget_old_answers.call() == 1


@pytest.mark.django_db(transaction=True)
def test_same_key_at_the_same_moment_is_done_once(admin):
    clients = [caller(admin) for _ in range(4)]
    outcomes = run_together(*[lambda client=client: post_once(client) for client in clients])
    assert [outcome.error for outcome in outcomes] == [None] * 4
    assert {outcome.value.status_code for outcome in outcomes} == {201}
    assert len({outcome.value.content for outcome in outcomes}) == 1
    assert Programme.objects.count() == 1


# Description


def test_root_names_every_resource(client):
    assert set(client.get("/api/v1/").json()) >= {"programmes", "broken", "tokens", "me"}


def test_documentation_is_a_page_without_scripts_of_its_own(admin):
    client = Client()
    assert client.get("/api/docs/").status_code == 302
    client.force_login(admin)
    page = client.get("/api/docs/").content.decode()
    assert "/api/v1/tokens/" in page
    assert 'id="problem-412"' in page
    assert not re.search(r"<script(?! src=)", page)
