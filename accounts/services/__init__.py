"""Every write to the customers."""

from accounts.services.account import (
    EDITABLE_FIELDS,
    MANAGED_FIELDS,
    archive_account,
    create_account,
    restore_account,
    set_external_ids,
    update_account,
)
from accounts.services.conflict import add_exception, create_conflict, end_conflict, end_exception
from accounts.services.identity import put_account, register_account, save_account
from accounts.services.interaction import (
    archive_interaction,
    log_contact,
    restore_interaction,
    update_interaction,
)
from accounts.services.merge import merge_accounts, merge_contacts
from accounts.services.merge_undo import undo_merge
from accounts.services.numbers import put_contact, put_product
from accounts.services.people import (
    archive_contact,
    create_contact,
    restore_contact,
    update_contact,
)
from accounts.services.site import archive_site, create_site, restore_site, update_site
from accounts.services.stage import set_stage
from accounts.services.status import set_status
from accounts.services.team import assign_team

__all__ = [
    "EDITABLE_FIELDS",
    "MANAGED_FIELDS",
    "add_exception",
    "archive_account",
    "archive_contact",
    "archive_interaction",
    "archive_site",
    "assign_team",
    "create_account",
    "create_conflict",
    "create_contact",
    "create_site",
    "end_conflict",
    "end_exception",
    "log_contact",
    "merge_accounts",
    "merge_contacts",
    "put_account",
    "put_contact",
    "put_product",
    "register_account",
    "restore_account",
    "restore_contact",
    "restore_interaction",
    "restore_site",
    "save_account",
    "set_external_ids",
    "set_stage",
    "set_status",
    "undo_merge",
    "update_account",
    "update_contact",
    "update_interaction",
    "update_site",
]
