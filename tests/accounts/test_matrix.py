"""The portfolio matrix as page and file (handbook 3.3; K024, K027, K139)."""

import datetime
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.market.effort import is_over
from accounts.models import Conflict, Position
from accounts.scoring import matrix
from accounts.services.scoring import Given, give_scores
from kam.access.dates import business_today
from tests.factories.accounts import (
    AccountFactory,
    CategoryPurchaseFactory,
    MonthTotalFactory,
    ProductLineFactory,
    SiteFactory,
)
from tests.factories.api import caller
from tests.factories.selection import handbook_programme
from tests.factories.teams import MembershipFactory, RoleGrantFactory, TeamFactory, UserFactory

pytestmark = pytest.mark.django_db
MATRIX, EFFORT = reverse("accounts:matrix"), reverse("accounts:effort")
QUADRANTS = {
    "Alder Foods": "Star",
    "Birch Logistics": "Strategic",
    "Cedar Health": "Strategic",
    "Dogwood Energy": "Status",
    "Elm Retail": "Strategic",
    "Fir Mobility": "Star",
    "Gorse Packaging": "Streamline",
    "Hazel Media": "Status",
}


@pytest.fixture
def example():
    return handbook_programme()


def page(client, user, address=MATRIX, **asked):
    client.force_login(user)
    response = client.get(address, asked)
    assert response.status_code == 200
    return response


def tiers(response) -> dict[str, str]:
    return {row.account.name: str(row.tier) for row in response.context["rows"]}


def names(response) -> list[str]:
    return [row.account.name for row in response.context["rows"]]


def point(response, name: str) -> dict:
    return next(row for row in response.context["chart"]["points"] if row["name"] == name)


def buys(account, amount: int, sold: int = 0, *, year: int | None = None, **more) -> None:
    """A year's category purchases, and our sales in the last whole month."""
    year = year or business_today().year - 1
    days = {
        "period_from": datetime.date(year, 1, 1),
        "period_until": datetime.date(year, 12, 31),
        "as_of": datetime.date(year + 1, 1, 15),
    }
    CategoryPurchaseFactory(account=account, amount=Decimal(amount), **(days | more))
    if sold:
        month = (business_today().replace(day=1) - datetime.timedelta(days=1)).replace(day=1)
        MonthTotalFactory(account=account, month=month, revenue=Decimal(sold))


def ledger_begins(account) -> None:
    """Sales two years ago, so that last year's are known to be all."""
    month = business_today().replace(day=1, year=business_today().year - 2)
    MonthTotalFactory(account=account, month=month, revenue=Decimal(1))


def ledger_goes_on(account) -> None:
    """No sales in the last whole month, and that is known."""
    month = (business_today().replace(day=1) - datetime.timedelta(days=1)).replace(day=1)
    MonthTotalFactory(account=account, month=month, revenue=Decimal(0))


def test_quadrants_of_the_eight_are_those_of_the_handbook(client, example) -> None:
    response = page(client, example.director)
    assert tiers(response) == QUADRANTS
    assert reverse("accounts:selections") in response.content.decode()
    assert {row["label"]: row["value"] for row in response.context["figures"]} == {
        "Strategic": "3",
        "Star": "2",
        "Status": "2",
        "Streamline": "1",
        "None": "0",
    }
    alder = point(response, "Alder Foods")
    assert (alder["x"], alder["y"], alder["key"]) == (4.65, 6.77, False)
    text = response.content.decode()
    assert "8 of 8 accounts have a place: 3 Strategic, 2 Star, 2 Status, 1 Streamline." in text
    assert "Invest selectively, choose which to back" in text
    assert "yesterday&#x27;s customers" in text


def test_every_customer_has_a_tier(client, example) -> None:
    new = AccountFactory(programme=example.programme, name="New")
    response = page(client, example.director)
    assert tiers(response) == {**QUADRANTS, "New": "None"}
    assert new.name not in {row["name"] for row in response.context["chart"]["points"]}
    found = page(client, example.director, tier="none")
    assert tiers(found) == {"New": "None"}
    assert found.context["counts"]["strategic"] == 3, "the other tiers stay in sight"


def test_equal_to_the_cut_is_high_and_medians_cut_in_the_middle(client, example) -> None:
    places = Position.objects.filter(account=example.accounts["Gorse"])
    places.update(attractiveness=Decimal(5), strength=Decimal(5))
    assert tiers(page(client, example.director))["Gorse Packaging"] == "Strategic"
    medians = page(client, example.director, cut="medians", status="candidate", archived="false")
    assert medians.context["cuts"] == (Decimal("6.18"), Decimal("5.85"))
    assert tiers(medians) == QUADRANTS | {"Elm Retail": "Streamline"}
    assert medians.context["chart"]["cut"] == [5.85, 6.18]


def test_spend_is_three_years_at_the_pace_of_the_latest_period(client, example) -> None:
    birch = example.accounts["Birch"]
    today = business_today()
    buys(birch, 20_000_000, year=today.year - 2)
    buys(birch, 26_000_000, sold=10_400_000)
    buys(birch, 1_000_000, site=SiteFactory(account=birch))
    buys(birch, 9_000_000, category=ProductLineFactory(programme=example.programme))
    buys(birch, 99_000_000, year=today.year + 1)
    ledger_begins(birch)
    alder = example.accounts["Alder"]
    for amount in (700, 300):
        buys(alder, amount, category=ProductLineFactory(programme=example.programme))
    half = {"period_until": datetime.date(today.year - 1, 6, 30)}
    buys(example.accounts["Elm"], 7, **half)
    buys(example.accounts["Fir"], 7, currency="XAU")
    found = {row.account.name: row for row in page(client, example.director).context["rows"]}
    birch_row = found["Birch Logistics"]
    assert birch_row.account.spend == Decimal(78_000_000)
    assert birch_row.account.sales == Decimal(31_200_000)
    assert birch_row.share == Decimal("0.4")
    assert found["Alder Foods"].account.spend == 3000
    assert found["Alder Foods"].account.sales == 0, "nothing sold is known"
    assert found["Elm Retail"].account.spend == 42
    assert found["Fir Mobility"].account.spend is None, "no rate"
    assert found["Cedar Health"].account.spend is None
    ranked = page(client, example.director, sort="-spend")
    assert names(ranked)[:3] == ["Birch Logistics", "Alder Foods", "Elm Retail"]
    assert (point(ranked, "Birch Logistics")["size"], point(ranked, "Birch Logistics")["part"]) == (
        78_000_000,
        31_200_000,
    )
    assert point(ranked, "Cedar Health")["size"] is None


def test_sales_of_a_group_count_as_far_as_the_reader_sees_it(client, example) -> None:
    birch = example.accounts["Birch"]
    ledger_begins(birch)
    buys(birch, 1000, sold=100)
    below = AccountFactory(parent=birch, name="Birch Nord")
    buys(below, 500, sold=50)
    assert next(
        row.account.sales
        for row in page(client, example.director).context["rows"]
        if row.account == birch
    ) == Decimal(450)
    Conflict.objects.create(a=example.accounts["Alder"], b=below, kind="ring_fence")
    team = TeamFactory(programme=example.programme)
    other = UserFactory(username="of-both")
    RoleGrantFactory(user=other, programme_manager=True, programme=example.programme)
    example.accounts["Alder"].team = team
    example.accounts["Alder"].save(update_fields=["team"])
    MembershipFactory(team=team, user=other, role="kam")
    response = page(client, other)
    assert "Birch Nord" not in response.content.decode()
    assert next(
        row.account.sales for row in response.context["rows"] if row.account == birch
    ) == Decimal(300)


def test_sales_are_unknown_before_the_ledger_begins(client, example) -> None:
    buys(example.accounts["Birch"], 1000, sold=100)
    response = page(client, example.director)
    assert {row.account.sales for row in response.context["rows"]} == {None}
    assert point(response, "Birch Logistics")["part"] is None


def test_arrows_lead_to_year_three_or_come_from_the_chosen_day(client, example) -> None:
    elm = example.accounts["Elm"]
    today = business_today()
    then = [Given(elm, code, 9, horizon="year3") for code in ("A1", "A2", "S1")]
    give_scores(actor=example.director, scores=then)
    assert point(page(client, example.director), "Elm Retail")["after"] == [9, 9]
    Position.objects.update(computed_on=today - datetime.timedelta(days=30))
    give_scores(actor=example.director, scores=[Given(elm, "S1", 10)])
    day = today - datetime.timedelta(days=10)
    response = page(client, example.director, since=day.isoformat())
    moved = point(response, "Elm Retail")
    assert (moved["before"], moved["x"], "after" in moved) == ([5.75, 5.59], 6.75, False)
    row = next(row for row in response.context["rows"] if row.account == elm)
    assert row.before == (Decimal("5.59"), Decimal("5.75"))
    earlier = today - datetime.timedelta(days=90)
    assert "before" not in point(
        page(client, example.director, since=earlier.isoformat()), "Elm Retail"
    )
    for wrong in (today.isoformat(), "soon-ish"):
        assert page(client, example.director, since=wrong).context["form"].errors["since"]


def test_too_few_stars_are_said(client, example) -> None:
    accounts = example.accounts
    for name in ("Birch", "Cedar", "Elm", "Dogwood", "Gorse"):
        accounts[name].status = "key"
        accounts[name].save(update_fields=["status"])
    response = page(client, example.director, search="alder")
    assert response.context["balance"] == (5, 0)
    assert "0 among 5 key accounts" in response.content.decode()
    for asked in ({"archived": "true"}, {"status": "exited"}, {"cut": "medians"}):
        assert page(client, example.director, **asked).context["balance"] == (5, 0)
    accounts["Alder"].status = "key"
    accounts["Alder"].save(update_fields=["status"])
    response = page(client, example.director)
    assert response.context["balance"] == (6, 1)
    assert "Too few Stars" not in response.content.decode()
    assert point(response, "Alder Foods")["key"]


def test_filters_are_those_of_the_list(client, example) -> None:
    accounts = example.accounts
    accounts["Alder"].status = "key"
    accounts["Alder"].save(update_fields=["status"])
    accounts["Hazel"].status = "exited"
    accounts["Hazel"].save(update_fields=["status"])
    accounts["Elm"].archived_at = timezone.now()
    accounts["Elm"].save(update_fields=["archived_at"])
    found = page(client, example.director)
    assert "Hazel Media" not in names(found)
    assert "Elm Retail" not in names(found)
    key = page(client, example.director, status="key")
    assert names(key) == ["Alder Foods"]
    assert [row["name"] for row in key.context["chart"]["points"]] == ["Alder Foods"]
    assert names(page(client, example.director, status="exited")) == ["Hazel Media"]
    assert names(page(client, example.director, archived="true")) == ["Elm Retail"]
    assert names(page(client, example.director, tier=["star", "status"], sort="name")) == [
        "Alder Foods",
        "Dogwood Energy",
        "Fir Mobility",
    ]
    assert names(page(client, example.director, search="gorse")) == ["Gorse Packaging"]
    assert page(client, example.director, team="999").context["rows"] == []
    fields = client.get(MATRIX, {"fields-of-filter": "1"})
    assert fields.status_code == 200
    assert "Birch Logistics" not in fields.content.decode()


def test_outsiders_and_fenced_ones_see_no_name(client, example) -> None:
    outsider = UserFactory(username="outsider")
    stranger = RoleGrantFactory(user__username="elsewhere", programme_manager=True)
    for user in (outsider, stranger.user):
        for address in (MATRIX, EFFORT):
            response = page(client, user, address, programme=example.programme.pk)
            assert response.context["rows"] == []
            assert not any(name in response.content.decode() for name in QUADRANTS)
    team = TeamFactory(programme=example.programme)
    kira = MembershipFactory(team=team, user=example.kira, role="kam")
    example.accounts["Birch"].team = team
    example.accounts["Birch"].save(update_fields=["team"])
    response = page(client, kira.user)
    assert tiers(response) == {"Birch Logistics": "Strategic"}
    assert reverse("accounts:selections") not in response.content.decode()
    assert sum(response.context["counts"].values()) == 1
    medians = page(client, kira.user, cut="medians")
    assert medians.context["cuts"] == (Decimal("6.89"), Decimal("6.15")), "of what they see"


def test_medians_and_counts_leave_out_what_a_barrier_hides(client, example) -> None:
    """Birch and Fir are ring-fenced: who looks after one does not see the other."""
    team = TeamFactory(programme=example.programme)
    RoleGrantFactory(user=example.luis, programme_manager=True, programme=example.programme)
    MembershipFactory(team=team, user=example.luis, role="kam")
    example.accounts["Fir"].team = team
    example.accounts["Fir"].save(update_fields=["team"])
    response = page(client, example.luis, cut="medians")
    assert "Birch" not in response.content.decode()
    assert sum(response.context["counts"].values()) == 7
    assert response.context["cuts"] == (Decimal("5.59"), Decimal("5.75"))


def test_file_holds_the_same_rows(client, example) -> None:
    client.force_login(example.director)
    answer = client.get(MATRIX, {"export": "csv", "status": "candidate"})
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    lines = text.splitlines()
    assert len(lines) >= 9
    alder = next(line for line in lines if "Alder Foods" in line)
    assert "Star" in alder
    assert "6.77" in alder


def test_effort_over_twice_the_potential_is_listed(client, example) -> None:
    accounts = example.accounts
    ledger_begins(accounts["Alder"])
    figures = {"Alder": (38, 0), "Birch": (26, 10), "Cedar": (21, 12), "Dogwood": (18, 9)}
    for name, (bought, sold) in figures.items():
        buys(accounts[name], bought, sold)
        accounts[name].status = "key"
        accounts[name].save(update_fields=["status"])
    accounts["Elm"].status = "groomed"
    accounts["Elm"].save(update_fields=["status"])
    accounts["Cedar"].planned_effort = Decimal("0.40")
    accounts["Cedar"].save(update_fields=["planned_effort"])
    response = page(client, example.director, EFFORT)
    assert response.context["totals"] == (Decimal("1.7"), Decimal(216), 1)
    rows = {row.account.name: row for row in response.context["rows"]}
    assert set(rows) == {
        "Alder Foods",
        "Birch Logistics",
        "Cedar Health",
        "Dogwood Energy",
        "Elm Retail",
    }
    cedar = rows["Cedar Health"]
    shares = Decimal("0.4") / Decimal("1.7"), Decimal(27) / Decimal(216)
    assert (cedar.effort, cedar.potential) == shares
    assert not cedar.is_over, "1.88 times"
    assert (rows["Elm Retail"].effort, rows["Elm Retail"].potential) == (None, None)
    assert names(response)[-1] == "Elm Retail", "unknown comes last"
    assert response.context["finding"].startswith("No account takes more")
    accounts["Cedar"].planned_effort = Decimal("0.50")
    accounts["Cedar"].save(update_fields=["planned_effort"])
    response = page(client, example.director, EFFORT, over="true")
    assert names(response) == ["Cedar Health"]
    assert response.context["over"] == 1
    assert response.context["totals"].effort == Decimal("1.8"), "of all, not of those listed"
    text = page(client, example.director, EFFORT).content.decode()
    assert "1 account takes more than twice its share of potential." in text


def test_potential_of_a_group_counts_once(client, example) -> None:
    birch = example.accounts["Birch"]
    ledger_begins(birch)
    ledger_goes_on(birch)
    below = AccountFactory(parent=birch, name="Birch Nord", status="key")
    birch.status = "key"
    birch.save(update_fields=["status"])
    buys(birch, 1000)
    buys(below, 400)
    assert page(client, example.director, EFFORT).context["totals"].potential == 3000
    birch.status = "candidate"
    birch.save(update_fields=["status"])
    assert page(client, example.director, EFFORT).context["totals"].potential == 1200


@pytest.mark.parametrize("address", [MATRIX, EFFORT])
def test_nothing_yet_says_what_for(client, address) -> None:
    user = RoleGrantFactory(programme_manager=True, user__username="fresh").user
    assert 'class="empty"' in page(client, user, address).content.decode()
    somebody = UserFactory(username="somebody")
    assert 'class="empty"' in page(client, somebody, address, sort="effort").content.decode()


def test_more_than_twice_is_strict() -> None:
    half, quarter = Decimal("0.5"), Decimal("0.25")
    assert not is_over(half, quarter)
    assert is_over(half + Decimal("0.000001"), quarter)
    assert is_over(quarter, Decimal(0))
    assert not is_over(None, quarter)
    assert not is_over(half, None)


def test_chart_draws_the_largest_and_says_so(client, example, monkeypatch) -> None:
    monkeypatch.setattr(matrix, "DRAWN", 3)
    for place, name in enumerate(("Hazel", "Gorse", "Alder", "Birch")):
        buys(example.accounts[name], 1000 + place)
    response = page(client, example.director)
    drawn = [row["name"] for row in response.context["chart"]["points"]]
    assert drawn == ["Birch Logistics", "Alder Foods", "Gorse Packaging"]
    assert "The chart draws the 3 accounts" in response.content.decode()
    assert len(names(response)) == 8


def test_table_says_stance_bond_and_movement(client, example) -> None:
    response = page(client, example.director, columns=["models", "stance"], sort="name")
    alder = response.context["rows"][0]
    assert (str(alder.stance.stance), alder.bond.value) == (
        "Invest selectively, choose which to back",
        "partner",
    )
    text = response.content.decode()
    assert "invest selectively, key development, tomorrow&#x27;s customers, development" in text
    assert 'value="table" checked' in text
    assert 'aria-sort="ascending"' in text
    assert "before" not in {column.name for column in response.context["view"].columns}


def test_rest_compares_effort_with_potential(example):
    """K027: the same shares over REST as on the page."""
    api = caller(example.director)
    for name, account in example.accounts.items():
        account.status = "key" if name in {"Alder", "Cedar"} else "candidate"
        account.planned_effort = Decimal("0.5")
        account.save()
        ledger_begins(account)
    ledger_goes_on(account)
    buys(example.accounts["Alder"], 90)
    buys(example.accounts["Cedar"], 10)
    body = api.get("/api/v1/positions/effort/").json()
    rows = [(row["name"], row["effort_share"], row["over"]) for row in body["accounts"]]
    assert rows == [("Cedar Health", "0.500000", True), ("Alder Foods", "0.500000", False)]
    assert (body["effort"], body["unknown"]) == ("1.00", 0)
    only = api.get("/api/v1/positions/effort/", {"over": "false"}).json()["accounts"]
    assert [row["name"] for row in only] == ["Alder Foods"]
    for wrong in ({"over": "perhaps"}, {"programme": "x"}, {"programme": "999999"}):
        assert api.get("/api/v1/positions/effort/", wrong).status_code == 400


def test_navigation_says_selection_for_who_chooses_and_accounts_for_a_manager(client, example):
    manager = UserFactory()
    team = TeamFactory(programme=example.programme)
    MembershipFactory(user=manager, team=team)
    for user, entry in ((example.director, "Selection"), (manager, "Accounts")):
        shown = [item for item in page(client, user).context["frame"].main if item.current]
        assert [str(item.entry.label) for item in shown] == [entry]
    listed = page(client, example.director, reverse("accounts:list")).context["frame"].main
    assert [item.entry.name for item in listed if item.current] == ["accounts"]
