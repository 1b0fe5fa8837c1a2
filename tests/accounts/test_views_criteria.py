"""The page of criteria, and a new version of a set (K047, K054, K120; handbook 3.1, 3.2)."""

import datetime

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from accounts.models import CriteriaSet, Position
from accounts.scoring.criteria import DEFAULTS
from accounts.services.criteria import publish_criteria
from kam.access.dates import business_today
from tests.factories.selection import handbook_programme
from tests.factories.teams import MembershipFactory, TeamFactory

pytestmark = pytest.mark.django_db
PAGE, NEW = reverse("accounts:criteria"), reverse("accounts:criteria_publish")


@pytest.fixture
def example():
    return handbook_programme()


@pytest.fixture
def director(client, example):
    client.force_login(example.director)
    return example.director


def form(kind, **weights):
    """What the form sends of the handbook's own criteria, with other `weights`."""
    body = {"valid_from": business_today().isoformat(), "reason": "Agreed by the board."}
    for place, row in enumerate(DEFAULTS[kind]):
        values = {**row._asdict(), "weight": weights.get(row.code, row.weight)}
        body |= {f"c{place}-{name}": str(value) for name, value in values.items()}
    return body


def test_page_shows_what_holds_with_weights_anchors_and_groups(client, director):
    page = client.get(PAGE).content.decode()
    assert "the handbook's own" in page
    assert "Sees us as partner, wants joint success, knows its edge with us" in page
    assert "15 % or more" in page
    for group in ("Growth", "Harmony", "Value"):
        assert f"<td>{group}</td>" in page


def test_new_version_is_published_and_the_earlier_ones_stay(client, director):
    assert client.post(NEW, form("attractiveness", A1=19, A2=13)).status_code == 302
    assert client.post(NEW, form("attractiveness", A1=18, A2=14)).status_code == 302
    first, second = CriteriaSet.objects.order_by("number")
    assert (first.number, second.number) == (1, 2)
    assert second.criteria.get(code="A1").weight == 18
    page = client.get(PAGE).content.decode()
    assert "version 2, since" in page
    assert "Version 1, from" in page
    assert "Agreed by the board." in page


@pytest.mark.parametrize(
    ("weights", "place", "words"),
    [
        ({"A10": 8}, None, "The weights add up to 99, not to 100."),
        ({"A10": 10}, None, "The weights add up to 101, not to 100."),
        ({"A3": 21, "A10": 0, "A9": 6}, 2, "may weigh 20 at most"),
        ({"A1": 9, "A9": 21}, 0, "they have to weigh 40 or more."),
    ],
)
def test_hard_rules_stand_beside_the_weights_and_what_was_typed_stays(
    client, director, weights, place, words
):
    answer = client.post(NEW, form("attractiveness", **weights))
    assert answer.status_code == 422
    assert not CriteriaSet.objects.exists()
    shown = answer.context["form"]
    found = shown.non_field_errors() if place is None else shown.rows[place].errors["weight"]
    assert any(words in text for text in found)
    assert words in answer.content.decode()
    assert "Agreed by the board." in answer.content.decode()
    for code, weight in weights.items():
        row = next(row for row in shown.rows if row["code"].value() == code)
        assert row["weight"].value() == str(weight)


def test_criterion_may_be_added_renamed_and_left_out(client, director):
    body = form("strength", S6=0) | {"c5-code": "", "c5-name": "", "c5-weight": ""}
    body |= {"c0-name": "Fit of our products", "c6-code": "S7", "c6-name": "Sustainability"}
    answer = client.post(f"{NEW}?kind=strength", body)
    assert "Fill this in." in answer.content.decode()
    answer = client.post(f"{NEW}?kind=strength", body | {"c6-weight": "10"})
    assert answer.status_code == 302
    rows = CriteriaSet.objects.get(kind="strength").criteria.all()
    assert [row.code for row in rows] == ["S1", "S2", "S3", "S4", "S5", "S7"]
    assert rows[0].name == "Fit of our products"


def test_day_and_reason_are_asked_for(client, director):
    past = business_today() - datetime.timedelta(days=1)
    answer = client.post(NEW, form("attractiveness") | {"valid_from": past.isoformat()})
    assert list(answer.context["form"].errors) == ["valid_from"]
    answer = client.post(NEW, form("attractiveness") | {"reason": ""})
    assert list(answer.context["form"].errors) == ["reason"]
    assert client.get(f"{NEW}?kind=luck").status_code == 404


def test_own_weights_of_a_customer_move_that_customer_alone(client, director, example):
    alder, birch = example.accounts["Alder"], example.accounts["Birch"]
    url = reverse("accounts:criteria_own", args=[alder.pk])
    assert client.post(url, form("strength", S1=20, S3=25)).status_code == 302
    own = CriteriaSet.objects.get(account=alder)
    assert (own.kind, own.number) == ("strength", 1)
    places = Position.objects.in_force().filter(horizon="today")
    assert str(places.get(account=alder).strength) == "4.400000"
    assert str(places.get(account=birch).strength) == "6.150000"
    assert "Alder Foods" in client.get(PAGE).content.decode()
    card = client.get(reverse("accounts:scores_of", args=[alder.pk])).content.decode()
    assert "own weights" in card


def test_who_does_not_run_the_programme_reads_and_publishes_nothing(client, example):
    birch = example.accounts["Birch"]
    birch.team = TeamFactory(programme=example.programme)
    birch.save()
    client.force_login(MembershipFactory(team=birch.team, role="kam").user)
    page = client.get(PAGE)
    assert page.status_code == 200
    assert NEW not in page.content.decode()
    assert client.post(NEW, form("attractiveness")).status_code == 403
    own = reverse("accounts:criteria_own", args=[birch.pk])
    assert client.post(own, form("strength")).status_code == 403
    other = reverse("accounts:criteria_own", args=[example.accounts["Alder"].pk])
    assert client.post(other, form("strength")).status_code == 404
    assert not CriteriaSet.objects.exists()


def test_set_with_too_many_criteria_is_refused(example):
    row = {"name": "One of many", "group": "", "low": "", "middle": "", "high": ""}
    many = [{**row, "code": f"S{place}", "weight": 5} for place in range(20)]
    with pytest.raises(ValidationError) as caught:
        publish_criteria(
            actor=example.director, programme=example.programme, kind="strength", criteria=many
        )
    assert caught.value.error_dict["criteria"][0].code == "many"
