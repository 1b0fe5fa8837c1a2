"""Resources of this app."""

from reviews.api.views import StageReviewViewSet

routes = [("stage-reviews", StageReviewViewSet)]
