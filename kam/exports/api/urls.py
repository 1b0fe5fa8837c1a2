"""Resources of exports."""

from kam.exports.api.views import ExportViewSet

routes = [("exports", ExportViewSet)]
