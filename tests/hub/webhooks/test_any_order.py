"""Any permutation, duplication and loss of a run's events, and one poll after them, end in the same state."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ci_reporter.hub.runs.book import Source, record
from ci_reporter.hub.runs.reading import record_at
from ci_reporter.hub.store.opening import open_store
from ci_reporter.hub.upstream import github as api
from ci_reporter.hub.upstream import gitlab as gitlab_api
from ci_reporter.hub.webhooks import github, gitlab
from tests.hub.webhooks import payloads

_NUMBERS = itertools.count()
_CREATED, _STARTED, _ENDED = (f"2026-01-01T00:0{minute}:00Z" for minute in (0, 1, 5))


def _job(number, status, conclusion=None):
    more = {"started_at": None} if status == "queued" else {}
    return payloads.github_job(status, conclusion, id=number, name=f"job {number}", **more)


GITHUB = [
    github.translate("workflow_run", payloads.github_run("queued", None, _CREATED)),
    github.translate("workflow_run", payloads.github_run("in_progress", None, _STARTED)),
    github.translate("workflow_run", payloads.github_run("completed", "failure", _ENDED)),
    *(
        github.translate("workflow_job", _job(number, *status))
        for number in (31, 32)
        for status in (("queued",), ("in_progress",), ("completed", "failure" if number == 32 else "success"))
    ),
]
GITLAB = [
    gitlab.translate("", payloads.gitlab_pipeline("pending", None)),
    gitlab.translate("", payloads.gitlab_pipeline("running", None)),
    gitlab.translate("", payloads.gitlab_pipeline("failed")),
    gitlab.translate("", payloads.gitlab_job("running")),
]


def _polled_github():
    node = payloads.github_run("completed", "failure", _ENDED)["workflow_run"] | {"name": "CI"}
    jobs = (_job(31, "completed", "success"), _job(32, "completed", "failure"))
    found = api.run_of("github.com", "acme/shop", node)
    return replace(found, jobs=tuple(api.job_of(each["workflow_job"]) for each in jobs))


def _polled_gitlab():
    times = {"created_at": _CREATED, "started_at": "2026-01-01T00:00:30Z", "finished_at": _ENDED}
    known = {"id": 17, "ref": "main", "sha": payloads.SHA, "source": "push", "status": "failed", "updated_at": _ENDED}
    page = "https://gitlab.example.com/acme/tools/shop/-"
    node = {**known, **times, "queued_duration": 30, "web_url": f"{page}/pipelines/17", "user": {"username": "ada"}}
    job = {**times, "id": 31, "name": "unit", "stage": "test", "status": "success", "queued_duration": 30.0}
    job |= {"web_url": f"{page}/jobs/31", "runner": {"description": "runner 1"}}
    return replace(gitlab_api.run_of("gitlab.example.com", "acme/tools/shop", node), jobs=(gitlab_api.job_of(job),))


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """One database for all examples; each has a repository of its own."""
    found = open_store(str(tmp_path_factory.mktemp("runs") / "hub.db"))
    yield found
    found.close()


def _after(store, events, poll):
    """What the database says of the run after these events, one after the other, and the poll."""
    repository = f"acme/{next(_NUMBERS)}"
    for at, run in enumerate([*(event.runs[0] for event in events), poll]):
        moved = replace(run, key=run.key._replace(repository=repository))
        source = Source.POLL if run is poll else Source.WEBHOOK
        record(store, [moved], source=source, now_ms=1_000 + at)
    found = record_at(store.select, repository, f"{poll.key.provider}-17{'-1' * (poll.key.provider == 'github')}")
    told = replace(found.told, key=poll.key, default_branch=None, title=None, older={})
    jobs = tuple(replace(job, older={}) for job in told.jobs)
    return found.state, found.begun_ms, found.duration_ms, found.waited_ms, replace(told, jobs=jobs)


@pytest.mark.parametrize(
    ("events", "poll"), [(GITHUB, _polled_github()), (GITLAB, _polled_gitlab())], ids=["github", "gitlab"]
)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_events_in_any_order_and_one_poll_end_in_the_same_state(store, events, poll, data):
    told = data.draw(st.lists(st.sampled_from(events), max_size=2 * len(events)))
    assert _after(store, told, poll) == _after(store, events, poll)


@pytest.mark.parametrize("events", [GITHUB, GITLAB], ids=["github", "gitlab"])
def test_a_run_of_which_all_was_told_needs_no_poll(store, events):
    poll = _polled_github() if events is GITHUB else _polled_gitlab()
    last = next(event.runs[0] for event in reversed(events) if event.runs[0].status.is_final)
    assert _after(store, list(reversed(events)), last)[:4] == _after(store, events, poll)[:4]
