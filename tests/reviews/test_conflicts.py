"""Who overtakes whom on one review: own quick writing, two windows, two people, two threads."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Account
from kam.access.dates import business_today
from kam.changes.errors import VersionConflict
from reviews import services
from reviews.models import StageReview
from tests.concurrency import run_together
from tests.reviews.conftest import EXAMPLES, answers_of

HTMX = {"HX-Request": "true"}


@pytest.fixture
def draft(people):
    text, share = EXAMPLES["birch"]
    today = business_today()
    return services.start_review(
        actor=people.kam,
        account=people.account,
        reviewed_on=today,
        on=today,
        share_of_wallet=share,
        answers=answers_of(text),
    )


def signed_in(user):
    client = Client()
    client.force_login(user)
    return client


def url(name, review, *more):
    return reverse(f"reviews:{name}", args=[review.pk, *more])


def write(client, review, item, score, version, **more):
    sent = {"score": score, "evidence": "Minutes of 12 May", "version": version, **more}
    return client.post(url("answer", review, item), sent, headers=HTMX)


def form_of(client, review):
    """The proposal as its form comes: what a browser would send back."""
    page = client.get(url("propose", review), headers={**HTMX, "X-Dialog": "1"})
    return dict(page.context["form"].initial)


@pytest.mark.django_db
def test_own_answer_after_opening_the_proposal_is_no_conflict(people, draft):
    client = signed_in(people.kam)
    sent = form_of(client, draft)
    assert write(client, draft, "B1", 3, draft.answers.get(item="B1").version).status_code == 200
    response = client.post(url("propose", draft), sent, headers=HTMX)
    assert (response.status_code, response["HX-Redirect"]) == (204, url("detail", draft))
    stored = StageReview.objects.get()
    assert (stored.status, stored.decided_stage) == ("proposed", "mid")
    assert stored.answers.get(item="B1").score == 3
    assert stored.outcome["dimensions"]["B"] == 56.25


@pytest.mark.django_db
def test_own_writes_do_not_carry_a_proposal_past_somebody_elses(people, draft):
    client = signed_in(people.kam)
    sent = {**form_of(client, draft), "reason": "Breadth holds it."}
    write(signed_in(people.deputy), draft, "B1", 3, draft.answers.get(item="B1").version)
    write(client, draft, "A1", 3, draft.answers.get(item="A1").version)
    response = client.post(url("propose", draft), sent, headers=HTMX)
    page = response.content.decode()
    assert response.status_code == 409
    assert "Breadth holds it." in page
    assert "Somebody else changed the review while this was open" in page
    assert StageReview.objects.get().status == "draft"

    stored = StageReview.objects.get()
    assert f'value="{stored.version}"' in page
    again = client.post(url("propose", draft), {**sent, "version": stored.version}, headers=HTMX)
    assert again.status_code == 204
    assert StageReview.objects.get().reason == "Breadth holds it."


@pytest.mark.django_db
def test_customer_view_of_somebody_else_is_shown_before_proposing(people, draft):
    client = signed_in(people.kam)
    sent = form_of(client, draft)
    services.start_review(
        actor=people.deputy,
        account=people.account,
        reviewed_on=draft.reviewed_on,
        on=draft.reviewed_on,
        side="customer",
        share_of_wallet="0.4",
        answers=answers_of(EXAMPLES["alder"][0]),
    )
    response = client.post(url("propose", draft), sent, headers=HTMX)
    assert response.status_code == 409
    assert str(people.deputy) in response.content.decode()
    assert StageReview.objects.ours().get().status == "draft"


@pytest.mark.django_db
def test_own_second_window_meets_a_conflict(people, draft):
    version = draft.answers.get(item="A1").version
    one, other = signed_in(people.kam), signed_in(people.kam)
    assert write(one, draft, "A1", 1, version).status_code == 200
    response = write(other, draft, "A1", 4, version)
    page = response.content.decode()
    assert response.status_code == 409
    assert "in another window" in page
    assert "Yours: 4" in page
    assert draft.answers.get(item="A1").score == 1


@pytest.mark.django_db
def test_the_same_answer_sent_twice_is_no_conflict(people, draft):
    client = signed_in(people.kam)
    version = draft.answers.get(item="A1").version
    for _time in range(2):
        assert write(client, draft, "A1", 1, version).status_code == 200
    assert draft.answers.get(item="A1").version == version + 1


@pytest.mark.django_db
def test_conflicting_answer_waits_for_a_choice(people, draft):
    version = draft.answers.get(item="A1").version
    client = signed_in(people.kam)
    write(signed_in(people.deputy), draft, "A1", 1, version)
    for score in (4, 3):  # a queued second click does not overwrite unseen
        response = write(client, draft, "A1", score, version)
        assert response.status_code == 409
        assert str(people.deputy) in response.content.decode()
        assert draft.answers.get(item="A1").score == 1
    kept = write(client, draft, "A1", 3, version, keep=version + 1)
    assert kept.status_code == 200
    assert draft.answers.get(item="A1").score == 3

    version = draft.answers.get(item="A1").version
    write(signed_in(people.deputy), draft, "A1", 0, version)
    taken = write(client, draft, "A1", 4, version, take="1")
    assert taken.status_code == 200
    assert taken["HX-Reswap"] == "outerHTML"
    assert 'id="A1-0" name="score" value="0" checked' in taken.content.decode()
    assert draft.answers.get(item="A1").score == 0


@pytest.mark.django_db
def test_conflict_without_script_says_what_was_typed(people, draft):
    version = draft.answers.get(item="A1").version
    client = signed_in(people.kam)
    write(signed_in(people.deputy), draft, "A1", 1, version)
    sent = {"score": 4, "evidence": "Call of 3 May", "version": version}
    page = client.post(url("answer", draft, "A1"), sent, follow=True).content.decode()
    assert "Yours: 4" in page
    assert "Call of 3 May" in page


@pytest.mark.django_db
def test_ticks_are_judged_by_version_too(people, draft):
    Account.objects.update(stage="pre")
    for person, status in ((people.deputy, 200), (people.kam, 409)):
        sent = {"state": "done", "note": f"Seen by {person}", "version": 0}
        response = signed_in(person).post(url("check", draft, "go"), sent, headers=HTMX)
        assert response.status_code == status
    assert draft.checks.get().note == f"Seen by {people.deputy}"


@pytest.mark.django_db
def test_service_judges_own_writes_strictly_unless_told(people, draft):
    today = draft.reviewed_on
    services.answer(actor=people.kam, review=draft, item="B1", changes={"score": 3}, on=today)
    propose = {
        "actor": people.kam,
        "review": draft,
        "decision": {"decided_stage": "mid"},
        "on": today,
        "expected_version": draft.version,
    }
    with pytest.raises(VersionConflict):
        services.propose(**propose)
    assert services.propose(**propose, past_own_writes=True).status == "proposed"


@pytest.mark.django_db(transaction=True)
def test_answer_and_proposal_at_the_same_moment(people, draft):
    """The answer is in what is proposed, or it is refused: it never moves a proposal."""
    client, other = signed_in(people.kam), signed_in(people.kam)
    sent = form_of(client, draft)
    version = draft.answers.get(item="B1").version
    answered, proposed = run_together(
        lambda: write(other, draft, "B1", 3, version).status_code,
        lambda: client.post(url("propose", draft), sent, headers=HTMX).status_code,
    )
    stored = StageReview.objects.get()
    assert (proposed.error, proposed.value, stored.status) == (None, 204, "proposed")
    went_in = stored.answers.get(item="B1").score == 3
    assert answered.value == (200 if went_in else 422)
    assert stored.outcome["dimensions"]["B"] == (56.25 if went_in else 50.0)
