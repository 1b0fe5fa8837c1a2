"""The page of one's webhooks."""

import re

import pytest
from django.urls import reverse

from kam.webhooks.models import Webhook
from tests.factories.teams import UserFactory
from tests.factories.webhooks import WebhookFactory
from tests.teams.test_pages import FRAME, fields

pytestmark = pytest.mark.django_db
LIST = "settings:webhooks"


@pytest.fixture
def user(client):
    user = UserFactory()
    client.force_login(user)
    return user


@pytest.mark.parametrize("count", [1, 3])
def test_webhook_list_query_count(client, user, count, django_assert_max_num_queries):
    WebhookFactory.create_batch(count, owner=user)
    WebhookFactory(name="Theirs")
    with django_assert_max_num_queries(FRAME + 2):
        response = client.get(reverse(LIST))
    assert len(response.context["object_list"]) == count
    assert "Theirs" not in response.content.decode()


def test_webhook_is_made_and_its_secret_shown_once(client, user):
    url = reverse("settings:webhook_create")
    assert fields(client.post(url, {"name": "ERP", "url": "http://10.0.0.1/"})) == ["url"]
    private = client.post(url, {"name": "ERP", "url": "https://10.0.0.1/"})
    assert private.context["form"].errors == {"url": ["The address leads into a private network."]}
    page = client.post(url, {"name": "ERP", "url": "https://hooks.example.com/"})
    webhook = Webhook.objects.get(owner=user)
    assert webhook.secret in page.content.decode()
    assert page["Cache-Control"] == "no-store"
    assert webhook.secret not in client.get(reverse(LIST)).content.decode()
    rotated = client.post(reverse("settings:webhook_rotate", args=[webhook.pk]))
    assert Webhook.objects.get().secret in rotated.content.decode()
    assert Webhook.objects.get().secret != webhook.secret


def test_buttons_that_ask_first_open_a_question_of_their_webhook(client, user):
    WebhookFactory(owner=user, pk=1234)  # numbers are written with separators
    page = client.get(reverse(LIST)).content.decode()
    asked = re.findall(r'data-open="([^"]+)"', page)
    assert asked == ["secret-1234", "remove-1234"]
    for box, name in zip(asked, ("webhook_rotate", "webhook_remove"), strict=True):
        dialog = page.partition(f'<dialog class="dlg" id="{box}"')[2].partition("</dialog>")[0]
        assert f'action="{reverse(f"settings:{name}", args=[1234])}"' in dialog


def test_webhook_is_switched_sent_again_and_removed(client, user):
    webhook = WebhookFactory(owner=user, position_change=5)
    client.post(reverse("settings:webhook_switch", args=[webhook.pk]), {"version": 1})
    webhook.refresh_from_db()
    assert not webhook.is_on
    stale = {"version": 1}
    page = client.post(reverse("settings:webhook_switch", args=[webhook.pk]), stale, follow=True)
    assert "in the meantime" in page.content.decode()
    client.post(reverse("settings:webhook_again", args=[webhook.pk]))
    webhook.refresh_from_db()
    assert (webhook.is_on, webhook.position_change) == (False, 0)
    client.post(reverse("settings:webhook_remove", args=[webhook.pk]))
    assert client.get(reverse(LIST)).context["object_list"].count() == 0
    assert client.post(reverse("settings:webhook_switch", args=[webhook.pk])).status_code == 404
