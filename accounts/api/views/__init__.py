"""The customers over REST: the same services and refusals as the pages."""

from accounts.api.views.account import (
    AccountViewSet,
    FactViewSet,
    SiteViewSet,
    StageChangeViewSet,
    StatusChangeViewSet,
)
from accounts.api.views.conflict import ConflictViewSet
from accounts.api.views.merging import DuplicateViewSet, MergeViewSet
from accounts.api.views.people import ContactViewSet, InteractionViewSet
from accounts.api.views.product import ProductLineViewSet, ProductViewSet
from accounts.api.views.selection import SelectionViewSet

__all__ = [
    "AccountViewSet",
    "ConflictViewSet",
    "ContactViewSet",
    "DuplicateViewSet",
    "FactViewSet",
    "InteractionViewSet",
    "MergeViewSet",
    "ProductLineViewSet",
    "ProductViewSet",
    "SelectionViewSet",
    "SiteViewSet",
    "StageChangeViewSet",
    "StatusChangeViewSet",
]
