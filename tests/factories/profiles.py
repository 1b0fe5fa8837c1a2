"""Profile parameters, ratings, target profiles, target lists, and what is known of accounts."""

import datetime
from decimal import Decimal

import factory
from factory.django import DjangoModelFactory

from accounts import models
from tests.factories.accounts import AccountFactory, ProductLineFactory
from tests.factories.teams import ProgrammeFactory


class ProfileParameterFactory(DjangoModelFactory):
    """A scale from 1 to 5 for every account."""

    class Meta:
        model = models.ProfileParameter

    programme = factory.SubFactory(ProgrammeFactory)
    code = factory.Sequence("parameter_{}".format)
    name = factory.Sequence("Parameter {}".format)
    lowest, highest = Decimal(1), Decimal(5)


class ChoiceParameterFactory(ProfileParameterFactory):
    """One of two places."""

    kind = "choice"
    lowest = highest = None
    options = ("city centre", "suburb")


class AudienceParameterFactory(ProfileParameterFactory):
    """A share of the guests."""

    kind = "number"
    area = "audience"
    lowest, highest, unit = Decimal(0), Decimal(100), "%"


class RatingFactory(DjangoModelFactory):
    """Rated 3 by the sales force."""

    class Meta:
        model = models.Rating

    account = factory.SubFactory(AccountFactory)
    parameter = factory.SubFactory(
        ProfileParameterFactory, programme=factory.SelfAttribute("..account.programme")
    )
    value = Decimal(3)
    source = "Sales force"
    rated_on = datetime.date(2026, 5, 4)


class TargetProfileFactory(DjangoModelFactory):
    """What a brand looks for in the whole programme."""

    class Meta:
        model = models.TargetProfile

    programme = factory.SubFactory(ProgrammeFactory)
    brand = factory.SubFactory(ProductLineFactory, programme=factory.SelfAttribute("..programme"))


class TargetRangeFactory(DjangoModelFactory):
    """3 or more wanted."""

    class Meta:
        model = models.TargetRange

    profile = factory.SubFactory(TargetProfileFactory)
    parameter = factory.SubFactory(
        ProfileParameterFactory, programme=factory.SelfAttribute("..profile.programme")
    )
    weight = Decimal(40)
    at_least = Decimal(3)


class TargetFactory(DjangoModelFactory):
    """An account on a target list."""

    class Meta:
        model = models.Target

    account = factory.SubFactory(AccountFactory)
    brand = factory.SubFactory(
        ProductLineFactory, programme=factory.SelfAttribute("..account.programme")
    )
    status = "targeted"
    since = datetime.date(2026, 5, 4)


class ProfileEntryFactory(DjangoModelFactory):
    """What is known of a strategy."""

    class Meta:
        model = models.ProfileEntry

    account = factory.SubFactory(AccountFactory)
    field = "strategy"
    value = "Grow in the north"
    source = "Annual report"
    as_of = datetime.date(2026, 5, 4)


class SuccessFactorFactory(DjangoModelFactory):
    """What decides for a customer, scored on neither side."""

    class Meta:
        model = models.SuccessFactor

    account = factory.SubFactory(AccountFactory)
    name = "Delivery on time"
    weight = Decimal(30)


class PreferredBenefitFactory(DjangoModelFactory):
    """A benefit that nobody has told yet."""

    class Meta:
        model = models.PreferredBenefit

    account = factory.SubFactory(AccountFactory)
    text = "First choice of new products"
