"""Files on customers: bringing, replacing, narrowing, putting away, and who sees which."""

from __future__ import annotations

import datetime
from types import SimpleNamespace

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from kam.changes.errors import VersionConflict
from kam.changes.history import describe
from kam.changes.models import Change
from kam.documents import policies, services
from kam.documents.models import Attachment, EarlierFile
from kam.documents.sweeping import stored_files
from kam.documents.tasks import drop_orphans
from kam.web import search
from tests.concurrency import run_together
from tests.factories.accounts import AccountFactory, ConflictFactory, ContactFactory
from tests.factories.documents import AttachmentFactory
from tests.factories.plans import ActionFactory, PlanFactory
from tests.factories.reviews import StageReviewFactory
from tests.factories.teams import (
    MembershipFactory,
    ProgrammeFactory,
    RoleGrantFactory,
    TeamFactory,
    UserFactory,
)
from tests.files import PDF, PNG

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_storage")]


@pytest.fixture
def house(db):
    """An account with its team, and people around it."""
    programme = ProgrammeFactory()
    team = TeamFactory(programme=programme)
    account = AccountFactory(programme=programme, team=team, name="Birch")

    def member(role: str):
        return MembershipFactory(team=team, role=role, user__username=role).user

    return SimpleNamespace(
        programme=programme,
        team=team,
        account=account,
        contact=ContactFactory(account=account),
        kam=member("kam"),
        member=member("member"),
        observer=member("observer"),
        manager=RoleGrantFactory(programme_manager=True, programme=programme).user,
        auditor=RoleGrantFactory(auditor=True, programme=programme).user,
        outsider=UserFactory(username="outsider"),
    )


def sent(name: str = "offer.pdf", body: bytes = PDF) -> SimpleUploadedFile:
    """A file as a form brings it."""
    return SimpleUploadedFile(name, body)


def brought(house, actor=None, on=None, file=None, **values) -> Attachment:
    """One file, brought through the service."""
    on = on or house.account
    return services.add_attachments(
        actor=actor or house.kam, obj=on, files=[file or sent()], **values
    )[0]


def content_of(row) -> bytes:
    """What lies in the storage."""
    with row.file.open("rb") as file:
        return file.read()


def stored() -> int:
    """Files that lie in the storage."""
    return sum(len(names) for _folder, names in stored_files("attachments"))


# Bringing


def test_file_is_kept_under_a_random_name_with_what_it_is(house):
    attachment = brought(house, on=house.contact, description="signed")
    assert attachment.file.name.startswith("attachments/")
    assert "offer" not in attachment.file.name
    assert content_of(attachment) == PDF
    assert (attachment.name, attachment.size, attachment.media_type) == (
        "offer.pdf",
        len(PDF),
        "application/pdf",
    )
    assert (attachment.object_type, attachment.object_id) == ("accounts.contact", house.contact.pk)
    assert (attachment.account_id, attachment.version) == (house.account.pk, 1)


def test_bringing_is_logged_for_whoever_may_see_the_file(house):
    attachment = brought(house, description="signed")
    row = Change.objects.of(attachment).get()
    assert (row.verb, row.account_id, row.actor_id) == ("created", house.account.pk, house.kam.pk)
    assert (row.audience, row.audience_id) == ("object", attachment.pk)
    assert row.after["name"] == "offer.pdf"
    line = describe([row], house.kam)[0]
    assert (line.label, line.url) == ("offer.pdf", f"/files/{attachment.pk}/")


def test_all_files_are_brought_or_none(house):
    with pytest.raises(ValidationError):
        services.add_attachments(
            actor=house.kam, obj=house.account, files=[sent(), sent("b.pdf", b"<html>")]
        )
    assert (Attachment.objects.count(), stored()) == (0, 0)


def test_failure_after_storing_leaves_no_file(house):
    with pytest.raises(ValidationError):
        brought(house, confidentiality="people")
    assert (Attachment.objects.count(), stored(), Change.objects.count()) == (0, 0, 0)


@pytest.mark.parametrize("count", [0, services.MOST_FILES + 1])
def test_number_of_files_is_bounded(house, count):
    with pytest.raises(ValidationError):
        services.add_attachments(actor=house.kam, obj=house.account, files=[sent()] * count)


def test_account_has_bounded_room(house, settings):
    settings.ATTACHMENTS_PER_ACCOUNT_MAX_BYTES = 2 * len(PDF)
    first = brought(house)
    brought(house, on=house.contact)
    with pytest.raises(ValidationError) as refusal:
        brought(house)
    assert [error.code for error in refusal.value.error_dict["file"]] == ["no_room"]
    with pytest.raises(ValidationError):
        services.replace_file(actor=house.kam, attachment=first, file=sent(), expected_version=1)
    brought(house, actor=house.manager, on=AccountFactory(programme=house.programme))
    assert stored() == 3


@pytest.mark.django_db(transaction=True)
def test_uploads_at_once_do_not_share_the_last_room(house, settings):
    settings.ATTACHMENTS_PER_ACCOUNT_MAX_BYTES = 2 * len(PDF)
    outcomes = run_together(*[lambda: brought(house)] * 5)
    assert [type(item.error) for item in outcomes if item.error] == [ValidationError] * 3
    assert (Attachment.objects.count(), stored()) == (2, 2)


# Who may


@pytest.mark.parametrize(
    ("kind", "allowed"),
    [
        ("account", {"kam", "member", "manager"}),
        ("contact", {"kam", "member", "manager"}),
        ("action", {"kam", "manager"}),
        ("plan", {"kam", "manager"}),
        ("review", {"kam", "manager"}),
    ],
)
def test_files_are_brought_by_whoever_may_write_there(house, kind, allowed):
    on = {
        "account": lambda: house.account,
        "contact": lambda: house.contact,
        "action": lambda: ActionFactory(account=house.account),
        "plan": lambda: PlanFactory(account=house.account),
        "review": lambda: StageReviewFactory(account=house.account),
    }[kind]()
    for name in ("kam", "member", "observer", "manager", "auditor", "outsider"):
        actor = getattr(house, name)
        assert policies.can_add(actor, on) is (name in allowed)
        if name in allowed:
            brought(house, actor=actor, on=on)
        else:
            with pytest.raises(PermissionDenied):
                brought(house, actor=actor, on=on)
    assert Attachment.objects.count() == stored() == len(allowed)


def test_own_action_takes_files_of_a_member(house):
    brought(house, actor=house.member, on=ActionFactory(account=house.account, owner=house.member))


def test_file_is_changed_by_editors_and_by_who_brought_it(house):
    attachment = AttachmentFactory(on=house.account, uploaded_by=house.member)
    other = AttachmentFactory(on=house.account)
    may = {
        name
        for name in ("kam", "member", "observer", "manager", "auditor", "outsider")
        if policies.can_change(getattr(house, name), attachment)
    }
    assert may == {"kam", "member", "manager"}
    for service in (services.archive_attachment, services.restore_attachment):
        with pytest.raises(PermissionDenied):
            service(actor=house.member, attachment=other)
    with pytest.raises(PermissionDenied):
        services.update_attachment(
            actor=house.observer, attachment=other, expected_version=1, changes={"description": "x"}
        )
    with pytest.raises(PermissionDenied):
        services.replace_file(actor=house.member, attachment=other, file=sent(), expected_version=1)
    assert stored() == 2


# Who sees it


def seen_by(house, attachment) -> set[str]:
    names = ("kam", "member", "observer", "manager", "auditor", "outsider")
    rows = Attachment.objects
    return {
        name
        for name in names
        if rows.visible_to(getattr(house, name)).filter(pk=attachment.pk).exists()
    }


EVERYBODY = {"kam", "member", "observer", "manager", "auditor"}
TEAM = {"kam", "member", "observer"}


def test_file_is_seen_by_its_level(house):
    own = AttachmentFactory(on=house.account)
    team = AttachmentFactory(on=house.account, confidentiality="team")
    people = AttachmentFactory(
        on=house.account, confidentiality="people", people=[house.member, house.outsider]
    )
    assert seen_by(house, own) == EVERYBODY
    assert seen_by(house, team) == TEAM
    assert seen_by(house, people) == {"member"}


def test_who_brought_a_file_sees_it_as_long_as_they_see_the_account(house):
    file = AttachmentFactory(on=house.account, confidentiality="team", uploaded_by=house.manager)
    assert seen_by(house, file) == TEAM | {"manager"}
    house.manager.grants.all().delete()
    assert seen_by(house, file) == TEAM


@pytest.mark.parametrize("level", ["account", "team", "people"])
def test_barrier_hides_files_of_every_level(house, level):
    rival = AccountFactory(programme=house.programme, team=TeamFactory(programme=house.programme))
    MembershipFactory(team=rival.team, user=house.member, role="observer")
    file = AttachmentFactory(
        on=house.account, confidentiality=level, people=[house.member], uploaded_by=house.member
    )
    assert "member" in seen_by(house, file)
    ConflictFactory(a=rival, b=house.account)
    assert "member" not in seen_by(house, file)


def test_team_of_another_account_is_not_the_team(house):
    stranger = MembershipFactory(team__programme=house.programme).user
    RoleGrantFactory(auditor=True, programme=house.programme, user=stranger)
    file = AttachmentFactory(on=house.account, confidentiality="team")
    assert not Attachment.objects.visible_to(stranger).filter(pk=file.pk).exists()


def test_files_of_a_plan_that_is_being_written_are_for_its_readers(house):
    plan = PlanFactory(account=house.account, approved=None)
    file = AttachmentFactory(on=plan)
    assert seen_by(house, file) == {"kam", "manager"}
    type(plan).objects.filter(pk=plan.pk).update(approved={"title": "Plan"})
    assert seen_by(house, file) == EVERYBODY


def test_narrowed_file_shows_in_no_log_and_no_search(house):
    file = brought(house, confidentiality="team", description="Quagmire")
    services.archive_attachment(actor=house.kam, attachment=file)
    services.restore_attachment(actor=house.kam, attachment=file)
    for name, shown in (("member", True), ("manager", False), ("auditor", False)):
        user = getattr(house, name)
        assert Change.objects.visible_to(user).of(file).exists() is shown
        found = [group.source.name for group in search.find(user, "quagmire")]
        assert found == (["files"] if shown else [])


def test_log_follows_the_level_of_today(house):
    file = brought(house)
    assert Change.objects.visible_to(house.auditor).of(file).exists()
    services.update_attachment(
        actor=house.kam, attachment=file, expected_version=1, changes={"confidentiality": "team"}
    )
    assert not Change.objects.visible_to(house.auditor).of(file).exists()


# Changing


def test_change_moves_version_and_log(house):
    file = brought(house)
    file = services.update_attachment(
        actor=house.kam,
        attachment=file,
        expected_version=1,
        changes={"name": "contract.pdf", "description": "Frame"},
    )
    assert (file.name, file.description, file.version) == ("contract.pdf", "Frame", 2)
    row = Change.objects.of(file).first()
    assert row.before == {"name": "offer.pdf", "description": ""}
    same = services.update_attachment(
        actor=house.kam, attachment=file, expected_version=2, changes={"description": "Frame"}
    )
    assert (same.version, Change.objects.of(file).count()) == (2, 2)


def test_stale_change_is_refused(house):
    file = brought(house)
    for act in (
        lambda: services.update_attachment(
            actor=house.kam, attachment=file, expected_version=9, changes={"description": "x"}
        ),
        lambda: services.replace_file(
            actor=house.kam, attachment=file, file=sent(), expected_version=9
        ),
        lambda: services.archive_attachment(actor=house.kam, attachment=file, expected_version=9),
    ):
        with pytest.raises(VersionConflict):
            act()
    assert stored() == 1


@pytest.mark.parametrize("name", ["offer.html", "offer", "offer.png", "", "../offer.exe"])
def test_name_goes_on_saying_what_the_file_is(house, name):
    with pytest.raises(ValidationError) as refusal:
        services.update_attachment(
            actor=house.kam, attachment=brought(house), expected_version=1, changes={"name": name}
        )
    assert "name" in refusal.value.error_dict


def test_named_people_are_people_who_see_the_account(house):
    for people, code in (([], "required"), ([house.outsider], "stranger")):
        with pytest.raises(ValidationError) as refusal:
            brought(house, confidentiality="people", people=people)
        assert [error.code for error in refusal.value.error_dict["people"]] == [code]
    file = brought(house, confidentiality="people", people=[house.auditor, house.auditor])
    assert seen_by(house, file) == {"kam", "auditor"}
    row = Change.objects.of(file).get()
    assert row.after["people"] == [house.auditor.pk]
    told = {item.label: item.after for item in describe([row], house.auditor)[0].fields}
    assert told["Named people"] == str(house.auditor)
    file = services.update_attachment(
        actor=house.kam, attachment=file, expected_version=1, changes={"confidentiality": "team"}
    )
    assert list(file.people.all()) == []


def test_nobody_shuts_themselves_out(house):
    file = AttachmentFactory(on=house.account)
    for actor, changes, field in (
        (house.kam, {"confidentiality": "people", "people": [house.auditor]}, "people"),
        (house.manager, {"confidentiality": "team"}, "confidentiality"),
    ):
        with pytest.raises(ValidationError) as refusal:
            services.update_attachment(
                actor=actor, attachment=file, expected_version=1, changes=changes
            )
        assert list(refusal.value.error_dict) == [field]
    file.refresh_from_db()
    assert (file.confidentiality, file.version) == ("account", 1)


def test_replaced_file_stays_as_earlier_version(house):
    file = brought(house)
    file = services.replace_file(
        actor=house.kam,
        attachment=file,
        file=sent("picture.png", PNG),
        expected_version=1,
    )
    earlier = EarlierFile.objects.get()
    assert (file.name, file.number, file.media_type) == ("picture.png", 2, "image/png")
    assert (earlier.name, earlier.number, earlier.media_type) == ("offer.pdf", 1, "application/pdf")
    assert (content_of(file), content_of(earlier)) == (PNG, PDF)
    row = Change.objects.of(file).first()
    assert (row.verb, row.before["name"], row.after["name"]) == (
        "replaced",
        "offer.pdf",
        "picture.png",
    )


@pytest.mark.django_db(transaction=True)
def test_of_two_replacements_at_once_one_counts(house):
    file = brought(house)

    def replace():
        return services.replace_file(
            actor=house.kam, attachment=file, file=sent(), expected_version=1
        )

    outcomes = run_together(*[replace] * 4)
    assert sum(item.error is None for item in outcomes) == 1
    assert {type(item.error) for item in outcomes if item.error} == {VersionConflict}
    assert (EarlierFile.objects.count(), stored()) == (1, 2)


def test_archived_file_comes_back(house):
    file = services.archive_attachment(actor=house.kam, attachment=brought(house))
    assert not Attachment.objects.visible_to(house.kam).active().exists()
    file = services.restore_attachment(actor=house.kam, attachment=file)
    assert not file.is_archived
    assert [row.verb for row in Change.objects.of(file)] == ["restored", "archived", "created"]


# What nothing names


def test_orphans_are_dropped_after_a_day(house):
    file = brought(house)
    services.replace_file(actor=house.kam, attachment=file, file=sent(), expected_version=1)
    place = default_storage.save("attachments/aa/orphan", sent())
    other = default_storage.save("imports/kept", sent())
    now = timezone.now()
    assert services.drop_orphans(now=now + datetime.timedelta(hours=23)) == 0
    assert services.drop_orphans(now=now + datetime.timedelta(hours=25)) == 1
    assert not default_storage.exists(place)
    assert default_storage.exists(other)
    assert stored() == 2


def test_orphans_are_looked_for_folder_by_folder(house, django_assert_num_queries):
    for number in range(4):
        default_storage.save(f"attachments/aa/orphan{number}", sent())
    with django_assert_num_queries(2):
        services.drop_orphans(now=timezone.now())


def test_orphans_are_looked_for_where_nothing_was_ever_stored():
    assert drop_orphans.func() == 0
