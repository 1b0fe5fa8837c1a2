"""Selection from stored data to decisions: the example of 3.5 through the services."""

import datetime
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.urls import reverse

from accounts.models import Account, Decision, Position, Score, Selection
from accounts.selection import comparing, explaining, words
from accounts.services import selection as runs
from accounts.services.criteria import default_criteria, publish_criteria
from accounts.services.decision import Wish, advice_of, decide
from accounts.services.refusals import RefusalsError
from accounts.services.scoring import Given, give_scores
from accounts.tasks import place_programme
from kam.jobs.worker import Worker
from tests.factories.accounts import AccountFactory
from tests.factories.selection import BUDGET, handbook_programme
from tests.factories.teams import ProgrammeSettingFactory, UserFactory

pytestmark = pytest.mark.django_db
TODAY = datetime.date(2026, 6, 1)


@pytest.fixture
def example():
    return handbook_programme()


def solved(example, must=("Cedar",), **changes) -> Selection:
    """A run of the example, solved by a worker."""
    run = runs.create_selection(
        actor=example.director,
        programme=example.programme,
        changes={"budget": BUDGET, "max_accounts": 5, **changes},
        marks={example.accounts[name].pk: "must" for name in must},
    )
    runs.solve_selection(actor=example.director, selection=run)
    Worker(heartbeat=False).drain()
    run.refresh_from_db()
    return run


def chosen(example, run) -> set[str]:
    return example.names({row["account"] for row in run.result["selected"]})


def test_positions_are_those_of_the_handbook(example) -> None:
    found = {
        row.account.name.split()[0]: (row.attractiveness, row.strength)
        for row in Position.objects.in_force().select_related("account")
    }
    assert found["Alder"] == (Decimal("6.77"), Decimal("4.65"))
    assert found["Cedar"] == (Decimal("7.32"), Decimal("7.5"))
    assert found["Hazel"] == (Decimal("3.64"), Decimal("5.95"))
    assert len(found) == 8


def test_example_gives_the_stated_optimum(example) -> None:
    run = solved(example)
    assert run.status == Selection.Status.OPTIMAL, run.error
    assert chosen(example, run) == {"Birch", "Cedar", "Elm", "Fir"}
    assert (run.objective, run.cost, run.gap) == (Decimal("5.768"), Decimal(990_000), 0)
    managers = {row["account"]: row["manager"] for row in run.result["selected"]}
    by_name = {name: managers.get(row.pk) for name, row in example.accounts.items()}
    assert by_name["Birch"] == by_name["Cedar"] == example.kira.pk
    assert by_name["Elm"] == by_name["Fir"] == example.luis.pk
    runner_up = run.result["runner_up"][0]
    assert example.names({row["account"] for row in runner_up["selected"]}) == {
        "Alder",
        "Birch",
        "Cedar",
    }
    assert Decimal(runner_up["objective"]) == Decimal("5.176")
    assert [step["step"] for step in run.steps] == ["gather", "clean", "transform", "search"]


@pytest.mark.parametrize(
    ("changes", "must", "names", "objective", "cost"),
    [
        ({"budget": 980_000}, ("Cedar",), {"Alder", "Birch", "Cedar"}, "5.176", 980_000),
        (
            {"budget": 1_260_000},
            ("Cedar",),
            {"Alder", "Birch", "Cedar", "Fir"},
            "6.264",
            1_260_000,
        ),
        ({"max_accounts": 3}, ("Cedar",), {"Alder", "Birch", "Cedar"}, "5.176", 980_000),
        ({}, ("Cedar", "Dogwood"), {"Birch", "Cedar", "Dogwood", "Fir"}, "5.175", 990_000),
    ],
)
def test_variations_of_the_example(example, changes, must, names, objective, cost) -> None:
    run = solved(example, must, **changes)
    assert chosen(example, run) == names
    assert (run.objective, run.cost) == (Decimal(objective), Decimal(cost))


def test_contradiction_names_the_exclusive_pair(example) -> None:
    run = solved(example, ("Alder", "Elm"))
    assert run.status == Selection.Status.INFEASIBLE
    pair = sorted(example.accounts[name].pk for name in ("Alder", "Elm"))
    assert ["exclusive", *pair] in run.result["conflicting"]


def test_equal_runs_have_equal_answers(example) -> None:
    first, second = solved(example), solved(example)
    assert first.result == second.result
    assert first.steps[-1]["fingerprint"] == second.steps[-1]["fingerprint"]


def test_account_that_is_not_scored_is_told_of(example) -> None:
    bare = AccountFactory(programme=example.programme, name="Ivy Hotels")
    run = solved(example)
    assert [bare.pk, "unscored"] in run.problem["unready"]
    assert run.steps[1]["unscored"] == 1


def test_stopped_run_leaves_nothing(example) -> None:
    run = runs.create_selection(actor=example.director, programme=example.programme, changes={})
    runs.solve_selection(actor=example.director, selection=run)
    runs.stop_selection(actor=example.director, selection=run)
    Worker(heartbeat=False).drain()
    run.refresh_from_db()
    assert (run.status, run.result, run.problem) == (Selection.Status.CANCELLED, {}, {})


def test_limits_are_those_of_the_settings_however_many_places_these_have(example) -> None:
    for name, value in (("hurdle", "6"), ("matrix_cut", "4.5"), ("attractiveness_weight", "0.6")):
        ProgrammeSettingFactory(
            programme=example.programme,
            name=name,
            value=Decimal(value),
            valid_from=example.programme.today(),
        )
    made = runs.create_selection(actor=example.director, programme=example.programme, changes={})
    made.refresh_from_db()
    limits = (made.hurdle, made.cut, made.attractiveness_weight)
    assert limits == (Decimal(6), Decimal("4.5"), Decimal("0.6"))


def test_outsider_can_neither_see_nor_solve(example) -> None:
    outsider = UserFactory()
    run = runs.create_selection(actor=example.director, programme=example.programme, changes={})
    assert not Selection.objects.visible_to(outsider).exists()
    with pytest.raises(PermissionDenied):
        runs.solve_selection(actor=outsider, selection=run)


def test_decision_appoints_with_manager_and_team(example) -> None:
    run = solved(example)
    cedar = example.accounts["Cedar"]
    wish = Wish(cedar, "appoint", "Grows with us.", ("growth_potential",), manager=example.kira)
    decide(actor=example.director, wishes=[wish], selection=run, on=TODAY)
    cedar.refresh_from_db()
    assert cedar.status == "key"
    assert cedar.team.memberships.get().user == example.kira
    run.refresh_from_db()
    assert run.steps[-1] | {"step": "interpret", "appoint": 1, "deviations": 0} == run.steps[-1]


def test_advice_follows_the_answer(example) -> None:
    dogwood = example.accounts["Dogwood"]
    Account.objects.filter(pk=dogwood.pk).update(status="key")
    advice = advice_of(solved(example))
    by_name = {name: advice[row.pk] for name, row in example.accounts.items()}
    assert by_name == {
        "Alder": "groom",
        "Birch": "appoint",
        "Cedar": "appoint",
        "Dogwood": "review",
        "Elm": "appoint",
        "Fir": "appoint",
        "Gorse": "maintain",
        "Hazel": "maintain",
    }


def test_deviation_needs_its_reason_and_nothing_is_half_decided(example) -> None:
    run = solved(example)
    cedar, alder = example.accounts["Cedar"], example.accounts["Alder"]
    good = Wish(cedar, "appoint", "Grows.", ("growth_potential",), manager=example.kira)
    bad = Wish(alder, "appoint", "Big.", ("revenue_today",), manager=example.luis)
    with pytest.raises(ValidationError) as caught:
        decide(actor=example.director, wishes=[good, bad], selection=run, on=TODAY)
    assert "deviation" in caught.value.message_dict
    assert caught.value.place == 1
    cedar.refresh_from_db()
    assert cedar.status == "candidate"
    assert not Decision.objects.exists()


def test_all_that_is_incomplete_is_refused_at_once(example) -> None:
    run = solved(example)
    wishes = [
        Wish(example.accounts["Cedar"], "appoint", "", manager=example.kira),
        Wish(example.accounts["Gorse"], "maintain", "Small."),
        Wish(example.accounts["Hazel"], "maintain", "Small.", service_model="web"),
        Wish(example.accounts["Alder"], "maintain", "Small.", service_model="web"),
    ]
    with pytest.raises(RefusalsError) as caught:
        decide(actor=example.director, wishes=wishes, selection=run, on=TODAY)
    found = {place: set(error.message_dict) for place, error in caught.value.refusals}
    assert found == {0: {"reason", "rationale_types"}, 1: {"service_model"}, 3: {"deviation"}}
    assert not Decision.objects.exists()


@pytest.mark.parametrize(
    ("action", "fields", "missing"),
    [
        ("groom", {"trigger": "Second order"}, "review_on"),
        ("maintain", {}, "service_model"),
        ("handle", {"message": "We serve you through sales."}, "answer"),
        ("appoint", {"rationale_types": ("access",)}, "manager"),
    ],
)
def test_decision_asks_for_what_it_needs(example, action, fields, missing) -> None:
    wish = Wish(example.accounts["Gorse"], action, "Because.", **fields)
    with pytest.raises(ValidationError) as caught:
        decide(actor=example.director, wishes=[wish], on=TODAY)
    assert missing in caught.value.message_dict


def test_manager_without_time_needs_a_reason(example) -> None:
    first, second = example.accounts["Alder"], example.accounts["Cedar"]
    types = ("growth_potential",)
    decide(
        actor=example.director,
        wishes=[Wish(first, "appoint", "One.", types, manager=example.luis)],
        on=TODAY,
    )
    wish = Wish(second, "appoint", "Two.", types, manager=example.luis)
    with pytest.raises(ValidationError) as caught:
        decide(actor=example.director, wishes=[wish], on=TODAY)
    assert "override_reason" in caught.value.message_dict
    made = decide(
        actor=example.director, wishes=[wish._replace(override_reason="For a year.")], on=TODAY
    )
    assert made[0].override


def test_score_history_stays_and_position_follows(example) -> None:
    alder = example.accounts["Alder"]
    give_scores(actor=example.director, scores=[Given(alder, "A1", 4)])
    rows = Score.objects.filter(account=alder, code="A1").order_by("pk")
    assert [row.value for row in rows] == [9, 4]
    assert rows[0].superseded_at is not None
    assert Position.objects.in_force().get(account=alder).attractiveness == Decimal("5.77")
    assert Position.objects.filter(account=alder).count() == 2


def test_customers_view_above_five_needs_their_word(example) -> None:
    with pytest.raises(ValidationError) as caught:
        give_scores(actor=example.director, scores=[Given(example.accounts["Alder"], "A10", 6)])
    assert "evidence" in caught.value.message_dict


def test_unknown_score_makes_provisional_and_below_three_quarters_no_candidate(example) -> None:
    alder = example.accounts["Alder"]
    taken = [Given(alder, code, None) for code in ("A1", "A2")]
    give_scores(actor=example.director, scores=taken)
    place = Position.objects.in_force().get(account=alder)
    assert (place.is_provisional, place.attractiveness_scored) == (True, Decimal("0.68"))
    run = solved(example)
    assert [alder.pk, "thinly_scored"] in run.problem["unready"]


def test_published_criteria_move_positions(example) -> None:
    rows = default_criteria("attractiveness")
    for row in rows:
        row["weight"] = {"A1": Decimal(25), "A10": Decimal(4)}.get(row["code"], row["weight"])
    publish_criteria(
        actor=example.director, programme=example.programme, kind="attractiveness", criteria=rows
    )
    Worker(heartbeat=False).drain()
    alder = Position.objects.in_force().get(account=example.accounts["Alder"])
    assert alder.attractiveness == Decimal("7.02")  # 5 more of 9, 5 less of 4
    assert place_programme.call(example.programme.pk) == 0


@pytest.mark.parametrize("weight", [Decimal(19), Decimal(21)])
def test_set_that_is_not_a_hundred_is_refused(example, weight) -> None:
    rows = default_criteria("attractiveness")
    rows[0]["weight"] = weight
    with pytest.raises(ValidationError, match="add up to"):
        publish_criteria(
            actor=example.director,
            programme=example.programme,
            kind="attractiveness",
            criteria=rows,
        )


def test_page_of_a_large_scenario_says_that_its_runners_up_were_found(
    example, monkeypatch, client
) -> None:
    client.force_login(example.director)
    told = "nothing proves that no others lie between"
    small = solved(example)
    assert told not in client.get(reverse("accounts:selection", args=[small.pk])).text
    monkeypatch.setattr(explaining, "MOST_SOLVED", 0)
    run = solved(example)
    page = client.get(reverse("accounts:selection", args=[run.pk])).text
    assert told in page
    assert "Runner-up" in page


def test_columns_are_accounts_on_which_sets_differ_where_not_all_have_room(
    example, monkeypatch
) -> None:
    """The one account that is missing from the nearest set, or the two that it is about."""
    monkeypatch.setattr(explaining, "MOST_SOLVED", 0)
    monkeypatch.setattr(comparing, "COMPARED", 2)
    run = solved(example)
    best = {row["account"] for row in run.result["selected"]}
    second = {row["account"] for row in run.result["runner_up"][0]["selected"]}
    heads, sets = comparing.compared(run, words.names_for(run, example.director))
    assert {name.split()[0] for name in heads} >= example.names(best ^ second)
    assert sets[0].is_best
    assert list(sets[0].holds) != list(sets[1].holds)
