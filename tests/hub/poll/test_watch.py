"""The board of `ci-reporter watch`: the last run of each pipeline, and what is new of them."""

from __future__ import annotations

import time

from ci_reporter.hub.poll.watch import Board, complete, watching
from ci_reporter.hub.runs.run import Key, Run, Status
from tests.fakes.github import FakeGitHub
from tests.fakes.server import serving
from tests.hub.upstream.watching import asynchronous, poll_of


def make_run(number, status=Status.SUCCESS, **more):
    known = {"branch": "main", "started_ms": number * 1000, "updated_ms": number * 1000, "pipeline": "CI"}
    return Run(**{**known, "key": Key("github", "github.com", "acme/shop", str(number), 1), "status": status, **more})


def ids(runs):
    return [run.key.run_id for run in runs]


def test_the_last_run_of_each_pipeline_and_branch_is_shown_youngest_first():
    board = Board()
    board.add([make_run(3), make_run(1), make_run(2, branch="fix"), make_run(5, branch=None, change="7")])
    assert ids(board.latest()) == ["5", "3", "2"]


def test_all_changes_of_a_pipeline_are_one_series():
    board = Board()
    board.add([make_run(number, change=str(number)) for number in (1, 2)] + [make_run(3)])
    assert sorted(ids(board.series())) == ["2", "3"]


def test_what_was_seen_before_is_not_new():
    board = Board()
    board.add([make_run(1, Status.RUNNING)])
    assert ids(board.fresh()) == ["1"]
    board.add([make_run(1, Status.RUNNING)])
    assert board.fresh() == []
    board.add([make_run(1, updated_ms=9_000)])
    assert [str(run.status) for run in board.fresh()] == ["success"]


@asynchronous
async def test_a_board_is_complete_when_what_patterns_stand_for_was_looked_at_too():
    fake = FakeGitHub()
    for name in ("acme/shop", "acme/api"):
        fake.add(name, 1, "success", time.time() - 60)
    async with serving(fake) as url:
        poll = poll_of(
            f"targets: [{{provider: github, url: {url}, repositories: ['acme/*', acme/nope], token_env: T}}]"
        )
        async with watching(poll, {"T": fake.token}) as board:
            await complete(board)
            assert sorted(run.key.repository for run in board.latest()) == ["acme/api", "acme/shop"]
            assert sum(bool(each.problem) for each in board.told().values()) == 1
