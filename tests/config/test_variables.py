"""A variable that looks like a setting and is none gets a warning; whatever else we or our examples set is known."""

import re
from pathlib import Path

import click
import pytest

from ci_reporter.cli.group import cli
from ci_reporter.config import plugins, variables

ROOT = Path(__file__).parents[2]
KNOWN = variables.others() | {
    name
    for each in plugins.all_settings()
    for name in (*each.variables, f"{each.variable}_FILE" if each.secret else "")
}
NAMES_IN_PROSE = {"CI_REPORTER_KEY", "CI_REPORTER_KEY_FILE", "CI_REPORTER_PUSHGATWAY"}


def commands(command):
    """A command and all below it."""
    yield command
    if isinstance(command, click.Group):
        with click.Context(command) as context:
            for name in command.list_commands(context):
                yield from commands(command.get_command(context, name))


def warned(ended):
    return [line for line in ended.stderr.splitlines() if "is not a setting" in line]


def test_every_variable_of_an_option_is_known():
    found = {each.envvar for command in commands(cli) for each in command.params if each.envvar}
    assert found - KNOWN == set(), "add it to _COMMANDS in ci_reporter/config/variables.py"


@pytest.mark.parametrize("folder", ["ci_reporter", "scripts", "examples", "docs", "README.md", "action.yml"])
def test_every_variable_that_we_name_is_known(folder):
    files = [ROOT / folder] if (ROOT / folder).is_file() else (ROOT / folder).rglob("*")
    texts = (path.read_text() for path in files if path.is_file() and path.suffix not in (".pyc", ".png", ".gz"))
    found = {name for text in texts for name in re.findall(r"\bCI_REPORTER_[A-Z][A-Z_]*[A-Z]\b(?!_)", text)}
    unknown = variables.unknown_variables(dict.fromkeys(found - NAMES_IN_PROSE, ""), plugins.all_settings())
    assert {name for name in unknown if "KAFKA" not in name} == set()


@pytest.mark.parametrize(
    ("name", "way_out"),
    [
        ("CI_REPORTER_PUSHGATWAY", "perhaps you meant CI_REPORTER_PUSHGATEWAY"),
        ("CI_REPORTER_PUSHGATEWAY_PASWORD", "perhaps you meant CI_REPORTER_PUSHGATEWAY_PASSWORD"),
        ("CI_REPORTER_LOKI_TOKEN_FIEL", "perhaps you meant CI_REPORTER_LOKI_TOKEN_FILE"),
        ("CI_REPORTER_TIMOUT", "perhaps you meant CI_REPORTER_TIMEOUT"),
        ("CI_REPORTER_XYZZY", "see `ci-reporter run --help`, or rename it"),
    ],
)
def test_a_mistyped_variable_is_ignored_with_a_warning(run_program, name, way_out):
    ended = run_program("run", "--", "true", env={name: "x"})
    assert warned(ended) == [f"ci-reporter: warning: variable {name} is not a setting and is ignored ({way_out})"]
    assert ended.returncode == 0


def test_on_github_the_warning_is_an_annotation(run_program):
    ended = run_program("run", "--", "true", env={"CI_REPORTER_NAEM": "x", "GITHUB_ACTIONS": "true"})
    assert warned(ended)[0].startswith("::warning")


def test_a_run_in_a_run_is_not_warned(run_program):
    ended = run_program("run", "--", "ci-reporter", "run", "--", "true")
    assert warned(ended) == []


def test_what_context_exports_is_known(run_program):
    exported = run_program("context", "--shell", env={"CI_REPORTER_BRANCH": "main"}).stdout
    env = dict(re.findall(r"^export (\w+)='?([^'\n]*)", exported, re.MULTILINE))
    assert "CI_REPORTER_BRANCH" in env
    assert warned(run_program("run", "--", "true", env=env)) == []


@pytest.mark.parametrize("command", ["summary", "flush", "doctor", "context"])
def test_every_command_says_it_once(run_program, command):
    assert len(warned(run_program(command, env={"CI_REPORTER_PUSHGATWAY": "x"}))) == 1
