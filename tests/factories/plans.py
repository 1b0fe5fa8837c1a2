"""Plans and what they hold; minimal, without anything random."""

import datetime

import factory
from factory.django import DjangoModelFactory

from plans import models
from tests.factories.accounts import AccountFactory
from tests.factories.teams import ProgrammeFactory


class PlanFactory(DjangoModelFactory):
    """A draft for 2026 without text."""

    class Meta:
        model = models.Plan

    account = factory.SubFactory(AccountFactory)
    title = "Plan 2026"
    starts_on = datetime.date(2026, 1, 1)
    ends_on = datetime.date(2026, 12, 31)
    currency = "GBP"


class CustomerGoalFactory(DjangoModelFactory):
    """Something that the customer wants."""

    class Meta:
        model = models.CustomerGoal

    account = factory.SubFactory(AccountFactory)
    text = factory.Sequence(lambda n: f"Goal {n}")


class CorporateObjectiveFactory(DjangoModelFactory):
    """An aim of our own company."""

    class Meta:
        model = models.CorporateObjective

    programme = factory.SubFactory(ProgrammeFactory)
    text = factory.Sequence(lambda n: f"Aim {n}")


class PlanVersionFactory(DjangoModelFactory):
    """An approved version without content."""

    class Meta:
        model = models.PlanVersion

    plan = factory.SubFactory(PlanFactory)
    number = factory.Sequence(lambda n: n + 1)
    kind = "approval"
    content = {"plan": {}}


class ObjectiveFactory(DjangoModelFactory):
    """A growing objective without owner, measure and dates."""

    class Meta:
        model = models.Objective

    plan = factory.SubFactory(PlanFactory)
    title = factory.Sequence(lambda n: f"Objective {n}")
    type = "grow"
    position = factory.Sequence(lambda n: n + 1)


class StrategyFactory(DjangoModelFactory):
    """A way to reach an objective."""

    class Meta:
        model = models.Strategy

    objective = factory.SubFactory(ObjectiveFactory)
    text = factory.Sequence(lambda n: f"Strategy {n}")
    kind = "penetrate"
    position = factory.Sequence(lambda n: n + 1)


class MilestoneFactory(DjangoModelFactory):
    """A result half-way."""

    class Meta:
        model = models.Milestone

    objective = factory.SubFactory(ObjectiveFactory)
    date = datetime.date(2026, 6, 30)
    result = factory.Sequence(lambda n: f"Result {n}")


class ActionFactory(DjangoModelFactory):
    """Something to do on an account, for nobody and no day yet."""

    class Meta:
        model = models.Action

    account = factory.SubFactory(AccountFactory)
    text = factory.Sequence(lambda n: f"Action {n}")


class SwotEntryFactory(DjangoModelFactory):
    """A strength without evidence."""

    class Meta:
        model = models.SwotEntry

    plan = factory.SubFactory(PlanFactory)
    quadrant = "strength"
    text = factory.Sequence(lambda n: f"Strength {n}")


class RiskFactory(DjangoModelFactory):
    """A medium delivery risk."""

    class Meta:
        model = models.Risk

    plan = factory.SubFactory(PlanFactory)
    category = "delivery"
    title = factory.Sequence(lambda n: f"Risk {n}")
    likelihood = 2
    impact = 3
