"""Everything that changes an import."""

from kam.imports.services.files import configure_run, digest_of, problems, upload_file
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
    "MAPPING_FIELDS",
    "UNDO_DAYS",
    "cancel_run",
    "check_run",
    "configure_run",
    "digest_of",
    "drop_mapping",
    "is_silent",
    "problems",
    "rename_mapping",
    "resume_run",
    "start_run",
    "stop_run",
    "undo_run",
    "upload_file",
]
