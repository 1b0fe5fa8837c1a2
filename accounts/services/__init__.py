"""Every write to the customers."""

from accounts.services.account import (
    EDITABLE_FIELDS,
    archive_account,
    create_account,
    restore_account,
    set_external_ids,
    update_account,
)
from accounts.services.conflict import add_exception, create_conflict, end_conflict, end_exception
from accounts.services.stage import set_stage
from accounts.services.status import STATUS_ACTIONS, set_status
from accounts.services.team import assign_team

__all__ = [
    "EDITABLE_FIELDS",
    "STATUS_ACTIONS",
    "add_exception",
    "archive_account",
    "assign_team",
    "create_account",
    "create_conflict",
    "end_conflict",
    "end_exception",
    "restore_account",
    "set_external_ids",
    "set_stage",
    "set_status",
    "update_account",
]
