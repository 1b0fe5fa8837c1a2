"""Files on pages: panels, forms that keep what was typed, downloads, and nobody else's."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from kam.documents.models import Attachment
from tests.factories.accounts import AccountFactory, ContactFactory
from tests.factories.documents import AttachmentFactory, EarlierFileFactory
from tests.factories.plans import ActionFactory, PlanFactory
from tests.factories.reviews import StageReviewFactory
from tests.factories.teams import MembershipFactory, RoleGrantFactory, TeamFactory
from tests.files import PDF, PNG

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_storage")]


@pytest.fixture
def account(db):
    team = TeamFactory()
    return AccountFactory(programme=team.programme, team=team, name="Birch")


@pytest.fixture
def kam(account):
    return MembershipFactory(team=account.team, role="kam").user


@pytest.fixture
def browser(kam):
    client = Client()
    client.force_login(kam)
    return client


def sent(name: str = "offer.pdf", body: bytes = PDF) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, body)


def upload(browser, obj, **values):
    address = reverse("documents:add", args=[obj._meta.model_name, obj.pk])
    return browser.post(address, {"file": sent(), "confidentiality": "account", **values})


def text_of(response) -> str:
    return response.content.decode()


def held(account):
    """One of each thing on which files hang."""
    return {
        "contact": ContactFactory(account=account),
        "plan": PlanFactory(account=account),
        "action": ActionFactory(account=account),
        "review": StageReviewFactory(account=account),
    }


def test_form_brings_files_and_returns_to_where_they_hang(browser, account):
    for thing, page in (
        (account, reverse("accounts:files", args=[account.pk])),
        *((thing, thing.get_absolute_url()) for thing in held(account).values()),
    ):
        response = upload(browser, thing, description="Signed copy")
        assert (response.status_code, response.url) == (302, page)
        shown = text_of(browser.get(page))
        assert "offer.pdf" in shown
        assert "Signed copy" in shown
    assert Attachment.objects.count() == 5


def test_several_files_come_at_once(browser, account):
    response = upload(browser, account, file=[sent("a.pdf"), sent("b.png", PNG)])
    assert response.status_code == 302
    assert sorted(Attachment.objects.values_list("name", flat=True)) == ["a.pdf", "b.png"]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"file": sent("page.pdf", b"<html>")}, "is a web page, not a PDF."),
        ({"file": sent("tool.exe", b"MZ")}, "Files ending in .exe are not taken."),
        ({"file": sent("empty.pdf", b"")}, "The submitted file is empty."),
        ({"file": ""}, "This field is required."),
        ({"file": [sent("a.pdf"), sent("b.pdf", b"<html>")]}, "is a web page"),
        ({"confidentiality": "people"}, "Name who may see it."),
        ({"confidentiality": "secret"}, "Select a valid choice."),
    ],
)
def test_refused_form_keeps_what_was_typed(browser, account, values, said):
    response = upload(browser, account, description="Signed copy", **values)
    assert response.status_code == 422
    assert said in text_of(response).replace("&quot;", '"')
    assert 'value="Signed copy"' in text_of(response)
    assert not Attachment.objects.exists()


def test_larger_file_is_refused_beside_its_field(browser, account, settings):
    settings.ATTACHMENT_MAX_BYTES = 100_000
    address = reverse("documents:add", args=["account", account.pk])
    form = {
        "description": "Signed copy",
        "confidentiality": "team",
        "file": sent("a.txt", b"a" * 900_000),
    }
    response = browser.post(address, form)
    assert response.status_code == 422
    assert "The file is larger than 100 kB." in text_of(response)
    assert 'value="Signed copy"' in text_of(response)
    assert not Attachment.objects.exists()


def test_form_is_a_dialog_too(browser, account):
    address = reverse("documents:add", args=["account", account.pk])
    headers = {"HX-Request": "true", "X-Dialog": "1"}
    assert 'hx-encoding="multipart/form-data"' in text_of(browser.get(address, headers=headers))
    form = {"file": sent(), "confidentiality": "account"}
    response = browser.post(address, form, headers=headers)
    assert (response.status_code, response["HX-Redirect"]) == (
        204,
        reverse("accounts:files", args=[account.pk]),
    )


def test_only_who_works_with_the_account_is_offered(browser, account, kam):
    RoleGrantFactory(auditor=True, programme=account.programme, user__first_name="Audra")
    MembershipFactory(user__first_name="Stranger")
    shown = text_of(browser.get(reverse("documents:add", args=["account", account.pk])))
    assert str(kam) in shown
    assert "Audra" in shown
    assert "Stranger" not in shown


def test_file_is_changed_replaced_put_away_and_brought_back(browser, account, kam):
    upload(browser, account)
    file = Attachment.objects.get()
    form = {"name": "b.pdf", "description": "x", "confidentiality": "team", "version": 1}
    assert browser.post(reverse("documents:edit", args=[file.pk]), form).status_code == 302
    form = {"file": sent("c.png", PNG), "version": 2}
    assert browser.post(reverse("documents:replace", args=[file.pk]), form).status_code == 302
    file.refresh_from_db()
    assert (file.name, file.confidentiality, file.number, file.version) == ("c.png", "team", 2, 3)
    shown = text_of(browser.get(file.get_absolute_url()))
    assert "version 1" in shown
    assert "b.pdf" in shown
    for name, version, archived in (("archive", 3, True), ("restore", 4, False)):
        address = reverse(f"documents:{name}", args=[file.pk])
        assert browser.post(address, {"version": version}).status_code == 302
        file.refresh_from_db()
        assert file.is_archived is archived


def test_stale_forms_are_a_conflict(browser, account):
    file = AttachmentFactory(on=account, version=5)
    form = {"name": "mine.pdf", "confidentiality": "account", "version": 4}
    stale = browser.post(reverse("documents:edit", args=[file.pk]), form)
    assert (stale.status_code, "mine.pdf" in text_of(stale)) == (409, True)
    replaced = browser.post(
        reverse("documents:replace", args=[file.pk]), {"file": sent(), "version": 4}
    )
    assert replaced.status_code == 409
    browser.post(reverse("documents:archive", args=[file.pk]), {"version": 4})
    file.refresh_from_db()
    assert (file.version, file.archived_at, file.number) == (5, None, 1)


def test_content_is_handed_out_to_be_saved(browser, account):
    file = AttachmentFactory(on=account, name="Größe.pdf")
    EarlierFileFactory(attachment=file, number=1)
    for address in (
        reverse("documents:content", args=[file.pk]),
        reverse("documents:earlier", args=[file.pk, 1]),
    ):
        response = browser.get(address)
        assert b"".join(response) == PDF
        assert response["Content-Disposition"].startswith("attachment; filename")
        assert response["X-Content-Type-Options"] == "nosniff"
        assert response["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
        assert response["Cache-Control"] == "private, no-cache"
        assert browser.post(address).status_code == 405


@pytest.mark.parametrize("level", ["team", "people"])
def test_narrowed_file_is_on_no_page_of_others(account, level):
    other = Client()
    other.force_login(RoleGrantFactory(programme_manager=True, programme=account.programme).user)
    things = held(account)
    pages = [reverse("accounts:files", args=[account.pk])]
    pages += [thing.get_absolute_url() for thing in things.values()]
    pages += [reverse("documents:held", args=["contact", things["contact"].pk])]
    pages += [reverse("web:history"), reverse("reviews:my_day"), "/search/?q=quagmire"]
    files = [
        AttachmentFactory(on=thing, name="Quagmire.pdf", confidentiality=level)
        for thing in (account, *things.values())
    ]
    for page in pages:
        response = other.get(page)
        assert (response.status_code, "Quagmire.pdf" in text_of(response)) == (200, False), page
    names = ("detail", "edit", "replace", "content")
    for file in files:
        for name in names:
            assert other.get(reverse(f"documents:{name}", args=[file.pk])).status_code == 404
        for name in ("edit", "replace", "archive", "restore"):
            assert other.post(reverse(f"documents:{name}", args=[file.pk])).status_code == 404


def test_who_reads_is_offered_no_change(account):
    observer = Client()
    observer.force_login(MembershipFactory(team=account.team, role="observer").user)
    file = AttachmentFactory(on=account)
    shown = text_of(observer.get(file.get_absolute_url()))
    assert reverse("documents:content", args=[file.pk]) in shown
    assert reverse("documents:edit", args=[file.pk]) not in shown
    assert "Add files" not in text_of(observer.get(reverse("accounts:files", args=[account.pk])))
    assert observer.get(reverse("documents:add", args=["account", account.pk])).status_code == 403
    assert upload(observer, account).status_code == 403
    for name in ("edit", "replace"):
        assert observer.get(reverse(f"documents:{name}", args=[file.pk])).status_code == 403
    assert observer.post(reverse("documents:archive", args=[file.pk])).status_code == 403
    assert Attachment.objects.active().count() == 1


def test_files_of_a_plan_being_written_are_on_no_page_of_its_readers(account):
    plan = PlanFactory(account=account, approved=None)
    file = AttachmentFactory(on=plan, name="Quagmire.pdf")
    reader = Client()
    reader.force_login(RoleGrantFactory(auditor=True, programme=account.programme).user)
    for page in (plan.get_absolute_url(), reverse("accounts:files", args=[account.pk])):
        assert "Quagmire" not in text_of(reader.get(page))
    assert reader.get(file.get_absolute_url()).status_code == 404
    assert reader.get(reverse("documents:held", args=["plan", plan.pk])).status_code == 404


@pytest.mark.parametrize("address", ["/files/on/user/1/", "/files/on/nothing/1/new/"])
def test_unknown_kind_is_not_found(browser, address):
    assert browser.get(address).status_code == 404


@pytest.mark.parametrize("count", [1, 3])
def test_lists_ask_as_often_for_three_files_as_for_one(
    browser, account, count, django_assert_num_queries
):
    things = held(account)
    for _number in range(count):
        for thing in (account, *things.values()):
            AttachmentFactory(on=thing)
    here = reverse("accounts:files", args=[account.pk])
    browser.get(here)
    with django_assert_num_queries(13):
        browser.get(here)
    with django_assert_num_queries(10):
        response = browser.get(here, headers={"HX-Request": "true"})
    assert len(response.context["files"]) == 5 * count
    with django_assert_num_queries(8):
        browser.get(reverse("documents:held", args=["contact", things["contact"].pk]))


def test_archived_file_is_not_worked_on_before_it_is_restored(browser, account, kam):
    file = AttachmentFactory(account=account, object_id=account.pk, uploaded_by=kam)
    page = reverse("documents:detail", args=[file.pk])
    assert reverse("documents:edit", args=[file.pk]) in text_of(browser.get(page))
    browser.post(reverse("documents:archive", args=[file.pk]))
    shown = text_of(browser.get(page))
    for name in ("edit", "replace"):
        assert reverse(f"documents:{name}", args=[file.pk]) not in shown
    file.refresh_from_db()
    body = {"name": "other.pdf", "confidentiality": "account", "version": file.version}
    edited = browser.post(reverse("documents:edit", args=[file.pk]), body)
    replaced = browser.post(
        reverse("documents:replace", args=[file.pk]), {"file": sent(), "version": file.version}
    )
    for response in (edited, replaced):
        assert response.status_code == 422
        assert "The file is archived: restore it first." in text_of(response)
    before = (file.name, file.version, file.number)
    file.refresh_from_db()
    assert (file.name, file.version, file.number) == before


def test_files_of_an_account_are_handed_out_with_those_on_its_people(browser, account, kam):
    address = reverse("accounts:files", args=[account.pk])
    assert "export=csv" not in text_of(browser.get(address))
    contact = ContactFactory(account=account)
    upload(browser, account)
    upload(browser, contact)
    AttachmentFactory(account=AccountFactory(programme=account.programme))
    assert "export=csv" in text_of(browser.get(address))
    answer = browser.get(address, {"export": "csv"})
    lines = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()
    assert sorted(line.rpartition(f"{account.pk},")[2] for line in lines[1:]) == sorted(
        [f"account,{account.pk}", f"contact,{contact.pk}"]
    )
