"""Parameters, ratings, target profiles, target lists, entries and benefits (K070, K071, K092-K095,
K113)."""

import datetime
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from accounts.models import PreferredBenefit, ProfileEntry, Rating, Target, TargetProfile
from accounts.services import parameter as parameters
from accounts.services import profile as known
from accounts.services import rating as ratings
from accounts.services import targeting
from accounts.services.channel import archive_channel, create_channel
from accounts.services.merge import merge_accounts
from kam.access.dates import business_today
from kam.changes.errors import VersionConflict
from kam.changes.models import Change
from tests.factories.accounts import AccountFactory, ProductLineFactory
from tests.factories.profiles import (
    AudienceParameterFactory,
    ChoiceParameterFactory,
    PreferredBenefitFactory,
    ProfileEntryFactory,
    ProfileParameterFactory,
    RatingFactory,
    TargetFactory,
    TargetRangeFactory,
)
from tests.factories.teams import (
    MembershipFactory,
    ProgrammeFactory,
    RoleGrantFactory,
    TeamFactory,
)


@pytest.fixture
def programme(db):
    return ProgrammeFactory()


@pytest.fixture
def director(programme):
    return RoleGrantFactory(programme_manager=True, programme=programme).user


@pytest.fixture
def account(programme):
    return AccountFactory(programme=programme, team=TeamFactory(programme=programme))


@pytest.fixture
def manager(account):
    return MembershipFactory(team=account.team, role="kam").user


@pytest.fixture
def member(account):
    return MembershipFactory(team=account.team, role="member").user


SCALE = {"code": "footfall", "name": "Footfall", "lowest": Decimal(1), "highest": Decimal(5)}


def codes(refused):
    """Codes by field of a refusal."""
    return {name: errors[0].code for name, errors in refused.value.error_dict.items()}


def given(account, parameter, value=None, **more):
    return ratings.Rated(account, parameter, value and Decimal(value), **more)


@pytest.mark.parametrize(
    ("changes", "refused"),
    [
        ({"highest": None}, {"highest": "required"}),
        ({"lowest": Decimal("1.5")}, {"lowest": "whole"}),
        ({"highest": Decimal(200)}, {"highest": "wide"}),
        ({"kind": "choice", "lowest": None, "highest": None}, {"options": "few"}),
        ({"options": ["a", "b"]}, {"options": "kind"}),
    ],
)
def test_a_scale_that_is_none_is_refused(director, programme, changes, refused):
    with pytest.raises(ValidationError) as error:
        parameters.create_parameter(actor=director, programme=programme, changes=SCALE | changes)
    assert codes(error) == refused


def test_only_who_runs_the_programme_says_what_is_rated(manager, programme):
    with pytest.raises(PermissionDenied):
        parameters.create_parameter(actor=manager, programme=programme, changes=SCALE)


def test_a_scale_in_use_keeps_what_is_rated_and_asked(director, programme, account):
    row = parameters.create_parameter(actor=director, programme=programme, changes=SCALE)
    ratings.give_rating(actor=director, given=given(account, row, 5))
    TargetRangeFactory(
        profile__programme=programme, parameter=row, at_least=Decimal(2), at_most=None
    )

    def refused(**changes):
        with pytest.raises(ValidationError) as error:
            parameters.update_parameter(
                actor=director, parameter=row, expected_version=1, changes=changes
            )
        return codes(error)

    assert refused(highest=Decimal(4)) == {"highest": "in_use"}
    assert refused(lowest=Decimal(3)) == {"lowest": "in_use"}
    assert refused(kind="number") == {"kind": "in_use"}
    with pytest.raises(ValidationError):
        parameters.archive_parameter(actor=director, parameter=row)
    wider = parameters.update_parameter(
        actor=director, parameter=row, expected_version=1, changes={"highest": Decimal(10)}
    )
    assert (wider.highest, wider.version) == (10, 2)
    with pytest.raises(VersionConflict):
        parameters.update_parameter(
            actor=director, parameter=row, expected_version=1, changes={"name": "Visitors"}
        )


def test_a_rating_is_stored_with_day_person_and_source_and_keeps_its_history(manager, account):
    parameter = ProfileParameterFactory(programme=account.programme)
    day = datetime.date(2026, 5, 4)
    said = {"source": "Visit", "confidence": "confirmed", "rated_on": day}
    first = ratings.give_rating(actor=manager, given=given(account, parameter, 3, **said))
    again = ratings.give_rating(actor=manager, given=given(account, parameter, 3, **said))
    assert again == first
    later = ratings.give_rating(actor=manager, given=given(account, parameter, 4))
    rows = list(
        Rating.objects.order_by("pk").values_list("value", "rated_on", "rated_by", "source")
    )
    assert rows == [(3, day, manager.pk, "Visit"), (4, business_today(), manager.pk, "")]
    assert list(Rating.objects.in_force()) == [later]
    ratings.give_rating(actor=manager, given=given(account, parameter))
    assert not Rating.objects.in_force().exists()
    assert Rating.objects.count() == 3
    log = Change.objects.filter(object_type="accounts.rating").order_by("pk")
    assert [row.verb for row in log] == ["created", "updated", "updated"]
    assert {row.account_id for row in log} == {account.pk}


def test_ratings_are_all_or_none_and_say_which_was_refused(manager, account):
    good = ProfileParameterFactory(programme=account.programme)
    bad = ChoiceParameterFactory(programme=account.programme)
    with pytest.raises(ratings.RowsError) as error:
        ratings.give_ratings(
            actor=manager,
            ratings=[given(account, good, 3), given(account, bad, choice="moon")],
        )
    assert [place for place, _error in error.value.refusals] == [1]
    assert not Rating.objects.exists()


@pytest.mark.parametrize(
    ("value", "more", "refused"),
    [
        (6, {}, {"value": "range"}),
        ("2.5", {}, {"value": "whole"}),
        (None, {"choice": "x"}, {"choice": "kind"}),
        (3, {"sample": 50}, {"sample": "audience"}),
        (3, {"rated_on": datetime.date(2999, 1, 1)}, {"rated_on": "future"}),
        (3, {"before": 77}, {"value": "meanwhile"}),
    ],
)
def test_a_rating_off_the_scale_is_refused(manager, account, value, more, refused):
    parameter = ProfileParameterFactory(programme=account.programme)
    with pytest.raises(ValidationError) as error:
        ratings.give_rating(actor=manager, given=given(account, parameter, value, **more))
    assert codes(error) == refused
    assert not Rating.objects.exists()


def test_figures_on_an_audience_never_tell_about_single_people(manager, account):
    parameter = AudienceParameterFactory(programme=account.programme)
    with pytest.raises(ValidationError) as error:
        ratings.give_rating(actor=manager, given=given(account, parameter, 40, sample=9))
    assert codes(error) == {"sample": "few"}
    row = ratings.give_rating(actor=manager, given=given(account, parameter, 40, sample=10))
    assert row.sample == 10


def test_accounts_are_rated_on_what_holds_in_their_channel(director, account):
    programme = account.programme
    top = create_channel(actor=director, programme=programme, changes={"name": "On-trade"})
    bars = create_channel(
        actor=director, programme=programme, changes={"name": "Bars", "parent": top}
    )
    shops = create_channel(actor=director, programme=programme, changes={"name": "Shops"})
    parameter = ProfileParameterFactory(programme=programme, channel=top)
    account.channel = shops
    account.save()
    with pytest.raises(ValidationError) as error:
        ratings.give_rating(actor=director, given=given(account, parameter, 3))
    assert codes(error) == {"parameter": "channel"}
    account.channel = bars
    account.save()
    assert ratings.give_rating(actor=director, given=given(account, parameter, 3)).value == 3
    assert list(type(parameter).objects.holding_in(bars)) == [parameter]
    assert not type(parameter).objects.holding_in(shops).exists()
    account.channel = None
    account.save()
    with pytest.raises(ValidationError):
        archive_channel(actor=director, channel=shops and top)


@pytest.mark.parametrize("write", ["rating", "target", "entry", "benefit"])
def test_members_and_outsiders_write_nothing(account, member, write):
    parameter = ProfileParameterFactory(programme=account.programme)
    brand = ProductLineFactory(programme=account.programme)

    def run(actor):
        if write == "rating":
            return ratings.give_rating(actor=actor, given=given(account, parameter, 3))
        if write == "target":
            aim = targeting.Aim(account, brand, "targeted")
            return targeting.set_target(actor=actor, given=aim)
        if write == "entry":
            return known.record_entry(actor=actor, given=known.Known(account, "culture", "Calm"))
        return known.create_benefit(actor=actor, account=account, changes={"text": "First"})

    outsider = RoleGrantFactory(programme_manager=True, programme=ProgrammeFactory()).user
    for actor in (member, outsider):
        with pytest.raises(PermissionDenied):
            run(actor)
    for model in (Rating, Target, ProfileEntry, PreferredBenefit):
        assert not model.objects.exists()


def test_a_target_profile_is_written_as_a_whole_with_its_history(director, programme):
    brand = ProductLineFactory(programme=programme)
    place = ChoiceParameterFactory(programme=programme, code="location")
    footfall = ProfileParameterFactory(programme=programme, code="footfall")
    rows = [
        {"parameter": place, "weight": Decimal(40), "wanted": ["city centre"]},
        {"parameter": footfall, "weight": Decimal(35), "at_least": Decimal(4)},
    ]
    row = targeting.create_target_profile(
        actor=director, programme=programme, changes={"brand": brand}, ranges=rows
    )
    assert row.ranges.count() == 2
    fewer = targeting.update_target_profile(
        actor=director, profile=row, expected_version=1, changes={"note": "Busy"}, ranges=rows[:1]
    )
    assert (fewer.version, fewer.ranges.count(), fewer.note) == (3, 1, "Busy")
    change = Change.objects.filter(object_type="accounts.targetprofile").latest("pk")
    assert change.after["ranges"] == ["location: city centre (40)"]
    with pytest.raises(ValidationError):
        targeting.create_target_profile(
            actor=director, programme=programme, changes={"brand": brand}, ranges=rows
        )
    with pytest.raises(VersionConflict):
        targeting.update_target_profile(
            actor=director, profile=row, expected_version=1, changes={}, ranges=rows
        )


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"weight": Decimal(0)}, "range"),
        ({"at_least": None}, "required"),
        ({"at_most": Decimal(2)}, "range"),
        ({"at_most": Decimal(9)}, "range"),
        ({"wanted": ["x"]}, "kind"),
    ],
)
def test_a_range_off_the_scale_is_refused(director, programme, changes, code):
    brand = ProductLineFactory(programme=programme)
    footfall = ProfileParameterFactory(programme=programme)
    wanted = {"parameter": footfall, "weight": Decimal(35), "at_least": Decimal(3), **changes}
    with pytest.raises(ValidationError) as error:
        targeting.create_target_profile(
            actor=director, programme=programme, changes={"brand": brand}, ranges=[wanted]
        )
    assert codes(error) == {"ranges": code}
    assert not TargetProfile.objects.exists()


def test_a_target_profile_asks_what_holds_in_its_whole_channel(director, programme):
    top = create_channel(actor=director, programme=programme, changes={"name": "On-trade"})
    below = {"name": "Bars", "parent": top}
    bars = create_channel(actor=director, programme=programme, changes=below)
    of_bars = ProfileParameterFactory(programme=programme, channel=bars)
    brand = ProductLineFactory(programme=programme)
    wanted = {"parameter": of_bars, "weight": Decimal(35), "at_least": Decimal(3)}
    about = {"actor": director, "programme": programme, "ranges": [wanted]}
    with pytest.raises(ValidationError) as error:
        targeting.create_target_profile(changes={"brand": brand, "channel": top}, **about)
    assert codes(error) == {"ranges": "channel"}
    made = targeting.create_target_profile(changes={"brand": brand, "channel": bars}, **about)
    assert made.channel == bars
    with pytest.raises(ValidationError):
        archive_channel(actor=director, channel=bars)


def test_a_target_list_keeps_who_and_when(manager, account):
    brand = ProductLineFactory(programme=account.programme)
    aim = targeting.Aim(account, brand, "targeted", before=None)
    first = targeting.set_target(actor=manager, given=aim)
    assert targeting.set_target(actor=manager, given=aim._replace(before=first.pk)) == first
    targeting.set_target(
        actor=manager, given=aim._replace(status="listed", note="Contract", before=first.pk)
    )
    rows = Target.objects.order_by("pk").values_list("status", "decided_by", "since")
    assert list(rows) == [
        ("targeted", manager.pk, business_today()),
        ("listed", manager.pk, business_today()),
    ]
    assert Target.objects.in_force().get().status == "listed"
    with pytest.raises(ValidationError) as error:
        targeting.set_target(actor=manager, given=aim._replace(status="dropped", before=first.pk))
    assert codes(error) == {"status": "meanwhile"}


@pytest.mark.parametrize(
    ("field", "value", "refused"),
    [
        ("centralisation", "everywhere", {"value": "choice"}),
        ("buying_points", "many", {"value": "whole"}),
        ("buying_points", "999999999999", {"value": "whole"}),
        ("horoscope", "Leo", {"field": "choice"}),
        ("culture", "x" * 4001, {"value": "long"}),
    ],
)
def test_an_entry_that_is_none_is_refused(manager, account, field, value, refused):
    with pytest.raises(ValidationError) as error:
        known.record_entry(actor=manager, given=known.Known(account, field, value))
    assert codes(error) == refused


def test_entries_are_superseded_and_taken_back(manager, account):
    given = known.Known(account, "buying_points", "12", source="Buyer")
    first = known.record_entry(actor=manager, given=given)
    known.record_entry(actor=manager, given=given._replace(value="8", before=first.pk))
    with pytest.raises(ValidationError):
        known.record_entry(actor=manager, given=given._replace(value="9", before=first.pk))
    known.record_entry(actor=manager, given=given._replace(value=""))
    assert [row.value for row in ProfileEntry.objects.order_by("pk")] == ["12", "8", ""]
    assert not ProfileEntry.objects.in_force().exists()


def test_a_benefit_records_when_it_was_told(manager, account):
    row = known.create_benefit(actor=manager, account=account, changes={"text": "First choice"})
    assert row.told_on is None
    day = datetime.date(2026, 5, 4)
    told = known.update_benefit(
        actor=manager, benefit=row, expected_version=1, changes={"told_on": day}
    )
    assert told.told_on == day
    with pytest.raises(ValidationError):
        known.update_benefit(
            actor=manager,
            benefit=row,
            expected_version=2,
            changes={"told_on": datetime.date(2999, 1, 1)},
        )
    known.archive_benefit(actor=manager, benefit=told)
    assert not PreferredBenefit.objects.active().exists()


def test_nothing_is_written_about_an_archived_account(manager, account):
    parameter = ProfileParameterFactory(programme=account.programme)
    brand = ProductLineFactory(programme=account.programme)
    account.archived_at = "2026-05-04T00:00Z"
    account.save()
    writes = [
        lambda: ratings.give_rating(actor=manager, given=given(account, parameter, 3)),
        lambda: targeting.set_target(
            actor=manager, given=targeting.Aim(account, brand, "targeted")
        ),
        lambda: known.record_entry(actor=manager, given=known.Known(account, "culture", "Calm")),
        lambda: known.create_benefit(actor=manager, account=account, changes={"text": "First"}),
    ]
    for write in writes:
        with pytest.raises(ValidationError):
            write()


def test_rows_of_a_merged_account_follow_it(director, programme):
    stays, goes = AccountFactory(programme=programme), AccountFactory(programme=programme)
    parameter = ProfileParameterFactory(programme=programme)
    brand = ProductLineFactory(programme=programme)
    for each in (stays, goes):
        RatingFactory(account=each, parameter=parameter)
        TargetFactory(account=each, brand=brand)
        ProfileEntryFactory(account=each)
    PreferredBenefitFactory(account=goes)
    merge_accounts(actor=director, survivor=stays, loser=goes)
    for model in (Rating, Target, ProfileEntry):
        assert model.objects.filter(account=stays).count() == 2
        assert model.objects.in_force().filter(account=stays).count() == 1
    assert PreferredBenefit.objects.get().account == stays
