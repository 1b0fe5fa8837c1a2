"""Opening pages and counting what they ask of the database."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Any, NamedTuple

from django.db import connection
from django.urls import reverse

from accounts.models import Account, Contact
from accounts.policies import can_read_programme
from bench.browser import Answer, Browser
from bench.floor import ADDRESS, floor_application, running
from kam.documents.tables import in_parts
from kam.exports.lists import table_at
from kam.exports.making import PART as AT_ONCE
from kam.web.views.tables import MOST_COUNTED
from kam.wsgi import application
from plans.models import Plan
from reviews.models import StageReview
from teams.models import Team, User

ROLES = ("load_programme", "load_senior", "load_kam")
LIST, DETAIL, PART, PORTFOLIO = 8, 25, 12, 15
"""Most queries (`design.md` 8)."""
ANY = 10_000
"""Where the design sets no number of queries."""
PARTS = 24
"""Parts in which a page and its floor are opened in turn, at least once in each."""
LISTS = (
    "accounts",
    "contacts",
    "interactions",
    "sites",
    "products",
    "ledger-entries",
    "activity-costs",
    "channels",
    "category-purchases",
    "stage-changes",
    "status-changes",
    "plans",
    "objectives",
    "actions",
    "stage-reviews",
    "teams",
    "users",
    "changes",
    "imports",
)
"""Lists of the REST interface."""


class Call(NamedTuple):
    """What is opened, the most queries it may cost, and the body where it is a POST."""

    name: str
    kind: str
    address: str
    queries: int
    body: dict[str, Any] | None = None


class Row(NamedTuple):
    """One page for one person; `ratio` is its time over that of its floor."""

    name: str
    kind: str
    role: str
    status: int
    queries: int
    most_queries: int
    seconds: float
    bare_seconds: float
    ratio: float
    bytes: int
    slowest_ms: float
    slowest: str


class Recorder:
    """Collects statements with their parameters and times."""

    def __init__(self) -> None:
        self.statements: list[tuple[str, Any]] = []
        self.times: list[float] = []

    def __call__(self, execute: Any, sql: str, params: Any, many: Any, context: Any) -> Any:
        begun = time.perf_counter()
        answer = execute(sql, params, many, context)
        self.times.append(time.perf_counter() - begun)
        self.statements.append((sql, params))
        return answer


def pages(user: User) -> Iterator[Call]:
    """Everything that is opened as `user`."""
    for row in _pages(user):
        yield Call(*row)


def _pages(user: User) -> Iterator[tuple[Any, ...]]:
    for name, kind, view, queries in (
        ("my day", "detail", "reviews:my_day", DETAIL),
        ("accounts", "list", "accounts:list", LIST),
        ("accounts, groups", "list", "accounts:groups", LIST),
        ("actions", "list", "plans:actions", LIST),
        ("teams", "list", "teams:list", LIST),
        ("reviews", "list", "reviews:list", LIST),
        ("portfolio", "portfolio", "reviews:portfolio", PORTFOLIO),
        ("history", "list", "web:history", LIST),
        ("products", "list", "accounts:products", LIST),
        ("category purchases", "list", "accounts:purchases", LIST),
        ("imports", "list", "imports:list", LIST),
    ):
        yield name, kind, reverse(view), queries
    if can_read_programme(user):
        yield "conflicts", "list", reverse("accounts:conflicts"), LIST
    accounts = reverse("accounts:list")
    yield "accounts, last page", "list", f"{accounts}?page={_last_page(user)}", LIST
    yield "accounts, key only", "list", f"{accounts}?status=key", LIST
    yield "accounts, by revenue", "list", f"{accounts}?sort=-revenue", LIST
    yield "accounts, as CSV", "export", f"{accounts}?export=csv&status=key", LIST
    yield "search", "search", reverse("web:search") + "?q=Granite", PART
    yield from _details(user)
    for name in LISTS:
        yield f"API {name}", "API list", f"/api/v1/{name}/", LIST
    yield "API search", "API list", "/api/v1/accounts/?search=Granite", LIST
    yield "API portfolio", "portfolio", "/api/v1/portfolio/", PORTFOLIO


def _last_page(user: User) -> int:
    count = Account.objects.visible_to(user).active().count()
    return max(1, min(count, MOST_COUNTED) // 50)


def _details(user: User) -> Iterator[tuple[Any, ...]]:
    account = Account.objects.visible_to(user).of_status("key").order_by("pk")[0]
    yield "account", "detail", account.get_absolute_url(), DETAIL
    for part in ("profile", "people", "figures", "lines", "costs", "history"):
        address = reverse(f"accounts:{part}", args=[account.pk])
        yield f"account, {part}", "detail", address, PART
    yield "account, plan", "detail", reverse("plans:of_account", args=[account.pk]), PART
    yield "account, reviews", "detail", reverse("reviews:account", args=[account.pk]), PART
    plan = Plan.objects.visible_to(user).order_by("pk")[0]
    yield "plan", "detail", plan.get_absolute_url(), DETAIL
    review = StageReview.objects.visible_to(user).order_by("pk")[0]
    yield "review", "detail", review.get_absolute_url(), DETAIL
    team = Team.objects.visible_to(user).order_by("pk")[0]
    yield "team", "detail", team.get_absolute_url(), DETAIL
    contact = Contact.objects.visible_to(user).order_by("pk")[0]
    yield "contact", "detail", reverse("accounts:contact", args=[contact.pk]), PART
    yield "API account", "API detail", f"/api/v1/accounts/{account.pk}/", ANY
    yield "API figures", "API detail", f"/api/v1/accounts/{account.pk}/figures/", ANY
    mine = Account.objects.contributable_by(user).of_status("key").order_by("pk").first()
    if mine is not None:
        body = {"account": mine.pk, "text": "Call back"}
        yield "API create", "API create", "/api/v1/actions/", ANY, body


def measured(only: str, seconds: float, turn: Callable[[], None]) -> Iterator[Row]:
    """Every page as each person beside its floor, for `seconds` each; before each part of these
    it is the `turn` of others."""
    floor = floor_application()
    for role in ROLES:
        user = User.objects.get(username=role)
        browser, plain = Browser(application, user), Browser(floor, user)
        for call in pages(user):
            if only in call.name:
                yield _measure(browser, plain, role, call, seconds, turn)


def _measure(
    browser: Browser,
    plain: Browser,
    role: str,
    call: Call,
    seconds: float,
    turn: Callable[[], None],
) -> Row:
    def ask() -> Any:
        return browser.open(call.address, call.body)

    def make() -> Answer:
        return _made(browser.user, call.address)

    def bare() -> Any:
        return plain.open(ADDRESS)

    if ask().status == HTTPStatus.FOUND and call.kind == "export":
        ask = make
    recorder = Recorder()
    with connection.execute_wrapper(recorder):
        answer = ask()
    with running(recorder.statements):
        bare()
        own, other = _in_turn((ask, bare), seconds, turn)
    longest = max(range(len(recorder.times)), key=recorder.times.__getitem__)
    return Row(
        name=call.name,
        kind=call.kind,
        role=role,
        status=answer.status,
        queries=len(recorder.statements),
        most_queries=call.queries,
        seconds=own,
        bare_seconds=other,
        ratio=own / other,
        bytes=answer.bytes,
        slowest_ms=recorder.times[longest] * 1000,
        slowest=recorder.statements[longest][0],
    )


def _made(user: User, address: str) -> Answer:
    """What the worker does where a file is too long to be waited for: nothing is stored."""
    path, asked = address.split("?")
    table = table_at(f"{path}?{asked.replace('export=csv&', '')}", user)
    with tempfile.TemporaryFile() as file:
        parts = in_parts(table.rows, AT_ONCE)
        table.write(file, "csv", (row for part in parts for row in part))
        return Answer(HTTPStatus.OK, file.tell())


def _in_turn(
    works: tuple[Callable[[], Any], ...], seconds: float, turn: Callable[[], None]
) -> list[float]:
    """Seconds of each of `works`, done in turn: its quickest, which is what it takes while nobody
    else wants the machine."""
    times: list[list[float]] = [[] for _work in works]
    for part in range(1, PARTS + 1):
        turn()
        end = time.perf_counter() + seconds / PARTS
        while time.perf_counter() < end or len(times[0]) < part:
            for work, taken in zip(works, times, strict=True):
                begun = time.perf_counter()
                work()
                taken.append(time.perf_counter() - begun)
    return [min(taken) for taken in times]
