"""Resources of this app."""

from accounts.api import views

routes = [
    ("accounts", views.AccountViewSet),
    ("sites", views.SiteViewSet),
    ("contacts", views.ContactViewSet),
    ("interactions", views.InteractionViewSet),
    ("conflicts", views.ConflictViewSet),
    ("product-lines", views.ProductLineViewSet),
    ("products", views.ProductViewSet),
    ("facts", views.FactViewSet),
    ("status-changes", views.StatusChangeViewSet),
    ("stage-changes", views.StageChangeViewSet),
]
