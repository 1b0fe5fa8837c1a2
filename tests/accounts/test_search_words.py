"""Search by part of a text: what is found is what holds it, however rows come and go."""

import pytest
from django.db import connection, models
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Account, Contact
from kam.web.indexes import SearchIndex, may_hold
from plans.models import Action
from tests.factories.accounts import AccountFactory, ContactFactory
from tests.factories.plans import ActionFactory
from tests.factories.teams import RoleGrantFactory

TEXTS = st.text(alphabet="abAB\"'%_\\*-^ (:{漢é", min_size=1, max_size=8)


def _with_text(rows, field):
    return {row.pk: getattr(row, field) for row in rows.all()}


def _holding(texts, text):
    return {pk for pk, held in texts.items() if text.lower() in held.lower()}


@pytest.mark.django_db
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(names=st.lists(TEXTS, min_size=1, max_size=4), new=TEXTS, text=TEXTS)
def test_what_holds_a_text_is_found_after_any_change(db, names, new, text):
    Contact.objects.all().delete()
    account = AccountFactory()
    people = [ContactFactory(account=account, name=name, email="") for name in names]
    found = Contact.objects.found_by
    assert {row.pk for row in found(text)} == _holding(_with_text(Contact.objects, "name"), text)
    people[0].name = new
    people[0].save()
    Contact.objects.filter(pk=people[-1].pk).update(name=new + text)
    assert people[-1] in found(text)
    assert {row.pk for row in found(text)} == _holding(_with_text(Contact.objects, "name"), text)
    people[0].delete()
    assert {row.pk for row in found(text)} == _holding(_with_text(Contact.objects, "name"), text)


@pytest.mark.django_db
def test_kept_sql_of_long_words_is_not_used_for_short_ones(client):
    """Short words have no trigrams: whichever is searched first, both are found."""
    account = AccountFactory(name="Xu Ltd")
    ActionFactory(account=account, text="Ask Xu about prices")
    client.force_login(RoleGrantFactory().user)
    for text in ("prices xu", "xu", "xu prices", "about", "ab", "xu"):
        page = client.get(reverse("web:search"), {"q": text})
        assert (text, "Ask Xu about prices" in page.content.decode()) == (text, True)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("model", "field", "searched"),
    [(Account, "industry", "name"), (Contact, "job_title", "name"), (Action, "status", "text")],
)
def test_search_outlives_a_remade_table(model, field, searched):
    """A migration that alters a column has SQLite make the table anew, without its triggers."""
    make = {Account: AccountFactory, Contact: ContactFactory, Action: ActionFactory}[model]
    before = make(**{searched: "Walnut before"})
    old = model._meta.get_field(field)
    new = old.clone()
    new.max_length = old.max_length + 7
    new.set_attributes_from_name(field)
    new.model = model
    for change in ((old, new), (new, old)):
        with connection.schema_editor() as editor:
            editor.alter_field(model, *change)
        after = make(**{searched: "Walnut after"})
        found = model.objects.filter(may_hold(model, "walnut"), **{f"{searched}__icontains": "nut"})
        assert {before, after} <= set(found)
        model.objects.filter(pk=after.pk).update(**{searched: "Elm"})
        assert after not in set(found.all())


@pytest.mark.django_db(transaction=True)
def test_search_index_goes_and_comes():
    index = next(item for item in Contact._meta.indexes if isinstance(item, SearchIndex))
    person = ContactFactory(name="Walnut")
    with connection.schema_editor() as editor:
        editor.remove_index(Contact, index)
    person.name = "Hazelnut"
    person.save()
    with connection.schema_editor() as editor:
        editor.add_index(Contact, index)
    assert set(Contact.objects.found_by("hazel")) == {person}
    assert set(Contact.objects.found_by("walnut")) == set()


@pytest.mark.django_db
def test_other_rows_are_not_looked_at_on_sqlite():
    """The condition beside the search names few rows there, and all of them on PostgreSQL."""
    ContactFactory(name="Walnut", email="a@elm.example")
    other = ContactFactory(name="Elm", email="b@elm.example")
    rows = Contact.objects.filter(may_hold(Contact, "walnut"))
    assert (other in rows) == (connection.vendor == "postgresql")
    assert may_hold(Contact, "wa") == models.Q()
