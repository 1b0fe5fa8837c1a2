"""Files over REST: forms in, content out, versions, and nothing that runs."""

from __future__ import annotations

import hashlib

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from kam.changes.models import Change
from kam.documents.models import Attachment
from tests.concurrency import run_together
from tests.factories.accounts import AccountFactory, ContactFactory
from tests.factories.api import caller
from tests.factories.documents import AttachmentFactory
from tests.factories.teams import MembershipFactory, RoleGrantFactory, TeamFactory
from tests.files import HOSTILE, PDF, PNG

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_storage")]

LIST = "/api/v1/attachments/"


@pytest.fixture
def account(db):
    team = TeamFactory()
    return AccountFactory(programme=team.programme, team=team)


@pytest.fixture
def kam(account):
    return MembershipFactory(team=account.team, role="kam").user


@pytest.fixture
def client(kam):
    return caller(kam)


def sent(name: str = "offer.pdf", body: bytes = PDF) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, body, content_type="text/html")


def upload(client, **values):
    return client.post(LIST, {"file": sent(), **values}, format="multipart")


def body_of(response) -> bytes:
    return b"".join(response)


def errors_of(response) -> list[tuple[str, str]]:
    assert response["Content-Type"] == "application/problem+json"
    return [(item["pointer"], item["code"]) for item in response.json()["errors"]]


def test_upload_answers_with_the_row(client, account, kam):
    contact = ContactFactory(account=account)
    response = upload(
        client, object_type="accounts.contact", object_id=contact.pk, description="Card"
    )
    assert response.status_code == 201
    row = response.json()
    pk = row["id"]
    assert response["Location"].endswith(f"{LIST}{pk}/")
    assert response["ETag"] == '"1"'
    assert {name: row[name] for name in row if not name.endswith("_at")} == {
        "id": pk,
        "account": account.pk,
        "object_type": "accounts.contact",
        "object_id": contact.pk,
        "name": "offer.pdf",
        "description": "Card",
        "confidentiality": "account",
        "people": [],
        "file": f"http://testserver{LIST}{pk}/file/",
        "number": 1,
        "size": len(PDF),
        "media_type": "application/pdf",
        "sha256": hashlib.sha256(PDF).hexdigest(),
        "uploaded_by": kam.pk,
        "stored_by": kam.pk,
        "version": 1,
    }
    assert Change.objects.get(verb="created", object_id=pk, account_id=account.pk).source == "api"


def test_content_is_handed_out_to_be_saved_alone(client, account):
    pk = upload(client, account=account.pk, name='Größe "A" 2026.pdf').json()["id"]
    response = client.get(f"{LIST}{pk}/file/")
    assert body_of(response) == PDF
    assert response["Content-Type"] == "application/pdf"
    assert response["Content-Disposition"] == (
        "attachment; filename*=utf-8''Gr%C3%B6%C3%9Fe%20_A_%202026.pdf"
    )
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    assert response["Cache-Control"] == "private, no-cache"
    assert response["Content-Length"] == str(len(PDF))
    again = client.get(f"{LIST}{pk}/file/", headers={"If-None-Match": response["ETag"]})
    assert (again.status_code, body_of(again) if again.streaming else again.content) == (304, b"")


@pytest.mark.one_database
def test_what_pretends_is_refused(client, account):
    for name, (body, code) in HOSTILE.items():
        form = {"account": account.pk, "file": sent(name, body)}
        response = client.post(LIST, form, format="multipart")
        assert (response.status_code, errors_of(response)) == (400, [("/file", code)]), name
    assert not Attachment.objects.exists()


@pytest.mark.parametrize(
    ("values", "pointer", "code"),
    [
        ({}, "/account", "required"),
        ({"account": 999_999}, "/account", "does_not_exist"),
        ({"account": "x"}, "/account", "invalid"),
        ({"object_id": 1}, "/object_id", "required"),
        ({"object_type": "accounts.contact"}, "/object_id", "required"),
        ({"object_type": "accounts.contact", "object_id": 999_999}, "/object_id", "does_not_exist"),
        ({"object_type": "teams.user", "object_id": 1}, "/object_type", "invalid_choice"),
        ({"confidentiality": "secret"}, "/confidentiality", "invalid_choice"),
        ({"confidentiality": "people"}, "/people", "required"),
        ({"people": [999_999]}, "/people/0", "does_not_exist"),
        ({"colour": "red"}, "/colour", "unknown_field"),
        ({"description": "x" * 301}, "/description", "max_length"),
    ],
)
def test_values_that_are_refused(client, account, values, pointer, code):
    if not {"account", "object_id", "object_type"} & set(values) and values:
        values = {"account": account.pk, **values}
    response = upload(client, **values)
    assert response.status_code == 400
    assert errors_of(response) == [(pointer, code)]
    assert not Attachment.objects.exists()


def test_object_of_another_account_is_refused(client, account):
    other = ContactFactory(account=AccountFactory(programme=account.programme, team=account.team))
    response = upload(
        client, account=account.pk, object_type="accounts.contact", object_id=other.pk
    )
    assert errors_of(response) == [("/account", "foreign")]


def test_people_are_named(client, account, kam):
    other = MembershipFactory(team=account.team, role="member").user
    response = upload(
        client, account=account.pk, confidentiality="people", people=[kam.pk, other.pk]
    )
    assert response.json()["people"] == [kam.pk, other.pk]


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"{}", "application/json", 415),
        (b"", "multipart/form-data", 400),
        (b"nonsense", "multipart/form-data; boundary=x", 400),
        (
            b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\ntext\r\n--x--\r\n',
            "multipart/form-data; boundary=x",
            400,
        ),
        (
            b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n%PDF',
            "multipart/form-data; boundary=x",
            400,
        ),
    ],
)
def test_broken_forms_are_refused(client, body, content_type, status):
    response = client.generic("POST", LIST, body, content_type=content_type)
    assert response.status_code == status
    assert response["Content-Type"] == "application/problem+json"


def test_file_at_the_limit_is_taken_and_a_larger_one_is_not(client, account, settings):
    settings.ATTACHMENT_MAX_BYTES = 100_000
    for size, status in ((100_000, 201), (100_001, 400), (3_000_000, 400)):
        response = client.post(
            LIST, {"account": account.pk, "file": sent("a.txt", b"a" * size)}, format="multipart"
        )
        assert response.status_code == status
    assert errors_of(response) == [("/file", "too_large")]
    assert Attachment.objects.count() == 1


class Endless:
    """A body that says how much of it was read."""

    def __init__(self, head: bytes, length: int) -> None:
        self.head, self.length, self.taken = head, length, 0

    def read(self, size: int = -1) -> bytes:
        size = self.length - self.taken if size < 0 else min(size, self.length - self.taken)
        part = self.head[self.taken : self.taken + size]
        self.taken += size
        return part.ljust(size, b"a")

    readline = read


@pytest.mark.parametrize("length", [400_000, 50_000_000])
def test_larger_file_is_not_read_to_its_end(account, kam, settings, length):
    settings.ATTACHMENT_MAX_BYTES = 100_000
    browser = Client()
    browser.force_login(kam)
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n'
    body = Endless(head, length)
    response = browser.post(
        LIST,
        **{
            "wsgi.input": body,
            "CONTENT_TYPE": "multipart/form-data; boundary=x",
            "CONTENT_LENGTH": str(length),
        },
    )
    assert response.status_code == 400
    assert errors_of(response) == [("/file", "too_large")]
    assert body.taken < 300_000


def test_large_content_is_streamed(client, account):
    body = b"a" * 1_500_000
    form = {"account": account.pk, "file": sent("a.txt", body)}
    pk = client.post(LIST, form, format="multipart").json()["id"]
    response = client.get(f"{LIST}{pk}/file/")
    assert response.streaming
    assert body_of(response) == body
    assert response["Content-Disposition"] == 'attachment; filename="a.txt"'
    assert response["Content-Length"] == "1500000"


def test_change_needs_the_version(client, account):
    here = f"{LIST}{upload(client, account=account.pk).json()['id']}/"
    assert client.patch(here, {"description": "x"}).status_code == 428
    changed = client.patch(here, {"description": "x", "name": "b.pdf"}, headers={"If-Match": '"1"'})
    assert (changed.status_code, changed["ETag"]) == (200, '"2"')
    assert (changed.json()["description"], changed.json()["name"]) == ("x", "b.pdf")
    stale = client.patch(here, {"description": "y"}, headers={"If-Match": '"1"'})
    assert stale.status_code == 412
    assert stale.json()["current"] == changed.json()
    refused = client.patch(here, {"size": 1, "file": "x"}, headers={"If-Match": '"2"'})
    assert refused.status_code in (200, 400)
    assert client.get(here).json()["size"] == len(PDF)


def test_replaced_content_stays_reachable(client, account):
    here = f"{LIST}{upload(client, account=account.pk).json()['id']}/"
    picture = {"file": sent("b.png", PNG)}
    assert client.put(f"{here}file/", picture, format="multipart").status_code == 428
    response = client.put(
        f"{here}file/",
        {"file": sent("b.png", PNG)},
        format="multipart",
        headers={"If-Match": '"1"'},
    )
    assert response.status_code == 200
    assert (response.json()["name"], response.json()["number"]) == ("b.png", 2)
    assert body_of(client.get(f"{here}file/")) == PNG
    versions = client.get(f"{here}versions/").json()
    assert [(row["number"], row["name"]) for row in versions] == [(1, "offer.pdf")]
    earlier = client.get(f"{here}versions/1/")
    assert (body_of(earlier), earlier["X-Content-Type-Options"]) == (PDF, "nosniff")
    assert client.get(f"{here}versions/7/").status_code == 404


def test_archived_file_is_gone_and_comes_back(client, account):
    here = f"{LIST}{upload(client, account=account.pk).json()['id']}/"
    assert client.delete(here, headers={"If-Match": '"1"'}).status_code == 204
    assert client.get(here).status_code == client.get(f"{here}file/").status_code == 404
    assert client.get(LIST).json()["results"] == []
    back = client.post(f"{here}restore/", headers={"If-Match": '"2"'})
    assert (back.status_code, back.json()["archived_at"]) == (200, None)
    assert client.get(here).status_code == 200


def test_list_is_filtered_by_what_files_hang_on(client, account):
    contact = ContactFactory(account=account)
    on = AttachmentFactory(on=contact, name="contract.pdf")
    AttachmentFactory(on=account, confidentiality="team")
    for query, count in (
        ({"account": account.pk}, 2),
        ({"object_type": "accounts.contact", "object_id": contact.pk}, 1),
        ({"confidentiality": "team"}, 1),
        ({"sha256": on.sha256}, 2),
        ({"search": "contract"}, 1),
        ({"size__lte": 1}, 0),
        ({"uploaded_by": on.uploaded_by_id}, 1),
    ):
        assert client.get(LIST, {**query, "with_count": 1}).json()["count"] == count, query


@pytest.mark.parametrize("level", ["team", "people"])
def test_narrowed_file_is_not_there_for_others(account, level):
    file = AttachmentFactory(on=account, confidentiality=level)
    other = caller(
        RoleGrantFactory(programme_manager=True, programme=account.programme).user, scope="admin"
    )
    here = f"{LIST}{file.pk}/"
    assert other.get(LIST, {"with_count": 1}).json()["count"] == 0
    calls = [
        other.get(here),
        other.get(f"{here}file/"),
        other.get(f"{here}versions/"),
        other.patch(here, {"description": "x"}, headers={"If-Match": '"1"'}),
        other.delete(here, headers={"If-Match": '"1"'}),
        other.post(f"{here}restore/"),
        other.put(f"{here}file/", {"file": sent()}, format="multipart"),
    ]
    assert [call.status_code for call in calls] == [404] * len(calls)


def test_reader_may_read_and_not_write(account, client):
    pk = upload(client, account=account.pk).json()["id"]
    observer = caller(MembershipFactory(team=account.team, role="observer").user)
    here = f"{LIST}{pk}/"
    assert body_of(observer.get(f"{here}file/")) == PDF
    calls = [
        upload(observer, account=account.pk),
        observer.patch(here, {"description": "x"}, headers={"If-Match": '"1"'}),
        observer.delete(here, headers={"If-Match": '"1"'}),
        observer.put(
            f"{here}file/", {"file": sent()}, format="multipart", headers={"If-Match": '"1"'}
        ),
    ]
    assert [call.status_code for call in calls] == [403] * len(calls)
    assert Attachment.objects.count() == 1


def test_token_that_reads_uploads_nothing(account, kam):
    assert upload(caller(kam, scope="read"), account=account.pk).status_code == 403


def test_retried_upload_is_one_file(client, account):
    headers = {"Idempotency-Key": "k1"}

    def send(body: bytes):
        form = {"account": account.pk, "file": sent("offer.pdf", body)}
        return client.post(LIST, form, format="multipart", headers=headers)

    first, again = send(PDF), send(PDF)
    assert (first.status_code, again.status_code) == (201, 201)
    assert (again["Idempotent-Replayed"], again.json()) == ("true", first.json())
    assert send(PDF + b"\n%%EOF").status_code == 422
    assert Attachment.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_retries_at_once_are_one_file(account, kam):
    clients = [caller(kam) for _number in range(4)]

    def send(client):
        form = {"account": account.pk, "file": sent()}
        headers = {"Idempotency-Key": "k1"}
        return client.post(LIST, form, format="multipart", headers=headers)

    outcomes = run_together(*[lambda client=client: send(client) for client in clients])
    assert [item.error for item in outcomes] == [None] * 4
    assert {item.value.status_code for item in outcomes} == {201}
    assert len({item.value.json()["id"] for item in outcomes}) == 1
    assert Attachment.objects.count() == 1


def test_file_that_is_lost_from_the_storage_is_said_plainly(client, account):
    file = AttachmentFactory(on=account)
    file.file.storage.delete(file.file.name)
    response = client.get(f"{LIST}{file.pk}/file/")
    assert response.status_code == 404
    assert response["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("address", ["/sign-in/login/", "/settings/me/", "/api/v1/actions/"])
def test_page_that_asks_for_no_file_reads_none(kam, address):
    """Nobody fills the disk of the server through a form that has nothing to do with files."""
    for browser in (Client(), Client()):
        head = b'--x\r\nContent-Disposition: form-data; name="a"; filename="a"\r\n\r\n'
        body = Endless(head, 50_000_000)
        browser.post(
            address,
            **{
                "wsgi.input": body,
                "CONTENT_TYPE": "multipart/form-data; boundary=x",
                "CONTENT_LENGTH": str(body.length),
            },
        )
        assert body.taken < 300_000
        browser.force_login(kam)
