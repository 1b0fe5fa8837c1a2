"""Addresses of kept mail."""

from django.urls import path

from kam.mail import views

app_name = "mail"
urlpatterns = [
    path("", views.MailListView.as_view(), name="list"),
    path("<int:pk>/", views.MailDetailView.as_view(), name="detail"),
]
