"""Opening pages and counting what they ask of the database."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from accounts.models import Account, Contact
from bench.floor import ADDRESS, floor_client, running
from plans.models import Plan
from reviews.models import StageReview
from teams.models import Team, User

ROLES = ("load_programme", "load_senior", "load_kam")
LIST, DETAIL, PART, PORTFOLIO, CREATE = 8, 25, 12, 15, 25
"""Most queries (`design.md` 8)."""
LIMITS = {"create": 4.0}
"""Most times the floor, where it is not three."""
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


class Call(NamedTuple):
    """What is opened, the most queries it may cost, and the body where it is a POST."""

    name: str
    address: str
    budget: int
    body: dict[str, Any] | None = None

    @property
    def limit(self) -> float:
        """Most times the floor."""
        return next((most for word, most in LIMITS.items() if word in self.name), 3.0)


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
    limit: float
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


def _details(user: User) -> Iterator[tuple[Any, ...]]:
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
    yield "API figures", f"/api/v1/accounts/{account.pk}/figures/", PART
    yield "API create", "/api/v1/actions/", CREATE, {"account": account.pk, "text": "Call back"}


def measured(rounds: int, only: str) -> Iterator[Row]:
    """Every page as each person: the middle of `rounds`, after one that fills caches."""
    for role in ROLES:
        user = User.objects.get(username=role)
        client = Client(raise_request_exception=False)
        client.force_login(user)
        plain = floor_client(client)
        for call in pages(user):
            if only in call.name:
                yield _measure(client, plain, role, call, rounds)


def _measure(client: Client, plain: Client, role: str, call: Call, rounds: int) -> Row:
    def ask() -> HttpResponse:
        if call.body is None:
            return client.get(call.address)
        return client.post(call.address, json.dumps(call.body), content_type="application/json")

    ask()
    recorder = Recorder()
    with connection.execute_wrapper(recorder):
        response = ask()
    own, other = [], []
    with running(recorder.statements):
        plain.get(ADDRESS)
        for _round in range(rounds):
            own.append(_timed(ask))
            other.append(_timed(lambda: plain.get(ADDRESS)))
    seconds, bare_seconds = statistics.median(own), statistics.median(other)
    longest = max(range(len(recorder.times)), key=recorder.times.__getitem__, default=None)
    return Row(
        name=call.name,
        role=role,
        status=response.status_code,
        queries=len(recorder.statements),
        budget=call.budget,
        seconds=seconds,
        bare_seconds=bare_seconds,
        ratio=seconds / bare_seconds if bare_seconds else 0.0,
        limit=call.limit,
        bytes=len(response.content),
        slowest_ms=recorder.times[longest] * 1000 if longest is not None else 0.0,
        slowest=recorder.statements[longest][0] if longest is not None else "",
    )


def _timed(call: Any) -> float:
    begun = time.perf_counter()
    call()
    return time.perf_counter() - begun
