"""Addresses of imports."""

from django.urls import path, register_converter

from kam.imports import views


class ActionConverter:
    """One of the steps of a run."""

    regex = "|".join(views.ACTIONS)

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(ActionConverter, "import_action")

app_name = "imports"
urlpatterns = [
    path("", views.RunListView.as_view(), name="list"),
    path("upload/", views.UploadView.as_view(), name="upload"),
    path("mappings/", views.MappingListView.as_view(), name="mappings"),
    path("mappings/<int:pk>/", views.MappingRenameView.as_view(), name="mapping"),
    path("mappings/<int:pk>/drop/", views.drop_mapping, name="drop_mapping"),
    path("<int:pk>/", views.RunDetailView.as_view(), name="detail"),
    path("<int:pk>/columns/", views.RunMappingView.as_view(), name="columns"),
    path("<int:pk>/progress/", views.progress, name="progress"),
    path("<int:pk>/rejected/", views.rejected, name="rejected"),
    path("<int:pk>/<import_action:action>/", views.act, name="act"),
]
