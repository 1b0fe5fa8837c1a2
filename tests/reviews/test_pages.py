"""The pages of a stage review: lists, answers, proposal, confirmation."""

import datetime

import pytest
from django.urls import reverse

from accounts.models import Account
from kam.access.dates import business_today
from reviews import services
from reviews.models import StageReview
from teams.models import Membership
from tests.factories.accounts import (
    AccountFactory,
    ConflictFactory,
    ContactFactory,
    InteractionFactory,
)
from tests.factories.documents import AttachmentFactory
from tests.factories.reviews import StageReviewFactory
from tests.factories.teams import FunctionFactory, MembershipFactory
from tests.reviews.conftest import EXAMPLES, answers_of

pytestmark = pytest.mark.django_db
DAY = datetime.timedelta(days=1)
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
        answers=answers_of(text, without_evidence=("D3",)),
        participants="Kira, Tom, Ana",
    )


def proposed(people, draft):
    return services.propose(
        actor=people.kam,
        review=draft,
        decision={"decided_stage": "mid"},
        on=business_today(),
        expected_version=draft.version,
    )


def url(name, review, *more):
    return reverse(f"reviews:{name}", args=[review.pk, *more])


def test_review_shows_statements_advice_and_linked_blockers(client, people, draft):
    client.force_login(people.kam)
    page = client.get(url("detail", draft)).content.decode()
    assert page.count('class="qi-w') == 24
    assert "No evidence attached: a 3 counts as 2" in page
    assert "7 conditions" in page
    assert 'href="#C1"' in page
    assert "41.67" in page
    assert reverse("reviews:propose", args=[draft.pk]) in page


def test_review_says_what_the_data_know(client, people, draft):
    today = business_today()
    decider = ContactFactory(
        account=people.account, name="Petit", level="executive", buying_roles=["economic_buyer"]
    )
    InteractionFactory(
        account=people.account, user=people.kam, happened_on=today - DAY, contacts=[decider]
    )
    function = FunctionFactory(programme=people.programme, name="Engineering")
    people.account.team.memberships.filter(user=people.member).update(function=function)
    InteractionFactory(account=people.account, user=people.member, happened_on=today - 2 * DAY)
    client.force_login(people.kam)
    page = client.get(url("detail", draft)).content.decode()
    assert "1 function talked to them in 90 days beside the manager: Engineering" in page
    assert f"Petit only through {people.kam}" in page
    assert "1 of 3 levels in 90 days: executive; none management, operational" in page
    assert "Data say 1" in page


def test_review_query_count_is_bounded(client, people, draft, django_assert_max_num_queries):
    client.force_login(people.kam)
    client.get(url("detail", draft))
    with django_assert_max_num_queries(25):
        client.get(url("detail", draft))


def test_answer_returns_row_dimension_and_advice(client, people, draft):
    client.force_login(people.kam)
    row = draft.answers.get(item="D3")
    sent = {"score": 3, "evidence": "Contract of 2 May", "version": row.version}
    response = client.post(url("answer", draft, "D3"), sent, headers=HTMX)
    page = response.content.decode()
    assert response.status_code == 200
    assert page.count("hx-swap-oob") == 3
    assert 'id="head-D"' in page
    assert 'id="advice"' in page
    assert "50.00" in page
    assert "capped" not in page
    plain = client.post(url("answer", draft, "A1"), {"score": 4, "evidence": "x"})
    assert plain["Location"] == f"{url('detail', draft)}#A1"
    assert draft.answers.get(item="A1").score == 4


def test_conflicting_answer_shows_both_and_keeps_the_stored_one(client, people, draft):
    row = draft.answers.get(item="A1")
    services.answer(
        actor=people.deputy, review=draft, item="A1", changes={"score": 1}, on=business_today()
    )
    client.force_login(people.kam)
    sent = {"score": 4, "evidence": "Mine", "version": row.version}
    response = client.post(url("answer", draft, "A1"), sent, headers=HTMX)
    assert response.status_code == 409
    assert "Yours: 4" in response.content.decode()
    assert draft.answers.get(item="A1").score == 1


@pytest.mark.parametrize("item", ["Z9", "D1"])
def test_answer_to_no_statement_is_refused(client, people, draft, item):
    client.force_login(people.kam)
    response = client.post(url("answer", draft, item), {"score": 4}, headers=HTMX)
    assert response.status_code == (404 if item == "Z9" else 422)


def test_member_reads_and_may_not_answer(client, people, draft):
    client.force_login(people.member)
    page = client.get(url("detail", draft)).content.decode()
    assert "disabled" in page
    assert client.post(url("answer", draft, "A1"), {"score": 4}).status_code == 403
    assert client.get(url("propose", draft)).status_code == 403
    assert draft.answers.get(item="A1").score == 2


def test_checks_and_signals_are_marked_on_the_page(client, people, draft):
    Account.objects.update(stage="pre")
    client.force_login(people.kam)
    empty = client.post(url("check", draft, "go"), {"state": "done", "note": ""}, headers=HTMX)
    assert empty.status_code == 422
    client.post(url("check", draft, "go"), {"state": "done", "note": "Board"}, headers=HTMX)
    assert draft.checks.get().state == "done"
    client.post(url("signal", draft, "U1"), {"is_present": "1", "evidence": "Notice"})
    draft.refresh_from_db()
    assert draft.recommended_stage == "uncoupling"


def test_first_review_offers_no_answers_of_a_last_one(client, people):
    client.force_login(people.kam)
    start = reverse("reviews:start", args=[people.account.pk])
    assert "prefill" not in client.get(start).context["form"].fields
    sent = {"side": "supplier", "reviewed_on": business_today().isoformat()}
    assert client.post(start, sent).status_code == 302
    assert "prefill" in client.get(start).context["form"].fields


def test_review_is_named_with_its_day_in_words(people):
    review = StageReviewFactory(account=people.account, reviewed_on=datetime.date(2026, 5, 3))
    assert str(review) == "Birch Logistics, 3 May 2026"


def test_same_as_last_time_is_one_click(client, people, draft):
    client.force_login(people.kam)
    sent = {"side": "supplier", "reviewed_on": business_today().isoformat(), "prefill": "on"}
    response = client.post(reverse("reviews:start", args=[people.account.pk]), sent)
    review = StageReview.objects.latest("pk")
    assert response["Location"] == review.get_absolute_url()
    page = client.get(url("detail", review)).content.decode()
    assert "Same as last time: 23" in page
    client.post(url("confirm_answers", review))
    assert not review.answers.filter(is_confirmed=False).exists()


def test_proposal_with_a_refused_stage_keeps_what_was_typed(client, people, draft):
    client.force_login(people.kam)
    sent = {"decided_stage": "partnership", "reason": "We like them", "version": draft.version}
    response = client.post(url("propose", draft), sent)
    assert response.status_code == 422
    assert "We like them" in response.content.decode()
    draft.refresh_from_db()
    assert draft.status == "draft"


def test_second_person_confirms_on_the_page(client, people, draft):
    client.force_login(people.kam)
    dialog = client.get(url("propose", draft), headers={**HTMX, "X-Dialog": "1"})
    assert 'id="dialog-form"' in dialog.content.decode()
    client.post(url("propose", draft), {"decided_stage": "mid", "version": draft.version})
    page = client.get(url("detail", draft)).content.decode()
    assert "Confirm stage" not in page
    assert "Withdraw proposal" in page
    draft.refresh_from_db()
    client.force_login(people.senior)
    assert "Confirm stage" in client.get(url("detail", draft)).content.decode()
    client.post(url("confirm", draft), {"version": draft.version})
    assert Account.objects.get(pk=people.account.pk).stage == "mid"
    overview = client.get(people.account.get_absolute_url()).content.decode()
    assert "How we stand" in overview
    assert "Weakest first; the mark is what Partnership asks." in overview
    line = client.get(reverse("reviews:account", args=[people.account.pk])).content.decode()
    assert "Timeline of stages" in line
    assert "first assessment" in line


def test_rejection_needs_a_reason(client, people, draft):
    review = proposed(people, draft)
    client.force_login(people.senior)
    client.post(url("reject", review), {"rejection_reason": " "})
    review.refresh_from_db()
    assert review.status == "proposed"
    client.post(url("reject", review), {"rejection_reason": "Look at C"})
    review.refresh_from_db()
    assert (review.status, review.rejection_reason) == ("rejected", "Look at C")


def test_draft_is_discarded(client, people, draft):
    client.force_login(people.kam)
    client.post(url("discard", draft), {"version": draft.version})
    draft.refresh_from_db()
    assert draft.is_archived


@pytest.mark.parametrize("show", ["due", "drafts", "waiting", "done"])
@pytest.mark.parametrize("count", [1, 3])
def test_review_list_query_count(client, people, show, count, django_assert_num_queries):
    statuses = {"due": "draft", "drafts": "draft", "waiting": "draft", "done": "rejected"}
    team, unit = people.account.team, people.account.business_unit
    for number in range(count):
        account = AccountFactory(
            programme=people.programme, team=team, business_unit=unit, status="key",
            review_due_on=business_today() - number * DAY,
        )  # fmt: skip
        StageReviewFactory(account=account, author=people.kam, status=statuses[show])
    if show == "waiting":
        StageReview.objects.update(status="proposed", proposed_by=people.kam)
    client.force_login(people.director)
    address = f"{reverse('reviews:list')}?show={show}"
    client.get(address)
    with django_assert_num_queries(5):
        response = client.get(address)
    shown = len(response.context["object_list"])
    assert shown == (count + 1 if show == "due" else count)


def test_lists_show_nothing_to_outsiders(client, people, draft):
    client.force_login(people.outsider)
    for show in ("due", "drafts", "waiting", "done"):
        page = client.get(f"{reverse('reviews:list')}?show={show}").content.decode()
        assert "Birch" not in page
    assert client.get(url("detail", draft)).status_code == 404


def test_frame_forgets_an_account_with_the_role(client):
    member = MembershipFactory(team__name="Birch", role="kam")
    AccountFactory(programme=member.team.programme, team=member.team, name="Birch Foods")
    other = MembershipFactory(team__name="Alder", role="kam").user
    client.force_login(member.user)
    address = reverse("web:search")
    assert "Birch Foods" in client.get(address).content.decode()  # its SQL is kept from here on
    Membership.objects.filter(pk=member.pk).update(valid_until=business_today() - DAY)
    assert "Birch Foods" not in client.get(address).content.decode()
    client.force_login(other)
    assert "Birch Foods" not in client.get(address).content.decode()
    Membership.objects.filter(pk=member.pk).update(valid_until=None)
    client.force_login(member.user)
    assert "Birch Foods" in client.get(address).content.decode()


def test_frame_leaves_out_an_account_behind_a_new_barrier(client):
    member = MembershipFactory(role="kam")
    home = member.team.programme
    account = AccountFactory(programme=home, team=member.team, name="Birch Foods")
    rival = AccountFactory(programme=home, team=member.team, name="Alder Foods")
    client.force_login(member.user)
    assert "Birch Foods" in client.get(reverse("web:search")).content.decode()
    ConflictFactory(a=rival, b=account, kind="ring_fence")
    assert "Birch Foods" not in client.get(reverse("web:search")).content.decode()


def test_evidence_can_be_a_file(client, people, draft):
    file = AttachmentFactory(on=draft, name="Scorecard.pdf")
    client.force_login(people.kam)
    here = url("answer", draft, "D3")
    version = draft.answers.get(item="D3").version
    form = {"score": 3, "evidence": "As sent", "version": version, "file": file.pk}
    response = client.post(here, form, headers=HTMX)
    assert (response.status_code, response["HX-Retarget"]) == (200, "#row-D3")
    answer = draft.answers.get(item="D3")
    assert answer.evidence == f"As sent\n/files/{file.pk}/"
    assert f'<a href="/files/{file.pk}/">Scorecard.pdf</a>' in response.content.decode()
    draft.refresh_from_db()
    assert "D3" not in draft.outcome["capped"]
    form = {"score": 3, "evidence": answer.evidence, "version": answer.version, "file": file.pk}
    client.post(here, form, headers=HTMX)
    answer.refresh_from_db()
    assert answer.evidence.count("/files/") == 1


def test_file_as_evidence_tells_nothing_to_whom_it_is_kept_from(client, people, draft):
    file = AttachmentFactory(
        on=draft, name="Quagmire.pdf", confidentiality="people", uploaded_by=people.kam
    )
    services.answer(
        actor=people.kam,
        review=draft,
        item="D3",
        changes={"evidence": f"See http://testserver/files/{file.pk}/ and https://x.example/a"},
        on=business_today(),
    )
    for person, shown in ((people.kam, True), (people.director, False)):
        client.force_login(person)
        page = client.get(url("detail", draft)).content.decode()
        assert ("Quagmire" in page) is shown
        assert ("a file that you may not see" in page) is not shown
        assert 'href="https://x.example/a"' in page


def test_foreign_file_is_no_evidence(client, people, draft):
    client.force_login(people.kam)
    foreign = AttachmentFactory(name="Quagmire.pdf")
    hidden = AttachmentFactory(on=people.account, confidentiality="people")
    for file in (foreign, hidden):
        form = {"score": 3, "evidence": "", "file": file.pk}
        response = client.post(url("answer", draft, "D3"), form, headers=HTMX)
        assert response.status_code == 422
        assert "There is no such file." in response.content.decode()
    assert draft.answers.get(item="D3").evidence == ""


def test_evidence_names_files_without_running_anything(client, people, draft):
    services.answer(
        actor=people.kam,
        review=draft,
        item="D3",
        changes={"evidence": "<script>alert(1)</script> /files/1/<img> javascript:alert(1)"},
        on=business_today(),
    )
    client.force_login(people.kam)
    page = client.get(url("detail", draft)).content.decode()
    assert "<script>alert" not in page
    assert "<img>" not in page
    assert 'href="javascript' not in page
