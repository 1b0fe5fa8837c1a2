"""How forms are arranged, and what filters say where nothing is chosen."""

import datetime

import pytest
from django import forms
from django.template import Context, Template
from django.test import RequestFactory
from django.utils import timezone

from accounts.filters import AccountFilter
from accounts.models import Account
from kam.web import formatting
from kam.web.browsers import browser_name
from kam.web.forms import ShapeForm
from tests.factories.teams import RoleGrantFactory

CHROME = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/126.0.0.0 Safari/537.36"
)


class NoteForm(ShapeForm):
    """Two fields that everybody fills, two that few do."""

    wide = ("title",)
    folded = ("source", "day")

    title = forms.CharField()
    kind = forms.CharField()
    source = forms.CharField(required=False)
    day = forms.DateField(required=False)


def rendered(form: forms.Form) -> str:
    text = "{% load crispy_forms_tags %}{% crispy form %}"
    return Template(text).render(Context({"form": form}))


def test_form_folds_optional_fields():
    html = rendered(NoteForm())
    head, _mark, fold = html.partition('<details class="fold">')
    assert ('name="title"' in head, 'name="kind"' in head) == (True, True)
    assert ('name="source"' in fold, 'name="day"' in fold) == (True, True)
    assert 'class="fld span"' in head


@pytest.mark.parametrize(
    "form",
    [
        NoteForm(initial={"source": "report"}),
        NoteForm({"title": "a", "kind": "b", "day": "no day"}),
    ],
)
def test_form_opens_what_holds_something_or_is_refused(form):
    assert '<details class="fold" open>' in rendered(form)


def test_form_without_arrangement_lists_all_fields():
    class Plain(ShapeForm):
        title = forms.CharField()

    assert 'class="form-grid"' not in rendered(Plain())


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (CHROME, "Chrome on Linux"),
        (CHROME.replace("X11; Linux x86_64", "Windows NT 10.0") + " Edg/126", "Edge on Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17 like Mac OS X) Safari/604", "Safari on iPhone"),
        ("curl/8.0", "unknown browser"),
        ("", "unknown browser"),
    ],
)
def test_browser_is_named_or_unknown(user_agent, name):
    assert browser_name(user_agent) == name


def test_saved_today_is_said_by_the_time_alone():
    now = datetime.datetime(2026, 6, 8, 10, 42, tzinfo=timezone.get_default_timezone())
    assert formatting.since(now, today=datetime.date(2026, 6, 8)) == "10:42"
    assert formatting.since(now, today=datetime.date(2026, 6, 9)) == "Mon 8 June 10:42"
    assert formatting.since(None) == "none"


@pytest.mark.django_db
def test_filter_says_any_where_nothing_is_chosen():
    request = RequestFactory().get("/")
    request.user = RoleGrantFactory().user
    form = AccountFilter({"overdue": "false"}, Account.objects.none(), request=request).form
    assert "any</option>" in str(form["team"])
    assert '<option value="false" selected>no</option>' in str(form["overdue"])
    assert "Unknown" not in form.as_p()
