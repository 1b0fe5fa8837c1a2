"""Criteria, scores, selections and decisions over REST (`design.md` 6; handbook 3.1-3.6)."""

from decimal import Decimal

import pytest

from accounts.models import Account, Decision, Selection
from accounts.selection import explaining
from kam.jobs.worker import Worker
from tests.factories.accounts import AccountFactory, ConflictFactory
from tests.factories.api import caller
from tests.factories.selection import handbook_programme
from tests.factories.teams import MembershipFactory, RoleGrantFactory, TeamFactory, UserFactory

pytestmark = pytest.mark.django_db

SELECTIONS = "/api/v1/selections/"
SCORES = {
    "Alder": ("6.77", "4.65", "420000", "0.60"),
    "Birch": ("6.89", "6.15", "260000", "0.40"),
    "Cedar": ("7.32", "7.50", "300000", "0.50"),
    "Dogwood": ("4.40", "6.55", "150000", "0.30"),
    "Elm": ("5.59", "5.75", "150000", "0.35"),
    "Fir": ("6.79", "4.45", "280000", "0.50"),
    "Gorse": ("4.10", "4.85", "90000", "0.20"),
    "Hazel": ("3.64", "5.95", "70000", "0.15"),
}
"""Attractiveness, strength, cost and effort as the handbook states them (3.2, 3.5)."""


@pytest.fixture
def example():
    return handbook_programme()


@pytest.fixture
def director(example):
    return caller(example.director)


def whole(example, must=("Cedar",), **changes):
    """The example of 3.5 as one body: nothing of it comes from what is stored."""
    key = {name: account.pk for name, account in example.accounts.items()}
    return {
        "programme": example.programme.pk,
        "max_accounts": 5,
        "budget": "1000000",
        "hurdle": "5",
        "attractiveness_weight": "0.7",
        "min_stars": 0,
        "candidates": [
            {
                "account": key[name],
                "attractiveness": worth,
                "strength": rank,
                "cost": cost,
                "effort": effort,
                "must_include": name in must,
                "barred": False,
            }
            for name, (worth, rank, cost, effort) in SCORES.items()
        ],
        "managers": [
            {"user": example.kira.pk, "capacity": 3, "effort": "1"},
            {"user": example.luis.pk, "capacity": 2, "effort": "1"},
        ],
        "conflicts": [
            {"a": key["Alder"], "b": key["Elm"], "kind": "exclusive"},
            {"a": key["Birch"], "b": key["Fir"], "kind": "ring_fence"},
        ],
    } | changes


def solved(client, body):
    """The answer to a whole problem, once a worker has been at it."""
    made = client.post(SELECTIONS, body)
    assert made.status_code == 201, made.json()
    address = f"{SELECTIONS}{made.json()['id']}/"
    asked = client.post(f"{address}solve/")
    assert (asked.status_code, asked.json()["status"]) == (202, "queued")
    Worker(heartbeat=False).drain()
    return client.get(address).json()


def errors(response):
    """Pointers and codes of a refusal."""
    assert response["Content-Type"] == "application/problem+json"
    return [(error["pointer"], error["code"]) for error in response.json()["errors"]]


def test_whole_problem_gives_the_handbooks_answer(example, director):
    found = solved(director, whole(example))
    assert (found["status"], found["objective"], found["gap"]) == ("optimal", 5.768, 0)
    assert float(found["cost"]) == 990_000
    key = {name: account.pk for name, account in example.accounts.items()}
    chosen = {row["account"]: row["manager"] for row in found["selected"]}
    kira, luis = example.kira.pk, example.luis.pk
    assert chosen == {
        key["Birch"]: kira,
        key["Cedar"]: kira,
        key["Elm"]: luis,
        key["Fir"]: luis,
    }
    second = found["runner_up"][0]
    assert (second["objective"], second["is_proven"]) == (5.176, True)
    assert example.names({row["account"] for row in second["selected"]}) == {
        "Alder",
        "Birch",
        "Cedar",
    }
    texts = {row["account"]: row["text"] for row in found["explanations"]}
    assert set(texts) == set(key.values())
    assert "Elm" in texts[key["Alder"]]
    assert "5" in texts[key["Gorse"]]
    assert found["binding"]
    assert all(row["text"] for row in found["binding"])
    assert found["conflicting"] == []
    assert found["progress"] == 1


def test_runners_up_of_a_large_scenario_say_that_they_were_found(
    example, director, monkeypatch
) -> None:
    """Above so many pairs nothing is solved anew: the best of what is one account apart."""
    monkeypatch.setattr(explaining, "MOST_SOLVED", 0)
    found = solved(director, whole(example))
    assert (found["status"], found["objective"]) == ("optimal", 5.768)
    best = {row["account"] for row in found["selected"]}
    worths = [row["objective"] for row in found["runner_up"]]
    assert len(worths) == 3
    assert worths == sorted(worths, reverse=True)
    assert worths[0] < 5.768
    for row in found["runner_up"]:
        assert row["is_proven"] is False
        assert 1 <= len(best ^ {item["account"] for item in row["selected"]}) <= 2


def test_one_manager_less_and_score_alone_are_told(example, director):
    """Handbook 3.5: only Kira takes Birch and Cedar, 4.042; greedy by score stops at 5.176."""
    found = solved(director, whole(example))
    less = {row["manager"]: row for row in found["without_manager"]}
    assert set(less) == {example.kira.pk, example.luis.pk}
    without_luis = less[example.luis.pk]
    assert (without_luis["objective"], float(without_luis["cost"])) == (4.042, 560_000)
    chosen = {row["account"] for row in without_luis["selected"]}
    assert example.names(chosen) == {"Birch", "Cedar"}
    alone = found["by_score_alone"]
    assert example.names(set(alone["accounts"])) == {"Cedar", "Birch", "Alder"}
    assert (Decimal(alone["objective"]), Decimal(alone["cost"])) == (Decimal("5.176"), 980_000)


def test_scenarios_stand_side_by_side_over_rest(example, director):
    first = solved(director, whole(example))
    second = solved(director, whole(example, budget="980000"))
    address = f"{SELECTIONS}compare/"
    both = f"{address}?runs={first['id']},{second['id']}"
    found = director.get(both).json()
    assert [row["objective"] for row in found["scenarios"]] == [5.768, 5.176]
    differing = {row["account"]: row["managers"] for row in found["differing"]}
    names = {account.pk: name for name, account in example.accounts.items()}
    places = {names[pk]: [user is not None for user in users] for pk, users in differing.items()}
    assert places["Alder"] == [False, True]
    assert places["Elm"] == places["Fir"] == [True, False]
    assert errors(director.get(f"{address}?runs={first['id']}")) == [("/runs", "min_length")]
    unknown = director.get(f"{address}?runs={first['id']},999999")
    assert errors(unknown) == [("/runs/1", "does_not_exist")]
    assert director.get(f"{both}&x=1").status_code == 400
    outside = caller(UserFactory()).get(both)
    assert errors(outside) == [("/runs/0", "does_not_exist"), ("/runs/1", "does_not_exist")]


def test_stored_lists_give_the_same_answer_as_given_ones(example, director):
    given = solved(director, whole(example))
    stored = whole(example)
    for name in ("candidates", "managers", "conflicts"):
        del stored[name]
    made = solved(director, stored)
    assert [made[name] for name in ("objective", "cost", "selected")] == [
        given[name] for name in ("objective", "cost", "selected")
    ]


def test_equal_bodies_have_equal_answers(example, director):
    answers = [solved(director, whole(example)) for _time in range(2)]
    told = ("objective", "cost", "selected", "runner_up", "explanations", "binding", "budget_curve")
    assert [answers[0][name] for name in told] == [answers[1][name] for name in told]


def test_contradiction_names_the_pair(example, director):
    found = solved(director, whole(example, must=("Alder", "Elm")))
    assert (found["status"], found["objective"], found["selected"]) == ("infeasible", None, [])
    pair = sorted(example.accounts[name].pk for name in ("Alder", "Elm"))
    assert [sorted(row["of"]) for row in found["conflicting"]].count(pair) >= 1
    words = " ".join(row["text"] for row in found["conflicting"])
    assert "Alder Foods" in words
    assert "Elm Retail" in words


@pytest.mark.parametrize(
    ("name", "place", "changes", "wrong"),
    [
        ("candidates", 1, {"attractiveness": "11"}, ("/candidates/1/attractiveness", "max_value")),
        ("candidates", 2, {"cost": "-1"}, ("/candidates/2/cost", "min_value")),
        ("candidates", 0, {"colour": "red"}, ("/candidates/0/colour", "unknown_field")),
        ("candidates", 3, {"account": 987_654}, ("/candidates/3/account", "unknown")),
        ("managers", 1, {"user": 987_654}, ("/managers/1/user", "unknown")),
        ("managers", 0, {"eligible": [987_654]}, ("/managers/0/eligible", "unknown")),
        ("managers", 0, {"capacity": "many"}, ("/managers/0/capacity", "invalid")),
        ("conflicts", 1, {"kind": "quarrel"}, ("/conflicts/1/kind", "invalid_choice")),
        ("conflicts", 0, {"b": 987_654}, ("/conflicts/0/b", "unknown")),
    ],
)
def test_refusals_point_into_the_lists(example, director, name, place, changes, wrong):
    body = whole(example)
    body[name][place] |= changes
    answer = director.post(SELECTIONS, body)
    assert answer.status_code == 400
    assert errors(answer) == [wrong]
    assert not Selection.objects.exists()


def test_what_comes_twice_is_refused(example, director):
    body = whole(example)
    body["candidates"].append(body["candidates"][0])
    assert errors(director.post(SELECTIONS, body)) == [("/candidates/8/account", "twice")]
    body = whole(example)
    body["conflicts"][1]["b"] = body["conflicts"][1]["a"]
    assert errors(director.post(SELECTIONS, body)) == [("/conflicts/1/b", "same")]


def test_account_of_others_is_unknown_in_a_problem(example, director):
    body = whole(example)
    foreign = AccountFactory()
    body["candidates"][0]["account"] = foreign.pk
    assert errors(director.post(SELECTIONS, body)) == [("/candidates/0/account", "unknown")]


def test_scenario_is_changed_with_its_version_and_once_solved_copied(example, director):
    made = director.post(SELECTIONS, whole(example))
    address = f"{SELECTIONS}{made.json()['id']}/"
    assert director.patch(address, {"budget": "980000"}).status_code == 428
    stale = director.patch(address, {"budget": "1"}, headers={"If-Match": '"99"'})
    assert stale.status_code == 412
    changed = director.patch(
        address, {"budget": "980000"}, headers={"If-Match": made.headers["ETag"]}
    )
    assert changed.status_code == 200
    director.post(f"{address}solve/")
    Worker(heartbeat=False).drain()
    found = director.get(address)
    assert found.json()["objective"] == 5.176
    late = director.patch(address, {"budget": "1"}, headers={"If-Match": found.headers["ETag"]})
    assert errors(late) == [("", "solved")]
    copy = director.post(f"{address}copy/")
    assert (copy.status_code, copy.json()["status"]) == (201, "draft")
    assert copy.json()["copied_from"] == found.json()["id"]
    assert director.get(address).json()["objective"] == 5.176


def test_retry_makes_one_scenario(example, director):
    first, again = (
        director.post(SELECTIONS, whole(example), headers={"Idempotency-Key": "a"})
        for _time in range(2)
    )
    assert first.json()["id"] == again.json()["id"]
    other = whole(example, budget="1")
    answer = director.post(SELECTIONS, other, headers={"Idempotency-Key": "a"})
    assert answer.status_code == 422
    assert Selection.objects.count() == 1


def test_scenario_is_for_who_reads_the_programme(example, director):
    made = director.post(SELECTIONS, whole(example)).json()
    team = TeamFactory(programme=example.programme)
    Account.objects.filter(pk=example.accounts["Birch"].pk).update(team=team)
    for user in (UserFactory(), MembershipFactory(team=team).user):
        outside = caller(user)
        address = f"{SELECTIONS}{made['id']}/"
        assert outside.get(SELECTIONS).json()["results"] == []
        assert outside.get(address).status_code == 404
        for verb in ("solve", "stop", "copy", "decide"):
            assert outside.post(f"{address}{verb}/").status_code == 404
        assert outside.post(SELECTIONS, whole(example)).status_code in (400, 403)
    auditor = caller(RoleGrantFactory(auditor=True, programme=example.programme).user)
    assert auditor.get(address).status_code == 200
    assert auditor.post(f"{address}solve/").status_code == 403
    assert Selection.objects.get().status == "draft"


def barred_from(example, name):
    """A programme manager who is in a team behind a barrier to the account."""
    grant = RoleGrantFactory(programme_manager=True, programme=example.programme)
    team = MembershipFactory(team__programme=example.programme, user=grant.user).team
    rival = AccountFactory(programme=example.programme, team=team, name="Rival")
    ConflictFactory(a=example.accounts[name], b=rival, kind="ring_fence")
    return grant.user


@pytest.mark.parametrize("name", ["Elm", "Alder"])
def test_programme_manager_behind_a_barrier_sees_no_trace(client, example, director, name):
    """Chosen or not, an account that they may not see is in no list and no sentence."""
    run = solved(director, whole(example))
    broken = solved(director, whole(example, must=("Alder", "Elm")))
    user = barred_from(example, name)
    client.force_login(user)
    hidden = example.accounts[name]
    for made in (run, broken):
        shown = caller(user).get(f"{SELECTIONS}{made['id']}/").json()
        named = [row["account"] for row in shown["selected"] + shown["explanations"]]
        named += [row["account"] for other in shown["runner_up"] for row in other["selected"]]
        named += [pk for row in shown["conflicting"] for pk in row["of"]]
        named += [pk for row in shown["budget_curve"] for pk in row["accounts"]]
        assert hidden.pk not in named
        assert hidden.name not in str(shown)
        page = client.get(f"/selection/{made['id']}/")
        assert page.status_code == 200
        assert hidden.name not in page.content.decode()
    assert hidden.name not in client.get(f"/selection/{run['id']}/decide/").content.decode()
    assert hidden.name not in client.get("/selection/review/").content.decode()
    wish = {"decisions": [{"account": hidden.pk, "action": "review", "reason": "x"}]}
    answer = caller(user).post(f"{SELECTIONS}{run['id']}/decide/", wish)
    assert errors(answer) == [("/decisions/0/account", "does_not_exist")]


def test_decisions_over_rest_are_all_or_none(example, director):
    run = solved(director, whole(example))
    address = f"{SELECTIONS}{run['id']}/decide/"
    key = {name: account.pk for name, account in example.accounts.items()}
    appoint = {
        "account": key["Cedar"],
        "action": "appoint",
        "reason": "Grows with us.",
        "rationale_types": ["growth_potential"],
        "manager": example.kira.pk,
    }
    groom = {"account": key["Alder"], "action": "groom", "reason": "Promising."}
    answer = director.post(address, {"decisions": [appoint, groom]})
    assert errors(answer) == [
        ("/decisions/1/trigger", "required"),
        ("/decisions/1/review_on", "required"),
    ]
    assert not Decision.objects.exists()
    groom |= {"trigger": "A second order", "review_on": "2027-06-01"}
    made = director.post(address, {"decisions": [appoint, groom]})
    assert [row["action"] for row in made.json()] == ["groom", "appoint"]
    rows = director.get("/api/v1/decisions/", {"selection": run["id"]}).json()["results"]
    told = {row["account"]: (row["advice"], row["manager"], row["decided_by"]) for row in rows}
    assert told == {
        key["Cedar"]: ("appoint", example.kira.pk, example.director.pk),
        key["Alder"]: ("groom", None, example.director.pk),
    }
    statuses = dict(Account.objects.filter(pk__in=told).values_list("pk", "status"))
    assert statuses == {key["Cedar"]: "key", key["Alder"]: "groomed"}
    assert director.get(f"{SELECTIONS}{run['id']}/").json()["decided_by"] == example.director.pk
    again = director.post(address, {"decisions": [appoint]})
    assert again.status_code == 400


def test_scores_are_given_in_bulk_and_move_positions(example, director):
    alder = example.accounts["Alder"].pk
    sheet = [{"account": alder, "code": "A1", "value": 4}, {"account": alder, "code": "A2"}]
    bad = [*sheet, {"account": alder, "code": "A3", "value": 11}]
    address = "/api/v1/scorings/bulk/"
    assert errors(director.post(address, bad)) == [("/2/value", "max_value")]
    places = {"account": alder, "horizon": "today", "in_force": "true"}
    assert _worth(director, places) == 6.77
    assert director.post(address, sheet).status_code == 200
    place = director.get("/api/v1/positions/", places).json()["results"][0]
    assert (place["is_provisional"], float(place["attractiveness_scored"])) == (True, 0.88)
    assert _worth(director, {**places, "in_force": "false"}) == 6.77


def _worth(client, query):
    return client.get("/api/v1/positions/", query).json()["results"][-1]["attractiveness"]


def test_criteria_that_miss_a_hundred_are_refused(example, director):
    query = {"programme": example.programme.pk}
    found = director.get("/api/v1/criteria/in-force/", query)
    assert found.status_code == 200, found.json()
    worth = found.json()[0]
    body = {"programme": example.programme.pk, "kind": "attractiveness"}
    rows = [dict(row) for row in worth["criteria"]]
    rows[0]["weight"] = "19"
    assert errors(director.post("/api/v1/criteria/", body | {"criteria": rows}))
    rows[0]["weight"] = "heavy"
    answer = director.post("/api/v1/criteria/", body | {"criteria": rows})
    assert errors(answer) == [("/criteria/0/weight", "invalid")]
    rows[0]["weight"] = "20"
    made = director.post("/api/v1/criteria/", body | {"criteria": rows})
    assert (made.status_code, made.json()["number"]) == (201, 1)


def test_expectations_and_capacities_come_and_go(example, director):
    cedar = example.accounts["Cedar"].pk
    told = {"account": cedar, "told": "One team.", "told_on": "2026-05-01"}
    made = director.post("/api/v1/expectations/", told)
    assert made.status_code == 201
    early = {"agreed_on": "2026-04-01"}
    address = f"/api/v1/expectations/{made.json()['id']}/"
    assert director.patch(address, early, headers={"If-Match": '"1"'}).status_code == 400
    assert director.delete(address, headers={"If-Match": '"1"'}).status_code == 204
    assert director.get("/api/v1/expectations/").json()["results"] == []
    kept = director.get("/api/v1/expectations/", {"archived": "true"}).json()["results"]
    assert [row["told"] for row in kept] == ["One team."]
    assert director.post(f"{address}restore/").status_code == 200
    programme = example.programme.pk
    capacity = {"programme": programme, "user": example.director.pk, "accounts": 4, "effort": "0.5"}
    assert director.post("/api/v1/manager-capacities/", capacity).status_code == 201
    assert director.post("/api/v1/manager-capacities/", capacity).status_code == 400
    auditor = caller(RoleGrantFactory(auditor=True, programme=example.programme).user)
    assert auditor.post("/api/v1/expectations/", told).status_code == 403
    assert auditor.post("/api/v1/manager-capacities/", capacity).status_code == 403
