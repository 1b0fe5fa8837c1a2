"""Addresses of the settings; other apps add theirs beside them."""

from django.urls import path

from teams.views import calendars, me, people, programmes, tokens, webhooks

app_name = "settings"
urlpatterns = [
    path("", programmes.IndexView.as_view(), name="index"),
    path("me/", me.MeView.as_view(), name="me"),
    path("me/calendar/", calendars.CalendarMakeView.as_view(), name="calendar_make"),
    path("me/calendar/close/", calendars.close, name="calendar_close"),
    path("tokens/", tokens.TokenListView.as_view(), name="tokens"),
    path("tokens/new/", tokens.TokenCreateView.as_view(), name="token_create"),
    path("tokens/<int:pk>/revoke/", tokens.revoke, name="token_revoke"),
    path("webhooks/", webhooks.WebhookListView.as_view(), name="webhooks"),
    path("webhooks/new/", webhooks.WebhookCreateView.as_view(), name="webhook_create"),
    path("webhooks/<int:pk>/secret/", webhooks.WebhookRotateView.as_view(), name="webhook_rotate"),
    path("webhooks/<int:pk>/switch/", webhooks.switch, name="webhook_switch"),
    path("webhooks/<int:pk>/again/", webhooks.send_again, name="webhook_again"),
    path("webhooks/<int:pk>/remove/", webhooks.remove, name="webhook_remove"),
    path("people/", people.PersonListView.as_view(), name="people"),
    path("people/new/", people.PersonCreateView.as_view(), name="person_create"),
    path("people/<int:pk>/", people.PersonDetailView.as_view(), name="person"),
    path("people/<int:pk>/edit/", people.PersonUpdateView.as_view(), name="person_update"),
    path("people/<int:pk>/deactivate/", people.deactivate_person, name="person_deactivate"),
    path("people/<int:pk>/activate/", people.activate_person, name="person_activate"),
    path("people/<int:pk>/invite/", people.invite_person, name="person_invite"),
    path("people/<int:pk>/roles/new/", people.RoleGrantView.as_view(), name="role_grant"),
    path("roles/<int:pk>/end/", people.RoleEndView.as_view(), name="role_end"),
    path("programmes/new/", programmes.ProgrammeCreateView.as_view(), name="programme_create"),
    path("programmes/<int:pk>/", programmes.ProgrammeDetailView.as_view(), name="programme"),
    path(
        "programmes/<int:pk>/edit/",
        programmes.ProgrammeUpdateView.as_view(),
        name="programme_update",
    ),
    path(
        "programmes/<int:pk>/values/<slug:group>/",
        programmes.SettingsUpdateView.as_view(),
        name="values_update",
    ),
    path("programmes/<int:pk>/units/new/", programmes.UnitCreateView.as_view(), name="unit_create"),
    path("units/<int:pk>/edit/", programmes.UnitUpdateView.as_view(), name="unit_update"),
    path("units/<int:pk>/restore/", programmes.restore_unit, name="unit_restore"),
    path("units/<int:pk>/archive/", programmes.archive_unit, name="unit_archive"),
    path(
        "programmes/<int:pk>/functions/new/",
        programmes.FunctionCreateView.as_view(),
        name="function_create",
    ),
    path(
        "functions/<int:pk>/edit/",
        programmes.FunctionUpdateView.as_view(),
        name="function_update",
    ),
    path("functions/<int:pk>/restore/", programmes.restore_function, name="function_restore"),
    path("functions/<int:pk>/archive/", programmes.archive_function, name="function_archive"),
]
