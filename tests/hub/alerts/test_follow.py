"""Runs of the database, held against the rules: as they change, and as they do not."""

import pytest

from ci_reporter.errors import CIReporterError
from ci_reporter.hub.alerts.book import Book
from ci_reporter.hub.alerts.follow import Follower
from ci_reporter.hub.runs.book import Source, record
from ci_reporter.hub.runs.deployment import Deployment
from ci_reporter.hub.runs.deployments import keep
from ci_reporter.hub.runs.run import Job, Key, Run, Status
from tests.hub.alerts.conftest import T0, make_rules

MIN = 60_000
RULES = """
  - { name: red, on: pipeline, if: "result in (failure, error, timeout)" }
  - { name: stuck, on: pipeline, if: overdue != no, level: warning }
"""


def make_run(number, status="success", begun_ms=T0, took_ms=10 * MIN, **more):
    final = Status(status).is_final
    return Run(
        **{
            "key": Key("github", "github.com", "acme/shop", str(number), 1),
            "pipeline": "CI",
            "branch": "main",
            "default_branch": "main",
            "status": Status(status),
            "queued_ms": begun_ms,
            "started_ms": None if status == "queued" else begun_ms,
            "finished_ms": begun_ms + took_ms if final else None,
            "updated_ms": begun_ms + (took_ms if final else 0),
        }
        | more
    )


class World:
    """A database, the rules over it, and a CI system that says what a test wants."""

    def __init__(self, store, rules=RULES) -> None:
        self.store, self.now_ms, self.answer = store, T0, None
        self.asked, self.deployed = [], []
        clock = lambda: self.now_ms / 1000  # noqa: E731
        book = Book(store, make_rules(rules), clock=clock)
        self.follower = Follower(store, book, self._look_again, self._deployed, clock=clock)
        self.follower.follow()

    def _deployed(self, report, deployment):
        self.deployed.append((deployment, report.environment, report.run.revision, str(report.step.result)))

    def _look_again(self, key):
        self.asked.append(key.run_id)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def see(self, *runs):
        for each in runs:
            record(self.store, [each], source=Source.WEBHOOK, now_ms=self.now_ms)
        self.follower.follow()

    @property
    def told(self):
        rows = self.store.select("SELECT rule, transition FROM alert_message ORDER BY number")
        return [(rule, transition.split()[0]) for rule, transition in rows]

    @property
    def texts(self):
        return " ".join(row[0] for row in self.store.select("SELECT alert FROM alert_message"))


@pytest.fixture
def world(store):
    return World(store)


def test_a_run_that_fails_is_told_and_the_next_good_one_ends_it(world):
    jobs = (Job(job_id="1", name="unit (3.12)", status=Status.FAILURE),)
    world.see(make_run(1), make_run(2, "failure", T0 + MIN, jobs=jobs), make_run(3, "success", T0 + 2 * MIN))
    assert world.told == [("red", "first"), ("red", "recovered")]
    assert "failed: unit (3.12)" in world.texts


def test_what_happened_before_the_rules_were_there_is_not_told(store):
    record(store, [make_run(1, "failure")], source=Source.POLL, now_ms=T0)
    assert World(store).told == []


def test_what_happened_while_no_hub_ran_is_told(world):
    record(world.store, [make_run(1, "failure")], source=Source.POLL, now_ms=T0)
    assert World(world.store).follower.follow() == 0
    assert world.told == [("red", "first")]


def test_a_run_seen_twice_is_told_once(world):
    world.see(make_run(1, "failure"), make_run(1, "failure"))
    assert world.told == [("red", "first")]


def usual_runs(world, count=6):
    world.see(*(make_run(n, begun_ms=T0 + n * MIN) for n in range(count)))
    world.now_ms = T0 + 60 * MIN


def test_a_run_that_takes_too_long_is_told_once_its_ci_system_says_so(world):
    usual_runs(world)
    hung = make_run(9, "running", T0 + 60 * MIN)
    world.see(hung)
    world.answer = hung
    world.now_ms += 14 * MIN
    world.follower.look()
    assert world.asked == []
    world.now_ms += 2 * MIN
    world.follower.look()
    world.follower.look()
    assert world.asked == ["9"]
    assert world.told == [("stuck", "first")]
    assert "running for 16 min; of the last 6 good ones all but one took 10 min at most" in world.texts


def test_its_end_is_told_however_it_ends(world):
    test_a_run_that_takes_too_long_is_told_once_its_ci_system_says_so(world)
    world.see(make_run(9, "cancellation", T0 + 60 * MIN, 20 * MIN))
    assert world.told == [("stuck", "first"), ("stuck", "recovered")]


def test_a_run_whose_end_was_lost_is_told_as_that_and_kept(world):
    usual_runs(world)
    world.see(make_run(9, "running", T0 + 60 * MIN))
    world.answer = make_run(9, "failure", T0 + 60 * MIN)
    world.now_ms += 30 * MIN
    world.follower.look()
    world.follower.follow()
    assert sorted(world.told) == [("red", "first"), ("stuck", "first"), ("stuck", "recovered")]
    assert "a webhook was lost" in world.texts


def test_where_nobody_answers_it_is_said_to_be_silent(world):
    usual_runs(world)
    world.see(make_run(9, "running", T0 + 60 * MIN))
    world.answer = CIReporterError("github does not answer")
    world.now_ms += 30 * MIN
    world.follower.look()
    assert "its CI system tells nothing new: github does not answer" in world.texts


def test_a_job_that_waits_for_a_runner_is_overdue(store):
    world = World(store, "\n  - { name: no runner, on: job, if: overdue == queued, group: [repository, job] }\n")

    def with_job(number, status, waited_ms=MIN):
        begun = T0 + number * MIN
        job = Job(
            job_id=f"j{number}",
            name="deploy",
            status=Status(status),
            queued_ms=begun,
            started_ms=begun + waited_ms if status == "success" else None,
            finished_ms=begun + waited_ms + MIN if status == "success" else None,
        )
        return make_run(number, "success" if status == "success" else "running", begun, jobs=(job,))

    world.see(*(with_job(n, "success") for n in range(6)))
    waits = with_job(60, "queued")
    world.see(waits)
    world.answer = waits
    world.now_ms = T0 + 72 * MIN
    world.follower.look()
    assert world.told == [("no runner", "first")]
    world.see(with_job(60, "success", 20 * MIN))
    assert world.told == [("no runner", "first"), ("no runner", "recovered")]


def test_a_job_that_is_heard_of_with_each_change_of_its_run_counts_once(store):
    world = World(store, "\n  - { name: twice, on: job, if: result == failure, for: 2 runs }\n")
    job = Job(job_id="1", name="unit", status=Status.FAILURE, finished_ms=T0 + MIN)
    for updated_ms in (T0 + MIN, T0 + 2 * MIN):
        world.see(make_run(1, "running", jobs=(job,), updated_ms=updated_ms, title=str(updated_ms)))
    assert world.told == []


def test_two_hubs_tell_of_a_stuck_run_once(world):
    usual_runs(world)
    hung = make_run(9, "running", T0 + 60 * MIN)
    world.see(hung)
    other = World(world.store)
    for each in (world, other):
        each.answer = hung
        each.now_ms = T0 + 90 * MIN
        each.follower.look()
    assert world.told == [("stuck", "first")]


def test_a_deployment_that_the_ci_system_tells_of_is_watched(world):
    world.see(make_run(1, environment="production", revision="c" * 40), make_run(2, "failure", T0 + MIN))
    assert world.deployed == [("github-1-1", "production", "c" * 40, "success")]


def test_a_deployment_event_is_watched_once_it_went_well(world):
    def seen(status):
        return Deployment(
            repository="acme/shop",
            environment="production",
            provider="github",
            host="github.com",
            deployment_id="7",
            status=Status(status),
            updated_ms=T0 + len(status),
            revision="d" * 40,
        )

    for status in ("running", "success", "success"):
        world.store.transact(lambda run, status=status: keep(run, [seen(status)], world.now_ms))
    world.follower.follow()
    assert [each[1:] for each in world.deployed] == [("production", "d" * 40, "success")]


def test_changes_that_another_hub_judges_meanwhile_are_judged_once(store):
    rules = "\n  - { name: twice, on: pipeline, if: result == failure, for: 2 runs }\n"
    first, second = World(store, rules), World(store, rules)
    record(store, [make_run(1, "failure")], source=Source.POLL, now_ms=T0)
    read = first.follower._events

    def slowly(change):
        second.follower.follow()
        return read(change)

    first.follower._events = slowly
    first.follower.follow()
    assert first.told == []


def test_an_end_is_told_although_something_else_of_the_run_changed_since(world):
    record(world.store, [make_run(1, "running")], source=Source.WEBHOOK, now_ms=T0)
    record(world.store, [make_run(1, "failure")], source=Source.POLL, now_ms=T0)
    world.see(make_run(1, "failure", title="Mend it", url="https://ci.example/1"))
    assert world.store.select("SELECT was, became FROM change ORDER BY number")[-1] == ("failure", "failure")
    assert world.told == [("red", "first")]
