"""What was taken out of budget, returns and organisation comes back on their pages."""

import pytest
from django.urls import reverse
from django.utils import timezone

from tests.factories.accounts import (
    AccountFactory,
    BudgetLineFactory,
    OrganisationChangeFactory,
    ReturnCaseFactory,
)
from tests.factories.teams import ProgrammeFactory, RoleGrantFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def programme():
    return ProgrammeFactory()


@pytest.fixture
def inside(client, programme):
    client.force_login(RoleGrantFactory(programme_manager=True, programme=programme).user)
    return client


@pytest.fixture
def rows(programme):
    """One of each kind, with page, words on it, and the route that restores it."""
    account = AccountFactory(programme=programme, name="Birch", status="key")
    line = BudgetLineFactory(programme=programme, account=account, text="Second hub")
    page = f"{reverse('accounts:budget')}?year={line.year}"
    case = ReturnCaseFactory(account=account)
    change = OrganisationChangeFactory(programme=programme, text="One sales region less")
    return [
        (line, page, "Second hub", "accounts:budget_restore"),
        (case, reverse("accounts:returns"), f"Birch, {case.started_on}", "accounts:return_restore"),
        (change, reverse("accounts:organisation"), change.text, "accounts:organisation_restore"),
    ]


def archive(row):
    type(row).objects.filter(pk=row.pk).update(archived_at=timezone.now())
    row.refresh_from_db()


def test_archived_rows_are_offered_and_come_back(inside, rows):
    for row, page, words, name in rows:
        url = reverse(name, args=[row.pk])
        assert url not in inside.get(page).content.decode()
        archive(row)
        text = inside.get(page).content.decode()
        assert url in text
        assert words in text
        inside.post(url, {"version": row.version})
        row.refresh_from_db()
        assert not row.is_archived
        assert url not in inside.get(page).content.decode()


def test_stale_version_restores_nothing(inside, rows):
    for row, _page, _words, name in rows:
        archive(row)
        page = inside.post(reverse(name, args=[row.pk]), {"version": 99}, follow=True)
        assert "Somebody else changed it" in page.content.decode()
        row.refresh_from_db()
        assert row.is_archived


def test_case_stays_archived_where_another_was_recorded(inside, rows):
    case = rows[1][0]
    archive(case)
    ReturnCaseFactory(account=case.account)
    inside.post(reverse("accounts:return_restore", args=[case.pk]), {"version": case.version})
    case.refresh_from_db()
    assert case.is_archived


def test_who_only_reads_is_offered_and_allowed_nothing(client, programme, rows):
    client.force_login(RoleGrantFactory(auditor=True, programme=programme).user)
    for row, page, _words, name in rows:
        archive(row)
        url = reverse(name, args=[row.pk])
        assert url not in client.get(page).content.decode()
        assert client.post(url, {"version": row.version}).status_code == 403
        row.refresh_from_db()
        assert row.is_archived
