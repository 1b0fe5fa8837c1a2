"""Forms of people, programmes, units and teams; they check shape only."""

from teams.forms.people import (
    EndForm,
    PersonForm,
    PreferencesForm,
    RoleForm,
    SetUpForm,
    TokenForm,
    WebhookForm,
)
from teams.forms.programmes import (
    FunctionForm,
    FunctionNameForm,
    ProgrammeForm,
    SettingsForm,
    UnitForm,
)
from teams.forms.teams import (
    EndMembershipForm,
    MembershipForm,
    MembershipUpdateForm,
    RoleChangeForm,
    TeamForm,
    TeamNameForm,
)

__all__ = [
    "EndForm",
    "EndMembershipForm",
    "FunctionForm",
    "FunctionNameForm",
    "MembershipForm",
    "MembershipUpdateForm",
    "PersonForm",
    "PreferencesForm",
    "ProgrammeForm",
    "RoleChangeForm",
    "RoleForm",
    "SetUpForm",
    "SettingsForm",
    "TeamForm",
    "TeamNameForm",
    "TokenForm",
    "UnitForm",
    "WebhookForm",
]
