"""Pages of parameters, target profiles, ratings and what is known of accounts (K070, K071,
K092-K095)."""

from decimal import Decimal

import pytest
from django.urls import reverse

from accounts.models import (
    PreferredBenefit,
    ProfileEntry,
    ProfileParameter,
    Rating,
    Target,
    TargetProfile,
)
from tests.factories.accounts import AccountFactory, ProductLineFactory
from tests.factories.profiles import (
    AudienceParameterFactory,
    ChoiceParameterFactory,
    PreferredBenefitFactory,
    ProfileEntryFactory,
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

GROUNDS = {"source": "Visit", "known_on": "2026-05-04", "confidence": "confirmed"}


@pytest.fixture
def programme(db):
    return ProgrammeFactory()


@pytest.fixture
def director(client, programme):
    user = RoleGrantFactory(programme_manager=True, programme=programme).user
    client.force_login(user)
    return user


@pytest.fixture
def account(programme):
    return AccountFactory(
        programme=programme, name="Elm Retail", team=TeamFactory(programme=programme)
    )


def test_a_parameter_is_added_and_refused_beside_its_field(client, director, programme):
    address = reverse("accounts:parameter_create")
    body = {"code": "location", "name": "Location", "area": "outlet", "kind": "choice"}
    refused = client.post(address, body | {"options": "city centre"})
    assert refused.status_code == 422
    assert refused.context["form"].errors.keys() == {"options"}
    assert client.post(address, body | {"options": "city centre\r\nsuburb\r\n"}).status_code == 302
    row = ProfileParameter.objects.get()
    assert row.options == ["city centre", "suburb"]
    page = client.get(reverse("accounts:parameter_edit", args=[row.pk])).content.decode()
    assert "city centre\nsuburb" in page


def test_a_target_profile_is_written_row_by_row(client, director, programme):
    place = ChoiceParameterFactory(programme=programme)
    footfall = ProfileParameterFactory(programme=programme)
    ProfileParameterFactory(programme=programme)
    brand = ProductLineFactory(programme=programme)
    body = {
        "brand": brand.pk,
        f"p{place.pk}-weight": "40",
        f"p{place.pk}-wanted": ["city centre"],
        f"p{footfall.pk}-weight": "35",
        f"p{footfall.pk}-at_least": "9",
    }
    address = reverse("accounts:target_profile_create")
    refused = client.post(address, body)
    assert refused.status_code == 422
    rows = {row.parameter.pk: row.errors for row in refused.context["form"].rows}
    assert rows[footfall.pk].keys() == {"at_least"}
    assert not rows[place.pk]
    assert not TargetProfile.objects.exists()
    made = client.post(address, body | {f"p{footfall.pk}-at_least": "4"})
    profile = TargetProfile.objects.get()
    assert made["Location"] == reverse("accounts:target_profile", args=[profile.pk])
    assert {row.parameter_id: row.weight for row in profile.ranges.all()} == {
        place.pk: 40,
        footfall.pk: 35,
    }
    edit = reverse("accounts:target_profile_edit", args=[profile.pk])
    stale = client.post(edit, body | {f"p{footfall.pk}-at_least": "3", "version": "7"})
    assert stale.status_code == 409
    assert profile.ranges.get(parameter=footfall).at_least == 4


def test_ticked_accounts_come_onto_the_target_list(client, director, programme, account):
    wanted = TargetRangeFactory(profile__programme=programme)
    RatingFactory(account=account, parameter=wanted.parameter)
    address = reverse("accounts:target_profile", args=[wanted.profile.pk])
    page = client.get(address)
    assert [row.match.share for row in page.context["rows"]] == [Decimal(1)]
    body = {"status": "targeted", "since": "2026-05-04", "note": "Autumn"}
    assert client.post(address, body).status_code == 422
    assert client.post(address, body | {"account": "x"}).status_code == 422
    assert client.post(address, body | {"account": account.pk}).status_code == 302
    assert Target.objects.get().decided_by == director
    late = client.post(address, body | {"account": account.pk, "since": "2999-01-01"})
    assert late.status_code == 422
    assert "since" in late.context["step"].errors
    table = b"".join(client.get(address, {"export": "csv"}).streaming_content).decode()
    assert "Elm Retail" in table
    assert "1.000000" in table
    assert "Targeted" in table


def test_outlets_are_filtered_by_audience(client, director, programme):
    wanted = TargetRangeFactory(profile__programme=programme)
    young = AudienceParameterFactory(programme=programme)
    for name, value in (("Young", 60), ("Old", 10)):
        outlet = AccountFactory(programme=programme, name=name)
        RatingFactory(account=outlet, parameter=young, value=value)
    address = reverse("accounts:target_profile", args=[wanted.profile.pk])

    def names(**asked):
        return [row.name for row in client.get(address, asked).context["rows"]]

    assert names() == ["Old", "Young"]
    assert names(**{f"p{young.pk}-from": "30"}) == ["Young"]
    assert names(**{f"p{young.pk}-to": "30"}) == ["Old"]
    assert names(status="listed") == []
    assert client.get(address, {f"p{young.pk}-from": "x"}).status_code == 200


def test_all_ratings_are_given_on_one_sheet(client, director, account):
    footfall = ProfileParameterFactory(programme=account.programme)
    young = AudienceParameterFactory(programme=account.programme)
    kept = RatingFactory(account=account, parameter=footfall)
    address = reverse("accounts:rate", args=[account.pk])
    body = GROUNDS | {
        f"p{footfall.pk}-value": "3",
        f"p{footfall.pk}-was": str(kept.pk),
        f"p{young.pk}-value": "41",
        f"p{young.pk}-sample": "3",
    }
    refused = client.post(address, body)
    assert refused.status_code == 422
    errors = {row.parameter.pk: set(row.errors) for row in refused.context["form"].rows}
    assert errors == {footfall.pk: set(), young.pk: {"sample"}}
    assert client.post(address, body | {f"p{young.pk}-sample": "300"}).status_code == 302
    assert Rating.objects.count() == 2
    still = {
        f"p{footfall.pk}-value": "3",
        f"p{footfall.pk}-was": kept.pk,
        f"p{young.pk}-value": "41",
        f"p{young.pk}-sample": "300",
        f"p{young.pk}-was": Rating.objects.get(parameter=young).pk,
    }
    client.post(address, GROUNDS | still | {f"p{footfall.pk}-still": "on", "source": "Again"})
    assert Rating.objects.in_force().get(parameter=footfall).source == "Again"
    stale = client.post(address, GROUNDS | still | {f"p{footfall.pk}-value": "5"})
    assert stale.status_code == 422
    assert b"Somebody else changed it" in stale.content


def test_a_section_of_the_profile_is_recorded_with_its_grounds(client, director, account):
    address = reverse("accounts:profile_section", args=[account.pk, "purchasing"])
    body = GROUNDS | {"centralisation": "central", "buying_points": "many"}
    refused = client.post(address, body)
    assert refused.status_code == 422
    assert refused.context["form"].errors.keys() == {"buying_points"}
    assert client.post(address, body | {"buying_points": "12"}).status_code == 302
    found = ProfileEntry.objects.values_list("field", "value", "source", "confidence")
    assert set(found) == {
        ("centralisation", "central", "Visit", "confirmed"),
        ("buying_points", "12", "Visit", "confirmed"),
    }
    page = client.get(reverse("accounts:insight", args=[account.pk]))
    assert (page.context["filled"], page.context["filled_beyond"]) == (2, 0)
    assert b"Central: one place decides" in page.content
    wrong = reverse("accounts:profile_section", args=[account.pk, "nonsense"])
    assert client.get(wrong).status_code == 404


def test_benefits_and_places_on_target_lists_are_kept_on_the_account(client, director, account):
    add = reverse("accounts:benefit_create", args=[account.pk])
    assert client.post(add, {"text": "First choice"}).status_code == 302
    row = PreferredBenefit.objects.get()
    client.post(reverse("accounts:benefit_archive", args=[row.pk]), {"version": "1"})
    client.post(reverse("accounts:benefit_restore", args=[row.pk]), {"version": "2"})
    row.refresh_from_db()
    assert (row.is_archived, row.version) == (False, 3)
    brand = ProductLineFactory(programme=account.programme)
    body = {"brand": brand.pk, "status": "listed", "since": "2026-05-04"}
    address = reverse("accounts:target_set", args=[account.pk])
    assert client.post(address, body).status_code == 302
    page = client.get(reverse("accounts:ratings_of", args=[account.pk]))
    assert [row.status for row in page.context["targets"]] == ["listed"]


@pytest.mark.parametrize("role", ["member", "observer"])
def test_who_does_not_edit_reads_and_writes_nothing(client, account, role):
    ProfileParameterFactory(programme=account.programme)
    wanted = TargetRangeFactory(profile__programme=account.programme)
    client.force_login(MembershipFactory(team=account.team, role=role).user)
    for name in ("rate", "target_set", "benefit_create"):
        assert client.get(reverse(f"accounts:{name}", args=[account.pk])).status_code == 403
    page = client.get(reverse("accounts:target_profile", args=[wanted.profile.pk]))
    assert not page.context["may_step"]
    body = {"account": account.pk, "status": "targeted", "since": "2026-05-04"}
    assert client.post(page.request["PATH_INFO"], body).status_code == 403
    assert client.post(page.request["PATH_INFO"], {}).status_code == 403
    assert client.get(reverse("accounts:parameter_create")).status_code == 403
    assert not Target.objects.exists()


PAGES = {"ratings_of": 12, "insight": 12, "target_profile": 16}


@pytest.mark.parametrize("count", [1, 3])
def test_query_counts_of_parts(client, director, account, count, django_assert_max_num_queries):
    profile = TargetProfileFactory(programme=account.programme)
    outlets = [account, *AccountFactory.create_batch(count, programme=account.programme)]
    for _place in range(count):
        wanted = TargetRangeFactory(profile=profile)
        for outlet in outlets:
            RatingFactory(account=outlet, parameter=wanted.parameter)
        TargetFactory(account=account)
        PreferredBenefitFactory(account=account)
    ProfileEntryFactory(account=account)
    for name, most in PAGES.items():
        key = profile.pk if name == "target_profile" else account.pk
        address = reverse(f"accounts:{name}", args=[key])
        client.get(address)
        with django_assert_max_num_queries(most):
            assert client.get(address).status_code == 200
