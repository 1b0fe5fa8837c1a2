"""Pages of the frame itself."""

from django.urls import path

from kam.web.views import history, pages

app_name = "web"
urlpatterns = [
    path("history/", history.HistoryView.as_view(), name="history"),
    path("history/filter/", history.HistoryFilterView.as_view(), name="history_filter"),
    path("search/", pages.SearchView.as_view(), name="search"),
    path("views/", pages.save_view, name="save_view"),
    path("views/<int:pk>/remove/", pages.drop_view, name="drop_view"),
]
