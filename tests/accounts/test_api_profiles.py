"""Profiles over REST: what pages can do (K092-K095)."""

from decimal import Decimal

import pytest
from django.urls import reverse

from accounts.models import Rating, Target
from tests.factories.accounts import AccountFactory, ProductLineFactory
from tests.factories.profiles import (
    AudienceParameterFactory,
    ChoiceParameterFactory,
    ProfileParameterFactory,
    RatingFactory,
    TargetFactory,
    TargetProfileFactory,
    TargetRangeFactory,
)
from tests.factories.teams import (
    MembershipFactory,
    ProgrammeFactory,
    RoleGrantFactory,
    TeamFactory,
)

JSON = "application/json"


@pytest.fixture
def programme(db):
    return ProgrammeFactory()


@pytest.fixture
def director(programme, client):
    user = RoleGrantFactory(programme_manager=True, programme=programme).user
    client.force_login(user)
    return user


def post(client, name, body):
    return client.post(reverse(f"api:{name}-list"), body, content_type=JSON)


def test_a_client_goes_from_parameters_to_ranked_matches(client, director, programme):
    brand = ProductLineFactory(programme=programme)
    body = {
        "programme": programme.pk,
        "code": "location",
        "name": "Location",
        "kind": "choice",
        "options": ["city centre", "suburb"],
    }
    place = post(client, "profile-parameters", body).json()["id"]
    scale = {"kind": "scale", "code": "footfall", "name": "Footfall", "options": []}
    footfall = post(
        client, "profile-parameters", body | scale | {"lowest": 1, "highest": 5}
    ).json()["id"]
    ranges = [
        {"parameter": place, "weight": 40, "wanted": ["city centre"]},
        {"parameter": footfall, "weight": 60, "at_least": 4},
    ]
    made = post(
        client,
        "target-profiles",
        {"programme": programme.pk, "brand": brand.pk, "ranges": ranges},
    )
    assert made.status_code == 201, made.json()
    assert [row["weight"] for row in made.json()["ranges"]] == [60, 40]
    one, two = (AccountFactory(programme=programme, name=name) for name in ("One", "Two"))
    rows = [
        {"account": one.pk, "parameter": place, "choice": "city centre"},
        {"account": two.pk, "parameter": footfall, "value": "4", "source": "Counted"},
    ]
    sent = client.post(reverse("api:ratings-bulk"), rows, content_type=JSON)
    assert [row["status"] for row in sent.json()["results"]] == [201, 201]
    address = reverse("api:target-profiles-matches", args=[made.json()["id"]])
    found = client.get(address).json()
    assert [
        (row["rank"], row["name"], Decimal(row["match"]), Decimal(row["possible"]))
        for row in found["results"]
    ] == [(1, "Two", Decimal("0.6"), 1), (2, "One", Decimal("0.4"), 1)]
    assert found["results"][0]["parameters"] == [
        {"parameter": footfall, "state": "fits", "value": 4, "choice": ""},
        {"parameter": place, "state": "unrated", "value": None, "choice": ""},
    ]
    assert found["next_after"] is None
    assert [row["name"] for row in client.get(address, {"after": 1}).json()["results"]] == ["One"]
    listed = {"account": two.pk, "brand": brand.pk, "status": "listed"}
    assert post(client, "targets", listed).status_code == 201
    got = client.get(address, {"target_status": "listed"}).json()["results"]
    assert [row["name"] for row in got] == ["Two"]


def test_matches_are_filtered_by_audience_and_refuse_what_they_do_not_know(
    client, director, programme
):
    profile = TargetProfileFactory(programme=programme)
    parameter = AudienceParameterFactory(programme=programme, code="age_18_30")
    TargetRangeFactory(profile=profile, parameter=parameter, at_least=30)
    for name, value in (("Young", 60), ("Old", 10)):
        account = AccountFactory(programme=programme, name=name)
        RatingFactory(account=account, parameter=parameter, value=value)
    address = reverse("api:target-profiles-matches", args=[profile.pk])

    def names(**asked):
        return [row["name"] for row in client.get(address, asked).json()["results"]]

    assert names() == ["Young", "Old"]
    assert names(rated="age_18_30:..20") == ["Old"]
    assert names(target_status="none") == ["Young", "Old"]
    for wrong in (
        {"rated": "moon:1.."},
        {"after": "x"},
        {"target_status": "x"},
        {"unknown": "1"},
    ):
        assert client.get(address, wrong).status_code == 400, wrong


def test_a_match_is_of_accounts_that_the_caller_sees(client, programme):
    profile = TargetRangeFactory(profile__programme=programme).profile
    seen = AccountFactory(programme=programme, team=TeamFactory(programme=programme))
    AccountFactory(programme=programme, name="Hidden")
    client.force_login(MembershipFactory(team=seen.team, role="kam").user)
    found = client.get(reverse("api:target-profiles-matches", args=[profile.pk])).json()
    assert [row["account"] for row in found["results"]] == [seen.pk]


def test_matches_ask_as_often_for_three_accounts_as_for_one(
    client, director, programme, django_assert_num_queries
):
    rows = [TargetRangeFactory(profile__programme=programme)]
    profile = rows[0].profile
    place = ChoiceParameterFactory(programme=programme)
    TargetRangeFactory(profile=profile, parameter=place, at_least=None, wanted=["suburb"])
    address = reverse("api:target-profiles-matches", args=[profile.pk])
    client.get(address)
    for count in (1, 3):
        while Rating.objects.count() < count:
            account = AccountFactory(programme=programme)
            RatingFactory(account=account, parameter=rows[0].parameter)
            TargetFactory(account=account, brand=profile.brand)
        with django_assert_num_queries(8):
            assert len(client.get(address).json()["results"]) == count


def test_ratings_are_taken_back_and_listed_as_they_stood(client, director, programme):
    account = AccountFactory(programme=programme)
    parameter = ProfileParameterFactory(programme=programme)
    about = {"account": account.pk, "parameter": parameter.pk}
    assert post(client, "ratings", about).status_code == 400
    assert post(client, "ratings", about | {"value": 9}).json()["errors"][0]["pointer"] == "/value"
    assert post(client, "ratings", about | {"value": 4}).status_code == 201
    assert post(client, "ratings", about).status_code == 201
    listed = client.get(reverse("api:ratings-list"), {"in_force": "true"}).json()["results"]
    assert [row["value"] for row in listed] == [None]
    everything = client.get(reverse("api:ratings-list")).json()["results"]
    assert [row["value"] for row in everything] == [None, 4]


def test_a_target_profile_points_to_the_range_that_is_wrong(client, director, programme):
    brand = ProductLineFactory(programme=programme)
    parameter = ProfileParameterFactory(programme=programme)
    ranges = [{"parameter": parameter.pk, "weight": 40, "at_least": 9}]
    body = {"programme": programme.pk, "brand": brand.pk, "ranges": ranges}
    answer = post(client, "target-profiles", body)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == "/ranges/0/at_least"


def test_entries_and_benefits_are_written_by_who_edits(client, programme):
    account = AccountFactory(programme=programme, team=TeamFactory(programme=programme))
    entry = {"account": account.pk, "field": "culture", "value": "Frank", "source": "Visit"}
    benefit = {"account": account.pk, "text": "First choice"}
    for role, code in (("observer", 403), ("member", 403), ("kam", 201)):
        client.force_login(MembershipFactory(team=account.team, role=role).user)
        assert post(client, "profile-entries", entry).status_code == code
        assert post(client, "preferred-benefits", benefit).status_code == code
        target = {
            "account": account.pk,
            "brand": ProductLineFactory(programme=programme).pk,
            "status": "targeted",
        }
        assert post(client, "targets", target).status_code == code
    assert Target.objects.count() == 1
