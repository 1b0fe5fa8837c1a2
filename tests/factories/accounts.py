"""Customers and what hangs on them; minimal, without anything random."""

import datetime
from decimal import Decimal

import factory
from django.utils import timezone
from factory.django import DjangoModelFactory

from accounts import models
from kam.access.dates import business_today
from tests.factories.teams import ProgrammeFactory, UserFactory


class AccountFactory(DjangoModelFactory):
    """A candidate without team, unit and parent; `parent=` puts it under another account."""

    class Meta:
        model = models.Account
        skip_postgeneration_save = True

    programme = factory.LazyAttribute(
        lambda self: self.parent.programme if self.parent else ProgrammeFactory()
    )
    parent = None
    name = factory.Sequence(lambda n: f"Account {n}")

    @factory.post_generation
    def path(self, create, extracted, **kwargs):
        """Root and path are what `accounts.services` would have set."""
        if not create:
            return
        above = self.parent.path if self.parent_id else "/"
        self.path = f"{above}{self.pk}/"
        self.root_id = int(self.path.split("/")[1])
        self.save(update_fields=["path", "root"])


class ExternalIdFactory(DjangoModelFactory):
    """A number in another system."""

    class Meta:
        model = models.ExternalId

    account = factory.SubFactory(AccountFactory)
    programme = factory.SelfAttribute("account.programme")
    system = "erp"
    value = factory.Sequence(lambda n: f"10{n:04}")


class SiteFactory(DjangoModelFactory):
    """A place of the customer."""

    class Meta:
        model = models.Site

    account = factory.SubFactory(AccountFactory)
    name = factory.Sequence(lambda n: f"Site {n}")


class ContactFactory(DjangoModelFactory):
    """A person at the customer of whom only the name is known."""

    class Meta:
        model = models.Contact

    account = factory.SubFactory(AccountFactory)
    name = factory.Sequence(lambda n: f"Contact {n}")


class InteractionFactory(DjangoModelFactory):
    """A call without people; `contacts=[...]` names them."""

    class Meta:
        model = models.Interaction
        skip_postgeneration_save = True

    account = factory.SubFactory(AccountFactory)
    user = factory.SubFactory(UserFactory)
    happened_on = datetime.date(2026, 5, 29)
    text = "Rail budget is released in July."

    @factory.post_generation
    def contacts(self, create, extracted, **kwargs):
        if create and extracted:
            self.contacts.set(extracted)


class StatusChangeFactory(DjangoModelFactory):
    """An account that was groomed."""

    class Meta:
        model = models.StatusChange

    account = factory.SubFactory(AccountFactory)
    from_status = "candidate"
    to_status = "groomed"
    decided_on = datetime.date(2026, 5, 1)
    reason = "Grows fast."


class StageChangeFactory(DjangoModelFactory):
    """An account that was assessed for the first time."""

    class Meta:
        model = models.StageChange

    account = factory.SubFactory(AccountFactory)
    to_stage = "pre"
    happened_on = datetime.date(2026, 5, 1)
    reason = "First review."
    first_assessment = True


class FactFactory(DjangoModelFactory):
    """One dated figure."""

    class Meta:
        model = models.Fact

    account = factory.SubFactory(AccountFactory)
    kind = "satisfaction"
    value = Decimal(8)
    as_of = datetime.date(2026, 5, 1)
    source = "survey"


class ConflictFactory(DjangoModelFactory):
    """An information barrier between two accounts of one programme, open in time."""

    class Meta:
        model = models.Conflict

    a = factory.SubFactory(AccountFactory)
    b = factory.LazyAttribute(lambda self: AccountFactory(programme=self.a.programme))
    kind = models.Conflict.Kind.RING_FENCE

    @classmethod
    def _create(cls, model_class, *args, **kwargs):
        kwargs["a"], kwargs["b"] = sorted((kwargs["a"], kwargs["b"]), key=lambda one: one.pk)
        return super()._create(model_class, *args, **kwargs)


class ConflictExceptionFactory(DjangoModelFactory):
    """Somebody to whom a barrier does not apply."""

    class Meta:
        model = models.ConflictException

    conflict = factory.SubFactory(ConflictFactory)
    user = factory.SubFactory(UserFactory)
    reason = "Settles the carve-out with both."


class ProductLineFactory(DjangoModelFactory):
    """Products looked at together."""

    class Meta:
        model = models.ProductLine

    programme = factory.SubFactory(ProgrammeFactory)
    name = factory.Sequence(lambda n: f"Line {n}")


class ProductFactory(DjangoModelFactory):
    """Something we sell."""

    class Meta:
        model = models.Product

    programme = factory.SubFactory(ProgrammeFactory)
    code = factory.Sequence(lambda n: f"P{n:04}")


class ActivityFactory(DjangoModelFactory):
    """A kind of cost to serve."""

    class Meta:
        model = models.Activity

    programme = factory.SubFactory(ProgrammeFactory)
    code = factory.Sequence(lambda n: f"activity-{n}")
    name = factory.Sequence(lambda n: f"Activity {n}")


class ActivityCostFactory(DjangoModelFactory):
    """A month's cost to serve."""

    class Meta:
        model = models.ActivityCost

    account = factory.SubFactory(AccountFactory)
    activity = factory.LazyAttribute(lambda self: ActivityFactory(programme=self.account.programme))
    month = datetime.date(2026, 5, 1)
    amount = Decimal(100)
    currency = factory.SelfAttribute("account.money")
    recorded_on = factory.SelfAttribute("month")


class ChannelFactory(DjangoModelFactory):
    """A trade channel on top of the tree; `parent=` puts it under another one."""

    class Meta:
        model = models.Channel
        skip_postgeneration_save = True

    programme = factory.LazyAttribute(
        lambda self: self.parent.programme if self.parent else ProgrammeFactory()
    )
    parent = None
    name = factory.Sequence(lambda n: f"Channel {n}")

    @factory.post_generation
    def path(self, create, extracted, **kwargs):
        """The path is what `accounts.services` would have set."""
        if create:
            self.path = f"{self.parent.path if self.parent_id else '/'}{self.pk}/"
            above = f"{self.parent.full_name} / " if self.parent_id else ""
            self.full_name = above + self.name
            self.save(update_fields=["path", "full_name"])


class CategoryPurchaseFactory(DjangoModelFactory):
    """What an account buys in a year of all that we could sell; `channel=` makes it a market."""

    class Meta:
        model = models.CategoryPurchase

    account = factory.Maybe("channel", None, factory.SubFactory(AccountFactory))
    channel = None
    programme = factory.LazyAttribute(lambda self: (self.account or self.channel).programme)
    period_from = datetime.date(2025, 1, 1)
    period_until = datetime.date(2025, 12, 31)
    amount = Decimal(1000)
    currency = factory.LazyAttribute(
        lambda self: self.account.money if self.account else self.programme.currency
    )
    as_of = datetime.date(2026, 1, 15)
    recorded_on = factory.SelfAttribute("as_of")


class LedgerEntryFactory(DjangoModelFactory):
    """A sales line; month totals are kept by the services, not by this factory."""

    class Meta:
        model = models.LedgerEntry

    account = factory.SubFactory(AccountFactory)
    programme = factory.SelfAttribute("account.programme")
    booked_on = datetime.date(2026, 5, 10)
    amount = Decimal(100)
    currency = factory.SelfAttribute("account.money")
    recorded_on = factory.SelfAttribute("booked_on")
    identity = factory.Sequence(lambda n: n.to_bytes(16, "big"))


class MonthTotalFactory(DjangoModelFactory):
    """Sales of a month without known cost."""

    class Meta:
        model = models.MonthTotal

    account = factory.SubFactory(AccountFactory)
    month = datetime.date(2026, 5, 1)
    currency = factory.SelfAttribute("account.money")
    recorded_on = factory.SelfAttribute("month")
    revenue = Decimal(100)
    lines = 1
    lines_without_cost = 1


class ExchangeRateFactory(DjangoModelFactory):
    """A rate to the programme's currency."""

    class Meta:
        model = models.ExchangeRate

    programme = factory.SubFactory(ProgrammeFactory)
    currency = "USD"
    valid_from = datetime.date(2024, 1, 1)
    rate = Decimal("0.8")


class DuplicatePairFactory(DjangoModelFactory):
    """Two accounts of one name to decide about; `contacts=(a, b)` makes it two people."""

    class Meta:
        model = models.DuplicatePair

    kind = "account"
    account_a = factory.SubFactory(AccountFactory)
    account_b = factory.LazyAttribute(
        lambda self: AccountFactory(programme=self.account_a.programme)
    )
    score = 85
    reasons = factory.LazyFunction(lambda: [{"code": "name"}])

    @classmethod
    def _create(cls, model_class, *args, contacts=None, **kwargs):
        sides = sorted((kwargs["account_a"], kwargs["account_b"]), key=lambda one: one.pk)
        kwargs["account_a"], kwargs["account_b"] = sides
        if contacts:
            first, second = sorted(contacts, key=lambda one: one.pk)
            kwargs |= {"kind": "contact", "contact_a": first, "contact_b": second}
            kwargs |= {"account_a": first.account, "account_b": first.account}
        return super()._create(model_class, *args, **kwargs)


class MergeFactory(DjangoModelFactory):
    """An account that has been taken up by another one, with nothing that hung on it."""

    class Meta:
        model = models.Merge

    kind = "account"
    account = factory.SubFactory(AccountFactory)
    loser = factory.LazyAttribute(
        lambda self: AccountFactory(
            parent=self.account,
            team=self.account.team,
            merged_into=self.account,
            archived_at=timezone.now(),
        )
    )
    survivor_name = factory.LazyAttribute(lambda self: self.account.name)
    loser_name = factory.LazyAttribute(lambda self: self.loser.name)
    summary = factory.LazyFunction(lambda: {"fields": [], "counts": [], "remarks": []})
    merged_by = factory.SubFactory(UserFactory)
    undo_until = factory.LazyFunction(lambda: timezone.now() + datetime.timedelta(days=30))


class CriteriaSetFactory(DjangoModelFactory):
    """A set of attractiveness without criteria, since the first of the year."""

    class Meta:
        model = models.CriteriaSet

    programme = factory.SubFactory(ProgrammeFactory)
    kind = "attractiveness"
    number = factory.Sequence(lambda n: n + 1)
    valid_from = datetime.date(2026, 1, 1)


class ScoreFactory(DjangoModelFactory):
    """The agreed score of future potential."""

    class Meta:
        model = models.Score

    account = factory.SubFactory(AccountFactory)
    code = "A1"
    value = 7
    scored_on = datetime.date(2026, 5, 4)


class PositionFactory(DjangoModelFactory):
    """Strategic, of all criteria."""

    class Meta:
        model = models.Position

    account = factory.SubFactory(AccountFactory)
    horizon = "today"
    attractiveness = Decimal("6.89")
    strength = Decimal("6.15")
    attractiveness_scored = strength_scored = Decimal(1)
    is_provisional = False
    computed_on = datetime.date(2026, 5, 4)


class SelectionFactory(DjangoModelFactory):
    """A scenario that was not solved."""

    class Meta:
        model = models.Selection

    programme = factory.SubFactory(ProgrammeFactory)
    name = factory.Sequence(lambda n: f"Scenario {n}")
    currency = "GBP"
    hurdle = Decimal(5)
    attractiveness_weight = Decimal("0.7")
    cut = Decimal(5)


class DecisionFactory(DjangoModelFactory):
    """A customer that is served by inside sales."""

    class Meta:
        model = models.Decision

    account = factory.SubFactory(AccountFactory)
    action = "maintain"
    reason = "Small."
    service_model = "inside_sales"
    decided_on = datetime.date(2026, 5, 4)


class ExpectationFactory(DjangoModelFactory):
    """What the customer was told."""

    class Meta:
        model = models.Expectation

    account = factory.SubFactory(AccountFactory)
    told = "One team, one plan, a review each quarter."
    told_on = datetime.date(2026, 5, 4)


class QualificationFactory(DjangoModelFactory):
    """A candidate that is looked into for three months."""

    class Meta:
        model = models.Qualification

    account = factory.SubFactory(AccountFactory)
    started_on = factory.LazyFunction(business_today)
    deadline = factory.LazyAttribute(lambda row: row.started_on + datetime.timedelta(days=90))
    cap = Decimal(10_000)
    currency = "GBP"


class BudgetLineFactory(DjangoModelFactory):
    """A line of this year's budget for the programme as a whole."""

    class Meta:
        model = models.BudgetLine

    programme = factory.SubFactory(ProgrammeFactory)
    year = factory.LazyFunction(lambda: business_today().year)
    cost_type = "people"
    text = "Account managers"
    amount = Decimal(140_000)
    currency = "GBP"


class ReturnCaseFactory(DjangoModelFactory):
    """An account whose return is measured since 2024."""

    class Meta:
        model = models.ReturnCase

    account = factory.SubFactory(AccountFactory, status="key")
    started_on = datetime.date(2024, 1, 1)
    contribution_before = Decimal(2300)
    currency = "GBP"
    growth_ratio = Decimal("0.03")
    growth_source = "accounts that are not key"


class OrganisationChangeFactory(DjangoModelFactory):
    """A change that nobody has assessed."""

    class Meta:
        model = models.OrganisationChange

    programme = factory.SubFactory(ProgrammeFactory)
    kind = "pay"
    text = "Bonus by team instead of by person"
    effective_on = datetime.date(2026, 7, 1)


class ManagerCapacityFactory(DjangoModelFactory):
    """Somebody who takes on two accounts."""

    class Meta:
        model = models.ManagerCapacity

    programme = factory.SubFactory(ProgrammeFactory)
    user = factory.SubFactory(UserFactory)
