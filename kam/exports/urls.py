"""Addresses of exports."""

from django.urls import path

from kam.exports import views

app_name = "exports"
urlpatterns = [
    path("", views.ExportListView.as_view(), name="list"),
    path("new/", views.StartView.as_view(), name="new"),
    path("<int:pk>/file/", views.download, name="file"),
    path("<int:pk>/stop/", views.stop, name="stop"),
    path("<int:pk>/remove/", views.remove, name="remove"),
]
