"""Resources of this app."""

from reviews.api.portfolio import PortfolioView
from reviews.api.views import StageReviewViewSet

routes = [("stage-reviews", StageReviewViewSet), ("portfolio", PortfolioView)]
