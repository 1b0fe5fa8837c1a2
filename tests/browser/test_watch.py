"""The browser tests notice what they promise to notice."""

import pytest
from playwright.sync_api import Page

from teams.models import User

SIGN_IN = "/sign-in/login/"
INLINE = (
    "const made = document.createElement('script');"
    " made.textContent = '1'; document.body.append(made)"
)


@pytest.mark.parametrize(
    ("script", "sign"),
    [
        (INLINE, "Content Security Policy"),
        ("console.error('broken')", "console: broken"),
        ("setTimeout(() => { throw new Error('lost') })", "script: lost"),
        ("fetch('http://127.0.0.2:9/x').catch(() => 0)", "connect-src"),
        ("location.href = 'http://127.0.0.2:9/x'", "another host: http://127.0.0.2:9/x"),
        ("document.body.append(Object.assign(new Image(), {src: '/static/no.png'}))", "404: "),
    ],
)
def test_a_page_that_misbehaves_is_noticed(page: Page, problems: list[str], script: str, sign: str):
    page.goto(SIGN_IN)
    assert problems == []
    page.evaluate(f"() => {{ {script} }}")
    for _ in range(100):
        if any(sign in problem for problem in problems):
            break
        page.wait_for_timeout(100)
    assert [problem for problem in problems if sign in problem]
    problems.clear()


@pytest.mark.both_databases
def test_sign_in_gives_a_session(page: Page, sign_in):
    user = User.objects.create_user("anna", "anna@example.com", "a long enough word")
    page.goto("/search/?q=x")
    assert SIGN_IN in page.url
    sign_in("anna")
    page.goto("/search/?q=x")
    assert SIGN_IN not in page.url
    assert user.username == "anna"
