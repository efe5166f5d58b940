"""A job that runs steps and tells a chat of them: the installed program, and a server that says what Slack says."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from tests.conftest import Program

GITHUB = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_RUN_ID": "17012345678",
    "GITHUB_REPOSITORY": "acme/shop",
    "GITHUB_WORKFLOW": "CI",
    "GITHUB_JOB": "unit",
    "GITHUB_REF": "refs/heads/main",
    "GITHUB_REF_NAME": "main",
    "GITHUB_REF_TYPE": "branch",
    "GITHUB_SHA": "c0ffee" + "0" * 34,
}


@dataclass
class Jobs:
    """Steps of one job, one after the other; `heard` are the headlines that the chat was sent."""

    program: Program
    chat: object
    env: dict = field(default_factory=dict)

    def __call__(self, *command, options=(), **env):
        """Run a command as a step."""
        done = self.program("run", "--name", "unit", *options, "--", *command, env=self.env | env)
        assert "bug" not in done.stderr
        return done

    @property
    def heard(self):
        return [asked.json["text"] for asked in self.chat.asked]

    def rules(self, text):
        (self.program.folder / ".ci-reporter.yml").write_text(f"alerts:\n{text}\n")

    def forget(self):
        """The next step runs on a machine that has never seen any."""
        shutil.rmtree(self.program.state, ignore_errors=True)


@pytest.fixture
def jobs(run_program, vendor) -> Callable[..., Jobs]:
    """Make jobs on branch main of a repository on GitHub; `answer` is what the chat says."""

    def make(rules="- {name: main is red, if: result == failure}", answer=(200, {}, b"ok"), **env):
        chat = vendor(answer if callable(answer) else lambda _: answer)
        made = Jobs(program=run_program, chat=chat, env={**GITHUB, "CI_REPORTER_SLACK": f"{chat.url}/hook", **env})
        if rules:
            made.rules(rules)
        return made

    return make
