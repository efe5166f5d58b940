"""docs/reference/alerts.md says what the code does."""

import re
from pathlib import Path

import pytest

from ci_reporter.config import yaml
from ci_reporter.notify.policies import template
from ci_reporter.notify.policies.conditions import parse
from ci_reporter.notify.policies.facts import FACTS
from ci_reporter.notify.policies.policyfile import KEYS, policies

PAGE = (Path(__file__).parents[3] / "docs/reference/alerts.md").read_text()
CONDITIONS = PAGE.partition("## Conditions")[2].partition("## Templates")[0]
TABLE = re.findall(r"^\| `([^`]+)` \| (.*) \|$", CONDITIONS, re.MULTILINE)


def test_the_rules_of_the_page_are_rules():
    names = []
    for text in re.findall(r"^```yaml\n(alerts:.*?)^```", PAGE, re.MULTILINE | re.DOTALL):
        keys = yaml.mapping(yaml.parse(text.encode(), "page"))
        names.append([each.name for each in policies(keys["alerts"], keys.get("actions"))])
    assert names == [["main is red", "slow tests", "coverage < -1%", "CI", "deploy"], ["result == failure"]]


@pytest.mark.parametrize("text", [each for each, _ in TABLE])
def test_every_condition_of_the_page_is_a_condition(text):
    assert parse(text)


def test_every_fact_is_on_the_page():
    missing = [name for name in FACTS if name not in CONDITIONS and f"`{name.rpartition('.')[2]}`" not in CONDITIONS]
    assert missing == []


def test_every_key_is_on_the_page():
    described = re.findall(r"^\| `(\w+)` \|", PAGE.partition("## Keys of a rule")[2].partition("- `deploy")[0], re.M)
    assert sorted(described) == sorted(KEYS)


def test_every_field_of_a_template_is_on_the_page():
    assert [name for name in template.MORE if f"`{{{name}}}`" not in PAGE] == []
