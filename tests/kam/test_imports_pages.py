"""Imports in the browser and through the API: the same steps, the same refusals."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from accounts.models import Account, LedgerEntry
from kam.imports import passes
from kam.imports.models import RememberedMapping, Run
from kam.jobs.models import Job
from tests.factories.imports import RunFactory
from tests.factories.teams import RoleGrantFactory

pytestmark = pytest.mark.django_db
QUERIES = 6  # session, user, rights, rows, programmes, and the frame
API_QUERIES = 4  # session, user, rights, rows
TEXT = (
    "Kd-Nr;Datum;Betrag;Region\n7;02.05.2026;1.234,50;N\n;02.05.2026;1,00;N\n8;03.05.2026;2,00;S\n"
)


@pytest.fixture
def manager(client):
    user = RoleGrantFactory(programme_manager=True).user
    client.force_login(user)
    return user


@pytest.fixture
def programme(manager):
    return manager.grants.get().programme


def sent(text=TEXT, name="sales.csv"):
    return SimpleUploadedFile(name, text.encode(), content_type="text/csv")


def do(client, run, action):
    response = client.post(reverse("imports:act", args=[run.pk, action]))
    assert response.status_code == 302
    run.refresh_from_db()
    return run


def work():
    """What a worker would do with the jobs of imports."""
    passes_by_step = {"check": passes.check, "import": passes.import_rows, "undo": passes.undo}
    for job in Job.objects.filter(status="ready").order_by("enqueued_at"):
        if job.args[1] in passes_by_step:
            passes_by_step[job.args[1]](job.args[0])
        job.delete()


def test_file_goes_from_upload_to_undo(client, manager, programme):
    data = {"kind": "ledger", "scope": programme.pk, "file": sent()}
    response = client.post(reverse("imports:upload"), data)
    run = Run.objects.get()
    assert response.url == run.get_absolute_url()
    assert client.get(run.get_absolute_url()).context["stage"] == "moving"
    assert "HX-Refresh" not in client.get(reverse("imports:progress", args=[run.pk])).headers
    work()
    assert client.get(reverse("imports:progress", args=[run.pk])).headers["HX-Refresh"] == "true"
    page = client.get(run.get_absolute_url())
    assert (page.context["import_label"], page.context["stage"]) == ("Import 2 rows", "columns")
    assert page.context["problems"][0].text == "has no customer"
    do(client, run, "start")
    work()
    run.refresh_from_db()
    page = client.get(run.get_absolute_url())
    assert (run.status, page.context["stage"], LedgerEntry.objects.count()) == (
        "published",
        "result",
        2,
    )
    assert ("See the accounts", reverse("accounts:list")) in page.context["further"]
    assert page.context["problems"][0].rows == "Row 2"
    rejected = client.get(reverse("imports:rejected", args=[run.pk]))
    lines = b"".join(rejected.streaming_content).decode("utf-8-sig").splitlines()
    assert lines == [
        "Row,Reason,Kd-Nr,Datum,Betrag,Region",
        '2,has no customer,,02.05.2026,"1,00",N',
    ]
    do(client, run, "undo")
    work()
    run.refresh_from_db()
    assert (run.status, LedgerEntry.objects.count(), Account.objects.count()) == ("undone", 0, 0)


def test_differing_words_of_one_problem_are_all_shown(client, manager, programme):
    names = "Name;Status\nAlt AG;lost\nBrau AG;gone\nCafé AG;lost\n"
    names += "".join(f"Firma {n};state {n}\n" for n in range(1, 6))
    client.post(
        reverse("imports:upload"), {"kind": "accounts", "scope": programme.pk, "file": sent(names)}
    )
    work()
    run = Run.objects.get()
    (problem,) = client.get(run.get_absolute_url()).context["problems"]
    assert (problem.count, problem.text) == (8, "“Status” cannot be taken")
    assert problem.parts == [
        "2 rows, first row 1: has the status “lost”",
        "Row 2: has the status “gone”",
        "Row 4: has the status “state 1”",
        "Row 5: has the status “state 2”",
        "Row 6: has the status “state 3”",
        "2 more in other words",
    ]


def test_preview_writes_figures_as_its_reader_does_and_ends_with_the_trial(
    client, manager, programme
):
    manager.locale = "de"
    manager.save()
    client.post(
        reverse("imports:upload"), {"kind": "ledger", "scope": programme.pk, "file": sent()}
    )
    work()
    run = Run.objects.get()
    preview = client.get(run.get_absolute_url()).context["preview"]
    refused, taken, _third = preview["rows"]
    assert [str(label) for label, _numeric in preview["headings"]] == [
        "Account",
        "Booked on",
        "Net",
    ]
    cells = [text for text, _numeric in taken["cells"]]
    assert cells == ["7", "2. May 2026", "1.234,50\N{NO-BREAK SPACE}GBP"]
    assert [text for text, _numeric in refused["cells"]][1] == "02.05.2026"
    do(client, run, "start")
    work()
    page = client.get(run.get_absolute_url())
    assert page.context["preview"]["rows"] == []
    (row,) = page.context["refused"]["rows"]
    assert (row.number, row.reason) == (2, "has no customer")
    content = page.content.decode()
    assert content.index("Check the totals") < content.index("What came in")


def test_questions_lead_to_the_fields_that_answer_them(client, manager, programme):
    text = "Kd-Nr;Datum;X9\n7;03/04/2026;1,00\n"
    client.post(
        reverse("imports:upload"), {"kind": "ledger", "scope": programme.pk, "file": sent(text)}
    )
    page = client.get(Run.objects.get().get_absolute_url())
    fields = [question.field for question in page.context["questions"]]
    assert fields == ["id_read-dates", "id_column-2"]
    for field in fields:
        assert f'id="{field}"' in page.content.decode()
        assert f'href="#{field}"' in page.content.decode()


def test_second_import_of_a_file_says_that_it_changes_nothing(client, manager, programme):
    for _turn in range(2):
        client.post(
            reverse("imports:upload"), {"kind": "ledger", "scope": programme.pk, "file": sent()}
        )
        work()
        run = Run.objects.latest("pk")
        tried = client.get(run.get_absolute_url()).context["nothing_new"]
        do(client, run, "start")
        work()
        done = client.get(run.get_absolute_url()).context["nothing_new"]
    assert "Nothing new in this file" in tried
    assert "This import changed nothing" in done
    first = Run.objects.earliest("pk")
    assert client.get(first.get_absolute_url()).context["nothing_new"] == ""


def test_columns_are_corrected_and_remembered(client, manager, programme):
    data = {"kind": "ledger", "scope": programme.pk, "file": sent(TEXT.replace("Betrag", "X9"))}
    client.post(reverse("imports:upload"), data)
    run = Run.objects.get()
    page = client.get(run.get_absolute_url())
    assert page.context["questions"]
    columns = {"column-0": "account", "column-1": "booked_on", "column-2": "amount"}
    response = client.post(
        reverse("imports:columns", args=[run.pk]),
        {**columns, "read-decimal": "comma", "read-dates": "dmy", "remember": "on"},
    )
    run.refresh_from_db()
    assert (response.status_code, run.status) == (302, "checking")
    assert RememberedMapping.objects.get().fields["amount"] == "X9"
    client.post(
        reverse("imports:upload"),
        {"kind": "ledger", "scope": programme.pk, "file": sent(TEXT.replace("Betrag", "X9"))},
    )
    second = Run.objects.latest("pk")
    assert second.mapping["amount"] == {"column": 2, "reason": "as the last time"}


def test_column_given_twice_is_refused_with_what_was_chosen(client, manager, programme):
    run = RunFactory(scope=programme, owner=manager)
    response = client.post(
        reverse("imports:columns", args=[run.pk]), {"column-0": "amount", "column-2": "amount"}
    )
    assert response.status_code == 422
    assert list(response.context["form"].errors) == ["column-2"]


def test_mark_between_columns_that_the_file_names_stays_chosen(client, manager, programme):
    text = "sep=^\n" + TEXT.replace(";", "^")
    client.post(
        reverse("imports:upload"), {"kind": "ledger", "scope": programme.pk, "file": sent(text)}
    )
    work()
    run = Run.objects.get()
    assert run.found.value("delimiter") == "^"
    form = client.get(run.get_absolute_url()).context["form"]
    assert ("^", "^") in form.fields["read-delimiter"].choices
    data = {name: form[name].value() or "" for name in form.fields}
    assert client.post(reverse("imports:columns", args=[run.pk]), data).status_code == 302
    run.refresh_from_db()
    assert (run.status, run.found.value("delimiter")) == ("checking", "^")


def test_letters_that_the_file_does_not_have_are_refused_where_they_were_chosen(
    client, manager, programme
):
    client.post(
        reverse("imports:upload"), {"kind": "ledger", "scope": programme.pk, "file": sent()}
    )
    work()
    run = Run.objects.get()
    before = (run.findings, run.chosen, run.mapping)
    response = client.post(reverse("imports:columns", args=[run.pk]), {"read-encoding": "utf-16"})
    assert response.status_code == 422
    problem = "The file does not begin as UTF-16 does. Choose other letters."
    assert response.context["form"].errors == {"read-encoding": [problem]}
    assert problem in response.content.decode()
    run.refresh_from_db()
    assert (run.findings, run.chosen, run.mapping) == before


@pytest.mark.parametrize(
    ("name", "data", "word"),
    [("x.xls", b"<html><table>", "web page"), ("x.csv", b"\n\n", "empty")],
)
def test_unreadable_file_is_refused_at_its_field(client, manager, programme, name, data, word):
    file = SimpleUploadedFile(name, data)
    response = client.post(
        reverse("imports:upload"), {"kind": "ledger", "scope": programme.pk, "file": file}
    )
    assert response.status_code == 422
    assert word in response.context["form"].errors["file"][0]
    assert "choose the file again" in response.content.decode()
    assert not Run.objects.exists()


@pytest.mark.parametrize("count", [1, 3])
def test_list_query_count(client, manager, programme, count, django_assert_num_queries):
    RunFactory.create_batch(count, scope=programme, owner=manager)
    client.get(reverse("imports:list"))
    with django_assert_num_queries(QUERIES):
        response = client.get(reverse("imports:list"))
    assert len(response.context["object_list"]) == count


@pytest.mark.parametrize("count", [1, 3])
def test_api_list_query_count(client, manager, programme, count, django_assert_num_queries):
    RunFactory.create_batch(count, scope=programme, owner=manager)
    client.get("/api/v1/imports/")
    with django_assert_num_queries(API_QUERIES):
        response = client.get("/api/v1/imports/")
    assert len(response.json()["results"]) == count


def test_api_imports_tries_and_undoes(client, manager, programme):
    response = client.post(
        "/api/v1/imports/",
        {"kind": "ledger", "file": sent(), "dry_run": "true", "mapping": '{"country": "Region"}'},
    )
    assert response.status_code == 201
    tried = response.json()
    work()
    shown = client.get(f"/api/v1/imports/{tried['id']}/").json()
    assert (shown["status"], shown["created"], shown["rejected"]) == ("ready", 2, 1)
    assert shown["mapping"]["country"]["reason"] == "you"
    assert LedgerEntry.objects.count() == 0
    made = client.post("/api/v1/imports/", {"kind": "ledger", "file": sent()}).json()
    work()
    shown = client.get(f"/api/v1/imports/{made['id']}/").json()
    assert (shown["status"], shown["rows_read"], shown["progress"]) == ("published", 3, 1.0)
    assert shown["rejected_file"].endswith(f"/imports/{made['id']}/rejected/")
    response = client.post(f"/api/v1/imports/{made['id']}/undo/")
    assert (response.status_code, response.json()["status"]) == (202, "undoing")


@pytest.mark.parametrize(
    "data",
    [
        {"kind": "weather"},
        {"kind": "ledger", "mapping": "{"},
        {"kind": "ledger", "mapping": '{"colour": "Region"}'},
        {"kind": "ledger", "options": '{"unknown": "perhaps"}'},
        {"kind": "ledger", "reading": '{"dates": "maybe"}'},
        {"kind": "ledger", "nonsense": "1"},
        {"kind": "ledger", "mapping": '{"amount": 5}'},
        {"kind": "ledger", "mapping": '{"amount": ["Net"]}'},
        {"kind": "accounts", "options": '{"channel_codes": 5}'},
        {"kind": "ledger", "options": '{"unknown": ["create"]}'},
        {"kind": "ledger", "reading": '{"delimiter": []}'},
        {"kind": "ledger", "reading": '{"encoding": {"name": "utf-8"}}'},
        {"kind": "ledger", "reading": '{"encoding": "utf-16"}'},
        {"kind": "ledger", "decisions": '{"#7": []}'},
        {"kind": "ledger", "decisions": '{"#7": true}'},
        {"kind": "ledger", "decisions": '{"#7": 1.5}'},
    ],
)
def test_api_refuses_what_it_does_not_know(client, manager, data):
    response = client.post("/api/v1/imports/", {**data, "file": sent()})
    assert (response.status_code, Run.objects.count()) == (400, 0)


def test_api_upload_that_leaves_a_question_stores_no_run(client, manager):
    text = "Customer No,Date,Amount\n7,03/04/2026,5\n"
    response = client.post("/api/v1/imports/", {"kind": "ledger", "file": sent(text)})
    assert (response.status_code, Run.objects.count()) == (400, 0)


def test_who_may_not_import_gets_403(client):
    user = RoleGrantFactory(auditor=True).user
    client.force_login(user)
    response = client.post("/api/v1/imports/", {"kind": "ledger", "file": sent()})
    assert (response.status_code, Run.objects.count()) == (403, 0)
    programme = user.grants.get().programme
    response = client.post(
        reverse("imports:upload"), {"kind": "ledger", "scope": programme.pk, "file": sent()}
    )
    assert (response.status_code, Run.objects.count()) == (403, 0)


def test_larger_file_is_refused_beside_its_field(client, manager, programme, settings):
    settings.IMPORT_MAX_BYTES = 1_000
    file = SimpleUploadedFile("sales.csv", b"a,b\n" * 500_000)
    for address, name in ((reverse("imports:upload"), "kind"), ("/api/v1/imports/", "kind")):
        response = client.post(address, {name: "ledger", "scope": programme.pk, "file": file})
        assert response.status_code in (400, 422)
        assert "The file is larger than 1 kB." in response.content.decode()
        file.seek(0)
    assert not Run.objects.exists()
