"""Sign-in, sign-out and the pages of one's own account."""

import re
import time

import pytest
from allauth.mfa.totp.internal import auth as totp
from django.contrib.auth import SESSION_KEY
from django.urls import reverse

from teams.models import User

PASSWORD = "a-long-enough-pass-1"


@pytest.fixture
def kira(db) -> User:
    return User.objects.create_user("kira", "kira@example.com", PASSWORD, first_name="Kira")


@pytest.mark.parametrize(
    "name", ["account_login", "account_reset_password", "account_reset_password_done"]
)
def test_entrance_pages_need_no_sign_in(client, kira, name):
    response = client.get(reverse(name))
    assert response.status_code == 200
    assert "gate-form" in response.content.decode()


@pytest.mark.parametrize("name", ["account_change_password", "mfa_index", "usersessions_list"])
def test_own_pages_ask_for_sign_in_then_open(client, kira, name):
    url = reverse(name)
    response = client.get(url)
    assert response.status_code == 302
    assert response.url == f"{reverse('account_login')}?next={url}"
    client.force_login(kira)
    assert client.get(url).status_code == 200


def test_sign_in_leads_to_the_page_asked_for(client, kira):
    login = reverse("account_login")
    page = client.get(f"{login}?next=/search/%3Fq%3Dbirch")
    assert "what you typed is kept" in page.content.decode()
    response = client.post(
        login, {"login": "kira", "password": PASSWORD, "next": "/search/?q=birch"}
    )
    assert response.status_code == 302
    assert response.url == "/search/?q=birch"
    assert client.session[SESSION_KEY] == str(kira.pk)


def test_sign_in_says_the_same_for_unknown_user_and_wrong_password(client, kira):
    login = reverse("account_login")
    answers = [
        client.post(login, {"login": name, "password": "wrong-wrong-1"}).context["form"].errors
        for name in ("kira", "nobody")
    ]
    assert answers[0] == answers[1]


def test_sign_in_is_locked_after_five_failures(client, kira):
    login = reverse("account_login")
    for _attempt in range(5):
        response = client.post(login, {"login": "kira", "password": "wrong-wrong-1"})
    assert response.status_code == 429
    response = client.post(login, {"login": "kira", "password": PASSWORD})
    assert response.status_code == 429
    assert SESSION_KEY not in client.session


def test_sign_in_page_asks_only_whether_there_is_somebody(client, kira, django_assert_num_queries):
    with django_assert_num_queries(1):
        client.get(reverse("account_login"))


def test_sign_out_elsewhere_ends_other_sessions(client, kira, django_user_model):
    other = type(client)()
    other.post(reverse("account_login"), {"login": "kira", "password": PASSWORD})
    client.post(reverse("account_login"), {"login": "kira", "password": PASSWORD})
    assert other.get("/search/").status_code == 200
    client.get("/search/")
    response = client.post(reverse("usersessions_list"))
    assert response.status_code == 302
    assert other.get("/search/").status_code == 302
    assert client.get("/search/").status_code == 200


def test_expired_session_answers_htmx_with_401(client, kira):
    assert client.get("/search/?q=ab", headers={"HX-Request": "true"}).status_code == 401


def test_unknown_address_is_404_only_after_sign_in(client, kira):
    client.force_login(kira)
    response = client.get("/no-such-page/")
    assert response.status_code == 404
    assert "Not found" in response.content.decode()


def test_second_factor_is_switched_on_asked_for_and_switched_off(client, kira):
    client.post(reverse("account_login"), {"login": "kira", "password": PASSWORD})
    asked = client.get(reverse("mfa_activate_totp")).url
    assert client.get(asked).status_code == 200
    page = client.post(asked, {"password": PASSWORD}, follow=True)
    secret = page.context["form"].secret
    code = totp.format_hotp_value(totp.hotp_value(secret, int(time.time()) // 30))
    response = client.post(reverse("mfa_activate_totp"), {"code": code})
    assert response.status_code == 302
    assert client.get(reverse("mfa_index")).status_code == 200
    codes = client.get(reverse("mfa_view_recovery_codes"))
    assert [code in codes.content.decode() for code in codes.context["unused_codes"]] == [True] * 10
    assert client.get(reverse("mfa_generate_recovery_codes")).status_code == 200
    assert client.get(reverse("mfa_deactivate_totp")).status_code == 200
    other = type(client)()
    response = other.post(reverse("account_login"), {"login": "kira", "password": PASSWORD})
    assert response.url.startswith(reverse("mfa_authenticate"))
    assert other.get(response.url).status_code == 200
    assert SESSION_KEY not in other.session


def test_password_is_reset_by_the_link_in_the_mail(client, kira, mailoutbox):
    client.post(reverse("account_reset_password"), {"email": "kira@example.com"})
    assert mailoutbox[0].subject == "Set a new password for key accounts"
    link = re.search(r"http\S+/(sign-in/\S+)", mailoutbox[0].body).group(1)
    page = client.get(f"/{link}", follow=True)
    assert page.status_code == 200
    new = {"password1": "another-long-pass-2", "password2": "another-long-pass-2"}
    response = client.post(page.redirect_chain[-1][0], new)
    assert response.url == reverse("account_reset_password_from_key_done")
    assert client.get(response.url).status_code == 200
    kira.refresh_from_db()
    assert kira.check_password("another-long-pass-2")
    assert "no longer works" in client.get(f"/{link}", follow=True).content.decode()


def test_reset_of_an_unknown_address_looks_the_same(client, kira, mailoutbox):
    known = client.post(reverse("account_reset_password"), {"email": "kira@example.com"})
    unknown = client.post(reverse("account_reset_password"), {"email": "nobody@example.com"})
    assert (known.status_code, known.url) == (unknown.status_code, unknown.url)
