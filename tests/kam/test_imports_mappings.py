"""Mappings kept for the next file: used, named, renamed, dropped; refused rows come back."""

import pytest
from django.urls import reverse

from kam.changes.models import Change
from kam.imports import passes, rejects, services
from kam.imports.models import RememberedMapping
from tests.accounts.test_imports_ledger import import_file, upload
from tests.factories.imports import RememberedMappingFactory
from tests.factories.teams import RoleGrantFactory

pytestmark = pytest.mark.django_db
TEXT = "K1,K2,K3\n7,2026-05-01,10\n8,2026-05-02,x\n"
WANTED = {"account": "K1", "booked_on": "K2", "amount": "K3"}


@pytest.fixture
def manager():
    """Manages the only programme."""
    return RoleGrantFactory(programme_manager=True).user


@pytest.fixture
def programme(manager):
    return manager.grants.get().programme


def test_mapping_is_kept_under_a_name_and_offered_again(manager):
    run = upload(manager, TEXT)
    services.configure_run(
        actor=manager, run=run, wanted=WANTED, remember=True, remember_as=" SAP export "
    )
    kept = RememberedMapping.objects.get()
    assert (kept.name, kept.columns, kept.fields) == ("SAP export", ["K1", "K2", "K3"], WANTED)
    again = upload(manager, TEXT)
    assert again.columns == {"account": 0, "booked_on": 1, "amount": 2}
    assert {entry["reason"] for entry in again.mapping.values()} == {"as saved: SAP export"}
    services.configure_run(actor=manager, run=again, wanted=WANTED, remember=True)
    assert RememberedMapping.objects.get().name == "SAP export"


def test_refused_rows_are_mended_and_imported_again(manager):
    run = upload(manager, TEXT)
    services.configure_run(actor=manager, run=run, wanted=WANTED, remember=True)
    run = import_file(manager, TEXT)
    assert (run.created, run.rejected) == (1, 1)
    mended = "".join(rejects.as_csv(run)).replace(",x", ",20")
    again = import_file(manager, mended)
    assert (again.status, again.created, again.rejected) == ("published", 1, 0)
    run = import_file(manager, TEXT.replace(",x", ",20"))
    assert (run.created, run.unchanged) == (0, 2)


def test_mapping_is_renamed_and_dropped_on_its_page(client, manager, programme):
    kept = RememberedMappingFactory(scope=programme)
    client.force_login(manager)
    page = client.get(kept.get_absolute_url())
    assert page.context["object"].pairs[0][0] == "Customer No"
    client.post(kept.get_absolute_url(), {"name": "Oracle", "version": kept.version})
    kept.refresh_from_db()
    assert (kept.name, kept.version) == ("Oracle", 2)
    stale = client.post(kept.get_absolute_url(), {"name": "Other", "version": 1})
    assert stale.status_code == 409
    response = client.post(reverse("imports:drop_mapping", args=[kept.pk]))
    assert (response.status_code, RememberedMapping.objects.exists()) == (302, False)
    assert Change.objects.filter(verb="deleted", object_id=kept.pk).exists()


def test_api_renames_and_drops_mappings(client, manager, programme):
    kept = RememberedMappingFactory(scope=programme)
    client.force_login(manager)
    url = reverse("api:import-mappings-detail", args=[kept.pk])
    body = {"name": "Oracle"}
    kinds = {"content_type": "application/json"}
    assert client.patch(url, body, **kinds).status_code == 428
    changed = client.patch(url, body, headers={"If-Match": '"1"'}, **kinds)
    assert (changed.status_code, changed.json()["name"]) == (200, "Oracle")
    assert client.patch(url, body, headers={"If-Match": '"1"'}, **kinds).status_code == 412
    assert client.delete(url, headers={"If-Match": '"2"'}).status_code == 204


@pytest.mark.parametrize("count", [1, 3])
def test_mapping_list_query_count(client, manager, programme, count, django_assert_max_num_queries):
    RememberedMappingFactory.create_batch(count, scope=programme)
    client.force_login(manager)
    with django_assert_max_num_queries(8):
        response = client.get(reverse("imports:mappings"))
    assert len(response.context["object_list"]) == count


@pytest.mark.parametrize("count", [1, 3])
def test_api_mapping_list_query_count(client, manager, programme, count, django_assert_num_queries):
    RememberedMappingFactory.create_batch(count, scope=programme)
    client.force_login(manager)
    client.get(reverse("api:import-mappings-list"))
    with django_assert_num_queries(4):
        response = client.get(reverse("api:import-mappings-list"))
    assert len(response.json()["results"]) == count


def test_paused_run_goes_on(manager):
    run = services.start_run(actor=manager, run=upload(manager, TEXT, wanted=WANTED), enqueue=False)
    services.stop_run(actor=manager, run=run)
    run = passes.import_rows(run.pk)
    assert run.status == "stopped"
    services.resume_run(actor=manager, run=run, enqueue=False)
    assert passes.import_rows(run.pk).created == 1
