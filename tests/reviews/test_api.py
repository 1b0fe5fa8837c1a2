"""Stage reviews over REST: shape, refusals, and the whole way to a confirmed stage."""

import datetime

import pytest

from accounts.models import Account, StageChange
from kam.access.dates import business_today
from reviews import scoring
from reviews.models import StageReview
from tests.factories.api import caller
from tests.factories.reviews import AnswerFactory, StageReviewFactory
from tests.reviews.conftest import EXAMPLES, answers_of

LIST = "/api/v1/stage-reviews/"

pytestmark = pytest.mark.django_db


def body(people, example="birch", **changes):
    text, share = EXAMPLES[example]
    sent = {
        "account": people.account.pk,
        "side": "supplier",
        "reviewed_on": business_today().isoformat(),
        "answers": answers_of(text, without_evidence=("D3",)),
        "share_of_wallet": share,
    }
    return {**sent, **changes}


def pointers(response):
    assert response.status_code == 400, response.json()
    return [error["pointer"] for error in response.json()["errors"]]


def test_review_comes_out_in_the_agreed_shape(people):
    response = caller(people.kam).post(LIST, body(people))
    review = response.json()
    assert response.status_code == 201, review
    assert response["ETag"] == f'"{review["version"]}"'
    assert review["dimensions"] == {
        "A": 43.75, "B": 50.0, "C": 37.5, "D": 43.75, "E": 25.0, "F": 50.0,
    }  # fmt: skip
    assert round(review["index"], 2) == 41.67
    assert (review["recommended_stage"], review["status"]) == ("mid", "draft")
    assert (review["capped"], review["decided_stage"]) == (["D3"], None)
    assert review["uncoupling"] == {"signals": [], "level": "none"}
    assert [
        (row["stage"], row["rule"], row["dimension"], row["required"]) for row in review["blockers"]
    ] == [
        ("partnership", "index", None, 60.0),
        ("partnership", "gate", "A", 60.0),
        ("partnership", "gate", "B", 60.0),
        ("partnership", "gate", "C", 60.0),
        ("partnership", "gate", "F", 60.0),
        ("partnership", "floor", "C", 40.0),
        ("partnership", "floor", "E", 40.0),
    ]
    assert (review["share_of_wallet"], review["share_is_assumed"]) == (0.4, True)
    assert review["answers"]["D1"]["score"] == 2
    assert review["answers"]["A4"]["score"] == 1


def test_insufficient_evidence_recommends_nothing(people):
    review = caller(people.kam).post(LIST, body(people, answers={})).json()
    assert (review["recommended_stage"], review["index"]) == (None, None)
    assert review["insufficient"] == list("ABCDEF")


def test_what_was_handed_out_may_be_sent_back(people):
    client = caller(people.kam)
    first = client.post(LIST, body(people)).json()
    names = ("account", "side", "reviewed_on", "answers", "share_of_wallet")
    again = client.post(LIST, {name: first[name] for name in names})
    assert again.status_code == 201, again.json()
    assert again.json()["index"] == first["index"]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"answers": {"A1": {"score": 5}}}, ["/answers/A1/score"]),
        ({"answers": {"A1": {"score": -1}}}, ["/answers/A1/score"]),
        ({"answers": {"Z9": {"score": 1}}}, ["/answers/Z9"]),
        ({"answers": {"A1": {"points": 1, "score": 1}}}, ["/answers/A1/points"]),
        ({"answers": {"D1": {"score": 4}}}, ["/answers"]),
        ({"answers": []}, ["/answers"]),
        ({"share_of_wallet": 1.2}, ["/share_of_wallet"]),
        ({"side": "ours"}, ["/side"]),
        ({"reviewed_on": "2999-01-01"}, ["/reviewed_on"]),
        ({"account": 999999}, ["/account"]),
        ({"colour": "red"}, ["/colour"]),
        ({"uncoupling_signals": {"U11": "x"}}, ["/uncoupling_signals/U11"]),
        ({"status": "confirmed"}, []),
    ],
)
def test_bad_values_are_refused_at_their_place(people, changes, expected):
    response = caller(people.kam).post(LIST, body(people, **changes))
    if not expected:  # read-only members are taken as sent back
        assert response.json()["status"] == "draft"
        return
    assert pointers(response) == expected
    assert not StageReview.objects.exists()


def test_any_number_a_day_and_both_sides(people):
    client = caller(people.kam)
    for side in ("supplier", "supplier", "customer"):
        assert client.post(LIST, body(people, side=side)).status_code == 201
    listed = client.get(f"{LIST}?account={people.account.pk}&side=customer").json()["results"]
    assert [row["side"] for row in listed] == ["customer"]


def test_customer_view_lowers_and_shows_gaps(people):
    client = caller(people.kam)
    client.post(LIST, body(people, "birch", side="customer"))
    review = client.post(LIST, body(people, "elm")).json()
    assert (review["recommended_stage"], review["customer_stage"]) == ("mid", "mid")
    assert review["perception_gaps"]


def test_the_way_to_a_confirmed_stage(people):
    client = caller(people.kam)
    review = client.post(LIST, body(people)).json()
    address = f"{LIST}{review['id']}/"
    refused = client.post(f"{address}propose/", {"decided_stage": "partnership"})
    assert pointers(refused) == ["/decided_stage"]
    proposed = client.post(f"{address}propose/", {"decided_stage": "mid"})
    assert (proposed.status_code, proposed.json()["status"]) == (200, "proposed")
    assert client.post(f"{address}confirm/").status_code == 403
    second = caller(people.senior)
    stale = second.post(f"{address}confirm/", headers={"If-Match": '"1"'})
    assert stale.status_code == 412
    confirmed = second.post(f"{address}confirm/", headers={"If-Match": proposed["ETag"]})
    assert (confirmed.status_code, confirmed.json()["status"]) == (200, "confirmed")
    assert confirmed.json()["decided_stage"] == "mid"
    assert Account.objects.get(pk=people.account.pk).stage == "mid"
    assert pointers(second.post(f"{address}confirm/")) == [""]
    assert StageChange.objects.count() == 1


def test_reject_withdraw_and_archive(people):
    client = caller(people.kam)
    review = client.post(LIST, body(people)).json()
    address = f"{LIST}{review['id']}/"
    client.post(f"{address}propose/", {"decided_stage": "mid"})
    assert client.post(f"{address}withdraw/").json()["status"] == "draft"
    proposed = client.post(f"{address}propose/", {"decided_stage": "mid"})
    second = caller(people.director)
    assert pointers(second.post(f"{address}reject/", {})) == ["/reason"]
    rejected = second.post(f"{address}reject/", {"reason": "Look at C"})
    seen = rejected.json()
    assert (seen["status"], seen["rejection_reason"]) == ("rejected", "Look at C")
    assert client.delete(address, headers={"If-Match": proposed["ETag"]}).status_code == 412
    assert client.delete(address, headers={"If-Match": rejected["ETag"]}).status_code == 400
    draft = client.post(LIST, body(people))
    address = f"{LIST}{draft.json()['id']}/"
    assert client.delete(address).status_code == 428
    assert client.delete(address, headers={"If-Match": draft["ETag"]}).status_code == 204
    assert client.get(address).status_code == 404


def test_patch_changes_answers_under_the_version(people):
    client = caller(people.kam)
    first = client.post(LIST, body(people, "cedar"))
    address = f"{LIST}{first.json()['id']}/"
    change = {"answers": {"A1": {"score": 3, "evidence": "Plan of visits"}}}
    assert client.patch(address, change).status_code == 428
    changed = client.patch(address, change, headers={"If-Match": first["ETag"]})
    assert (changed.status_code, changed.json()["recommended_stage"]) == (200, "mid")
    stale = client.patch(address, {"answers": {}}, headers={"If-Match": first["ETag"]})
    assert stale.status_code == 412
    assert stale.json()["current"]["answers"]["A1"]["score"] == 3
    moved = client.patch(address, {"side": "customer"}, headers={"If-Match": changed["ETag"]})
    assert pointers(moved) == ["/side"]
    known = client.get(address, headers={"If-None-Match": changed["ETag"]})
    assert known.status_code == 304


def test_checklist_and_signals_over_rest(people):
    client = caller(people.kam)
    first = client.post(
        LIST,
        body(people, uncoupling_signals={"U1": "Notice of 2 May"},
             checklist={"go": {"state": "done", "note": "Board of 3 May"}}),
    )  # fmt: skip
    review = first.json()
    assert review["uncoupling"] == {"signals": ["U1"], "level": "recommended"}
    assert review["recommended_stage"] == "uncoupling"
    assert review["checklist"] == {"go": {"state": "done", "note": "Board of 3 May"}}
    address = f"{LIST}{review['id']}/"
    change = {"uncoupling_signals": {"U1": None}}
    changed = client.patch(address, change, headers={"If-Match": first["ETag"]}).json()
    assert changed["uncoupling"] == {"signals": [], "level": "none"}


def test_outsiders_members_and_readers(people):
    review = StageReviewFactory(account=people.account)
    address = f"{LIST}{review.pk}/"
    outsider = caller(people.outsider)
    assert outsider.get(address).status_code == 404
    assert outsider.post(f"{address}confirm/").status_code == 404
    assert outsider.get(LIST).json()["results"] == []
    assert pointers(outsider.post(LIST, body(people))) == ["/account"]
    member = caller(people.member)
    assert member.get(address).status_code == 200
    assert member.post(LIST, body(people)).status_code == 403
    assert member.post(f"{address}propose/", {"decided_stage": "pre"}).status_code == 403
    assert caller(people.kam, scope="read").post(LIST, body(people)).status_code == 403
    assert StageReview.objects.count() == 1


@pytest.mark.parametrize("count", [1, 3])
def test_list_query_count(people, django_assert_num_queries, count):
    for _number in range(count):
        review = StageReviewFactory(account=people.account, author=people.kam)
        AnswerFactory(review=review)
    client = caller(people.kam)
    client.get(LIST)
    with django_assert_num_queries(6):  # token, rights, rows, answers, signals, checks
        response = client.get(LIST)
    assert len(response.json()["results"]) == count


def test_list_filters(people):
    old = business_today() - datetime.timedelta(days=40)
    StageReviewFactory(account=people.account, reviewed_on=old)
    new = StageReviewFactory(account=people.account, reviewed_on=business_today())
    client = caller(people.kam)
    since = (old + datetime.timedelta(days=1)).isoformat()
    rows = client.get(f"{LIST}?reviewed_on__gte={since}&status=draft").json()["results"]
    assert [row["id"] for row in rows] == [new.pk]
    assert client.get(f"{LIST}?colour=red").status_code == 400


def test_contract_field_by_field(people):
    """The row `stage-reviews` of `design.md` 6: what goes in, and what comes out besides."""
    today = business_today().isoformat()
    sent = {
        "account": people.account.pk,
        "side": "supplier",
        "reviewed_on": today,
        "share_of_wallet": 0.4,
        "answers": answers_of(EXAMPLES["birch"][0])
        | {
            "A1": {"score": 3, "evidence": "Minutes of 12 May"},
            "A2": {"score": 3, "evidence": "https://example.com/minutes/12", "answered_on": today},
            "A3": {"score": 3, "evidence": "minutes-2026-05-12.pdf"},
            "B1": {"score": 4},
            "B2": {"score": 3, "evidence": "  "},
        },
    }
    response = caller(people.kam).post(LIST, sent)
    out = response.json()
    assert response.status_code == 201, out
    for name in ("account", "side", "reviewed_on", "share_of_wallet"):
        assert out[name] == sent[name], name
    assert out["share_is_assumed"] is True
    assert list(out["answers"]) == list(scoring.ITEMS)
    assert out["answers"]["A2"] == {
        "score": 3,
        "evidence": "https://example.com/minutes/12",
        "answered_on": today,
        "is_confirmed": True,
        "is_computed": False,
        "is_assumed": False,
    }
    assert out["answers"]["D1"] | {"evidence": ""} == {
        "score": 2,
        "evidence": "",
        "answered_on": today,
        "is_confirmed": True,
        "is_computed": True,
        "is_assumed": True,
    }
    assert out["capped"] == ["B1", "B2"]
    assert out["dimensions"] == {
        "A": 62.5, "B": 50.0, "C": 37.5, "D": 50.0, "E": 25.0, "F": 50.0,
    }  # fmt: skip
    assert out["index"] == pytest.approx(45.833333, abs=1e-6)
    assert out["recommended_stage"] == "mid"
    for row in out["blockers"]:
        assert (row["stage"], row["side"]) == ("partnership", "supplier")
        assert row["rule"] in {"index", "gate", "floor"}
        assert (row["dimension"] is None) == (row["rule"] == "index")
        assert isinstance(row["actual"], float)
        assert isinstance(row["required"], float)
        assert row["actual"] < row["required"]
    assert [(row["rule"], row["dimension"]) for row in out["blockers"]] == [
        ("index", None), ("gate", "B"), ("gate", "C"),
        ("gate", "F"), ("floor", "C"), ("floor", "E"),
    ]  # fmt: skip
    assert out["uncoupling"] == {"signals": [], "level": "none"}
    assert (out["decided_stage"], out["status"]) == (None, "draft")
    assert isinstance(out["id"], int)


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"share_of_wallet": "most"}, "/share_of_wallet"),
        ({"share_of_wallet": -0.1}, "/share_of_wallet"),
        ({"reviewed_on": "1 June"}, "/reviewed_on"),
        ({"reviewed_on": None}, "/reviewed_on"),
        ({"side": None}, "/side"),
        ({"answers": {"A1": {"evidence": "x"}}}, "/answers/A1/score"),
        ({"answers": {"A1": {"score": "two"}}}, "/answers/A1/score"),
        ({"answers": {"A1": {"score": 2.5}}}, "/answers/A1/score"),
        ({"answers": {"A1": 3}}, "/answers/A1"),
        ({"answers": {"A1": {"score": 2, "answered_on": "2999-01-01"}}}, "/answers"),
        ({"answers": {"A1": {"score": 2, "evidence": ["a", "b"]}}}, "/answers/A1/evidence"),
    ],
)
def test_contract_refuses_other_shapes(people, change, pointer):
    response = caller(people.kam).post(LIST, body(people) | change)
    assert pointers(response) == [pointer]
    assert not StageReview.objects.exists()


def test_unknown_share_leaves_d1_unanswered(people):
    out = caller(people.kam).post(LIST, body(people, share_of_wallet=None)).json()
    assert "D1" not in out["answers"]
    assert (out["share_of_wallet"], out["share_origin"], out["share_is_assumed"]) == (
        None, "unknown", False,
    )  # fmt: skip


def test_answers_of_last_time_are_confirmed_over_rest(people):
    client = caller(people.kam)
    client.post(LIST, body(people))
    new = client.post(LIST, body(people, answers={}, prefill=True))
    assert new.json()["answers"]["A1"]["is_confirmed"] is False
    address = f"{LIST}{new.json()['id']}/"
    wrong = client.post(f"{address}confirm-answers/", {"items": ["Z9"]})
    assert pointers(wrong) == ["/items/0"]
    stale = client.post(f"{address}confirm-answers/", {}, headers={"If-Match": '"1"'})
    assert stale.status_code == 412
    some = client.post(f"{address}confirm-answers/", {"items": ["A1", "A2"]}).json()
    confirmed = [item for item, row in some["answers"].items() if row["is_confirmed"]]
    assert confirmed == ["A1", "A2", "D1"]
    every = client.post(f"{address}confirm-answers/", {}).json()
    assert round(every["index"], 2) == 41.67
    again = client.patch(address, {"prefill": True}, headers={"If-Match": f'"{every["version"]}"'})
    assert pointers(again) == ["/prefill"]
    member = caller(people.member)
    assert member.post(f"{address}confirm-answers/", {}).status_code == 403


def test_evidence_is_read_over_rest(people):
    review = StageReviewFactory(account=people.account)
    address = f"{LIST}{review.pk}/evidence/"
    found = caller(people.member).get(address).json()
    assert list(found) == list(scoring.ITEMS)
    assert found["C1"] == [{"text": "No plan yet", "says": 0, "records": []}]
    assert found["E1"] == []
    assert caller(people.outsider).get(address).status_code == 404
