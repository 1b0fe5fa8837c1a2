"""Resources of this app."""

from accounts.api import market, money, views

routes = [
    ("accounts", views.AccountViewSet),
    ("sites", views.SiteViewSet),
    ("contacts", views.ContactViewSet),
    ("interactions", views.InteractionViewSet),
    ("conflicts", views.ConflictViewSet),
    ("duplicates", views.DuplicateViewSet),
    ("merges", views.MergeViewSet),
    ("product-lines", views.ProductLineViewSet),
    ("products", views.ProductViewSet),
    ("facts", views.FactViewSet),
    ("ledger-entries", money.LedgerEntryViewSet),
    ("activities", money.ActivityViewSet),
    ("channels", market.ChannelViewSet),
    ("category-purchases", market.CategoryPurchaseViewSet),
    ("activity-costs", money.ActivityCostViewSet),
    ("exchange-rates", money.ExchangeRateViewSet),
    ("status-changes", views.StatusChangeViewSet),
    ("stage-changes", views.StageChangeViewSet),
]
