"""Resources of this package."""

from kam.documents.api.views import AttachmentViewSet

routes = [("attachments", AttachmentViewSet)]
