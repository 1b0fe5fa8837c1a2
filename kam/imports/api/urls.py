"""Resources of imports."""

from kam.imports.api.views import MappingViewSet, RunViewSet

routes = [("imports", RunViewSet), ("import-mappings", MappingViewSet)]
