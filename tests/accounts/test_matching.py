"""The match of accounts with target profiles: figures, and the formula on anything (K093)."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from accounts.models import Account, Rating, TargetProfile
from accounts.profiles import matching
from accounts.profiles.asking import read_wish
from tests.factories.accounts import AccountFactory, ChannelFactory
from tests.factories.profiles import (
    AudienceParameterFactory,
    ChoiceParameterFactory,
    ProfileParameterFactory,
    RatingFactory,
    TargetFactory,
    TargetProfileFactory,
    TargetRangeFactory,
)
from tests.factories.teams import ProgrammeFactory


@pytest.fixture
def gin(db):
    """A brand that looks for busy places in the city with young guests."""
    profile = TargetProfileFactory()
    programme = profile.programme
    place = ChoiceParameterFactory(programme=programme, code="location")
    footfall = ProfileParameterFactory(programme=programme, code="footfall")
    young = AudienceParameterFactory(programme=programme, code="age_18_30")
    about = {"profile": profile, "at_least": None}
    TargetRangeFactory(**about, parameter=place, weight=40, wanted=["city centre", "station"])
    TargetRangeFactory(profile=profile, parameter=footfall, weight=35, at_least=4, at_most=5)
    TargetRangeFactory(profile=profile, parameter=young, weight=25, at_least=30)
    return profile, {"location": place, "footfall": footfall, "age_18_30": young}


def rated(programme, parameters, name, **ratings):
    account = AccountFactory(programme=programme, name=name)
    for code, value in ratings.items():
        said = {"choice": value, "value": None} if isinstance(value, str) else {"value": value}
        RatingFactory(account=account, parameter=parameters[code], **said)
    return account


def test_unrated_parameters_are_stated_and_never_match(gin):
    profile, parameters = gin
    half = rated(profile.programme, parameters, "Half", location="city centre", footfall=3)
    (row,) = matching.ranked(profile, Account.objects.all())
    match = matching.match_of(profile, row)
    assert (match.share, match.rated_share, match.possible) == (
        Decimal("0.4"),
        Decimal("0.75"),
        Decimal("0.65"),
    )
    verdicts = matching.verdicts([profile], [half])[profile.pk, half.pk]
    states = {row.wanted.parameter.code: row.state for row in verdicts}
    assert states == {"location": "fits", "footfall": "misses", "age_18_30": "unrated"}
    assert matching.summed(verdicts) == match


def test_accounts_are_ranked_by_match_then_by_what_is_rated(gin):
    profile, parameters = gin
    programme = profile.programme
    rated(programme, parameters, "Nothing known")
    rated(programme, parameters, "All", location="city centre", footfall=4, age_18_30=30)
    rated(programme, parameters, "Misses", location="suburb")
    rated(programme, parameters, "Two", location="city centre", footfall=5, age_18_30=29)
    AccountFactory(name="Of another programme", programme=ProgrammeFactory())
    rows = matching.ranked(profile, Account.objects.all())
    found = [(row.name, matching.match_of(profile, row).share) for row in rows]
    assert found == [
        ("All", 1),
        ("Two", Decimal("0.75")),
        ("Misses", 0),
        ("Nothing known", 0),
    ]


def test_only_ratings_in_force_and_accounts_of_the_channel_count(gin):
    profile, parameters = gin
    top = ChannelFactory(programme=profile.programme)
    top.path = f"/{top.pk}/"
    top.save()
    TargetProfile.objects.filter(pk=profile.pk).update(channel=top)
    profile = TargetProfile.objects.get(pk=profile.pk)
    inside = rated(profile.programme, parameters, "Inside", location="city centre")
    Account.objects.filter(pk=inside.pk).update(channel=top)
    Rating.objects.update(superseded_at="2026-01-01T00:00Z")
    RatingFactory(account=inside, parameter=parameters["location"], value=None, choice="suburb")
    rated(profile.programme, parameters, "Outside", location="city centre")
    TargetFactory(account=inside, brand=profile.brand, status="listed")
    (row,) = matching.ranked(profile, Account.objects.all())
    assert (row.name, row.earned, row.target_status) == ("Inside", 0, "listed")


def test_accounts_are_found_by_their_audience(gin):
    profile, parameters = gin
    rated(profile.programme, parameters, "Young", age_18_30=45, location="suburb")
    rated(profile.programme, parameters, "Old", age_18_30=12, location="suburb")
    rated(profile.programme, parameters, "Unknown")

    def names(*texts):
        wishes = [read_wish(text, parameters) for text in texts]
        rows = matching.rated_as(Account.objects.order_by("name"), wishes)
        return [row.name for row in rows]

    assert names("age_18_30:40..") == ["Young"]
    assert names("age_18_30:..40") == ["Old"]
    assert names("age_18_30:12") == ["Old"]
    assert names("location:suburb") == ["Old", "Young"]
    assert names("location:suburb", "age_18_30:10..20") == ["Old"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "footfall",
        "footfall:",
        "footfall:..",
        "footfall:x..",
        "footfall:NaN",
        "location:moon",
        "elsewhere:1",
        "footfall:1e99",
    ],
)
def test_a_wish_that_is_none_is_refused(gin, text):
    assert read_wish(text, gin[1]) is None


NUMBERS = st.decimals(min_value=-5, max_value=5, places=2)
PARAMETERS = st.lists(
    st.tuples(
        st.integers(min_value=1, max_value=10_000),  # weight in hundredths
        st.one_of(st.none(), NUMBERS),  # at least
        st.one_of(st.none(), NUMBERS),  # at most
        st.one_of(st.none(), NUMBERS),  # rating
    ),
    min_size=1,
    max_size=5,
)


class MatchProperties(TestCase):
    """The database and the formula in the docstring say the same of any profile."""

    @settings(max_examples=40, deadline=None)
    @given(rows=PARAMETERS)
    def test_match_is_the_weight_within_the_target_over_all_weight(self, rows):
        profile = TargetProfileFactory()
        account = AccountFactory(programme=profile.programme)
        earned = known = whole = Decimal(0)
        for hundredths, one, two, rating in rows:
            ends = [end for end in (one, two) if end is not None]
            low, high = one, two
            if len(ends) == 2:
                low, high = min(ends), max(ends)
            weight = Decimal(hundredths) / 100
            parameter = ProfileParameterFactory(
                programme=profile.programme, kind="number", lowest=None, highest=None
            )
            TargetRangeFactory(
                profile=profile, parameter=parameter, weight=weight, at_least=low, at_most=high
            )
            whole += weight
            if rating is not None:
                RatingFactory(account=account, parameter=parameter, value=rating)
                known += weight
                if (low is None or rating >= low) and (high is None or rating <= high):
                    earned += weight
        profile = TargetProfile.objects.get(pk=profile.pk)
        (row,) = matching.ranked(profile, Account.objects.all())
        match = matching.match_of(profile, row)
        assert match.share == earned / whole
        assert match.rated_share == known / whole
        assert match.possible == (earned + whole - known) / whole
        assert 0 <= match.share <= match.rated_share <= 1
        assert match == matching.summed(
            matching.verdicts([profile], [account])[profile.pk, account.pk]
        )
