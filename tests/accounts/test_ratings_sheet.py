"""Ratings go out as a file and come in again (K092, K095)."""

import csv
import io
from decimal import Decimal

import pytest
from django.core.files.base import ContentFile
from django.urls import reverse

from accounts.models import Rating
from kam.imports import passes, services
from tests.accounts.test_imports_ledger import undo
from tests.factories.accounts import AccountFactory
from tests.factories.profiles import (
    AudienceParameterFactory,
    ChoiceParameterFactory,
    ProfileParameterFactory,
    RatingFactory,
)
from tests.factories.teams import ProgrammeFactory, RoleGrantFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def programme():
    programme = ProgrammeFactory()
    ProfileParameterFactory(programme=programme, code="footfall")
    ChoiceParameterFactory(programme=programme, code="location")
    AudienceParameterFactory(programme=programme, code="young")
    AccountFactory(programme=programme, name="Elm Retail")
    return programme


@pytest.fixture
def director(programme):
    return RoleGrantFactory(programme_manager=True, programme=programme).user


def taken(director, programme, text):
    run = services.upload_file(
        actor=director,
        kind="ratings",
        scope_id=programme.pk,
        file=ContentFile(text.encode(), name="ratings.csv"),
        file_name="ratings.csv",
    )
    assert services.problems(run) == []
    return passes.import_rows(services.start_run(actor=run.owner, run=run, enqueue=False).pk)


def counts(run):
    assert run.status == "published", run.error
    return {name: count for name, count in run.counts().items() if count}


def stands():
    return {row.parameter.code: row.choice or row.value for row in Rating.objects.in_force()}


ROWS = """Account name,Parameter,Rating,People counted,As of,Source,Confidence
Elm Retail,footfall,4,,2026-05-04,Visit,confirmed
Elm Retail,location,city centre,,2026-05-04,Visit,confirmed
Elm Retail,young,41 %,2400,2026-05-04,Card,assumed
Elm Retail,footfall,9,,,,
Elm Retail,nothing,1,,,,
Elm Retail,young,20,3,,,
"""


def test_ratings_come_in_and_go_again(director, programme):
    before = RatingFactory(account__programme=programme)
    account, footfall = programme.accounts.get(name="Elm Retail"), "footfall"
    parameter = programme.profile_parameters.get(code=footfall)
    former = RatingFactory(account=account, parameter=parameter, value=2)
    run = taken(director, programme, ROWS)
    assert counts(run) == {"rows_read": 6, "created": 3, "rejected": 3}
    young = Rating.objects.in_force().get(parameter__code="young")
    assert (young.value, young.sample, young.rated_by) == (Decimal(41), 2400, director)
    assert stands() == {
        "footfall": 4,
        "location": "city centre",
        "young": 41,
        before.parameter.code: 3,
    }
    former.refresh_from_db()
    assert former.superseded_at is not None
    undo(director, run)
    assert stands() == {"footfall": 2, before.parameter.code: 3}


def test_a_file_of_ratings_that_went_out_changes_nothing(client, director, programme):
    taken(director, programme, ROWS)
    client.force_login(director)
    address = reverse("api:ratings-list")
    assert len(client.get(address).json()["results"]) == 3
    rows = list(csv.DictReader(io.StringIO(ROWS)))
    again = "Account name,Parameter,Rating,People counted,As of,Source,Confidence\n" + "\n".join(
        ",".join(row.values()) for row in rows[:3]
    )
    assert counts(taken(director, programme, again)) == {"rows_read": 3, "unchanged": 3}
    assert Rating.objects.count() == 3
