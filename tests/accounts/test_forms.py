"""Forms that are sent back as they were shown change nothing but what was typed."""

from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from kam.web.forms import ServiceForm
from tests.factories.accounts import (
    AccountFactory,
    CategoryPurchaseFactory,
    ChannelFactory,
    ContactFactory,
    ProductFactory,
    ProductLineFactory,
    SiteFactory,
)
from tests.factories.teams import BusinessUnitFactory, ProgrammeFactory, RoleGrantFactory

pytestmark = pytest.mark.django_db


def as_a_browser_sends(form: ServiceForm) -> dict[str, Any]:
    """What stands in the fields; of a choice that is not offered a browser sends the first."""
    sent = {}
    for shown in form:
        value = shown.value()
        if hasattr(shown.field, "queryset") and not isinstance(value, list | type(None)):
            offered = [str(row.pk) for row in shown.field.queryset]
            value = value if str(value) in offered else ""
        sent[shown.html_name] = "" if value is None else value
    return sent


def contact(programme):
    account = AccountFactory(programme=programme)
    site, above = SiteFactory(account=account), ContactFactory(account=account)
    return ContactFactory(account=account, site=site, reports_to=above), (site, above)


def purchase(programme):
    account, line = AccountFactory(programme=programme), ProductLineFactory(programme=programme)
    site = SiteFactory(account=account)
    row = CategoryPurchaseFactory(account=account, category=line, site=site)
    return row, (line, site)


def product(programme):
    line = ProductLineFactory(programme=programme)
    return ProductFactory(programme=programme, line=line), (line,)


def account(programme):
    unit, channel = BusinessUnitFactory(programme=programme), ChannelFactory(programme=programme)
    return AccountFactory(programme=programme, business_unit=unit, channel=channel), (unit, channel)


def channel(programme):
    top = ChannelFactory(programme=programme)
    return ChannelFactory(parent=top), (top,)


@pytest.mark.parametrize(
    ("make", "page", "typed"),
    [
        (contact, "contact_edit", {"name": "Laure Petit"}),
        (purchase, "purchase_edit", {"source": "annual report"}),
        (product, "product_edit", {"name": "Gaskets"}),
        (account, "edit", {"name": "Birch"}),
        (channel, "channel_edit", {"name": "Hotels"}),
    ],
)
def test_what_is_archived_meanwhile_stays_where_it_stood(client, make, page, typed):
    programme = ProgrammeFactory()
    client.force_login(RoleGrantFactory(programme_manager=True, programme=programme).user)
    row, pointed_to = make(programme)
    for other in pointed_to:
        other.archived_at = timezone.now()
        other.save()
    url = reverse(f"accounts:{page}", args=[row.pk])
    sent = as_a_browser_sends(client.get(url).context["form"])
    assert client.post(url, sent | typed).status_code == 302
    relations = [field for field in row._meta.concrete_fields if field.is_relation]
    before = {field.name: field.value_from_object(row) for field in relations}
    row.refresh_from_db()
    assert {field.name: field.value_from_object(row) for field in relations} == before
    assert {name: getattr(row, name) for name in typed} == typed
