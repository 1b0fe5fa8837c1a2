"""Whatever a person chooses on the page of a file, the answer is a page: no choice breaks it, and
what can be taken is taken and undone."""

import pytest
from django.core.files.base import ContentFile
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kam.imports import kinds, passes, services
from kam.imports.models import Run
from tests.factories.accounts import ChannelFactory, ExternalIdFactory, ProductLineFactory
from tests.factories.teams import RoleGrantFactory, TeamFactory

pytestmark = pytest.mark.django_db
TEXT = (
    "Number,Name,Day,Amount,Kind,Remark\n"
    "7,Birch,2026-05-02,12.50,Milk,programme_manager\n"
    "8,Ash & Söhne,2026-06-01,-3,2,kam@example.com\n"
    ",,2026-06-03,0,EUR,\n"
    "7,Birch,2026-02-30,1e3,Hotels,key\n"
    "Total,,,9.50,,\n"
)
FREE = ("", "2025", "2025-Q1", "1 = Hotels; 2 = Milk", "EUR", "erp", "nonsense")
RARELY = 8
"""One of so many choices of how the file is read is another than the one found."""


@pytest.fixture
def manager():
    """Manages the only programme, which has a customer, a team, a channel and a category."""
    manager = RoleGrantFactory(programme_manager=True, programme__currency="EUR").user
    programme = manager.grants.get().programme
    ExternalIdFactory(account__programme=programme, system="erp", value="7")
    TeamFactory(programme=programme, name="Birch")
    ChannelFactory(programme=programme, name="Hotels")
    ProductLineFactory(programme=programme, name="Milk")
    return manager


def chosen(data, form):
    """What somebody may send: any field for any column, and now and then another way to read."""
    given = {}
    for name, field in form.fields.items():
        options = [value for value, _label in getattr(field, "choices", [])]
        if name.startswith("column-"):
            given[name] = data.draw(st.sampled_from(options))
        elif options:
            changed = data.draw(st.integers(1, RARELY)) == 1
            given[name] = data.draw(st.sampled_from(options)) if changed else form[name].value()
        elif name.startswith(("option-", "named-")):
            given[name] = data.draw(st.sampled_from(FREE))
    return {name: "" if value is None else value for name, value in given.items()}


@pytest.mark.parametrize("kind", [kind.name for kind in kinds.registered()])
@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_every_choice_is_answered(manager, client, kind, data):
    client.force_login(manager)
    run = services.upload_file(
        actor=manager,
        kind=kind,
        scope_id=manager.grants.get().programme_id,
        file=ContentFile(TEXT.encode(), name="any.csv"),
        file_name="any.csv",
    )
    form = client.get(run.get_absolute_url()).context["form"]
    answer = client.post(reverse("imports:columns", args=[run.pk]), chosen(data, form))
    assert answer.status_code in (302, 422)
    run.refresh_from_db()
    if run.status != Run.Status.CHECKING:
        assert client.get(run.get_absolute_url()).status_code == 200
        return
    run = passes.check(run.pk)
    assert (run.status, run.rows_read) == (Run.Status.READY, 5)
    assert client.get(run.get_absolute_url()).status_code == 200
    assert client.get(f"/api/v1/imports/{run.pk}/").status_code == 200
    if run.created + run.updated:
        taken = run.created, run.updated
        run = passes.import_rows(services.start_run(actor=manager, run=run, enqueue=False).pk)
        assert (run.status, (run.created, run.updated)) == (Run.Status.PUBLISHED, taken)
        assert client.get(run.get_absolute_url()).status_code == 200
        run = passes.undo(services.undo_run(actor=manager, run=run, enqueue=False).pk)
        assert run.status == Run.Status.UNDONE
