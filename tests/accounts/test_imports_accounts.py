"""Lists of customers: new, known, and who is part of whom."""

import datetime
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command

from accounts.models import Account, ExternalId, StagedAccount, StatusChange
from accounts.services import archive_account, update_account
from accounts.services.channel import archive_channel, restore_channel
from kam.changes.models import Change
from kam.imports import passes, services
from kam.imports.models import Run
from teams.models import Team
from tests.accounts.test_imports_ledger import import_file, problems, undo, upload
from tests.factories.accounts import (
    AccountFactory,
    ChannelFactory,
    ConflictFactory,
    ExternalIdFactory,
)
from tests.factories.imports import RunFactory
from tests.factories.teams import (
    BusinessUnitFactory,
    MembershipFactory,
    ProgrammeFactory,
    RoleGrantFactory,
    TeamFactory,
)

pytestmark = pytest.mark.django_db
TAGS_OF = ("size", "reach", "intent", "criticality", "target_stage")
HEAD = "Number,Name,Part of,Country,Industry,Status\n"


@pytest.fixture
def manager():
    """Manages the only programme."""
    return RoleGrantFactory(programme_manager=True).user


@pytest.fixture
def programme(manager):
    return manager.grants.get().programme


def take(manager, text, **kwargs):
    return import_file(manager, text, kind="accounts", **kwargs)


def test_parents_may_come_later_by_name_or_number(manager):
    text = HEAD + "3,Leaf,2,,,\n2,Branch,Root,,,\n1,Root,,UK,Paper,\n"
    run = take(manager, text)
    root, branch, leaf = (ExternalId.objects.get(value=n).account for n in "123")
    assert (run.created, run.rejected) == (3, 0)
    assert leaf.path == f"/{root.pk}/{branch.pk}/{leaf.pk}/"
    assert {leaf.root_id, branch.root_id, root.root_id} == {root.pk}
    assert (root.country, root.industry, root.status) == ("UK", "Paper", "candidate")


def test_circles_and_unknown_parents_are_refused_row_by_row(manager):
    text = HEAD + "1,A,2,,,\n2,B,1,,,\n3,C,3,,,\n4,D,nowhere,,,\n5,E,4,,,\n6,F,,,,\n"
    run = take(manager, text)
    assert problems(run) == {"cycle": 3, "no_parent": 1, "parent_rejected": 1}
    assert (run.created, run.rejected) == (1, 5)
    assert list(Account.objects.values_list("name", flat=True)) == ["F"]
    assert StagedAccount.objects.count() == ExternalId.objects.count() == 1


def test_preview_shows_a_row_that_is_refused_at_the_end_once(manager):
    run = upload(manager, HEAD + "1,A,nowhere,,,\n2,B,,,,\n", kind="accounts")
    services.check_run(actor=manager, run=run, enqueue=False)
    rows = passes.check(run.pk).report["preview"]
    assert [(row["number"], row["result"]) for row in rows] == [(1, "rejected"), (2, "new")]


def test_known_accounts_change_and_empty_cells_say_nothing(manager, programme):
    account = ExternalIdFactory(
        account__programme=programme, account__country="UK", value="7"
    ).account
    run = take(manager, HEAD + "7,New name,,,Paper,\n")
    account.refresh_from_db()
    assert (run.updated, account.name, account.country, account.industry) == (
        1,
        "New name",
        "UK",
        "Paper",
    )
    (change,) = Change.objects.of(account)
    assert (change.verb, change.after) == ("updated", {"name": "New name", "industry": "Paper"})
    assert take(manager, HEAD + "7,New name,,,Paper,\n").unchanged == 1
    undo(manager, run)
    account.refresh_from_db()
    assert account.industry == ""


TAGS = "Number,Name,Size,Reach,Intent,Criticality,Target stage,Target by,Potential\n"


def test_what_describes_a_customer_comes_in_and_goes_again(manager, programme):
    account = ExternalIdFactory(
        account__programme=programme,
        account__size="small",
        account__target_stage_by=datetime.date(2026, 12, 31),
        account__potential_contribution=Decimal(100),
        value="7",
    ).account
    text = TAGS + (
        '7,,Large,several countries,strategic,critical,Partnership,31.03.2027,"1.250.000,50"\n'
        '8,New,medium,GLOBAL,opportunistic,significant,mid,30.06.2027,"900,25"\n'
    )
    names = (*TAGS_OF, "target_stage_by", "potential_contribution")
    before = [getattr(account, name) for name in names]
    run = take(manager, text)
    account.refresh_from_db()
    new = Account.objects.get(name="New")
    told = ("large", "regional", "strategic", "critical", "partnership")
    assert [getattr(account, name) for name in names] == [
        *told,
        datetime.date(2027, 3, 31),
        Decimal("1250000.5"),
    ]
    assert [getattr(new, name) for name in names] == [
        *("medium", "global", "opportunistic", "significant", "mid"),
        datetime.date(2027, 6, 30),
        Decimal("900.25"),
    ]
    change = Change.objects.of(account).get()
    assert change.before["potential_contribution"] == "100.000000"
    assert change.after["target_stage_by"] == "2027-03-31"
    assert take(manager, text).unchanged == 2
    undo(manager, run)
    account.refresh_from_db()
    assert [getattr(account, name) for name in names] == before
    assert not Account.objects.filter(name="New").exists()


def test_undo_takes_unit_channel_and_target_away_again(manager, programme):
    account = ExternalIdFactory(account__programme=programme, value="7").account
    BusinessUnitFactory(programme=programme, name="North")
    ChannelFactory(programme=programme, name="Hotels")
    text = "Number,Name,Business unit,Channel,Target stage,Country\n7,Seven,North,Hotels,mid,UK\n"
    run = take(manager, text)
    account.refresh_from_db()
    assert (account.name, account.business_unit.name, account.channel.name) == (
        *("Seven", "North", "Hotels"),
    )
    undo(manager, run)
    account.refresh_from_db()
    assert (account.business_unit, account.channel, account.target_stage) == (None, None, None)


def test_undo_waits_for_a_channel_that_was_archived_since(manager, programme):
    hotels = ChannelFactory(programme=programme, name="Hotels")
    ChannelFactory(programme=programme, name="Retail")
    account = ExternalIdFactory(
        account__programme=programme, account__channel=hotels, value="7"
    ).account
    run = take(manager, "Number,Channel,Size\n7,Retail,large\n")
    archive_channel(actor=manager, channel=hotels)
    with pytest.raises(ValidationError, match="“Hotels” before"):
        undo(manager, run)
    account.refresh_from_db()
    assert (account.channel.name, account.size, run.is_live) == ("Retail", "large", True)
    restore_channel(actor=manager, channel=hotels)
    undo(manager, run)
    account.refresh_from_db()
    assert (account.channel, account.size) == (hotels, "")


def test_undo_asks_nothing_of_the_channel_of_an_archived_account(manager, programme):
    hotels = ChannelFactory(programme=programme, name="Hotels")
    ChannelFactory(programme=programme, name="Retail")
    account = ExternalIdFactory(
        account__programme=programme, account__channel=hotels, value="7"
    ).account
    run = take(manager, "Number,Channel\n7,Retail\n")
    archive_channel(actor=manager, channel=hotels)
    archive_account(actor=manager, account=account, expected_version=None)
    undo(manager, run)
    account.refresh_from_db()
    assert account.channel == hotels


def test_undo_asks_nothing_of_a_channel_that_somebody_has_changed_since(manager, programme):
    hotels = ChannelFactory(programme=programme, name="Hotels")
    ChannelFactory(programme=programme, name="Retail")
    other = ChannelFactory(programme=programme, name="Other")
    account = ExternalIdFactory(
        account__programme=programme, account__channel=hotels, value="7"
    ).account
    run = take(manager, "Number,Channel\n7,Retail\n")
    account.refresh_from_db()
    update_account(
        actor=manager, account=account, expected_version=None, changes={"channel": other}
    )
    archive_channel(actor=manager, channel=hotels)
    undo(manager, run)
    account.refresh_from_db()
    assert account.channel == other


def test_undo_leaves_what_somebody_has_changed_since(manager, programme):
    account = ExternalIdFactory(account__programme=programme, value="7").account
    run = take(manager, TAGS + "7,,large,,,,,2027-03-31,1250000\n")
    account.refresh_from_db()
    changes = {"potential_contribution": Decimal(7), "size": "medium"}
    update_account(actor=manager, account=account, expected_version=None, changes=changes)
    undo(manager, run)
    account.refresh_from_db()
    found = (account.potential_contribution, account.size, account.target_stage_by)
    assert found == (7, "medium", None)


def test_words_that_describe_nobody_are_refused_row_by_row(manager):
    rows = (
        "1,A,huge,,,,,,",
        "2,B,,,,,uncoupling,,",
        "3,C,,,,,,2027-02-30,",
        "4,D,,,,,,,-1",
        "5,E,,,,,,,9999999999999999999999999",
        "6,F,small,,,,,2027-02-28,12",
    )
    run = take(manager, TAGS + "\n".join(rows) + "\n")
    assert problems(run) == {
        "bad_size": 1,
        "bad_target_stage": 1,
        "bad_target_stage_by": 1,
        "bad_potential_contribution": 2,
    }
    assert list(Account.objects.values_list("name", flat=True)) == ["F"]


def test_day_and_amount_that_read_both_ways_are_asked_about(manager):
    text = "Number;Name;Target by;Potential\n1;A;03/04/2027;1.250\n2;B;05/06/2027;3.900\n"
    run = upload(manager, text, kind="accounts")
    assert len(services.problems(run)) == 2
    chosen = {"dates": "dmy", "decimal": "comma"}
    take(manager, text, chosen=chosen)
    first = Account.objects.get(name="A")
    assert (first.target_stage_by, first.potential_contribution) == (
        datetime.date(2027, 4, 3),
        1250,
    )


def test_lone_day_of_a_list_is_not_taken_for_the_target(manager):
    run = take(manager, "Number,Name,Founded\n1,A,2001-05-03\n2,B,1999-12-31\n")
    assert run.created == 2
    assert set(Account.objects.values_list("target_stage_by", flat=True)) == {None}


def test_known_account_moves_with_all_below_it_and_back(manager, programme):
    top = ExternalIdFactory(account__programme=programme, value="1").account
    moved = ExternalIdFactory(account__programme=programme, value="2").account
    below = AccountFactory(parent=moved)
    run = take(manager, HEAD + "2,,1,,,\n")
    below.refresh_from_db()
    assert below.path == f"/{top.pk}/{moved.pk}/{below.pk}/"
    undo(manager, run)
    below.refresh_from_db()
    assert (below.path, below.root_id) == (f"/{moved.pk}/{below.pk}/", moved.pk)


def test_rows_that_are_no_account_are_refused(manager, programme):
    AccountFactory(programme=programme, name="Twin")
    AccountFactory(programme=programme, name="twin")
    BusinessUnitFactory(programme=programme, name="North")
    text = (
        "Number,Name,Business unit,Currency,Website,Status\n"
        "1,A,North,EUR,a.example,candidate\n"
        ",,,,,key\n"
        "1,B,,,,\n"
        ",Twin,,,,\n"
        "4,,,,,\n"
        "5,E,South,,,\n"
        "6,F,,Euro,,\n"
        "7,G,,,not a page,\n"
        "8,H,,,,friend\n"
    )
    run = take(manager, text)
    assert run.created == 1
    assert problems(run) == {
        "nothing": 1,
        "repeated": 1,
        "ambiguous": 1,
        "no_name": 1,
        "bad_unit": 1,
        "bad_currency": 1,
        "bad_website": 1,
        "bad_status": 1,
    }
    account = ExternalId.objects.get(value="1").account
    assert (account.business_unit.name, account.website) == ("North", "https://a.example")


def test_key_accounts_of_today_are_taken_over(manager):
    take(manager, HEAD + "1,A,,,,Key account\n")
    account = Account.objects.get()
    assert (account.status, account.rationale_types) == ("key", ["other"])
    assert account.rationale.startswith("Taken over on ")
    assert StatusChange.objects.get().to_status == "key"


@pytest.mark.parametrize(
    ("mode", "created", "codes"),
    [("create", 1, {"known_account": 1}), ("update", 0, {"unknown_account": 1})],
)
def test_mode_says_which_rows_are_taken(manager, programme, mode, created, codes):
    ExternalIdFactory(account__programme=programme, value="7")
    run = take(manager, HEAD + "7,Known,,,,\n8,New,,,,\n", options={"mode": mode})
    assert (run.created, problems(run)) == (created, codes)


@pytest.mark.parametrize(
    ("keys", "row", "found"),
    [
        ("any", "9,Acme,,UK,,\n", (1, 0, {})),
        ("name", "9,acme,,UK,,\n", (0, 1, {})),
        ("name", "7,,,UK,,\n", (0, 0, {"no_name": 1})),
        ("number", "7,,,UK,,\n", (0, 1, {})),
        ("number", ",Acme,,UK,,\n", (0, 0, {"no_number": 1})),
    ],
)
def test_accounts_are_known_by_the_chosen_keys(manager, programme, keys, row, found):
    ExternalIdFactory(account__programme=programme, account__name="Acme", value="7")
    run = take(manager, HEAD + row, options={"keys": keys})
    assert (run.created, run.updated, problems(run)) == found


def test_account_behind_a_barrier_is_not_changed(manager, programme):
    team = TeamFactory(programme=programme)
    MembershipFactory(team=team, user=manager, role="observer")
    rival = AccountFactory(programme=programme, team=team)
    hidden = ExternalIdFactory(account__programme=programme, value="7").account
    ConflictFactory(a=rival, b=hidden)
    run = take(manager, HEAD + "7,Renamed,,,,\n")
    hidden.refresh_from_db()
    assert (problems(run), hidden.name != "Renamed") == ({"forbidden": 1}, True)


def test_manager_behind_a_barrier_reads_only_own_runs(manager, programme):
    other = RoleGrantFactory(programme_manager=True, programme=programme).user
    run = take(other, HEAD + "7,A,,,,\n")
    assert Run.objects.visible_to(manager).filter(pk=run.pk).exists()
    team = TeamFactory(programme=programme)
    MembershipFactory(team=team, user=manager, role="observer")
    rival = AccountFactory(programme=programme, team=team)
    ConflictFactory(a=rival, b=AccountFactory(programme=programme))
    assert not Run.objects.visible_to(manager).filter(pk=run.pk).exists()
    assert Run.objects.visible_to(other).filter(pk=run.pk).exists()
    logged = Change.objects.of(run)
    assert logged.visible_to(other).exists()
    assert not logged.visible_to(manager).exists()


def test_busy_lane_names_no_file_that_the_caller_may_not_see(manager, programme):
    other = RoleGrantFactory(programme_manager=True, programme=programme).user
    team = TeamFactory(programme=programme)
    MembershipFactory(team=team, user=manager, role="observer")
    rival = AccountFactory(programme=programme, team=team)
    ConflictFactory(a=rival, b=AccountFactory(programme=programme))
    RunFactory(
        scope=programme, owner=other, file_name="Quagmire.csv", lane="customers", status="running"
    )
    for actor, named in ((manager, False), (other, True)):
        run = RunFactory(scope=programme, owner=actor, status="mapped")
        with pytest.raises(ValidationError) as error:
            services.start_run(actor=actor, run=run, enqueue=False)
        assert ("Quagmire" in str(error.value)) == named


@pytest.mark.realdata
def test_real_lists_of_customers(manager, shared_data):
    run = take(manager, (shared_data / "maven_crm/accounts.csv").read_bytes())
    assert (run.created, run.rejected) == (85, 0)
    children = Account.objects.exclude(parent=None)
    assert (children.count(), children.values("parent").distinct().count()) == (15, 7)
    again = take(manager, (shared_data / "maven_crm/accounts.csv").read_bytes())
    assert (again.created, again.updated, again.unchanged) == (0, 0, 85)
    run = take(manager, (shared_data / "sp500_constituents.csv").read_bytes())
    assert (run.rows_read, run.created, problems(run)) == (503, 500, {"repeated": 3})


def test_command_imports_reports_and_writes_refused_rows(programme, tmp_path, capsys):
    source, target = tmp_path / "list.csv", tmp_path / "rejected.csv"
    source.write_text("Nr;Firma;Land\n1;A;UK\n;;DE\n")
    options = {"map": ["external_id=Nr", "name=Firma"], "rejected": str(target)}
    call_command("import_accounts", str(source), dry_run=True, **options)
    assert "created 1, updated 0, unchanged 0, rejected 1" in capsys.readouterr().out
    assert Account.objects.count() == 0
    call_command("import_accounts", str(source), **options)
    assert "read 2, created 1, updated 0, unchanged 0, rejected 1" in capsys.readouterr().out
    assert target.read_text(encoding="utf-8-sig").splitlines()[1] == "2,names no customer,,,DE"
    assert Change.objects.filter(object_type="accounts.account").get().source == "import"


def test_command_goes_on_with_a_killed_import(programme, tmp_path, capsys):
    source = tmp_path / "list.csv"
    source.write_text("Number,Name\n1,A\n")
    call_command("import_accounts", str(source))
    Run.objects.update(status="running", lane="customers", is_live=False, rows_done=0, beat_at=None)
    call_command("import_accounts", str(source))
    assert "Going on with import" in capsys.readouterr().out
    assert Run.objects.get().status == "published"


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"map": ["name=Nobody"]}, "no column"),
        ({"map": ["colour=Name"]}, "no field"),
        ({"programme": "nowhere"}, "no programme"),
        ({"actor": "nobody"}, "no user"),
    ],
)
def test_command_refuses_what_it_does_not_know(programme, tmp_path, options, word):
    source = tmp_path / "list.csv"
    source.write_text("Number,Name\n1,A\n")
    with pytest.raises(CommandError, match=word):
        call_command("import_accounts", str(source), **options)


def test_command_takes_the_programme_that_is_named(manager, programme, tmp_path):
    other = ProgrammeFactory(name="Second")
    source = tmp_path / "list.csv"
    source.write_text("Number,Name\n1,A\n")
    call_command("import_accounts", str(source), programme="second")
    assert Account.objects.get().programme == other


TEAMED = "Number,Name,Part of,Team,Status\n"


def test_team_is_found_by_its_name_and_unknown_ones_are_reported(manager, programme):
    team = TeamFactory(programme=programme, name="North desk")
    run = take(manager, TEAMED + "1,Elm,,north  DESK,\n2,Oak,,South desk,\n")
    assert (run.created, problems(run)) == (1, {"bad_team": 1})
    assert Account.objects.get().team == team
    assert Team.objects.count() == 1


def test_unknown_teams_are_made_when_asked_for_and_go_when_undone(manager, programme):
    run = take(manager, TEAMED + "1,Elm,,South desk,\n", options={"teams": "create"})
    assert Account.objects.get().team.name == "South desk"
    assert undo(manager, run).status == "undone"
    assert (Account.objects.count(), Team.objects.count()) == (0, 0)


def test_team_of_a_hidden_account_reads_as_none(manager, programme):
    """Behind a barrier neither the name of the team nor that it is there shows."""
    own, hidden = TeamFactory(programme=programme), TeamFactory(programme=programme, name="Swamp")
    MembershipFactory(team=own, user=manager, role="observer")
    other = AccountFactory(programme=programme, name="Quagmire", team=hidden)
    ConflictFactory(a=AccountFactory(programme=programme, team=own), b=other)
    text = TEAMED + "1,Elm,,Swamp,\n2,Oak,,Marsh,\n"
    run = take(manager, text)
    reasons = {item["text"].replace("Swamp", "Marsh") for item in run.report["problems"]}
    assert (run.created, problems(run), len(reasons)) == (0, {"bad_team": 2}, 1)
    run = take(manager, text.replace("Marsh", ""), options={"teams": "create"})
    assert (run.created, problems(run)) == (1, {"bad_team": 1})
    assert hidden.accounts.get() == other


def test_team_looks_after_one_group_and_its_manager_after_so_many(manager, programme):
    team = TeamFactory(programme=programme, name="North desk")
    MembershipFactory(team=team, role="kam")
    rows = "1,Elm,,North desk,key\n2,Elm Nord,1,North desk,\n3,Oak,,North desk,\n"
    rows += "".join(f"{n},Elm {n},1,North desk,key\n" for n in range(4, 10))
    run = take(manager, TEAMED + rows)
    assert problems(run) == {"team_shared": 1, "team_load": 2}
    assert Account.objects.filter(team=team).count() == 6


def test_team_with_somebody_behind_a_barrier_is_refused(manager, programme):
    both = TeamFactory(programme=programme, name="Both")
    person = MembershipFactory(team=both, role="member").user
    other = TeamFactory(programme=programme)
    MembershipFactory(team=other, user=person, role="member")
    elm = AccountFactory(programme=programme, name="Elm")
    ConflictFactory(a=elm, b=AccountFactory(programme=programme, team=other))
    run = take(manager, "Name,Part of,Team\nElm,,Both\nElm Sud,Elm,\nOak,,\n")
    assert problems(run) == {"team_barrier": 1, "parent_rejected": 1}
    assert (run.created, run.updated, run.unchanged, run.rejected) == (1, 0, 0, 2)
    elm.refresh_from_db()
    assert elm.team is None


def test_undo_takes_a_key_account_away_with_its_step_of_status(manager):
    run = take(manager, "Name,Status\nElm,key\n")
    assert StatusChange.objects.count() == 1
    undo(manager, run)
    assert (Account.objects.count(), StatusChange.objects.count()) == (0, 0)


def test_account_changed_by_somebody_meanwhile_keeps_a_true_history(manager, programme):
    """Between the preparation and the publishing: the log says what the value really was."""
    elm = AccountFactory(programme=programme, name="Elm", country="UK", industry="Paper")
    run = upload(manager, "Name,Country,Industry\nElm,France,Paper\n", kind="accounts")
    run = services.start_run(actor=manager, run=run, enqueue=False)
    services.stop_run(actor=manager, run=run)
    run = passes.import_rows(run.pk)
    run.import_kind.prepare_chunk(run)
    update_account(
        actor=manager,
        account=elm,
        expected_version=elm.version,
        changes={"country": "Spain", "industry": "Wood"},
    )
    services.resume_run(actor=manager, run=run, enqueue=False)
    assert passes.import_rows(run.pk).status == "published"
    elm.refresh_from_db()
    change = Change.objects.get(account_id=elm.pk, source="import")
    assert (elm.country, elm.industry) == ("France", "Wood")
    assert (change.before, change.after) == ({"country": "Spain"}, {"country": "France"})
    undo(manager, Run.objects.get(pk=run.pk))
    elm.refresh_from_db()
    assert (elm.country, elm.industry) == ("Spain", "Wood")


def test_command_writes_refused_rows_beside_the_file(programme, tmp_path, capsys, monkeypatch):
    source, elsewhere = tmp_path / "in" / "list.csv", tmp_path / "elsewhere"
    for folder in (source.parent, elsewhere):
        folder.mkdir()
    monkeypatch.chdir(elsewhere)
    source.write_text('Number,Name\n1,A\n,""\n2,#N/A\n')
    call_command("import_accounts", str(source))
    assert f"Rejected rows: {source}.rejected.csv" in capsys.readouterr().out
    assert list(elsewhere.iterdir()) == []
    with pytest.raises(CommandError, match="Name another place with --rejected"):
        call_command("import_accounts", str(source), rejected=str(tmp_path / "no" / "x.csv"))


def test_result_leads_to_what_came_in(manager, client):
    run = take(manager, "Number,Name\n1,Acme\n2,Birch\n")
    client.force_login(manager)
    page = client.get(run.get_absolute_url())
    assert [item.name for item in page.context["brought"]] == ["Acme", "Birch"]
    assert Account.objects.get(name="Acme").get_absolute_url() in page.content.decode()
    services.undo_run(actor=manager, run=run, enqueue=False)
    assert client.get(run.get_absolute_url()).context["brought"] == []
