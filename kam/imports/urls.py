"""Addresses of imports."""

from django.urls import path, register_converter

from kam.imports.views import files as views
from kam.imports.views import folders


class ActionConverter:
    """One of the steps of a run."""

    regex = "|".join(views.ACTIONS)

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


class FileActionConverter(ActionConverter):
    """What is done to a file of a folder."""

    regex = "|".join(folders.FILE_ACTIONS)


register_converter(ActionConverter, "import_action")
register_converter(FileActionConverter, "file_action")

app_name = "imports"
urlpatterns = [
    path("", views.RunListView.as_view(), name="list"),
    path("upload/", views.UploadView.as_view(), name="upload"),
    path("mappings/", views.MappingListView.as_view(), name="mappings"),
    path("mappings/<int:pk>/", views.MappingRenameView.as_view(), name="mapping"),
    path("mappings/<int:pk>/drop/", views.drop_mapping, name="drop_mapping"),
    path("folders/", folders.FolderListView.as_view(), name="folders"),
    path("folders/new/", folders.FolderCreateView.as_view(), name="folder_new"),
    path("folders/<int:pk>/", folders.FolderDetailView.as_view(), name="folder"),
    path("folders/<int:pk>/edit/", folders.FolderUpdateView.as_view(), name="folder_edit"),
    path("folders/<int:pk>/look/", folders.look, name="folder_look"),
    path("folders/<int:pk>/switch/", folders.switch, name="folder_switch"),
    path("folders/<int:pk>/remove/", folders.remove, name="folder_remove"),
    path("folders/files/<int:pk>/<file_action:action>/", folders.act_on_file, name="folder_file"),
    path("<int:pk>/", views.RunDetailView.as_view(), name="detail"),
    path("<int:pk>/columns/", views.RunMappingView.as_view(), name="columns"),
    path("<int:pk>/progress/", views.progress, name="progress"),
    path("<int:pk>/rejected/", views.rejected, name="rejected"),
    path("<int:pk>/<import_action:action>/", views.act, name="act"),
]
