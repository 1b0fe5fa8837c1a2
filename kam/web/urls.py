"""Pages of the frame itself."""

from django.urls import path

from kam.web import views

app_name = "web"
urlpatterns = [
    path("search/", views.SearchView.as_view(), name="search"),
]
