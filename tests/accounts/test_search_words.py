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


def indexes_of(model):
    return [index for index in model._meta.indexes if isinstance(index, SearchIndex)]


def check_words(model):
    """Raise where a table of trigrams says something else than the rows (SQLite)."""
    if connection.vendor != "sqlite":
        return
    with connection.cursor() as cursor:
        for index in indexes_of(model):
            name = connection.ops.quote_name(index.words)
            cursor.execute(f"INSERT INTO {name} ({name}, rank) VALUES ('integrity-check', 1)")


def check_found(text):
    """People are found whose name holds `text` or whose address starts with it."""
    text = text.lower()
    rows = Contact.objects.values_list("pk", "name", "email")
    right = {
        pk for pk, name, email in rows if text in name.lower() or email.lower().startswith(text)
    }
    assert {row.pk for row in Contact.objects.found_by(text)} == right
    check_words(Contact)


@pytest.mark.django_db
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    names=st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=4),
    new=TEXTS,
    text=TEXTS,
)
def test_what_holds_a_text_is_found_after_any_change(db, names, new, text):
    Contact.objects.all().delete()
    account = AccountFactory()
    people = [ContactFactory(account=account, name=name, email=mail) for name, mail in names]
    check_found(text)
    people[0].name = new
    people[0].save()
    Contact.objects.filter(pk=people[-1].pk).update(name=new + text, email=new)
    assert people[-1] in Contact.objects.found_by(text)
    check_found(text)
    check_found(new)
    people[0].delete()
    check_found(text)


@pytest.mark.django_db
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(name=TEXTS, number=TEXTS, text=TEXTS)
def test_customers_are_found_by_name_and_number(db, name, number, text):
    account = AccountFactory(name=name)
    account.external_ids.create(programme=account.programme, system="erp", value=number)
    holds = text.lower() in name.lower() or number.lower().startswith(text.lower())
    assert (account in Account.objects.found_by(text)) is holds
    assert (account in Account.objects.first_found(text, 200)) is holds


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

    def found(word):
        return set(model.objects.filter(may_hold(model, word), **{f"{searched}__icontains": word}))

    for change in ((old, new), (new, old)):
        with connection.schema_editor() as editor:
            editor.alter_field(model, *change)
        after = make(**{searched: "Walnut after"})
        assert {before, after} <= found("walnut")
        model.objects.filter(pk=after.pk).update(**{searched: "Hazel"})
        assert after in found("hazel")
        check_words(model)


@pytest.mark.django_db(transaction=True)
def test_search_index_goes_and_comes():
    person = ContactFactory(name="Walnut")
    for index in indexes_of(Contact):
        with connection.schema_editor() as editor:
            editor.remove_index(Contact, index)
    person.name = "Hazelnut"
    person.save()
    for index in indexes_of(Contact):
        with connection.schema_editor() as editor:
            editor.add_index(Contact, index)
    check_words(Contact)
    assert set(Contact.objects.found_by("hazel")) == {person}


@pytest.mark.django_db
def test_other_rows_are_not_looked_at_on_sqlite():
    """The condition beside the search names few rows there, and all of them on PostgreSQL."""
    ContactFactory(name="Walnut", email="a@elm.example")
    other = ContactFactory(name="Elm", email="b@elm.example")
    rows = Contact.objects.filter(may_hold(Contact, "walnut"))
    assert (other in rows) == (connection.vendor == "postgresql")
    assert may_hold(Contact, "wa") == models.Q()
