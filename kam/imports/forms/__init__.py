"""What people say about files, and about folders from which files come."""

from kam.imports.forms.files import MappingForm, RememberedMappingForm, UploadForm
from kam.imports.forms.folders import FolderForm, NewFolderForm

__all__ = ["FolderForm", "MappingForm", "NewFolderForm", "RememberedMappingForm", "UploadForm"]
