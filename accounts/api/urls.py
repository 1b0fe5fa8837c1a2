"""Resources of this app."""

from accounts.api import decisions, market, money, qualifications, scoring, selection, views

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
    ("criteria", scoring.CriteriaViewSet),
    ("scorings", scoring.ScoringViewSet),
    ("positions", scoring.PositionViewSet),
    ("selections", selection.SelectionViewSet),
    ("decisions", decisions.DecisionViewSet),
    ("expectations", decisions.ExpectationViewSet),
    ("qualifications", qualifications.QualificationViewSet),
    ("manager-capacities", decisions.CapacityViewSet),
    ("activity-costs", money.ActivityCostViewSet),
    ("exchange-rates", money.ExchangeRateViewSet),
    ("status-changes", views.StatusChangeViewSet),
    ("stage-changes", views.StageChangeViewSet),
]
