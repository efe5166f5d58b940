"""A workflow for GitHub Actions that runs the tests and records them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence

from ci_reporter.init.given import PACKAGE, Source
from ci_reporter.init.suites import Suite
from ci_reporter.init.words import yaml_text

PATH = ".github/workflows/ci-reporter.yml"
INSTALL = f"run: pipx install {PACKAGE}"
_CHECKOUT = "actions/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8 # v5.0.0"
_TOOLCHAINS = {  # what is not on GitHub's machines as it should be; Rust, .NET, Ruby and PHP are
    "python": ("actions/setup-python@e797f83bcb11b83ae66e0230d6156d7c80228e7c # v6.0.0", {"python-version": '"3.13"'}),
    "node": ("actions/setup-node@49933ea5288caeca8642d1e84afbd3f7d6820020 # v4.4.0", {"node-version": '"22"'}),
    "go": ("actions/setup-go@d35c59abb061a4a6fb18e82ac0862c26744d6ab5 # v5.5.0", {"go-version-file": "go.mod"}),
    "java": (
        "actions/setup-java@c1e323688fd81a25caa38c78aa6df2d33d3e20d9 # v4.8.0",
        {"distribution": "temurin", "java-version": '"21"'},
    ),
}
_HEAD = """\
# Written by `ci-reporter init` as a start: change it as you like.
# A push to a Pushgateway needs the secrets PUSHGATEWAY_URL and PUSHGATEWAY_TOKEN; without them nothing is pushed.
name: Tests

on:
  push:
    branches: [{branch}]
  pull_request:

permissions:
  contents: read

concurrency:
  group: ${{{{ github.workflow }}}}-${{{{ github.ref }}}}
  cancel-in-progress: true

jobs:
"""


def workflow(suites: Sequence[Suite], branch: str, source: Source | None) -> str:
    """The workflow: a job for each suite."""
    jobs = (_job(suite, source) for suite in suites)
    return _HEAD.format(branch=yaml_text(branch)) + "\n".join("\n".join(lines) + "\n" for lines in jobs)


def _job(suite: Suite, source: Source | None) -> Iterator[str]:
    yield f"  {job_id(suite)}:"
    yield f"    name: {yaml_text(f'{suite.name} ({suite.folder})' if suite.folder else suite.name)}"
    yield "    runs-on: ubuntu-latest"
    yield "    timeout-minutes: 30"
    yield "    steps:"
    yield f"      - uses: {_CHECKOUT}"
    yield "        with:"
    yield "          persist-credentials: false"
    yield from _toolchain(suite)
    if suite.install:
        yield ""
        yield "      - name: Install"
        yield from _in_folder(suite)
        yield from _run("        ", suite.install)
    yield ""
    yield from _by_action(suite, source) if source else _by_package(suite)


def _toolchain(suite: Suite) -> Iterator[str]:
    action, inputs = _TOOLCHAINS.get(suite.toolchain, ("", {}))
    if action:
        yield ""
        yield f"      - uses: {action}"
        yield "        with:"
        yield from (f"          {key}: {_in(suite, value)}" for key, value in inputs.items())


def _in(suite: Suite, value: str) -> str:
    return f"{suite.folder}/{value}" if suite.folder and value == "go.mod" else value


def _by_action(suite: Suite, source: Source) -> Iterator[str]:
    yield f"      - name: {yaml_text(suite.name)}"
    yield f"        uses: {source.repository}@{source.ref}"
    yield "        with:"
    yield f"          name: {yaml_text(suite.name)}"
    for key, patterns in (("coverage", suite.coverage), ("tests", suite.tests)):
        if patterns:
            yield f"          {key}: {yaml_text(', '.join(patterns))}"
    if suite.folder:
        yield f"          working-directory: {yaml_text(suite.folder)}"
    yield "          pushgateway-url: ${{ secrets.PUSHGATEWAY_URL }}"
    yield from _run("          ", (suite.command,))
    yield "        env:"
    yield "          CI_REPORTER_PUSHGATEWAY_TOKEN: ${{ secrets.PUSHGATEWAY_TOKEN }}"


def _by_package(suite: Suite) -> Iterator[str]:
    yield "      - name: Install ci-reporter"
    yield f"        {INSTALL}"
    yield ""
    yield f"      - name: {yaml_text(suite.name)}"
    yield from _in_folder(suite)
    yield from _run("        ", (command(suite),))
    yield "        env:"
    yield "          CI_REPORTER_PUSHGATEWAY: ${{ secrets.PUSHGATEWAY_URL }}"
    yield "          CI_REPORTER_PUSHGATEWAY_TOKEN: ${{ secrets.PUSHGATEWAY_TOKEN }}"


def _in_folder(suite: Suite) -> Iterator[str]:
    if suite.folder:
        yield f"        working-directory: {yaml_text(suite.folder)}"


def _run(indent: str, commands: Sequence[str]) -> Iterator[str]:
    """A `run:`; as a block unless it is one plain line."""
    if len(commands) == 1 and (plain := f"run: {commands[0]}") and yaml_text(commands[0]) == commands[0]:
        yield f"{indent}{plain}"
        return
    yield f"{indent}run: |"
    yield from (f"{indent}  {each}" for each in commands)


def command(suite: Suite) -> str:
    """The suite's command as ci-reporter runs it."""
    reports = [f"--coverage {shlex.quote(each)}" for each in suite.coverage]
    reports += [f"--tests {shlex.quote(each)}" for each in suite.tests]
    return " ".join(["ci-reporter run", f"--name {shlex.quote(suite.name)}", *reports, "--", suite.command])


def job_id(suite: Suite) -> str:
    """A job's id for a suite: `npm-test-web`."""
    return re.sub(r"[^a-z0-9]+", "-", f"{suite.name} {suite.folder}".lower()).strip("-")
