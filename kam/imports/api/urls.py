"""Resources of imports."""

from kam.imports.api.views import RunViewSet

routes = [("imports", RunViewSet)]
