"""Everything that changes an import."""

from kam.imports.services.files import (
    configure_run,
    digest_of,
    keep_file,
    problems,
    remembered,
    understand_file,
    upload_file,
)
from kam.imports.services.folders import (
    FOLDER_FIELDS,
    archive_folder,
    create_folder,
    dismiss_file,
    look_now,
    pause_folder,
    retry_file,
    trouble_with,
    update_folder,
)
from kam.imports.services.mappings import MAPPING_FIELDS, drop_mapping, rename_mapping
from kam.imports.services.runs import (
    UNDO_DAYS,
    cancel_run,
    check_run,
    is_silent,
    resume_run,
    start_run,
    stop_run,
    undo_run,
)

__all__ = [
    "FOLDER_FIELDS",
    "MAPPING_FIELDS",
    "UNDO_DAYS",
    "archive_folder",
    "cancel_run",
    "check_run",
    "configure_run",
    "create_folder",
    "digest_of",
    "dismiss_file",
    "drop_mapping",
    "is_silent",
    "keep_file",
    "look_now",
    "pause_folder",
    "problems",
    "remembered",
    "rename_mapping",
    "resume_run",
    "retry_file",
    "start_run",
    "stop_run",
    "trouble_with",
    "understand_file",
    "undo_run",
    "update_folder",
    "upload_file",
]
