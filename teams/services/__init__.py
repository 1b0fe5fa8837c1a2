"""Everything that writes people, programmes, units, roles and teams."""

from teams.services.functions import (
    archive_function,
    create_function,
    restore_function,
    update_function,
)
from teams.services.numbers import put_team
from teams.services.people import (
    OWN_FIELDS,
    PERSON_FIELDS,
    activate_user,
    create_user,
    deactivate_user,
    send_invitation,
    system_user,
    update_preferences,
    update_user,
)
from teams.services.programmes import (
    PROGRAMME_FIELDS,
    change_settings,
    create_programme,
    update_programme,
)
from teams.services.roles import end_role, grant_role
from teams.services.setup import is_set_up, set_up
from teams.services.teams import (
    MEMBERSHIP_FIELDS,
    add_membership,
    archive_team,
    change_membership_role,
    create_team,
    end_membership,
    register_membership_rule,
    restore_team,
    update_membership,
    update_team,
)
from teams.services.units import archive_unit, create_unit, restore_unit, update_unit

__all__ = [
    "MEMBERSHIP_FIELDS",
    "OWN_FIELDS",
    "PERSON_FIELDS",
    "PROGRAMME_FIELDS",
    "activate_user",
    "add_membership",
    "archive_function",
    "archive_team",
    "archive_unit",
    "change_membership_role",
    "change_settings",
    "create_function",
    "create_programme",
    "create_team",
    "create_unit",
    "create_user",
    "deactivate_user",
    "end_membership",
    "end_role",
    "grant_role",
    "is_set_up",
    "put_team",
    "register_membership_rule",
    "restore_function",
    "restore_team",
    "restore_unit",
    "send_invitation",
    "set_up",
    "system_user",
    "update_function",
    "update_membership",
    "update_preferences",
    "update_programme",
    "update_team",
    "update_unit",
    "update_user",
]
