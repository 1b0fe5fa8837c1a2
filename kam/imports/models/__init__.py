"""A file on its way in: the run, the rows it refused, mappings worth remembering, folders."""

from kam.imports.models.folder import Folder, FolderFile
from kam.imports.models.mapping import RememberedMapping
from kam.imports.models.run import FILES, RejectedChunk, Run, StagedRecord, audience

__all__ = [
    "FILES",
    "Folder",
    "FolderFile",
    "RejectedChunk",
    "RememberedMapping",
    "Run",
    "StagedRecord",
    "audience",
]
