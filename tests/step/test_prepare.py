"""What is made ready while the command runs."""

import subprocess

import pytest

from ci_reporter.model import Run
from ci_reporter.step.prepare import prepare

KNOWN = {"provider": "github", "repository": "acme/shop", "revision": "c" * 40}
COMMITTED = "2026-01-31T11:00:00.000Z"


@pytest.mark.parametrize(
    ("said", "kept"),
    [("2026-01-31T12:00:00+01:00", COMMITTED), ("2026-01-31T11:00:00Z", COMMITTED), ("yesterday", None), (None, None)],
)
def test_the_time_of_a_commit_is_utc(make_context, said, kept):
    assert prepare(make_context(), Run(**KNOWN, committed_at=said)).committed_at == kept


@pytest.mark.parametrize(("environment", "expected"), [("production", COMMITTED), (None, None)])
def test_a_deploy_knows_when_its_commit_was_made(make_context, tmp_path, environment, expected):
    def git(*words):
        name = ["-c", "user.name=Ann", "-c", "user.email=ann@acme.test"]
        env = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "GIT_COMMITTER_DATE": COMMITTED}
        done = subprocess.run(["git", *name, *words], cwd=tmp_path, env=env, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    git("init", "--quiet")
    git("commit", "--quiet", "--allow-empty", "--message", "fix the cart")
    context = make_context({"PATH": "/usr/bin:/bin"}, **({"environment": environment} if environment else {}))
    run = Run(**KNOWN | {"revision": git("rev-parse", "HEAD")})
    assert prepare(context, run).committed_at == expected
