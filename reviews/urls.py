"""Addresses of my day, stage reviews and the portfolio."""

from django.urls import path

from reviews.views import listing, my_day, portfolio, stage

app_name = "reviews"
urlpatterns = [
    path("portfolio/", portfolio.PortfolioView.as_view(), name="portfolio"),
    path("portfolio/decisions/", portfolio.DecisionsView.as_view(), name="decisions"),
    path("", my_day.MyDayView.as_view(), name="my_day"),
    path("my-day/changed/", my_day.ChangedView.as_view(), name="changed"),
    path("reviews/", listing.ReviewListView.as_view(), name="list"),
    path("accounts/<int:pk>/reviews/", listing.AccountReviewsView.as_view(), name="account"),
    path("accounts/<int:pk>/reviews/new/", stage.StartView.as_view(), name="start"),
    path("reviews/<int:pk>/", stage.ReviewDetailView.as_view(), name="detail"),
    path("reviews/<int:pk>/edit/", stage.ReviewUpdateView.as_view(), name="edit"),
    path("reviews/<int:pk>/answers/<str:item>/", stage.answer, name="answer"),
    path("reviews/<int:pk>/confirm-answers/", stage.confirm_answers, name="confirm_answers"),
    path("reviews/<int:pk>/checks/<slug:code>/", stage.check, name="check"),
    path("reviews/<int:pk>/signals/<slug:code>/", stage.signal, name="signal"),
    path("reviews/<int:pk>/propose/", stage.ProposeView.as_view(), name="propose"),
    path("reviews/<int:pk>/withdraw/", stage.withdraw, name="withdraw"),
    path("reviews/<int:pk>/confirm/", stage.confirm, name="confirm"),
    path("reviews/<int:pk>/reject/", stage.RejectView.as_view(), name="reject"),
    path("reviews/<int:pk>/discard/", stage.discard, name="discard"),
]
