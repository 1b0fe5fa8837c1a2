"""Bodies of programmes, units, functions, people, roles, teams and memberships."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from kam.api.external import ExternalIdSerializer
from kam.api.serializers import ModelSerializer, MyTokenSerializer, Serializer
from teams.models import (
    BusinessUnit,
    Function,
    Membership,
    Programme,
    ProgrammeSetting,
    RoleGrant,
    Team,
    TeamRole,
    User,
)
from teams.services import MEMBERSHIP_FIELDS, OWN_FIELDS, PERSON_FIELDS, PROGRAMME_FIELDS

TRACKED = ("version", "created_at", "updated_at", "archived_at")


class ProgrammeSerializer(ModelSerializer):
    """A programme."""

    class Meta:
        model = Programme
        fields = ("id", *PROGRAMME_FIELDS, *TRACKED)
        read_only_fields = TRACKED


class ProgrammeSettingSerializer(ModelSerializer):
    """A value of a setting from a day on."""

    class Meta:
        model = ProgrammeSetting
        fields = ("id", "programme", "name", "value", "valid_from", "set_by", "set_at", "reason")
        read_only_fields = fields


class SettingsChangeSerializer(Serializer):
    """Values to set from a day on; ratios as 0..1."""

    values = serializers.DictField(
        child=serializers.DecimalField(max_digits=12, decimal_places=4), allow_empty=False
    )
    valid_from = serializers.DateField()
    reason = serializers.CharField(max_length=250)


class SettingsSerializer(Serializer):
    """Every setting as it stands on a day; ratios as 0..1. A change adds what it warns of."""

    on = serializers.DateField()
    values = serializers.DictField(child=serializers.DecimalField(max_digits=12, decimal_places=4))
    warnings = serializers.ListField(child=serializers.CharField())


class BusinessUnitSerializer(ModelSerializer):
    """A business unit; `path` holds the ids from the root down."""

    fixed = ("programme",)

    class Meta:
        model = BusinessUnit
        fields = ("id", "programme", "name", "code", "parent", "path", *TRACKED)
        read_only_fields = ("path", *TRACKED)


class FunctionSerializer(ModelSerializer):
    """A function that people serve in."""

    fixed = ("programme", "code")

    class Meta:
        model = Function
        fields = ("id", "programme", "code", "name", *TRACKED)
        read_only_fields = TRACKED


class HeldRoleSerializer(serializers.ModelSerializer):
    """A role as part of its holder."""

    class Meta:
        model = RoleGrant
        fields = ("id", "role", "programme", "business_unit", "valid_from", "valid_until")


class UserSerializer(ModelSerializer):
    """A person. Colleagues see the name; the rest is null except for oneself, programme managers
    and administrators."""

    PRIVATE = ("username", "email", "is_active", "last_login", "roles")

    name = serializers.CharField(source="__str__", read_only=True)
    roles = HeldRoleSerializer(source="current_grants", many=True, read_only=True)

    class Meta:
        model = User
        fields = (
            "id",
            "name",
            *PERSON_FIELDS,
            "is_active",
            "last_login",
            "roles",
            "version",
            "updated_at",
        )
        read_only_fields = ("is_active", "last_login", "version", "updated_at")

    def to_representation(self, instance: Any) -> dict[str, Any]:
        row = super().to_representation(instance)
        if instance.pk != self.context["request"].user.pk and not self.context["sees_details"]:
            row.update({name: None for name in self.PRIVATE if name in row})
        return row


class RoleGrantSerializer(ModelSerializer):
    """A role from one day to another, both included."""

    class Meta:
        model = RoleGrant
        fields = (
            "id",
            "user",
            "role",
            "programme",
            "business_unit",
            "valid_from",
            "valid_until",
            "version",
            "updated_at",
        )
        read_only_fields = ("version", "updated_at")


class RoleEndSerializer(ModelSerializer):
    """The last day of a role; nothing else of it changes."""

    valid_until = serializers.DateField()

    class Meta:
        model = RoleGrant
        fields = ("valid_until",)


class MemberSerializer(serializers.ModelSerializer):
    """A member as part of a team."""

    class Meta:
        model = Membership
        fields = ("id", "user", "role", "function", "effort_fte", "valid_from", "valid_until")


class TeamSerializer(ModelSerializer):
    """A team with the people who are in it today."""

    fixed = ("programme",)

    members = MemberSerializer(source="current_members", many=True, read_only=True)
    external_ids = ExternalIdSerializer(many=True, read_only=True)

    class Meta:
        model = Team
        fields = ("id", "programme", "name", "members", "external_ids", *TRACKED)
        read_only_fields = TRACKED


class MembershipSerializer(ModelSerializer):
    """A person in a team, in a role, from one day to another, both included."""

    fixed = ("team", "user", "role")
    takes_over = serializers.BooleanField(
        write_only=True,
        required=False,
        help_text="End the present manager's time on the day before.",
    )

    class Meta:
        model = Membership
        fields = (
            "id",
            "team",
            "user",
            "role",
            *MEMBERSHIP_FIELDS,
            "takes_over",
            "version",
            "updated_at",
        )
        read_only_fields = ("version", "updated_at")


class StaffedSerializer(MembershipSerializer):
    """A membership just written, with the rules that warn of it without refusing it."""

    warnings = serializers.ListField(child=serializers.CharField(), read_only=True)

    class Meta(MembershipSerializer.Meta):
        fields = (*MembershipSerializer.Meta.fields, "warnings")  # type: ignore[assignment]


class RoleChangeSerializer(Serializer):
    """Another role for a member from a day on."""

    role = serializers.ChoiceField(choices=TeamRole)
    valid_from = serializers.DateField()


class MyTeamSerializer(serializers.ModelSerializer):
    """A team that the caller is in today."""

    class Meta:
        model = Membership
        fields = ("team", "role", "function")


class MeSerializer(ModelSerializer):
    """Who the caller is, what they hold, and how they like things shown."""

    name = serializers.CharField(source="__str__", read_only=True)
    roles = serializers.SerializerMethodField()
    teams = serializers.SerializerMethodField()
    token = serializers.SerializerMethodField()

    class Meta:
        model = User
        fields = (
            "id",
            "username",
            "name",
            "email",
            *OWN_FIELDS,
            "roles",
            "teams",
            "token",
            "version",
        )
        read_only_fields = ("username", "email", "version")

    @extend_schema_field(HeldRoleSerializer(many=True))
    def get_roles(self, user: User) -> Any:
        return HeldRoleSerializer(self.context["grants"], many=True).data

    @extend_schema_field(MyTeamSerializer(many=True))
    def get_teams(self, user: User) -> Any:
        return MyTeamSerializer(self.context["memberships"], many=True).data

    @extend_schema_field(MyTokenSerializer(allow_null=True))
    def get_token(self, user: User) -> Any:
        token = self.context["request"].auth
        return MyTokenSerializer(token).data if token else None
