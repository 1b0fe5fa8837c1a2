"""Mail without a server: kept, readable for administrators, behind barriers."""

import datetime

import pytest
from django.core.mail import EmailMessage, EmailMultiAlternatives, get_connection
from django.urls import reverse
from django.utils import timezone

from kam.mail.backend import ACCOUNT_HEADER
from kam.mail.models import Mail
from kam.mail.tasks import forget_old_mail
from tests.factories.accounts import AccountFactory, ConflictFactory
from tests.factories.teams import MembershipFactory, RoleGrantFactory, TeamFactory, UserFactory

pytestmark = pytest.mark.django_db
BOTH = ("a@x.example", ["b@x.example"])


def keep(*messages: EmailMessage) -> int:
    return get_connection("kam.mail.backend.KeepingBackend").send_messages(messages)


@pytest.fixture
def admin(client):
    user = RoleGrantFactory().user
    client.force_login(user)
    return user


def test_message_is_kept_as_it_would_be_sent():
    message = EmailMultiAlternatives("Line\n break", "Text", *BOTH, cc=["c@x.example"])
    message.attach_alternative("<p>Text</p>", "text/html")
    message.attach("pack.pdf", b"%PDF", "application/pdf")
    assert keep(message) == 1
    mail = Mail.objects.get()
    assert (mail.subject, mail.text, mail.html) == ("Line break", "Text", "<p>Text</p>")
    assert (mail.sender, mail.recipients) == ("a@x.example", ["b@x.example", "c@x.example"])
    assert mail.attachments == ["pack.pdf"]


@pytest.mark.parametrize("count", [1, 3])
def test_mail_list_query_count(client, admin, django_assert_num_queries, count):
    keep(*(EmailMessage(f"Subject {n}", "x", *BOTH) for n in range(count)))
    client.get(reverse("mail:list"))
    with django_assert_num_queries(6):  # session, user, rights, administrator, rows; frame
        response = client.get(reverse("mail:list"))
    assert len(response.context["page_obj"].object_list) == count


def test_mail_is_shown_as_text_with_its_links(client, admin):
    keep(EmailMessage("Reset", "<b>Go</b> to https://kam.example/reset/", *BOTH))
    page = client.get(Mail.objects.get().get_absolute_url()).content.decode()
    assert "&lt;b&gt;Go&lt;/b&gt;" in page
    assert 'href="https://kam.example/reset/"' in page


def test_mail_is_for_administrators_alone(client):
    keep(EmailMessage("Secret", "x", *BOTH))
    mail = Mail.objects.get()
    for user in (UserFactory(), RoleGrantFactory(programme_manager=True).user):
        client.force_login(user)
        for url in (reverse("mail:list"), mail.get_absolute_url()):
            response = client.get(url)
            assert response.status_code == 403
            assert b"Secret" not in response.content


def test_mail_on_an_account_behind_a_barrier_is_kept_from_an_administrator(client, admin):
    hidden, seen = AccountFactory(), AccountFactory()
    for account in (hidden, seen):
        headers = {ACCOUNT_HEADER: str(account.pk)}
        keep(EmailMessage(f"About {account.pk}", "x", *BOTH, headers=headers))
    assert Mail.objects.visible_to(admin).count() == 2
    seen.team = TeamFactory(programme=seen.programme)
    seen.save()
    MembershipFactory(team=seen.team, user=admin)
    ConflictFactory(a=hidden, b=seen, kind="ring_fence")
    assert [mail.subject for mail in Mail.objects.visible_to(admin)] == [f"About {seen.pk}"]


def test_old_mail_is_forgotten():
    keep(*(EmailMessage(name, "x", *BOTH) for name in ("old", "new")))
    Mail.objects.filter(subject="old").update(kept_at=timezone.now() - datetime.timedelta(days=91))
    assert forget_old_mail.call() == 1
    assert [mail.subject for mail in Mail.objects.all()] == ["new"]
