"""Addresses of files."""

from django.urls import path

from kam.documents import views

app_name = "documents"
urlpatterns = [
    path("on/<slug:kind>/<int:pk>/", views.HeldListView.as_view(), name="held"),
    path("on/<slug:kind>/<int:pk>/new/", views.UploadView.as_view(), name="add"),
    path("<int:pk>/", views.AttachmentView.as_view(), name="detail"),
    path("<int:pk>/edit/", views.AttachmentUpdateView.as_view(), name="edit"),
    path("<int:pk>/replace/", views.ReplaceView.as_view(), name="replace"),
    path("<int:pk>/content/", views.content, name="content"),
    path("<int:pk>/content/<int:number>/", views.earlier_content, name="earlier"),
    path("<int:pk>/archive/", views.archive, name="archive"),
    path("<int:pk>/restore/", views.restore, name="restore"),
]
