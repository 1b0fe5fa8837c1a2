"""What every resource keeps to while others call, too: retries, and lists that are walked."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from kam.access.dates import business_today
from kam.api.models import StoredAnswer
from tests.concurrency import run_together
from tests.factories.accounts import (
    AccountFactory,
    ContactFactory,
    ProductFactory,
    ProductLineFactory,
)
from tests.factories.api import caller
from tests.factories.plans import ActionFactory
from tests.factories.teams import RoleGrantFactory, UserFactory
from tests.kam.test_api_contract import CREATED, FORMS, VIEWS, address
from tests.scoping import World

THREADS = 4


def bodies(world: World) -> dict[str, dict[str, Any]]:
    """What makes a row of each resource."""
    things, programme, account = world.things, world.programme.pk, world.account.pk
    day = business_today().isoformat()
    in_a_month = (business_today() + datetime.timedelta(days=30)).isoformat()
    brand = ProductLineFactory(programme=world.programme)
    plan = things["plan"].pk
    other = AccountFactory(programme=world.programme, name="Alder")
    twins = ContactFactory.create_batch(2, account=world.account)
    return {
        "accounts": {"programme": programme, "name": "Nordic"},
        "actions": {"account": account, "text": "Send the offer"},
        "activity-costs": {
            "account": account,
            "activity": things["activity"].pk,
            "month": "2026-03-01",
            "amount": "10",
            "currency": "GBP",
        },
        "attachments": {"account": account},
        "budget-lines": {
            "programme": programme,
            "year": 2026,
            "cost_type": "people",
            "text": "Half a post",
            "amount": "10",
        },
        "business-units": {"programme": programme, "name": "North"},
        "category-purchases": {
            "account": account,
            "period_from": "2023-01-01",
            "period_until": "2023-12-31",
            "amount": "10",
        },
        "channels": {"programme": programme, "name": "On-trade"},
        "conflicts": {"a": account, "b": other.pk, "kind": "exclusive"},
        "contacts": {"account": account, "name": "Ida Holm"},
        "corporate-objectives": {"programme": programme, "text": "Services grow"},
        "criteria": {
            "programme": programme,
            "kind": "strength",
            "valid_from": in_a_month,
            "criteria": [{"code": "S1", "name": "Fit", "weight": "100"}],
        },
        "customer-goals": {"account": account, "text": "One label"},
        "exchange-rates": {
            "programme": programme,
            "currency": "NOK",
            "valid_from": "2026-01-01",
            "rate": "0.07",
        },
        "expectations": {"account": other.pk, "told": "One team"},
        "exports": {"list": "accounts", "format": "csv"},
        "functions": {"programme": programme, "code": "tax", "name": "Tax"},
        "import-folders": {
            "kind": "ledger",
            "scope": programme,
            "name": "Orders",
            "path": "orders",
            "pattern": "*.csv",
        },
        "imports": {"kind": "accounts", "scope": programme, "dry_run": "1"},
        "interactions": {"account": account, "kind": "call", "text": "Talked"},
        "ledger-entries": {
            "account": account,
            "booked_on": day,
            "amount": "10",
            "currency": "GBP",
        },
        "manager-capacities": {"programme": programme, "user": world.insider.pk, "accounts": 2},
        "memberships": {"team": world.team.pk, "user": UserFactory().pk, "role": "member"},
        "merges": {"kind": "contact"}
        | dict(zip(("survivor", "loser"), [row.pk for row in twins], strict=True)),
        "milestones": {"objective": things["objective"].pk, "result": "Trial", "date": day},
        "objectives": {"plan": plan, "title": "Grow", "type": "grow"},
        "organisation-changes": {
            "programme": programme,
            "kind": "structure",
            "text": "One region",
            "effective_on": day,
            "impact": "Two teams change",
            "risk": "low",
        },
        "plans": {
            "account": other.pk,
            "title": "Plan",
            "starts_on": "2026-01-01",
            "ends_on": "2026-12-31",
        },
        "success-factors": {"account": other.pk, "name": "Digital ordering", "weight": "15"},
        "preferred-benefits": {"account": other.pk, "text": "First in line"},
        "product-lines": {"programme": programme, "name": "Labels"},
        "products": {"programme": programme, "code": "P-9", "name": "Label"},
        "profile-entries": {"account": other.pk, "field": "finance", "value": "Family-owned"},
        "profile-parameters": {
            "programme": programme,
            "code": "footfall",
            "name": "Footfall",
            "lowest": "1",
            "highest": "5",
        },
        "programmes": {"name": "Next", "supplier_name": "Hartwell", "currency": "GBP"},
        "qualifications": {"account": other.pk, "deadline": in_a_month, "cap": "10"},
        "ratings": {"account": other.pk, "parameter": things["parameter"].pk, "value": "3"},
        "return-cases": {
            "account": other.pk,
            "started_on": "2025-01-01",
            "contribution_before": "10",
            "growth_source": "Like last year",
        },
        "risks": {
            "plan": plan,
            "category": "delivery",
            "title": "Leaves",
            "likelihood": 2,
            "impact": 3,
        },
        "role-grants": {"user": UserFactory().pk, "role": "finance", "programme": programme},
        "scorings": {"account": other.pk, "code": "S1", "value": 5},
        "selections": {"programme": programme, "name": "Next year"},
        "sites": {"account": account, "name": "Works"},
        "stage-reviews": {"account": account, "reviewed_on": day},
        "strategies": {"objective": things["objective"].pk, "kind": "penetrate", "text": "Trial"},
        "swot-entries": {"plan": plan, "quadrant": "strength", "text": "Fast"},
        "target-profiles": {
            "programme": programme,
            "brand": brand.pk,
            "ranges": [{"parameter": things["parameter"].pk, "weight": "1", "at_least": "3"}],
        },
        "targets": {"account": other.pk, "brand": brand.pk, "status": "targeted"},
        "teams": {"programme": programme, "name": "Team North"},
        "tokens": {"name": "BI", "scope": "read"},
        "users": {"username": "ida", "email": "ida@x.example", "first_name": "Ida"},
        "webhooks": {"name": "ERP", "url": "https://hooks.example.com/kam"},
    }


def sent(name: str, body: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Arguments of a POST; a form carries its file."""
    if name not in FORMS:
        return {"data": body | more, "format": "json"}
    text = b"Name,Country\nNordic,Sweden\n"
    file = SimpleUploadedFile("customers.csv", text, content_type="text/csv")
    return {"data": body | more | {"file": file}, "format": "multipart"}


@pytest.mark.django_db(transaction=True)
def test_retries_at_the_same_moment_are_done_once(settings, tmp_path):
    """N equal calls with one key: one row, one answer; another body under it is 422."""
    settings.IMPORT_FOLDER = str(tmp_path)
    for folder in ("orders", "1/orders"):
        (tmp_path / folder).mkdir(parents=True)
    world = World().open().hide()
    made = bodies(world)
    assert sorted(made) == CREATED, "say what makes a row of it"
    clients = [caller(world.administrator, scope="admin") for _number in range(THREADS)]
    for name, body in made.items():
        rows = VIEWS[name].model._default_manager
        before, key = rows.count(), {"HTTP_IDEMPOTENCY_KEY": f"key-{name}"}

        def post(client, name=name, body=body, key=key):
            return client.post(address(name), **sent(name, body), **key)

        outcomes = run_together(*[lambda one=client: post(one) for client in clients])
        assert [outcome.error for outcome in outcomes] == [None] * THREADS, name
        answers = [outcome.value for outcome in outcomes]
        assert {answer.status_code for answer in answers} <= {201, 202}, answers[0].content
        assert len({answer.content for answer in answers}) == 1, name
        replayed = [answer.get("Idempotent-Replayed") for answer in answers]
        assert sorted(map(str, replayed)) == ["None", *["true"] * (THREADS - 1)], name
        assert rows.count() == before + 1, name
        other = clients[0].post(address(name), **sent(name, body, zzz="other"), **key)
        assert (other.status_code, rows.count()) == (422, before + 1), name
    assert StoredAnswer.objects.count() == len(made)


WALKED = {
    "accounts": lambda world, number: AccountFactory(
        programme=world.programme, name=f"Walk {number:03}"
    ),
    "contacts": lambda world, number: ContactFactory(
        account=world.account, name=f"Walk {number:03}"
    ),
    "products": lambda world, number: ProductFactory(
        programme=world.programme, code=f"W{number:03}", name=f"Walk {number:03}"
    ),
    "actions": lambda world, number: ActionFactory(
        account=world.account,
        text=f"Walk {number:03}",
        due=business_today() + datetime.timedelta(days=number // 3) if number % 4 else None,
    ),
    "users": lambda _world, number: UserFactory(first_name=f"Walk {number:03}"),
}
CHANGED = {"accounts": "industry", "contacts": "phone", "products": "name", "actions": "text"}
"""A column by which the list is not sorted, and which somebody changes meanwhile."""


@pytest.mark.django_db
@pytest.mark.parametrize("name", WALKED)
def test_walk_sees_every_row_once_while_others_write(name):
    """Rows before, between and after are written while a list is read page by page."""
    world = World().open().hide()
    manager = VIEWS[name].model._default_manager
    for number in range(0, 40, 2):
        WALKED[name](world, number)
    client = caller(RoleGrantFactory().user)
    orders = VIEWS[name](request=None).ordering_fields
    for order in ("", *(item for item in ("name", "code", "due", "-updated_at") if item in orders)):
        there = {row["id"] for row in pages(client, name, order, size=500)}
        writer = Writer(name, world, manager)
        seen = [row["id"] for row in pages(client, name, order, size=7, between=writer.write)]
        assert len(seen) == len(set(seen)), order
        assert there <= set(seen), order
        assert writer.written > 2


class Writer:
    """Somebody who adds a row and changes one after each page."""

    def __init__(self, name: str, world: World, manager: Any) -> None:
        self.name, self.world, self.manager, self.written = name, world, manager, 0

    def write(self) -> None:
        taken = self.manager.count()
        WALKED[self.name](self.world, taken * 2 + 1 - (taken % 3) * 40)
        column = CHANGED.get(self.name)
        if column:
            row = self.manager.order_by("pk")[taken % 7]
            self.manager.filter(pk=row.pk).update(**{column: f"W{taken}"})
        self.written += 1


def pages(client: Any, name: str, order: str, *, size: int, between: Any = None) -> Any:
    """Rows of a list, page by page; `between` is called after each."""
    url = f"{address(name)}?page_size={size}" + (f"&ordering={order}" if order else "")
    while url:
        body = client.get(url).json()
        yield from body["results"]
        if between is not None:
            between()
        url = body["next"]
