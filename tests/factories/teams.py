"""People, programmes, units, roles and teams; minimal, without anything random."""

import factory
from factory.django import DjangoModelFactory

from teams import models

PASSWORD = "correct-horse-battery"


class UserFactory(DjangoModelFactory):
    """Somebody active without any role; signs in with `PASSWORD`."""

    class Meta:
        model = models.User

    username = factory.Sequence(lambda n: f"user{n}")
    email = factory.LazyAttribute(lambda self: f"{self.username}@supplier.example")
    first_name = factory.Sequence(lambda n: f"First{n}")
    last_name = factory.Sequence(lambda n: f"Last{n}")
    password = factory.django.Password(PASSWORD)


class ProgrammeFactory(DjangoModelFactory):
    """A programme in pounds whose year starts in January, without functions."""

    class Meta:
        model = models.Programme

    name = factory.Sequence(lambda n: f"Programme {n}")
    supplier_name = "Supplier"
    currency = "GBP"


class ProgrammeSettingFactory(DjangoModelFactory):
    """A setting from a day on."""

    class Meta:
        model = models.ProgrammeSetting

    programme = factory.SubFactory(ProgrammeFactory)


class BusinessUnitFactory(DjangoModelFactory):
    """A root unit; `parent=` puts it under another one of the same programme."""

    class Meta:
        model = models.BusinessUnit
        skip_postgeneration_save = True

    programme = factory.LazyAttribute(
        lambda self: self.parent.programme if self.parent else ProgrammeFactory()
    )
    parent = None
    name = factory.Sequence(lambda n: f"Unit {n}")

    @factory.post_generation
    def path(self, create, extracted, **kwargs):
        """The path is what `teams.services.create_unit` would have set."""
        if create:
            self.path = f"{self.parent.path if self.parent_id else '/'}{self.pk}/"
            self.save(update_fields=["path"])


class FunctionFactory(DjangoModelFactory):
    """A function of a programme."""

    class Meta:
        model = models.Function

    programme = factory.SubFactory(ProgrammeFactory)
    code = factory.Sequence(lambda n: f"function-{n}")
    name = factory.Sequence(lambda n: f"Function {n}")


class RoleGrantFactory(DjangoModelFactory):
    """Administrator of the installation, for ever.

    Traits give the other roles: `RoleGrantFactory(programme_manager=True, programme=p)`, `finance`,
    `auditor`, and `RoleGrantFactory(senior_manager=True, business_unit=u)`.
    """

    class Meta:
        model = models.RoleGrant

    class Params:
        programme_manager = factory.Trait(
            role="programme_manager", programme=factory.SubFactory(ProgrammeFactory)
        )
        finance = factory.Trait(role="finance", programme=factory.SubFactory(ProgrammeFactory))
        auditor = factory.Trait(role="auditor", programme=factory.SubFactory(ProgrammeFactory))
        senior_manager = factory.Trait(
            role="senior_manager", business_unit=factory.SubFactory(BusinessUnitFactory)
        )

    user = factory.SubFactory(UserFactory)
    role = "administrator"


class TeamFactory(DjangoModelFactory):
    """A team without members."""

    class Meta:
        model = models.Team

    programme = factory.SubFactory(ProgrammeFactory)
    name = factory.Sequence(lambda n: f"Team {n}")


class MembershipFactory(DjangoModelFactory):
    """Manager of a team, for ever."""

    class Meta:
        model = models.Membership

    team = factory.SubFactory(TeamFactory)
    user = factory.SubFactory(UserFactory)
    role = "kam"
