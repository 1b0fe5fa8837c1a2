"""What is handed out comes in again without loss: into an empty programme, and into its own."""

from __future__ import annotations

import csv
import datetime
import io
from decimal import Decimal

import openpyxl
import pytest
from django.core.files.base import ContentFile

from accounts.models import (
    Account,
    ActivityCost,
    CategoryPurchase,
    Contact,
    ContactExternalId,
    ExchangeRate,
    LedgerEntry,
    Product,
    ProductExternalId,
    Site,
)
from kam.exports.lists import address_of, table_at
from kam.imports import passes, services
from teams.models import Function, Membership
from tests.factories.accounts import (
    AccountFactory,
    ActivityCostFactory,
    ActivityFactory,
    CategoryPurchaseFactory,
    ChannelFactory,
    ContactFactory,
    ExchangeRateFactory,
    ExternalIdFactory,
    LedgerEntryFactory,
    ProductFactory,
    ProductLineFactory,
    SiteFactory,
)
from tests.factories.teams import (
    BusinessUnitFactory,
    MembershipFactory,
    ProgrammeFactory,
    RoleGrantFactory,
    TeamFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

NASTY = (
    "=1+1",
    "@SUM(A1)",
    "-3",
    "+44 20",
    "'quoted'",
    "'=1",
    "''-1",
    '=HYPERLINK("http://x","y")',
    'Say "so", Ltd; and | sons',
    "Line one\nline two",
    "007",
    "1e5",
    "TRUE",
    "2026-01-02",
    "03/04",
    "NULL",
    "Zürich Ærø Łódź",
    "שלום עולם",
    "株式会社",
    "\uff1dwide",
    "a" * 200,
)
"""Names of customers that programs like to take for something else."""
LISTS = {
    "products": "products",
    "memberships": "memberships",
    "accounts": "accounts",
    "sites": "sites",
    "contacts": "contacts",
    "exchange_rates": "exchange-rates",
    "activity_costs": "activity-costs",
    "category_purchases": "category-purchases",
    "ledger": "ledger-entries",
}
"""Kind of import and list, in the order in which files have to come."""
OWN = {"Programme", "Recorded by", "Changed", "Status since", "Reason", "Next review", "Part of"}
"""Columns of what a programme writes by itself, besides our ids and figures of twelve months."""
OPTIONS = {
    "memberships": {"teams": "create"},
    "accounts": {"teams": "reject"},
    "contacts": {"unknown": "reject"},
    "ledger": {"unknown": "reject"},
}


class Home:
    """A programme, and who runs it."""

    def __init__(self, name: str) -> None:
        self.programme = ProgrammeFactory(name=name, currency="GBP")
        self.manager = RoleGrantFactory(programme_manager=True, programme=self.programme).user
        self.unit = BusinessUnitFactory(programme=self.programme, name="Rail, north")
        top = ChannelFactory(programme=self.programme, name="=On-trade", code="@on")
        self.channel = ChannelFactory(parent=top, name="Hotels, large")
        self.freight = ActivityFactory(programme=self.programme, code="freight", name="=Freight")
        self.function = Function.objects.create(
            programme=self.programme, code="service", name="Service"
        )

    def file(self, kind: str, form: str) -> bytes:
        """The whole list of `kind`, as a file."""
        table = table_at(address_of(LISTS[kind]), self.manager)
        file = io.BytesIO()
        table.write(file, form, table.rows)
        return file.getvalue()

    def taken(self, kind: str, form: str, content: bytes) -> dict[str, int]:
        """What became of the rows of a file."""
        run = services.upload_file(
            actor=self.manager,
            kind=kind,
            scope_id=self.programme.pk,
            file=ContentFile(content, name=f"{kind}.{form}"),
            file_name=f"{kind}.{form}",
            options=OPTIONS.get(kind, {}),
        )
        assert services.problems(run) == []
        run = passes.import_rows(services.start_run(actor=self.manager, run=run, enqueue=False).pk)
        assert (run.status, run.report.get("problems")) == ("published", []), run.error
        return {name: count for name, count in run.counts().items() if count}


def fill(home: Home) -> None:
    """Customers in groups with all that hangs on them."""
    programme = home.programme
    team = TeamFactory(programme=programme, name="=Team one")
    for user, role in (("ann", "kam"), ("bob", "member")):
        MembershipFactory(
            team=team,
            user=UserFactory(username=user),
            role=role,
            function=home.function if role == "member" else None,
            effort_fte=Decimal("0.35") if role == "member" else None,
            valid_from=datetime.date(2026, 1, 31),
        )
    line = ProductLineFactory(programme=programme, name="-Line")
    products = [
        ProductFactory(programme=programme, code=code, name=name, line=own)
        for code, name, own in (("007", "@home", line), ("7", "", None), ("a-1", "Plain", line))
    ]
    for system, value in (("shop", "=7"), ("ean", "4 006381 333931")):
        ProductExternalId.objects.create(
            product=products[1], programme=programme, system=system, value=value
        )
    top = None
    for number, name in enumerate(NASTY):
        account = AccountFactory(
            programme=programme,
            name=name,
            parent=top if number % 3 == 1 else None,
            team=team if number < 2 else None,
            business_unit=home.unit if number % 2 else None,
            status=("key", "candidate", "groomed")[number % 3],
            country="=UK" if number == 2 else "",
            industry="+Rail" if number == 3 else "",
            channel=home.channel if number % 2 else None,
            currency="EUR" if number % 4 == 0 else "",
            website="https://example.org/a?b=1,2" if number == 1 else "",
            description='-"text"\nof two lines, 1.5' if number == 4 else "",
            size=("", "small", "medium", "large")[number % 4],
            reach="regional" if number % 3 == 1 else "",
            intent="strategic" if number % 5 == 0 else "",
            criticality=("critical", "", "significant")[number % 3],
            target_stage="partnership" if number % 2 else "",
            target_stage_by=datetime.date(2027, 2, number % 12 + 1) if number % 2 else None,
            potential_contribution=Decimal("1234567.891234") + number if number % 3 else None,
        )
        top = account if number % 3 == 0 else top
        ExternalIdFactory(account=account, value=f"{number:04}")
        for system, value in (("crm", f"=A {number}"), ('old "list", csv', f"{number},5"))[
            : number % 3
        ]:
            ExternalIdFactory(account=account, system=system, value=value)
    for number, name in enumerate(NASTY[:11]):
        account = Account.objects.filter(programme=programme).order_by("pk")[number]
        place = SiteFactory(
            account=account,
            name=name,
            address="=Road 1\nUnit 2" if number % 2 else "",
            city="-Hull" if number % 3 else "",
            country="@UK" if number == 2 else "",
        )
        person = ContactFactory(
            account=account,
            name=name,
            site=place if number % 2 else None,
            job_title="=CEO",
            email=f"p{number}@customer.example",
            phone="+44 20 7946 0000" if number % 2 else "",
            function="-buying",
            level=("executive", "", "operational")[number % 3],
            buying_roles=["economic_buyer", "user"] if number % 2 else [],
            influence=number % 5 + 1 if number else None,
            attitude=number % 5 - 2 if number % 2 else None,
            interval_days=30 if number == 3 else None,
            confidence="confirmed" if number % 2 else "assumed",
            source="'card",
        )
        if number % 2:
            ContactExternalId.objects.create(
                contact=person, account=account, system="erp", value=f"=C{number}"
            )
            ContactExternalId.objects.create(
                contact=person, account=account, system="crm", value=f"P, {number}"
            )
        ActivityCostFactory(
            account=account,
            activity=home.freight,
            month=datetime.date(2026, number % 12 + 1, 1),
            quantity=Decimal("1.25") if number % 2 else None,
            rate=Decimal("0.333333") if number % 2 else None,
            amount=Decimal("-1234.567891") + number,
            source="=sheet" if number % 3 else "",
        )
        CategoryPurchaseFactory(
            account=account,
            category=line if number % 2 else None,
            use_type=("", "resale", "own_input")[number % 3],
            volume=Decimal("12.5000") if number % 3 else None,
            volume_unit="=t" if number % 3 else "",
            amount=Decimal("1234567.891234") if number % 3 < 2 else None,
            currency="EUR" if number % 4 == 0 else "GBP",
            source="-panel" if number % 2 else "",
            confidence=("measured", "reported", "estimated")[number % 3],
        )
        for day, amount in ((1, "1234567.891234"), (2, "-0.000001"), (3, "100")):
            LedgerEntryFactory(
                account=account,
                booked_on=datetime.date(2026, number % 12 + 1, day),
                product=products[day - 1] if number % 4 else None,
                quantity=Decimal("-2.5000") if day == 2 else None,
                amount=Decimal(amount),
                currency="EUR" if number % 2 else "GBP",
                cost=Decimal("0.123456") if day == 1 else None,
                document="=D1" if day == 3 else f"000{number}",
                source="erp",
            )
    CategoryPurchaseFactory(channel=home.channel, category=line)
    for day in (1, 2, 3):
        ExchangeRateFactory(
            programme=programme,
            currency="EUR",
            valid_from=datetime.date(2026, 1, day),
            rate=Decimal("0.85123456") + day,
            source="=ECB",
        )


@pytest.fixture
def home(db) -> Home:
    home = Home("Source")
    fill(home)
    return home


@pytest.fixture
def empty(home) -> Home:
    """A programme without customers, whose people, units and activities are the same."""
    empty = Home("Empty")
    for membership in Membership.objects.filter(team__programme=home.programme):
        RoleGrantFactory(finance=True, programme=empty.programme, user=membership.user)
    return empty


def rows_of(content: bytes, form: str) -> list[dict[str, str]]:
    """Rows of a file, without what each programme has of its own."""
    if form == "csv":
        text = content.decode("utf-8-sig")
        found = list(csv.DictReader(io.StringIO(text, newline="")))
    else:
        sheet = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]
        heading, *values = sheet.iter_rows(values_only=True)
        found = [dict(zip(heading, row, strict=True)) for row in values]
    left_out = {name for name in found[0] if name.endswith((" id", "12 months"))} - {
        "External id",
        "Account external id",
    }
    rows = [
        {name: value for name, value in row.items() if name not in left_out | OWN} for row in found
    ]
    return sorted(rows, key=lambda row: str(list(row.values())))


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_file_comes_back_the_same_from_an_empty_programme(home, empty, form):
    for kind in LISTS:
        content = home.file(kind, form)
        count = len(rows_of(content, form))
        assert count > 2 or kind == "memberships"
        assert empty.taken(kind, form, content) == {"rows_read": count, "created": count}, kind
    for kind in LISTS:
        assert rows_of(empty.file(kind, form), form) == rows_of(home.file(kind, form), form), kind


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_own_file_changes_nothing(home, form):
    models = (
        Product,
        Membership,
        Account,
        Site,
        Contact,
        ExchangeRate,
        ActivityCost,
        CategoryPurchase,
        LedgerEntry,
    )
    before = [model.objects.count() for model in models]
    for kind in LISTS:
        content = home.file(kind, form)
        count = len(rows_of(content, form))
        assert home.taken(kind, form, content) == {"rows_read": count, "unchanged": count}, kind
    assert [model.objects.count() for model in models] == before


def test_line_that_was_changed_in_the_file_is_refused(home):
    content = home.file("ledger", "csv").decode()
    changed = content.replace("1234567.891234", "7654321.0", 1).encode()
    run = services.upload_file(
        actor=home.manager,
        kind="ledger",
        scope_id=home.programme.pk,
        file=ContentFile(changed, name="ledger.csv"),
        file_name="ledger.csv",
    )
    run = passes.import_rows(services.start_run(actor=home.manager, run=run, enqueue=False).pk)
    assert {item["code"]: item["count"] for item in run.report["problems"]} == {"changed_line": 1}
    assert (run.created, run.rejected) == (0, 1)
