"""The queue: claims, leases, retries, keys, schedules, cancelling, rights."""

import datetime
import uuid

import pytest
import time_machine
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django_tasks import TaskResultStatus, default_task_backend
from django_tasks.exceptions import TaskResultDoesNotExist

from kam.changes.models import Change
from kam.jobs import schedule, services
from kam.jobs.models import Job, Schedule
from kam.jobs.progress import (
    Cancelled,
    HeldJob,
    InlineJob,
    Interrupted,
    LeaseLost,
    current_job,
    running,
)
from kam.jobs.tasks import forget_old_jobs
from kam.jobs.worker import LEASE, Worker, backoff, reap
from teams.models import User
from tests.factories.jobs import JobFactory
from tests.kam import job_tasks

pytestmark = pytest.mark.django_db
NOW = datetime.datetime(2026, 6, 1, 12, tzinfo=datetime.UTC)


@pytest.fixture
def worker() -> Worker:
    return Worker(name="one", heartbeat=False)


@pytest.fixture(autouse=True)
def _no_schedules(monkeypatch):
    monkeypatch.setattr(schedule, "registry", {})


def make_user(name: str, **values) -> User:
    return User.objects.create(username=name, **values)


def test_task_runs_and_keeps_its_result(worker):
    user = make_user("asker")
    result = job_tasks.add.using(created_by=user).enqueue(2, b=3)
    assert result.status == TaskResultStatus.READY
    assert worker.drain() == 1
    result.refresh()
    assert (result.status, result.return_value, result.attempts) == (
        TaskResultStatus.SUCCESSFUL,
        5,
        1,
    )
    job = Job.objects.get(pk=result.id)
    assert (job.created_by, job.worker, job.lease) == (user, "one", None)


def test_task_enqueued_in_a_transaction_that_fails_never_runs(worker):
    with transaction.atomic():
        job_tasks.add.enqueue(1, 1)
        transaction.set_rollback(True)
    assert worker.drain() == 0


def test_task_result_of_unknown_id_is_refused():
    for unknown in (str(uuid.uuid4()), "no id"):
        with pytest.raises(TaskResultDoesNotExist):
            default_task_backend.get_result(unknown)


def test_task_failure_is_tried_again_with_longer_pauses_until_tries_are_used_up(worker):
    with time_machine.travel(NOW, tick=False) as clock:
        result = job_tasks.fail.enqueue("broken pipe")
        for attempt in (1, 2, 3):
            assert worker.drain() == 1
            job = Job.objects.get(pk=result.id)
            assert (job.attempts, job.error) == (attempt, "broken pipe")
            clock.shift(backoff(attempt))
        assert worker.drain() == 0
    assert (job.status, job.lease) == (Job.Status.FAILED, None)
    result.refresh()
    assert result.errors[0].exception_class is RuntimeError


@pytest.mark.parametrize(
    ("attempts", "seconds"), [(1, 5), (2, 10), (3, 20), (10, 2560), (11, 3600), (500, 3600)]
)
def test_backoff_doubles_up_to_an_hour(attempts, seconds):
    assert backoff(attempts).total_seconds() == seconds


@pytest.mark.parametrize(
    ("task", "error"),
    [
        ("refuse", "Not like this."),
        ("unwritable", "Object of type object is not JSON serializable"),
    ],
)
def test_task_error_that_would_repeat_is_final(worker, task, error):
    result = getattr(job_tasks, task).enqueue()
    assert worker.drain() == 1
    job = Job.objects.get(pk=result.id)
    assert (job.status, job.attempts, job.error) == (Job.Status.FAILED, 1, error)


def test_task_of_unknown_path_fails_with_a_reason(worker):
    job = JobFactory(task="tests.kam.job_tasks.gone")
    worker.drain()
    job.refresh_from_db()
    assert job.status == Job.Status.FAILED
    assert "gone" in job.error


def test_job_order_is_priority_then_age(worker):
    late = JobFactory(run_after=timezone.now() + datetime.timedelta(hours=1))
    first, urgent, second = JobFactory(), JobFactory(priority=9), JobFactory()
    order = [worker.claim().pk for _ in range(3)]
    assert order == [urgent.pk, first.pk, second.pk]
    assert worker.claim() is None
    assert late.status == Job.Status.READY


def test_jobs_of_one_key_run_one_after_another_in_order(worker):
    first, second, other = JobFactory(key="a"), JobFactory(key="a", priority=5), JobFactory(key="b")
    assert worker.claim().pk == first.pk
    assert worker.claim().pk == other.pk
    assert worker.claim() is None
    Job.objects.filter(pk=first.pk).update(status="succeeded")
    assert worker.claim().pk == second.pk


def test_job_waiting_for_its_retry_holds_later_ones_of_its_key(worker):
    later = timezone.now() + datetime.timedelta(hours=1)
    JobFactory(key="a", attempts=1, run_after=later)
    JobFactory(key="a")
    JobFactory(key="b", run_after=later)
    free = JobFactory(key="b")
    assert worker.claim().pk == free.pk
    assert worker.claim() is None


def test_database_refuses_a_second_running_job_of_a_key():
    JobFactory(key="a", status="running")
    with pytest.raises(IntegrityError), transaction.atomic():
        JobFactory(key="a", status="running")
    JobFactory(status="running")
    JobFactory(status="running")


def test_worker_takes_only_its_queues():
    JobFactory(queue="default")
    mine = JobFactory(queue="mail")
    worker = Worker(queues=["mail"], heartbeat=False)
    assert worker.claim().pk == mine.pk
    assert worker.claim() is None


def test_reaper_gives_an_abandoned_job_to_others_until_tries_are_used_up(worker):
    job = JobFactory(max_attempts=2)
    with time_machine.travel(NOW, tick=False) as clock:
        Job.objects.update(run_after=NOW)
        worker.claim()
        assert reap(timezone.now()) == 0
        clock.shift(LEASE + datetime.timedelta(seconds=1))
        assert reap(timezone.now()) == 1
        job.refresh_from_db()
        assert (job.status, job.attempts, job.lease) == (Job.Status.READY, 1, None)
        assert worker.claim().attempts == 2
        clock.shift(LEASE + datetime.timedelta(seconds=1))
        assert reap(timezone.now()) == 1
    job.refresh_from_db()
    assert (job.status, job.error) == (Job.Status.FAILED, "The worker one stopped without a word.")


def held(worker: Worker) -> HeldJob:
    return HeldJob(worker.claim(), worker.stopping)


def test_worker_that_lost_its_lease_cannot_commit(worker):
    JobFactory()
    zombie = held(worker)
    with time_machine.travel(timezone.now() + LEASE * 2, tick=False):
        reap(timezone.now())
        successor = held(worker)
    assert successor.pk == zombie.pk
    with pytest.raises(LeaseLost), zombie.fenced():
        job_tasks.effect(1, "zombie").save()
    with pytest.raises(LeaseLost):
        zombie.checkpoint()
    with pytest.raises(LeaseLost):
        zombie.report(1)
    with successor.fenced():
        job_tasks.effect(1, "successor").save()
    labels = Change.objects.filter(object_type="effect").values_list("object_label", flat=True)
    assert list(labels) == ["successor"]


def test_late_success_of_a_lost_job_changes_nothing(worker):
    JobFactory()
    job = worker.claim()
    Job.objects.update(lease=uuid.uuid4(), worker="two")
    worker.perform(job)
    job.refresh_from_db()
    assert (job.status, job.worker, job.result) == (Job.Status.RUNNING, "two", None)


def remember_and_refuse(job: HeldJob) -> None:
    job.remember(next=5)
    raise ValidationError("no")


def test_state_is_remembered_only_with_its_commit(worker):
    JobFactory()
    job = held(worker)
    with pytest.raises(ValidationError), job.fenced():
        remember_and_refuse(job)
    assert (job.state, Job.objects.get().state) == ({}, {})
    assert (job.state, Job.objects.get().state) == ({}, {})
    with job.fenced():
        job.remember(next=3)
    assert (job.state, Job.objects.get().state) == ({"next": 3}, {"next": 3})


def test_final_commit_ends_the_job(worker):
    result = job_tasks.at_once.enqueue("x")
    worker.drain()
    result.refresh()
    assert result.status == TaskResultStatus.SUCCESSFUL
    assert Change.objects.filter(object_type="effect").count() == 1


def test_waiting_job_is_cancelled_at_once_and_running_one_at_its_checkpoint(worker):
    user = make_user("asker")
    waiting = JobFactory(created_by=user, enqueued_at=NOW + datetime.timedelta(days=9000))
    JobFactory(created_by=user)
    job = held(worker)
    assert services.cancel_job(actor=user, job=waiting).status == Job.Status.CANCELLED
    assert services.cancel_job(actor=user, job=Job.objects.get(pk=job.pk)).status == "running"
    with pytest.raises(Cancelled):
        job.checkpoint()


def test_cancelled_task_is_settled_as_stopped(worker):
    result = job_tasks.stepwise.enqueue(9, "x")
    Job.objects.update(cancel_requested=True)
    worker.drain()
    assert Job.objects.get(pk=result.id).status == Job.Status.CANCELLED
    assert not Change.objects.filter(object_type="effect").exists()


def test_worker_told_to_stop_gives_the_job_back_uncounted(worker):
    job_tasks.stepwise.enqueue(9, "x")
    job = worker.claim()
    worker.stop()
    worker.perform(job)
    job.refresh_from_db()
    assert (job.status, job.attempts, job.lease) == (Job.Status.READY, 0, None)
    with pytest.raises(Interrupted):
        raise Interrupted


def test_failed_job_can_be_started_again_by_who_sees_it(worker):
    user, outsider = make_user("asker"), make_user("outsider")
    job = JobFactory(created_by=user, status="failed", attempts=5)
    for service in (services.retry_job, services.cancel_job):
        with pytest.raises(PermissionDenied):
            service(actor=outsider, job=job)
    assert services.retry_job(actor=user, job=job).status == Job.Status.READY
    with pytest.raises(ValidationError):
        services.retry_job(actor=user, job=job)
    assert worker.drain() == 1


def test_jobs_are_visible_to_their_starter_alone():
    user, outsider = make_user("asker"), make_user("outsider")
    gone = make_user("gone", is_active=False)
    job = JobFactory(created_by=user)
    JobFactory(created_by=gone)
    JobFactory()
    assert list(Job.objects.visible_to(user)) == [job]
    assert list(Job.objects.visible_to(outsider)) == []
    assert list(Job.objects.visible_to(gone)) == []


def test_progress_is_reported_and_bounded(worker):
    job_tasks.stepwise.enqueue(7, "x")
    worker.drain()
    job = Job.objects.get()
    assert (job.progress_done, job.progress_total, job.progress_note) == (7, 7, "steps")
    assert (job.progress_ratio, job.result) == (1.0, 7)
    assert Job(progress_done=1).progress_ratio is None


def test_writes_inside_a_job_come_from_it(worker):
    result = job_tasks.sourced.enqueue()
    worker.drain()
    result.refresh()
    assert result.return_value == "job sourced"


def test_code_without_a_worker_runs_under_a_stand_in():
    reports = []
    job_tasks.stepwise.call(4, "x")
    with running(InlineJob(lambda *values: reports.append(values))):
        job_tasks.stepwise.call(4, "y")
        assert current_job().state == {"next": 4}
    assert reports == [(3, 4, "steps"), (4, 4, "steps")]
    assert Change.objects.filter(object_type="effect").count() == 8


def test_schedule_enqueues_each_slot_once_and_skips_what_was_missed():
    every = datetime.timedelta(hours=1)
    schedule.periodic(every=every)(job_tasks.sourced)
    assert schedule.enqueue_due(NOW) == 1
    assert schedule.enqueue_due(NOW) == 0
    Job.objects.update(status="succeeded")
    assert schedule.enqueue_due(NOW + every * 5 + every / 2) == 1
    assert Schedule.objects.get().next_run_at == NOW + every * 6
    assert schedule.enqueue_due(NOW + every * 6) == 0, "the last one still waits"
    assert Job.objects.count() == 2


def test_daily_schedule_keeps_its_time_of_day():
    slot = schedule.Slot(job_tasks.add, datetime.timedelta(days=1), datetime.time(3, 30))
    due = schedule.next_slot(slot, NOW, None)
    assert due == datetime.datetime(2026, 6, 2, 3, 30, tzinfo=datetime.UTC)
    later = due + datetime.timedelta(days=3, hours=1)
    assert schedule.next_slot(slot, later, due) == datetime.datetime(
        2026, 6, 6, 3, 30, tzinfo=datetime.UTC
    )


def test_old_jobs_are_forgotten():
    now = timezone.now()
    for status, days in (("succeeded", 15), ("failed", 89), ("failed", 91), ("cancelled", 15)):
        JobFactory(status=status, finished_at=now - datetime.timedelta(days=days))
    JobFactory(enqueued_at=now - datetime.timedelta(days=500))
    assert forget_old_jobs.call() == 3
    assert sorted(Job.objects.values_list("status", flat=True)) == ["failed", "ready"]
