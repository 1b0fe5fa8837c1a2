"""Resources of imports."""

from kam.imports.api.views import FolderFileViewSet, FolderViewSet, MappingViewSet, RunViewSet

routes = [
    ("imports", RunViewSet),
    ("import-mappings", MappingViewSet),
    ("import-folders", FolderViewSet),
    ("import-files", FolderFileViewSet),
]
