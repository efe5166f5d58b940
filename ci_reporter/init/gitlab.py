"""A pipeline for GitLab CI that runs the tests and records them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ci_reporter.init.components import include_item
from ci_reporter.init.github import command, job_id
from ci_reporter.init.given import PACKAGE, Source
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
_HEAD_COMPONENT = """\
# Written by `ci-reporter init` as a start: change it as you like.
# Jobs whose image has no ci-reporter need the variables CI_REPORTER_PYZ and CI_REPORTER_PYZ_SHA256: where
# ci-reporter.pyz of a release is, and its checksum. Without them these jobs run as ever, and are not recorded.
include:
  {item}
"""
_VENV = (  # images of other languages are Debian's or Ubuntu's, whose Python takes no packages but into an environment
    "apt-get update --quiet=2 && apt-get install --quiet=2 --no-install-recommends python3-venv",
    f"python3 -m venv /opt/ci-reporter && /opt/ci-reporter/bin/pip install --quiet {PACKAGE}",
    'export PATH="$PATH:/opt/ci-reporter/bin"',
)
_SUMMARY = "PATH=$PATH:/opt/ci-reporter/bin ci-reporter summary"  # after_script is another shell


def pipeline(suites: Sequence[Suite], source: Source | None = None) -> str:
    """The pipeline: a job for each suite, by the component where it is given."""
    head = _HEAD_COMPONENT.format(item=include_item(source)) if source else _HEAD
    jobs = (_by_component(suite) if source else _by_package(suite) for suite in suites)
    return "\n".join([head, *("\n".join(job) + "\n" for job in jobs)])


def _by_component(suite: Suite) -> Iterator[str]:
    yield f"{job_id(suite)}:"
    yield f"  extends: .ci-reporter{'-tests' if suite.tests or suite.coverage else ''}"
    yield f"  image: {yaml_text(suite.image)}"
    reports = {"COVERAGE": suite.coverage, "TESTS": suite.tests}
    if any(reports.values()):
        yield "  variables:"
        for name, patterns in reports.items():
            yield f"    CI_REPORTER_{name}: {yaml_text(', '.join(_in(suite, each) for each in patterns))}"
    yield "  before_script:"
    yield from (f"    - {INSTALL}",) * (suite.toolchain == "python")
    yield "    - !reference [.ci-reporter, before_script]"
    yield from _set_up(suite)
    yield "  script:"
    yield f"    - {yaml_text(suite.command)}"
    yield from _reports(suite, paths=False)


def _by_package(suite: Suite) -> Iterator[str]:
    yield f"{job_id(suite)}:"
    yield f"  image: {yaml_text(suite.image)}"
    yield "  before_script:"
    yield from (f"    - {yaml_text(each)}" for each in (INSTALL,) * (suite.toolchain == "python") or _VENV)
    yield from _set_up(suite)
    yield "  script:"
    yield f"    - {yaml_text(command(suite))}"
    yield "  after_script:"
    yield f"    - {yaml_text(_SUMMARY)}"
    yield from _reports(suite, paths=True)


def _set_up(suite: Suite) -> Iterator[str]:
    if suite.folder:
        yield f"    - cd {suite.folder}"
    yield from (f"    - {yaml_text(each)}" for each in suite.install)


def _reports(suite: Suite, *, paths: bool) -> Iterator[str]:
    """What GitLab shows of the job; the component has its own artifacts, and keeps them beside these."""
    junit = [yaml_text(_in(suite, each)) for each in suite.tests if not each.endswith(".trx")]
    if not (junit or paths):
        return
    yield "  artifacts:"
    if paths:
        yield "    when: always"
        yield "    paths: [.ci-reporter/]"
    yield "    reports:"
    if paths:
        yield f"      metrics: {_in(suite, _METRICS)}"
    if junit:
        yield f"      junit: [{', '.join(junit)}]"


def _in(suite: Suite, path: str) -> str:
    return f"{suite.folder}/{path}" if suite.folder else path
