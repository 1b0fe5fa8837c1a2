"""Everything that is written about plans; pages and API call these alone."""

from plans.services.actions import (
    archive_action,
    capture_action,
    close_action,
    create_action,
    reopen_action,
    restore_action,
    update_action,
)
from plans.services.content import (
    add_content,
    archive_content,
    drop_objective,
    move_content,
    restore_content,
    resume_objective,
    update_content,
)
from plans.services.goals import (
    archive_goal,
    create_corporate_objective,
    create_customer_goal,
    update_corporate_objective,
    update_customer_goal,
)
from plans.services.plan import archive_plan, create_plan, touch_presence, update_plan
from plans.services.transitions import (
    activate_plan,
    approval_blockers,
    approve_plan,
    check_finance,
    close_plan,
    request_changes,
    revise_plan,
    submission_blockers,
    submit_plan,
)

__all__ = [
    "activate_plan",
    "add_content",
    "approval_blockers",
    "approve_plan",
    "archive_action",
    "archive_content",
    "archive_goal",
    "archive_plan",
    "capture_action",
    "check_finance",
    "close_action",
    "close_plan",
    "create_action",
    "create_corporate_objective",
    "create_customer_goal",
    "create_plan",
    "drop_objective",
    "move_content",
    "reopen_action",
    "request_changes",
    "restore_action",
    "restore_content",
    "resume_objective",
    "revise_plan",
    "submission_blockers",
    "submit_plan",
    "touch_presence",
    "update_action",
    "update_content",
    "update_corporate_objective",
    "update_customer_goal",
    "update_plan",
]
