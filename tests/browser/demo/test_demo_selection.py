"""The demonstration says of selection what the handbook does, on pages and over REST (3.1-3.6)."""

from decimal import Decimal

import pytest
from django.urls import reverse

from accounts.models import Account, Selection
from accounts.scoring.evidence import evidence_of
from kam.access.dates import business_today
from teams.models import User
from tests.factories.api import caller

PLACES = {
    "Alder Foods": ("6.77", "4.65", "star", "6.134"),
    "Birch Logistics": ("6.89", "6.15", "strategic", "6.668"),
    "Cedar Health": ("7.32", "7.50", "strategic", "7.374"),
    "Dogwood Energy": ("4.40", "6.55", "status", "5.045"),
    "Elm Retail": ("5.59", "5.75", "strategic", "5.638"),
    "Fir Mobility": ("6.79", "4.45", "star", "6.088"),
    "Gorse Packaging": ("4.10", "4.85", "streamline", "4.325"),
    "Hazel Media": ("3.64", "5.95", "status", "4.333"),
}
"""Attr, Str, quadrant and v of 3.2."""
SUGGESTED = {
    "Alder Foods": (10, 0),
    "Birch Logistics": (9, 10),
    "Cedar Health": (8, 10),
    "Dogwood Energy": (8, 10),
    "Elm Retail": (7, 9),
    "Fir Mobility": (6, 0),
    "Gorse Packaging": (6, 4),
    "Hazel Media": (5, 7),
}
"""A2 and A3 that the data suggest (3.2)."""
MAP = {
    "Alder Foods": ("38,000", "19.00", "19.00", "0", "0.0", "38,000"),
    "Birch Logistics": ("26,000", "13.00", "32.00", "10,400", "40.0", "15,600"),
    "Cedar Health": ("21,000", "10.50", "42.50", "12,600", "60.0", "8,400"),
    "Dogwood Energy": ("18,000", "9.00", "51.50", "9,000", "50.0", "9,000"),
    "Elm Retail": ("15,000", "7.50", "59.00", "6,000", "40.0", "9,000"),
    "Fir Mobility": ("12,000", "6.00", "65.00", "0", "0.0", "12,000"),
    "Gorse Packaging": ("9,000", "4.50", "69.50", "1,800", "20.0", "7,200"),
    "Hazel Media": ("7,000", "3.50", "73.00", "4,200", "60.0", "2,800"),
    "Ivy Hotels": ("5,000", "2.50", "75.50", "500", "10.0", "4,500"),
    "Juniper Labs": ("3,000", "1.50", "77.00", "0", "0.0", "3,000"),
    "Kauri Print": ("2,000", "1.00", "78.00", "1,000", "50.0", "1,000"),
    "Larch Tools": ("1,500", "0.75", "78.75", "900", "60.0", "600"),
}
"""Purchases, share, running share, our sales, share of wallet, gap (3.4), in thousands and per
cent."""
OTHERS = ("42,500", "21.25", "3,600", "8.5", "38,900")
MILLION = 1_000_000


@pytest.fixture
def people(transactional_db):
    """The programme manager of the demonstration, and all accounts by name."""
    director = User.objects.get(username="programme")
    return director, {row.name: row for row in Account.objects.select_related("programme")}


def words(answer):
    """The text of a page with ordinary spaces."""
    return answer.content.decode().replace("\N{NO-BREAK SPACE}", " ")


def test_demonstration_shows_the_handbooks_selection(client, people):
    director, accounts = people
    client.force_login(director)
    api = caller(director)
    check_map(client, api)
    check_scores(client, api, director, accounts)
    check_run(client, api, accounts)


def check_map(client, api):
    text = words(client.get(reverse("accounts:market_map")))
    rows = {name: text.split(f">{name}</a>", 1)[1].split("</tr>", 1)[0] for name in MAP}
    for name, (bought, share, cumulative, sold, wallet, gap) in MAP.items():
        for cell in (bought, f"{share} %", f"{cumulative} %", sold, f"{wallet} %", gap):
            assert f">{cell}</td>" in rows[name], (name, cell)
        assert ("over 1.00 %" in rows[name]) == (name not in {"Kauri Print", "Larch Tools"})
    others = text.split("All others", 1)[1].split("</tr>", 1)[0]
    for cell in OTHERS:
        assert f">{cell}" in others, cell
    for figure in ("200.0 m GBP", "154.0 m GBP, 77.0 %", "44.5 m GBP", "109.5 m GBP", "25.0 %"):
        assert figure in text, figure
    assert "53.0 m GBP" in text
    assert "it lies in the tail" in text
    body = api.get("/api/v1/category-purchases/map/").json()
    expected = {
        "total": 200 * MILLION,
        "candidates": 10,
        "candidate_purchases": 154 * MILLION,
        "candidate_share": Decimal("0.77"),
        "candidate_sales": Decimal("44.5") * MILLION,
        "candidate_gap": Decimal("109.5") * MILLION,
        "non_customers": 3,
        "non_customer_purchases": 53 * MILLION,
        "sales": 50 * MILLION,
        "market_share": Decimal("0.25"),
        "others_sales": Decimal("3.6") * MILLION,
        "others_gap": Decimal("38.9") * MILLION,
    }
    assert {name: Decimal(body[name]) for name in expected} == expected
    assert body["pareto"] is None


def check_scores(client, api, director, accounts):
    held = [accounts[name] for name in PLACES]
    programme, today = held[0].programme, business_today()
    found = evidence_of(held, programme=programme, reader=director, on=today)
    for name, (size, turnover) in SUGGESTED.items():
        said = found[accounts[name].pk].suggestions
        assert (said["A2"].score, said["A3"].score) == (size, turnover), name
    pages = {
        kind: words(client.get(reverse("accounts:scores"), {"kind": kind}))
        for kind in ("attractiveness", "strength")
    }
    for name, (worth, rank, field, _value) in PLACES.items():
        account = accounts[name]
        if account.status != "maintained":
            for kind, index in (("attractiveness", worth), ("strength", rank)):
                row = pages[kind].split(f">{name}</a>", 1)[1].split("</tr>", 1)[0]
                assert f"<b>{index}</b>" in row, (name, kind)
        card = words(client.get(reverse("accounts:scores_of", args=[account.pk])))
        assert f"{worth} of 10" in card
        assert f"{rank} of 10" in card
        asked = {"account": account.pk, "horizon": "today"}
        place = api.get("/api/v1/positions/", asked).json()["results"][0]
        assert (place["attractiveness"], place["strength"]) == (float(worth), float(rank)), name
        assert place["quadrant"] == field


def check_run(client, api, accounts):
    run = Selection.objects.get()
    text = words(client.get(reverse("accounts:selection", args=[run.pk])))
    for figure in ("5.768", "990 k of 1,000 k GBP", "0.90 of 1.00 FTE", "0.85 of 1.00 FTE"):
        assert figure in text, figure
    for name, (_worth, _rank, _field, value) in PLACES.items():
        gain = Decimal(value) - 5
        shown = f"{gain:.3f}".replace("-", "\N{MINUS SIGN}")
        row = text.split(f">{name}</a>", 1)[1].split("</tr>", 1)[0]
        assert f"<b>{shown}</b>" in row, name
    assert "Conflicts with Elm Retail; budget: needs 420k, 10k left" in text
    body = api.get(f"/api/v1/selections/{run.pk}/").json()
    by_key = {account.pk: name.split()[0] for name, account in accounts.items()}
    assert {by_key[row["account"]] for row in body["selected"]} == {"Birch", "Cedar", "Elm", "Fir"}
    assert (body["status"], body["objective"]) == ("optimal", 5.768)
    assert Decimal(body["cost"]) == 990_000
    second = body["runner_up"][0]
    assert {by_key[row["account"]] for row in second["selected"]} == {"Alder", "Birch", "Cedar"}
    assert second["objective"] == 5.176
    told = {row["step"] for row in run.steps}
    assert told >= {"gather", "clean", "transform", "search"}
