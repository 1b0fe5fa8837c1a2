"""What a file is, by its content, and what it may be called."""

from __future__ import annotations

import io
import unicodedata

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from hypothesis import given
from hypothesis import strategies as st

from kam.documents import content, names, services
from tests.files import GOOD, HOSTILE, PDF, office, zipped

pytestmark = pytest.mark.one_database


def judge(name: str, body: bytes) -> tuple[str, str]:
    """What the service makes of a file."""
    file = SimpleUploadedFile("x", body)
    return services._judge(file, name)


@pytest.mark.parametrize("name", GOOD)
def test_file_of_every_kind_is_taken(name):
    assert judge(name, GOOD[name]) == (name, content.FORMATS[names.ending(name)].media_type)


@pytest.mark.parametrize("name", HOSTILE)
def test_file_that_pretends_is_refused(name):
    body, code = HOSTILE[name]
    with pytest.raises(ValidationError) as refusal:
        judge(name, body)
    assert [error.code for error in refusal.value.error_dict["file"]] == [code]


def test_refusal_says_what_the_file_is():
    with pytest.raises(ValidationError) as refusal:
        judge("offer.pdf", b"<html>")
    assert refusal.value.messages == ["“offer.pdf” is a web page, not a PDF."]


def test_archive_is_taken_where_the_installation_takes_it(settings):
    settings.ATTACHMENT_TYPES = ["zip"]
    body = zipped({"a.txt": "a"})
    assert judge("a.zip", body) == ("a.zip", "application/zip")
    with pytest.raises(ValidationError):
        judge("a.pdf", PDF)


def test_type_unknown_to_the_product_is_refused_whatever_the_setting(settings):
    settings.ATTACHMENT_TYPES = ["html"]
    with pytest.raises(ValidationError):
        judge("a.html", b"text")


def test_size_at_the_limit_is_taken_and_one_byte_more_is_not(settings):
    settings.ATTACHMENT_MAX_BYTES = 1000
    assert judge("a.txt", b"a" * 1000)
    with pytest.raises(ValidationError) as refusal:
        judge("a.txt", b"a" * 1001)
    assert refusal.value.messages == ["The file is larger than 1 kB."]


def test_directory_of_a_zip_is_not_read_when_it_is_huge():
    body = bytearray(office("docx"))
    place = body.rfind(b"PK\x05\x06")
    body[place + 12 : place + 16] = (content.LARGEST_DIRECTORY + 1).to_bytes(4, "little")
    assert content.found_in(io.BytesIO(bytes(body))) == "broken"


def test_zip64_is_refused():
    body = office("docx")
    place = body.rfind(b"PK\x05\x06")
    body = body[:place] + b"PK\x06\x07" + bytes(16) + body[place:]
    assert content.found_in(io.BytesIO(body)) == "broken"


@given(body=st.binary(max_size=600), start=st.sampled_from(sorted(GOOD)))
def test_content_of_any_bytes_has_a_word(body, start):
    """Nothing that people send makes the judge stumble."""
    for text in (body, GOOD[start] + body, GOOD[start][: len(body)], body + GOOD[start]):
        file = io.BytesIO(text)
        found = content.found_in(file)
        assert found in content.WORDS or found in content.FORMATS
        assert file.tell() == 0


@given(place=st.integers(0, 1535), value=st.integers(0, 255))
def test_damaged_compound_file_is_judged(place, value):
    body = bytearray(GOOD["a.doc"])
    body[place] = value
    assert content.found_in(io.BytesIO(bytes(body))) in {*content.WORDS, *content.FORMATS}


@pytest.mark.parametrize(
    ("given_name", "kept"),
    [
        ("offer.pdf", "offer.pdf"),
        ("../../etc/passwd.txt", "passwd.txt"),
        ("C:\\Users\\tom\\offer.pdf", "offer.pdf"),
        ("a\r\nSet-Cookie: x=1.pdf", "a Set-Cookie_ x=1.pdf"),
        ("a\u202efdp.exe", "afdp.exe"),
        ('quo"te.pdf', "quo_te.pdf"),
        ("zero\u200bwidth.pdf", "zerowidth.pdf"),
        ("nul\x00byte.pdf", "nulbyte.pdf"),
        ("  . hidden.pdf. ", "hidden.pdf"),
        ("re\u0301sume\u0301.pdf", "résumé.pdf"),
        ("Übersicht 2026 (final).xlsx", "Übersicht 2026 (final).xlsx"),
        ("...", ""),
        ("", ""),
        ("a" * 300 + ".pdf", "a" * 196 + ".pdf"),
        ("a." + "b" * 300, ("a." + "b" * 300)[:200]),
    ],
)
def test_name_is_cleaned(given_name, kept):
    assert names.cleaned(given_name) == kept


@given(st.text(max_size=400))
def test_name_cannot_leave_its_place_or_deceive(text):
    name = names.cleaned(text)
    assert len(name) <= names.LONGEST
    assert not set(name) & set('/\\<>:"|?*')
    assert not any(unicodedata.category(letter)[0] == "C" for letter in name)
    assert name == name.strip(". ") == names.cleaned(name)
