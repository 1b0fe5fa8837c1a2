"""Kept sums say the same as months and costs to serve, whatever is written, for everybody."""

import datetime
import threading
from decimal import Decimal
from typing import Any

import pgtrigger
import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection, transaction
from django.db.models import F
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from accounts import figures, services
from accounts.models import Account, AccountSums, SumsBand, SumsCell, SumsPeriod
from accounts.services import ledger
from accounts.tasks import keep_sums
from kam.access.dates import business_today
from kam.imports.services import undo_run
from reviews import portfolio
from tests.accounts.test_imports_ledger import HEAD, import_file, undo
from tests.concurrency import run_together
from tests.factories.accounts import (
    AccountFactory,
    ActivityFactory,
    ConflictFactory,
    ExchangeRateFactory,
)
from tests.factories.teams import (
    BusinessUnitFactory,
    MembershipFactory,
    ProgrammeFactory,
    RoleGrantFactory,
    TeamFactory,
    UserFactory,
)

YEAR = figures.trailing_year(business_today())
ALWAYS = figures.Period(None, None)


def month(place: int) -> datetime.date:
    """A day in the month that lies `place` months after the year before began."""
    first = YEAR.year_before().first
    assert first is not None
    count = first.year * 12 + first.month - 1 + place
    return datetime.date(count // 12, count % 12 + 1, 7)


class World:
    """A programme of four accounts in two units, and people who see different ones of them."""

    def __init__(self) -> None:
        self.programme = ProgrammeFactory(currency="GBP")
        self.north, self.south = BusinessUnitFactory.create_batch(2, programme=self.programme)
        team = TeamFactory(programme=self.programme)
        self.manager = RoleGrantFactory(programme_manager=True, programme=self.programme).user
        self.senior = RoleGrantFactory(senior_manager=True, business_unit=self.north).user
        self.member = MembershipFactory(role="member", team=team).user
        self.accounts = [
            AccountFactory(programme=self.programme, status="key", business_unit=unit, team=own)
            for unit, own in (
                (self.north, None),
                (self.north, team),
                (self.south, None),
                (None, None),
            )
        ]
        self.accounts.append(AccountFactory(parent=self.accounts[0], business_unit=self.north))
        ConflictFactory(a=self.accounts[1], b=self.accounts[2], kind="ring_fence")
        self.activity = ActivityFactory(programme=self.programme)
        ExchangeRateFactory(programme=self.programme, currency="EUR", rate=Decimal("0.8612345678"))
        figures.keep(self.programme, self.programme.today())

    def account(self, place: int) -> Account:
        return Account.objects.get(pk=self.accounts[place].pk)

    def sell(self, place: int, when: int, amount: Decimal, cost: Any, currency: str) -> Any:
        line = {"booked_on": month(when), "amount": amount, "cost": cost, "currency": currency}
        return ledger.enter_sales_line(
            actor=self.manager, account=self.account(place), changes=line
        )

    def serve(self, place: int, when: int, amount: Decimal, currency: str) -> Any:
        cost = {"activity": self.activity, "month": month(when).replace(day=1), "amount": amount}
        cost |= {"currency": currency, "source": str(when)}
        known = self.account(place).activity_costs.filter(month=cost["month"], currency=currency)
        if known.exists():
            return known.first()
        return ledger.enter_activity_cost(
            actor=self.manager, account=self.account(place), changes=cost
        )

    def step(self, kind: str, place: int, when: int, amount: Decimal, cost: Any, code: str) -> None:
        """Something that people do."""
        if kind in ("sell", "take back"):
            entry = self.sell(place, when, amount, cost, code)
            if kind == "take back":
                ledger.remove_sales_line(actor=self.manager, entry=entry)
        elif kind in PLACES:
            self.put(kind, self.account(place), when)
        else:
            row = self.serve(place, when, amount, code)
            if kind == "correct":
                changes = {"amount": amount + 1}
                ledger.update_activity_cost(
                    actor=self.manager, cost=row, expected_version=None, changes=changes
                )
            elif kind == "drop" and not row.is_archived:
                ledger.archive_activity_cost(actor=self.manager, cost=row, expected_version=None)

    def put(self, kind: str, account: Account, when: int) -> None:
        """Put the account somewhere else."""
        given: dict[str, Any] = {"actor": self.manager, "account": account}
        if account.is_archived:
            if kind == "restore":
                services.restore_account(**given, expected_version=None)
        elif kind == "archive" and not Account.objects.filter(parent=account).exists():
            services.archive_account(**given, expected_version=None)
        elif kind == "status":
            status = "candidate" if account.status == "key" else "key"
            given |= {"reason": "Large", "rationale_types": ["reference"]}
            services.set_status(**given, status=status, decided_on=business_today())
        elif kind == "stage":
            stage = "mid" if account.stage == "early" else "early"
            services.set_stage(
                **given,
                stage=stage,
                happened_on=month(when),
                reason="Seen",
                proposed_by=self.manager,
            )
        elif kind == "aim":
            aim = {"target_stage": "synergistic" if account.target_stage is None else None}
            services.update_account(**given, expected_version=None, changes=aim)
        elif kind == "move":
            unit = {self.north: self.south, self.south: None, None: self.north}
            moved = {"business_unit": unit[account.business_unit]}
            services.update_account(**given, expected_version=None, changes=moved)


PLACES = ("archive", "restore", "status", "stage", "aim", "move")


def rates_of(programme: Any, period: figures.Period) -> figures.Rates:
    rates = figures.rates_on(programme, period.last or programme.today())
    assert rates.kept_for(period) is not None
    return rates


def rows_of(accounts: Any, period: figures.Period, rates: figures.Rates) -> list[tuple]:
    names = ("revenue", "revenue_before", "gross_margin", "cost_to_serve", "contribution")
    compare = period.first is not None
    found = []
    for ranked in (False, True):
        rows = figures.with_figures(accounts, period, rates, compare=compare, ranked=ranked)
        for row in rows.order_by(F("revenue").desc(nulls_last=True), "pk"):
            values = (getattr(row, name) for name in names)
            found.append((row.pk, *(value and round(value, 6) for value in values)))
    return found


def told(user: Any, programme: Any, period: figures.Period, *, kept: bool, **asked: Any) -> Any:
    """All that the portfolio and the list say to `user`, from kept sums or from what is behind."""
    scope = portfolio.Scope(programme, period, programme.today(), **asked)
    rates = rates_of(programme, period)
    if not kept:
        rates = rates._replace(kept=())
    compare = period.first is not None
    begins = portfolio.begins(user, scope)
    whole = portfolio.build(user, scope, compare=compare, rates=rates, begins=begins)
    assert (whole.census.kept is not None) is kept
    return (
        whole.census._replace(kept=None, bare=()),
        whole.now,
        whole.before,
        whole.pareto,
        whole.top,
        portfolio.month_pairs(whole, scope) if compare else None,
        rows_of(portfolio.accounts_of(user, scope), period, rates),
    )


def assert_same(world: World, reader: str, **asked: Any) -> None:
    """Both ways say the same to `reader` of the year and of all of time."""
    user = getattr(world, reader)
    for period in (YEAR, ALWAYS):
        expected = told(user, world.programme, period, kept=False, **asked)
        assert told(user, world.programme, period, kept=True, **asked) == expected


AMOUNTS = st.decimals(-10_000, 10_000, places=2)
STEPS = st.tuples(
    st.sampled_from(["sell", "sell", "sell", "take back", "serve", "correct", "drop", *PLACES]),
    st.integers(0, 4),
    st.integers(-1, 24),
    AMOUNTS,
    st.none() | AMOUNTS,
    st.sampled_from(["GBP", "EUR", "EUR", "XAF"]),
)


class TestKeptSums(TestCase):
    @settings(max_examples=10)
    @given(
        st.lists(STEPS, max_size=7),
        st.sampled_from(["manager", "senior", "member"]),
        st.sampled_from([{}, {"statuses": ("key",)}, {"level": "group"}]),
        st.booleans(),
    )
    def test_kept_sums_say_what_months_and_costs_say(self, steps, reader, asked, is_joined):
        world = World()
        for step in steps:
            world.step(*step)
        if is_joined:
            figures.keep(world.programme, world.programme.today())
        assert_same(world, reader, **asked)
        assert_same(world, reader, unit=world.north, **asked)


@pytest.fixture
def world() -> World:
    return World()


def file_of(place: int) -> str:
    day = month(place).isoformat()
    return f"{HEAD}7,Birch,{day},A,2,10.25,,\n8,Elm,{day},A,1,7,,\n"


@pytest.mark.django_db
def test_kept_sums_follow_every_correction(world):
    for kind in ("sell", "take back", "serve", "correct", "drop", "sell", *PLACES, "restore"):
        world.step(kind, 2, 20, Decimal(100), None, "EUR")
        assert_same(world, "manager")
        assert_same(world, "senior", statuses=("key",))


@pytest.mark.django_db
def test_kept_sums_follow_files_and_their_undo(world):
    run = import_file(world.manager, file_of(20))
    assert Account.objects.get(name="Birch").kept_sums.count() == 2
    assert_same(world, "manager")
    costs = (
        f"Customer ID,Activity,Month,Amount,Currency\n7,{world.activity.name},{month(20)},5,EUR\n"
    )
    paid = import_file(world.manager, costs, kind="activity_costs", name="costs.csv")
    assert AccountSums.objects.filter(recorded=1).count() == 2
    assert_same(world, "manager")
    undo(world.manager, paid)
    assert_same(world, "manager")
    undo(world.manager, run)
    assert_same(world, "manager")


@pytest.mark.django_db
def test_kept_sums_follow_a_merge_and_its_undo(world):
    for place in (2, 3):
        world.sell(place, 20, Decimal(100 + place), None, "EUR")
        world.serve(place, 21, Decimal(7), "GBP")
    survivor, loser = world.account(2), world.account(3)
    merge = services.merge_accounts(actor=world.manager, survivor=survivor, loser=loser)
    assert_same(world, "manager")
    assert not AccountSums.objects.filter(account=loser, line_count__gt=0).exists()
    services.undo_merge(actor=world.manager, merge=merge)
    assert AccountSums.objects.filter(account=loser, line_count=1).count() == 2
    assert_same(world, "manager")


def cells_for(world: World, reader: str, **asked: Any) -> Any:
    """Cells from which `reader` is told of the year."""
    scope = portfolio.Scope(world.programme, YEAR, world.programme.today(), **asked)
    return portfolio.cells_by(getattr(world, reader), scope, SumsCell.objects.all())


@pytest.mark.postgres_only
@pytest.mark.django_db
def test_who_sees_whole_units_is_told_from_their_cells(world):
    for place in range(4):
        world.sell(place, 20, Decimal(100), None, "EUR")
    place = rates_of(world.programme, YEAR).kept_for(YEAR)
    for reader, accounts in (("manager", 5), ("senior", 3)):
        cells = cells_for(world, reader).all().filter(period=place)
        assert sum(cell.count for cell in cells) == accounts
        assert len(cells) > len({(cell.business_unit_id, cell.status) for cell in cells})
    before = told(world.manager, world.programme, YEAR, kept=True)
    figures.keep(world.programme, world.programme.today())
    joined = SumsCell.objects.filter(period=place)
    assert len(joined) == len({(cell.business_unit_id, cell.status) for cell in joined}) == 4
    assert told(world.manager, world.programme, YEAR, kept=True) == before


@pytest.mark.postgres_only
@pytest.mark.django_db
def test_teams_barriers_and_past_days_ask_the_accounts(world):
    yesterday = world.programme.today() - datetime.timedelta(days=1)
    scope = portfolio.Scope(world.programme, YEAR, yesterday)
    assert portfolio.cells_by(world.manager, scope, SumsCell.objects.all()) is None
    assert cells_for(world, "member") is None
    RoleGrantFactory(programme_manager=True, programme=world.programme, user=world.member)
    assert cells_for(world, "member") is None  # before a barrier, whatever they hold
    for programme, is_told in ((ProgrammeFactory(), True), (world.programme, False)):
        team = TeamFactory(programme=programme)
        for reader in ("senior", "manager"):
            MembershipFactory(role="member", team=team, user=getattr(world, reader))
            assert (cells_for(world, reader) is not None) is (is_told or reader == "manager")
    assert_same(world, "member")
    assert_same(world, "senior")


@pytest.mark.postgres_only
@pytest.mark.django_db
def test_a_barrier_of_another_programme_is_none_of_this_one(world):
    other = ProgrammeFactory()
    RoleGrantFactory(programme_manager=True, programme=other, user=world.member)
    scope = portfolio.Scope(other, YEAR, other.today())
    assert portfolio.cells_by(world.member, scope, SumsCell.objects.all()) is not None


@pytest.mark.postgres_only
@pytest.mark.django_db
def test_what_was_written_past_the_triggers_is_put_right(world):
    with pgtrigger.ignore("accounts.Account:account_moved"):
        Account.objects.filter(pk=world.accounts[0].pk).update(status="candidate")
    figures.keep(world.programme, world.programme.today())
    assert_same(world, "manager", statuses=("key",))
    assert_same(world, "senior", statuses=("candidate",))


@pytest.mark.postgres_only
@pytest.mark.django_db
def test_nobody_else_is_told_from_cells(world):
    other = ProgrammeFactory()
    strangers = [
        RoleGrantFactory(programme_manager=True, programme=other).user,
        RoleGrantFactory(
            senior_manager=True, business_unit=BusinessUnitFactory(programme=other)
        ).user,
        UserFactory(),
        AnonymousUser(),
    ]
    for stranger in strangers:
        scope = portfolio.Scope(world.programme, YEAR, world.programme.today())
        for cells in (SumsCell.objects, SumsBand.objects, AccountSums.placed):
            assert not portfolio.cells_by(stranger, scope, cells.all()).all().exists()


@pytest.mark.django_db
def test_new_account_stands_in_the_ranked_list(world):
    made = services.create_account(
        actor=world.manager, programme=world.programme, changes={"name": "New"}
    )
    rates = rates_of(world.programme, YEAR)
    mine = Account.objects.visible_to(world.manager)
    assert made in figures.with_figures(mine, YEAR, rates, ranked=True)


@pytest.mark.django_db
def test_list_of_several_programmes_shows_all_of_them(world, client):
    other = ProgrammeFactory(currency="GBP")
    RoleGrantFactory(programme_manager=True, programme=other, user=world.manager)
    far = AccountFactory(programme=other, name="Far")
    world.sell(0, 20, Decimal(100), None, "GBP")
    line = {"booked_on": month(20), "amount": Decimal(70)}
    ledger.enter_sales_line(actor=world.manager, account=far, changes=line)
    for reader in (world.manager, RoleGrantFactory().user):
        client.force_login(reader)
        for sort in ("name", "-revenue"):
            rows = client.get(f"/accounts/?sort={sort}").context["rows"]
            assert {row.name: row.revenue for row in rows}["Far"] == 70


@pytest.mark.django_db
def test_other_rates_are_added_up_until_sums_at_them_are_kept(world):
    world.sell(0, 20, Decimal(100), None, "EUR")
    today = world.programme.today()
    before = SumsPeriod.objects.filter(retired_at=None).values_list("pk", flat=True)
    old = set(before)
    ExchangeRateFactory(
        programme=world.programme, currency="EUR", valid_from=YEAR.last, rate=Decimal("0.9")
    )
    assert figures.rates_on(world.programme, YEAR.last).kept_for(YEAR) is None
    figures.keep(world.programme, today)
    assert not old & set(before.all())
    assert_same(world, "manager")
    assert figures.rates_on(world.programme, YEAR.last).kept_for(YEAR.year_before()) is None
    assert (
        figures.rates_on(world.programme, YEAR.last).kept_for(YEAR._replace(known_on=today)) is None
    )


@pytest.mark.django_db
def test_small_programmes_keep_no_sums(world):
    keep_sums.call()
    assert not SumsPeriod.objects.filter(retired_at=None).exists()
    assert figures.rates_on(world.programme, YEAR.last).kept == ()
    world.sell(0, 20, Decimal(100), None, "GBP")
    assert not AccountSums.objects.exclude(revenue=0).exists()


@pytest.mark.django_db(transaction=True)
def test_writers_at_the_same_moment_leave_nothing_out():
    world = World()
    run_together(
        *(lambda: world.sell(0, 20, Decimal(100), None, "GBP") for _writer in range(2)),
        *(lambda place=place: world.serve(0, place, Decimal(5), "EUR") for place in (18, 19, 20)),
        lambda: figures.keep(world.programme, world.programme.today()),
    )
    assert {row.line_count for row in AccountSums.objects.filter(account=world.accounts[0])} == {2}
    assert_same(world, "manager")


@pytest.mark.postgres_only
@pytest.mark.django_db(transaction=True)
def test_an_account_moves_while_its_sums_are_written():
    world = World()
    world.sell(0, 20, Decimal(100), None, "GBP")
    calls = [
        lambda kind=kind: world.step(kind, 0, 20, Decimal(7), None, "EUR")
        for kind in ("sell", "status", "sell", "aim", "sell", "stage", "serve", "move")
    ]
    calls.append(lambda: figures.keep(world.programme, world.programme.today()))
    assert [outcome.error for outcome in run_together(*calls)] == [None] * len(calls)
    for reader in ("manager", "senior"):
        assert_same(world, reader)
        assert_same(world, reader, statuses=("candidate",))


@pytest.mark.postgres_only
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("moves_first", [True, False])
def test_an_account_moves_while_its_first_sums_are_made(moves_first):
    world = World()
    AccountSums.objects.filter(account=world.accounts[0]).delete()
    begun = threading.Event()

    def move() -> None:
        world.step("status", 0, 20, Decimal(0), None, "GBP")

    def keep() -> None:
        if moves_first:
            figures.keep(world.programme, world.programme.today())
        else:
            figures.refresh([world.accounts[0].pk])

    def first() -> None:
        with transaction.atomic():
            (move if moves_first else keep)()
            begun.set()
            until_somebody_waits()

    def second() -> None:
        begun.wait()
        (keep if moves_first else move)()

    assert [outcome.error for outcome in run_together(first, second)] == [None, None]
    kept = AccountSums.objects.filter(account=world.accounts[0])
    assert {(row.status, row.is_active) for row in kept} == {("candidate", True)}
    assert len(kept) == 2
    assert_same(world, "manager", statuses=("candidate",))


@pytest.mark.postgres_only
@pytest.mark.django_db(transaction=True)
def test_a_new_period_is_filled_while_its_accounts_move():
    """Both hold the account before its sums, whichever row is there already."""
    world = World()
    later = SumsPeriod.objects.order_by("pk").last()
    AccountSums.objects.filter(period=later, account=world.accounts[0]).delete()
    held = threading.Event()

    def move() -> None:
        with transaction.atomic():
            Account.objects.select_for_update(no_key=True).get(pk=world.accounts[0].pk)
            held.set()
            until_somebody_waits()
            world.step("status", 0, 20, Decimal(0), None, "GBP")

    def fill() -> None:
        held.wait()
        figures.refresh([world.accounts[0].pk])

    def filled() -> None:
        with transaction.atomic():
            fill()

    assert [outcome.error for outcome in run_together(move, filled)] == [None, None]
    assert_same(world, "manager", statuses=("candidate",))


@pytest.mark.postgres_only
@pytest.mark.django_db(transaction=True)
def test_who_moves_several_accounts_holds_them_first():
    world = World()
    first, second = world.accounts[0].pk, world.accounts[3].pk
    moved = threading.Event()

    def move() -> None:
        with transaction.atomic():
            figures.hold([second, first])
            Account.objects.filter(pk=second).update(status="candidate")
            moved.set()
            until_somebody_waits()
            Account.objects.filter(pk=first).update(status="candidate")

    def write() -> None:
        moved.wait()
        with transaction.atomic():
            figures.refresh([first, second])

    assert [outcome.error for outcome in run_together(move, write)] == [None, None]
    assert_same(world, "manager", statuses=("candidate",))


def hidden_account(world: World) -> Any:
    """The run that has made an account and is being undone; no sums of the account are kept."""
    line = f"9,New Ltd,{month(20)},A,1,5,0,1\n"
    run = import_file(world.manager, HEAD + line)
    account = Account.objects.get(name="New Ltd")
    run = undo_run(actor=world.manager, run=run, enqueue=False)
    AccountSums.objects.filter(account=account).delete()
    return run, account


def until_somebody_waits() -> None:
    """Return once another connection waits for what this one has locked."""
    for _look in range(500):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*), pg_sleep(0.02) FROM pg_stat_activity"
                " WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid))"
            )
            if cursor.fetchone()[0]:
                return


@pytest.mark.postgres_only
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("deletes_first", [True, False])
def test_sums_are_kept_while_an_undo_deletes_the_account(deletes_first):
    world = World()
    run, account = hidden_account(world)
    begun = threading.Event()

    def delete() -> None:
        with transaction.atomic():
            while run.import_kind.delete_chunk(run, 100):
                pass

    def first() -> None:
        with transaction.atomic():
            if deletes_first:
                delete()
            else:
                figures.refresh([account.pk])
            begun.set()
            until_somebody_waits()

    def second() -> None:
        begun.wait()
        if deletes_first:
            figures.keep(world.programme, world.programme.today())
        else:
            delete()

    assert [outcome.error for outcome in run_together(first, second)] == [None, None]
    assert not Account.objects.filter(pk=account.pk).exists()
    assert_same(world, "manager")
