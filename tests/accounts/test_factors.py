"""What decides for a customer, and how it ranks us against its best other supplier (K057; 4.9)."""

from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Account, SuccessFactor
from accounts.profiles.factors import index_of
from accounts.services.factor import create_factor, restore_factor, update_factor
from kam.access.dates import business_today
from tests.factories.accounts import AccountFactory
from tests.factories.profiles import SuccessFactorFactory
from tests.factories.teams import MembershipFactory, TeamFactory

BIRCH = (
    ("Delivery on time", 30, 7, 8, -1),
    ("Technical help", 25, 8, 6, 2),
    ("Total cost", 20, 6, 6, 0),
    ("Digital ordering", 15, 5, 7, -2),
    ("Sustainability proof", 10, 7, 6, 1),
)
"""Factor, weight, we, best other, gap (handbook 4.9)."""
needs_database = pytest.mark.django_db


@pytest.fixture
def account(db):
    team = TeamFactory()
    account = AccountFactory(team=team, programme=team.programme, name="Birch", status="key")
    MembershipFactory(team=team, role="kam")
    return account


@pytest.fixture
def kam(account):
    return account.team.memberships.get().user


def fill(actor, account):
    for name, weight, ours, other, _gap in BIRCH:
        changes = {"name": name, "weight": Decimal(weight), "ours": ours, "best_other": other}
        create_factor(actor=actor, account=account, changes=changes)


def refusal(call):
    with pytest.raises(ValidationError) as caught:
        call()
    return {name: [item.code for item in found] for name, found in caught.value.error_dict.items()}


@needs_database
def test_table_and_index_of_the_handbook(account, kam):
    """6.75 against 6.75: parity, and Digital ordering is where L2 applies."""
    fill(kam, account)
    rows = list(SuccessFactor.objects.filter(account=account).for_list())
    assert [(row.name, row.gap) for row in rows] == [(row[0], row[4]) for row in BIRCH]
    assert [row.name for row in rows if row.is_far_behind] == ["Digital ordering"]
    found = index_of(rows)
    assert (found.ours, found.best_other, found.gap) == (Decimal("6.75"), Decimal("6.75"), 0)
    assert found.is_whole


@given(
    st.lists(
        st.tuples(
            st.integers(1, 100),
            st.none() | st.integers(0, 10),
            st.none() | st.integers(0, 10),
        ),
        max_size=8,
    )
)
def test_index_lies_between_the_scores_that_count(rows):
    factors = [SimpleNamespace(weight=Decimal(w), ours=a, best_other=b) for w, a, b in rows]
    found = index_of(factors)
    known = [row for row in factors if row.ours is not None and row.best_other is not None]
    assert found.scored == sum(row.weight for row in known)
    assert (found.ours is None) == (not known)
    if known:
        assert min(row.ours for row in known) <= found.ours <= max(row.ours for row in known)
        others = [row.best_other for row in known]
        assert min(others) <= found.best_other <= max(others)


@needs_database
def test_weights_never_make_more_than_a_hundred(account, kam):
    fill(kam, account)
    more = {"name": "Price", "weight": Decimal("0.01")}
    assert refusal(lambda: create_factor(actor=kam, account=account, changes=more)) == {
        "weight": ["beyond"]
    }
    row = SuccessFactor.objects.get(name="Total cost")
    wish = {"weight": Decimal("20.5")}
    assert "weight" in refusal(
        lambda: update_factor(actor=kam, factor=row, expected_version=1, changes=wish)
    )
    gone = SuccessFactorFactory(
        account=account, weight=1, archived_at="2026-01-01T00:00:00Z", name="Old"
    )
    assert "weight" in refusal(lambda: restore_factor(actor=kam, factor=gone))
    update_factor(actor=kam, factor=row, expected_version=1, changes={"weight": Decimal(19)})
    restore_factor(actor=kam, factor=gone)
    assert SuccessFactor.objects.active().filter(account=account).count() == 6


@needs_database
def test_what_cannot_be_is_refused(account, kam):
    changes = {"name": "Price", "weight": Decimal(5)}
    for extra, field in (
        ({"ours": 11}, "ours"),
        ({"best_other": 11}, "best_other"),
        ({"weight": Decimal(-1)}, "weight"),
        ({"as_of": business_today().replace(year=business_today().year + 1)}, "as_of"),
    ):
        both = changes | extra
        assert field in refusal(
            lambda both=both: create_factor(actor=kam, account=account, changes=both)
        )
    Account.objects.filter(pk=account.pk).update(archived_at="2026-01-01T00:00:00Z")
    account.refresh_from_db()
    assert refusal(lambda: create_factor(actor=kam, account=account, changes=changes)) == {
        "account": ["archived"]
    }
    observer = MembershipFactory(team=account.team, role="observer").user
    with pytest.raises(PermissionDenied):
        create_factor(actor=observer, account=account, changes=changes)
    assert not SuccessFactor.objects.exists()


@needs_database
def test_account_page_shows_changes_and_archives_it(client, account, kam):
    client.force_login(kam)
    url = reverse("accounts:insight", args=[account.pk])
    assert "how well do we meet it" in client.get(url).content.decode()
    fill(kam, account)
    page = client.get(url).content.decode()
    for part in ("Digital ordering", "parity", "One factor trails the best other supplier"):
        assert part in page, part
    row = SuccessFactor.objects.get(name="Digital ordering")
    edit = reverse("accounts:factor_edit", args=[row.pk])
    body = {
        "name": "Digital ordering",
        "weight": "15",
        "ours": "8",
        "best_other": "7",
        "confidence": "confirmed",
        "as_of": business_today().isoformat(),
        "version": "1",
    }
    assert client.post(edit, body | {"weight": "16"}).status_code == 422
    assert client.post(edit, body).status_code == 302
    assert "trails the best other" not in client.get(url).content.decode()
    client.post(reverse("accounts:factor_archive", args=[row.pk]), {"version": "2"})
    page = client.get(url).content.decode()
    assert "Weights make 85 of 100" in page
    client.post(reverse("accounts:factor_restore", args=[row.pk]), {"version": "3"})
    assert SuccessFactor.objects.active().filter(account=account).count() == 5


@needs_database
def test_factor_that_is_answered_warns_no_more(client, account, kam):
    """L2: an objective or a reason why not (handbook 4.3)."""
    row = SuccessFactorFactory(account=account, ours=5, best_other=7)
    client.force_login(kam)
    url = reverse("accounts:insight", args=[account.pk])
    assert "trails the best other" in client.get(url).content.decode()
    wish = {"answer": "Portal from spring"}
    update_factor(actor=kam, factor=row, expected_version=1, changes=wish)
    page = client.get(url).content.decode()
    assert "Portal from spring" in page
    assert "trails the best other" not in page


@needs_database
def test_rest_reads_and_writes_the_table(client, account, kam):
    client.force_login(kam)
    url = "/api/v1/success-factors/"
    body = {"account": account.pk, "name": "Total cost", "weight": "20", "ours": 6}
    made = client.post(url, body, content_type="application/json")
    assert made.status_code == 201
    assert (made.json()["gap"], made.json()["weight"]) == (None, "20.00")
    one = f"{url}{made.json()['id']}/"
    head = {"If-Match": made.headers["ETag"]}
    done = client.patch(one, {"best_other": 8}, content_type="application/json", headers=head)
    assert done.json()["gap"] == -2
    refused = client.post(url, body | {"weight": "81"}, content_type="application/json")
    assert refused.status_code == 400
    assert [item["pointer"] for item in refused.json()["errors"]] == ["/weight"]
    rows = client.get(url, {"account": account.pk}).json()["results"]
    assert [row["name"] for row in rows] == ["Total cost"]
