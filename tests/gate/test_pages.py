"""The pages about the gate say what the program does."""

import re
from pathlib import Path

import pytest

from ci_reporter.gate.rules import conditions, rulefile, signalfile
from ci_reporter.gate.rules.lint import warnings
from ci_reporter.gate.run.outcome import DEPLOY_FAILED, NOT_CONVERGED, ROLLBACK_FAILED, ROLLED_BACK

PAGE = (Path(__file__).parents[2] / "docs/reference/gate-rules.md").read_text()


def test_the_example_is_a_file_without_warnings():
    example = re.search(r"```yaml\n(.*?)```", PAGE, re.DOTALL)[1]
    assert warnings(rulefile.parse(example.encode(), "gate.yml")) == []


@pytest.mark.parametrize("text", re.findall(r"^\| `([^`]+)` \| (?:more|the same|lat|the err|three|every)", PAGE, re.M))
def test_every_condition_on_the_page_is_one(text):
    assert list(conditions.leaves(conditions.parse(text)))


@pytest.mark.parametrize("key", [*rulefile._RULE, "early_pass", "min_watch"])
def test_every_key_has_its_line(key):
    assert f"`{key}`" in PAGE


@pytest.mark.parametrize("key", [*rulefile._GATE, *signalfile.SIGNAL, *rulefile._ACTION])
def test_every_key_of_gate_signals_and_actions_has_its_line(key):
    assert re.search(rf"^\| (`\w+`, )*`{key}`", PAGE, re.MULTILINE)


def test_the_how_to_shows_rules_without_warnings():
    how_to = (Path(__file__).parents[2] / "docs/how-to/gate-a-deploy.md").read_text()
    example = re.search(r"```yaml[^\n]*\n(version.*?)```", how_to, re.DOTALL)[1]
    assert warnings(rulefile.parse(example.encode(), "gate.yml")) == []


def test_the_exit_codes_of_the_page_are_those_of_the_gate():
    page = (Path(__file__).parents[2] / "docs/reference/exit-codes.md").read_text()
    for code in (NOT_CONVERGED, ROLLED_BACK, ROLLBACK_FAILED, DEPLOY_FAILED):
        assert re.search(rf"^\| {code} \| the gate ", page, re.MULTILINE)
