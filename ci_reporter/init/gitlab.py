"""A pipeline for GitLab CI that runs the tests and records them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ci_reporter.init.github import command, job_id
from ci_reporter.init.given import PACKAGE
from ci_reporter.init.suites import Suite
from ci_reporter.init.words import yaml_text

PATH = ".gitlab-ci.yml"
INSTALL = f"python3 -m pip install --quiet {PACKAGE}"
_METRICS = "metrics.txt"
_HEAD = f"""\
# Written by `ci-reporter init` as a start: change it as you like.
# A push to a Pushgateway needs the variables CI_REPORTER_PUSHGATEWAY and, masked, CI_REPORTER_PUSHGATEWAY_TOKEN.
variables:
  CI_REPORTER_OPENMETRICS: {_METRICS}
"""
_VENV = (  # images of other languages are Debian's or Ubuntu's, whose Python takes no packages but into an environment
    "apt-get update --quiet=2 && apt-get install --quiet=2 --no-install-recommends python3-venv",
    f"python3 -m venv /opt/ci-reporter && /opt/ci-reporter/bin/pip install --quiet {PACKAGE}",
    'export PATH="$PATH:/opt/ci-reporter/bin"',
)
_SUMMARY = "PATH=$PATH:/opt/ci-reporter/bin ci-reporter summary"  # after_script is another shell


def pipeline(suites: Sequence[Suite]) -> str:
    """The pipeline: a job for each suite."""
    return "\n".join([_HEAD, *("\n".join(_job(suite)) + "\n" for suite in suites)])


def _job(suite: Suite) -> Iterator[str]:
    yield f"{job_id(suite)}:"
    yield f"  image: {yaml_text(suite.image)}"
    yield "  before_script:"
    yield from (f"    - {yaml_text(each)}" for each in (INSTALL,) * (suite.toolchain == "python") or _VENV)
    if suite.folder:
        yield f"    - cd {suite.folder}"
    yield from (f"    - {yaml_text(each)}" for each in suite.install)
    yield "  script:"
    yield f"    - {yaml_text(command(suite))}"
    yield "  after_script:"
    yield f"    - {yaml_text(_SUMMARY)}"
    yield "  artifacts:"
    yield "    when: always"
    yield "    paths: [.ci-reporter/]"
    yield "    reports:"
    yield f"      metrics: {_in(suite, _METRICS)}"
    if junit := [each for each in suite.tests if not each.endswith(".trx")]:
        yield f"      junit: [{', '.join(yaml_text(_in(suite, each)) for each in junit)}]"


def _in(suite: Suite, path: str) -> str:
    return f"{suite.folder}/{path}" if suite.folder else path
