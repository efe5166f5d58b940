"""The program's commands, each in the module of its name."""

from __future__ import annotations

import click

from ci_reporter.cli.lazy import LazyGroup
from ci_reporter.version import __version__

COMMANDS = {
    "run": "Run a command and record it as a step.",
    "shell": "Be the shell of a job's steps, and record each of them.",
    "collect": "Record after the fact: report files, and jobs that nobody wrapped.",
    "context": "Show what is known of this job: run, job, branch, revision.",
    "summary": "Show the steps of this run, as a table or a page of Markdown.",
    "comment": "Comment on the pull or merge request: the page of this run.",
    "report": "Write a page of this run as HTML, badges, and files for GitLab.",
    "logs": "Find the log lines of a run; add the run to plain output.",
    "coverage": "Show and merge coverage files; show the coverage of a change.",
    "tests": "Show test results: counts, and failed, flaky and slow tests.",
    "stamp": "Write version, revision and run into what the job built.",
    "inspect": "Show the stamp of an artifact.",
    "notify": "Tell people: chat, mail, pagers, commit statuses.",
    "trace": "Send the span of the whole run, in its last job.",
    "flush": "Send the reports that have not been delivered yet.",
    "gc": "Delete groups from the Pushgateway that nobody pushes any more.",
    "gate": "Decide after a deploy whether the job may go green.",
    "health": "Look at a service once: port, TLS, status, revision, checks.",
    "hub": "Run the server that keeps what jobs report.",
    "watch": "Watch the runs of GitHub, GitLab, Jenkins or Gitea; no server.",
    "alerts": "Check the alert rules, and try them on kept records.",
    "init": "Look at this repository, and write a workflow and settings to begin with.",
    "doctor": "Check settings, Pushgateway and Prometheus; say what to do.",
}


@click.group(
    cls=LazyGroup,
    lazy=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Example:  ci-reporter run --name unit -- pytest -q",
)
@click.version_option(__version__, prog_name="ci-reporter", message="%(prog)s %(version)s")
def cli() -> None:
    """Record the steps of CI jobs, push their metrics, and gate deploys.

    Settings come from options, then CI_REPORTER_* variables, then .ci-reporter.yml.
    """
