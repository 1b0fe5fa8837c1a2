"""Exchange rates under settings: entered, put right, read by the programme's people."""

import datetime
from decimal import Decimal

import pytest
from django.urls import reverse

from accounts.models import ExchangeRate
from kam.changes.models import Change
from tests.factories.accounts import ExchangeRateFactory
from tests.factories.teams import MembershipFactory, ProgrammeFactory, RoleGrantFactory, TeamFactory

pytestmark = pytest.mark.django_db
RATES = reverse("accounts:rates")


@pytest.fixture
def programme():
    return ProgrammeFactory(currency="GBP")


@pytest.fixture
def manager(client, programme):
    user = RoleGrantFactory(programme_manager=True, programme=programme).user
    client.force_login(user)
    return user


def add(client, programme, **changes):
    body = {"currency": "EUR", "valid_from": "2026-06-01", "rate": "0.8512", "source": "ECB"}
    return client.post(reverse("accounts:rate_create", args=[programme.pk]), body | changes)


def press(client, rate, what):
    rate.refresh_from_db()
    url = reverse(f"accounts:rate_{what}", args=[rate.pk])
    response = client.post(url, {"version": rate.version})
    rate.refresh_from_db()
    return response


def test_rate_is_entered_once_a_day_and_not_for_the_own_currency(client, manager, programme):
    assert add(client, programme).status_code == 302
    rate = ExchangeRate.objects.get()
    assert (rate.programme, rate.currency, rate.rate) == (programme, "EUR", Decimal("0.8512"))
    assert rate.valid_from == datetime.date(2026, 6, 1)
    again = add(client, programme, rate="0.9")
    assert (again.status_code, ExchangeRate.objects.count()) == (422, 1)
    assert "There is a rate for this day." in again.content.decode()
    own = add(client, programme, currency="GBP")
    assert list(own.context["form"].errors) == ["currency"]
    assert add(client, programme, currency="USD", rate="0").status_code == 422
    page = client.get(RATES)
    assert [row.pk for row in page.context["object_list"]] == [rate.pk]
    assert "0.8512 GBP" in page.content.decode()


def test_wrong_rate_is_archived_and_entered_anew(client, manager, programme):
    rate = ExchangeRateFactory(programme=programme, currency="EUR", rate="8.512")
    day = rate.valid_from.isoformat()
    said = client.post(reverse("accounts:rate_archive", args=[rate.pk]), follow=True)
    assert "EUR 8.512 is out of use." in said.content.decode()
    rate.refresh_from_db()
    assert rate.archived_at is not None
    assert list(client.get(RATES).context["object_list"]) == []
    assert add(client, programme, valid_from=day).status_code == 302
    press(client, rate, "restore")
    assert rate.archived_at is not None  # another rate holds for this day
    right = ExchangeRate.objects.active().get()
    press(client, right, "archive")
    press(client, rate, "restore")
    assert rate.archived_at is None
    verbs = Change.objects.filter(object_id=rate.pk, object_type="accounts.exchangerate")
    assert list(verbs.order_by("pk").values_list("verb", flat=True)) == ["archived", "restored"]
    found = client.get(RATES, {"archived": "true"}).context["object_list"]
    assert [row.pk for row in found] == [right.pk]
    left_open = client.get(RATES, {"currency": "EUR", "archived": ""})  # as the form sends it
    assert [row.pk for row in left_open.context["object_list"]] == [rate.pk]


def test_button_of_an_old_page_changes_nothing(client, manager, programme):
    rate = ExchangeRateFactory(programme=programme, currency="EUR", version=4)
    client.post(reverse("accounts:rate_archive", args=[rate.pk]), {"version": 3})
    rate.refresh_from_db()
    assert rate.archived_at is None


def test_saved_view_is_offered_where_it_was_saved(client, manager, programme):
    ExchangeRateFactory(programme=programme, currency="EUR")
    body = {"page": "exchange-rates", "name": "Euro", "query": "currency=EUR", "back": RATES}
    assert client.post(reverse("web:save_view"), body).status_code == 302
    assert '<a href="?currency=EUR">Euro</a>' in client.get(RATES).content.decode()


def test_rates_are_read_by_the_programmes_people_and_by_nobody_else(client, programme):
    rate = ExchangeRateFactory(programme=programme, currency="EUR")
    client.force_login(MembershipFactory(team=TeamFactory(programme=programme)).user)
    page = client.get(RATES)
    assert [row.pk for row in page.context["object_list"]] == [rate.pk]
    assert reverse("accounts:rate_archive", args=[rate.pk]) not in page.content.decode()
    assert "act" not in page.context["table"].names
    assert press(client, rate, "archive").status_code == 403
    assert add(client, programme).status_code == 403
    client.force_login(MembershipFactory(team=TeamFactory(programme=ProgrammeFactory())).user)
    assert list(client.get(RATES).context["object_list"]) == []
    assert press(client, rate, "archive").status_code == 404
    assert add(client, programme).status_code == 404
    assert ExchangeRate.objects.get().archived_at is None
