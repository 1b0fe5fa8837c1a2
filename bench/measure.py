"""Opening pages and counting what they ask of the database."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse

from accounts.models import Account, Contact
from plans.models import Plan
from reviews.models import StageReview
from teams.models import Team, User

ROLES = ("load_programme", "load_senior", "load_kam")
LIST, DETAIL, PART, PORTFOLIO = 8, 25, 12, 15
"""Most queries (`design.md` 8)."""
LISTS = (
    "accounts",
    "contacts",
    "interactions",
    "sites",
    "products",
    "ledger-entries",
    "activity-costs",
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


class Row(NamedTuple):
    """One page for one person; `name` and `ratio` are what comparisons read."""

    name: str
    role: str
    status: int
    queries: int
    budget: int
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


def pages(user: User) -> Iterator[tuple[str, str, int]]:
    """Name, address and budget of everything that is opened as `user`."""
    for name, view, budget in (
        ("my day", "reviews:my_day", DETAIL),
        ("accounts", "accounts:list", LIST),
        ("accounts, groups", "accounts:groups", LIST),
        ("actions", "plans:actions", LIST),
        ("teams", "teams:list", LIST),
        ("reviews", "reviews:list", LIST),
        ("portfolio", "reviews:portfolio", PORTFOLIO),
        ("history", "web:history", LIST),
        ("products", "accounts:products", LIST),
        ("imports", "imports:list", LIST),
    ):
        yield name, reverse(view), budget
    yield "accounts, page 5", reverse("accounts:list") + "?page=5", LIST
    yield "accounts, key only", reverse("accounts:list") + "?status=key", LIST
    yield "search", reverse("web:search") + "?q=Granite", LIST
    yield from _details(user)
    for name in LISTS:
        yield f"API {name}", f"/api/v1/{name}/", LIST
    yield "API portfolio", "/api/v1/portfolio/", PORTFOLIO


def _details(user: User) -> Iterator[tuple[str, str, int]]:
    account = Account.objects.visible_to(user).of_status("key").order_by("pk")[0]
    yield "account", account.get_absolute_url(), DETAIL
    for part in ("profile", "people", "figures", "lines", "costs", "history"):
        yield f"account, {part}", reverse(f"accounts:{part}", args=[account.pk]), PART
    yield "account, plan", reverse("plans:of_account", args=[account.pk]), PART
    yield "account, reviews", reverse("reviews:account", args=[account.pk]), PART
    plan = Plan.objects.visible_to(user).order_by("pk")[0]
    yield "plan", plan.get_absolute_url(), DETAIL
    review = StageReview.objects.visible_to(user).order_by("pk")[0]
    yield "review", review.get_absolute_url(), DETAIL
    team = Team.objects.visible_to(user).order_by("pk")[0]
    yield "team", team.get_absolute_url(), DETAIL
    contact = Contact.objects.visible_to(user).order_by("pk")[0]
    yield "contact", reverse("accounts:contact", args=[contact.pk]), PART
    yield "API account", f"/api/v1/accounts/{account.pk}/", LIST
    yield "API figures", f"/api/v1/accounts/{account.pk}/figures/", LIST


def measured(rounds: int, only: str) -> Iterator[Row]:
    """Every page as each person: the middle of `rounds`, after one that fills caches."""
    for role in ROLES:
        user = User.objects.get(username=role)
        client = Client(raise_request_exception=False)
        client.force_login(user)
        for name, address, budget in pages(user):
            if only in name:
                yield _measure(client, role, name, address, budget, rounds)


def _measure(client: Client, role: str, name: str, address: str, budget: int, rounds: int) -> Row:
    client.get(address)
    recorder = Recorder()
    with connection.execute_wrapper(recorder):
        response = client.get(address)
    reads = [row for row in recorder.statements if row[0].lstrip("( ").startswith("SELECT")]

    def bare(request: HttpRequest) -> HttpResponse:
        with connection.cursor() as cursor:
            for sql, params in reads:
                cursor.execute(sql, params)
                cursor.fetchall()
        return HttpResponse(b"")

    request = RequestFactory().get(address)
    own, other = [], []
    for _round in range(rounds):
        own.append(_timed(lambda: client.get(address)))
        other.append(_timed(lambda: bare(request)))
    seconds, bare_seconds = statistics.median(own), statistics.median(other)
    longest = max(range(len(recorder.times)), key=recorder.times.__getitem__, default=None)
    return Row(
        name=name,
        role=role,
        status=response.status_code,
        queries=len(recorder.statements),
        budget=budget,
        seconds=seconds,
        bare_seconds=bare_seconds,
        ratio=seconds / bare_seconds if bare_seconds else 0.0,
        bytes=len(response.content),
        slowest_ms=recorder.times[longest] * 1000 if longest is not None else 0.0,
        slowest=recorder.statements[longest][0] if longest is not None else "",
    )


def _timed(call: Any) -> float:
    begun = time.perf_counter()
    call()
    return time.perf_counter() - begun
