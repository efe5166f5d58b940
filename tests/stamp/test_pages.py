"""The pages about stamps, held against what they are about."""

from __future__ import annotations

import re
from pathlib import Path

from ci_reporter.cli.stamp import command
from ci_reporter.frozen import fields
from ci_reporter.model import BuildInfo
from ci_reporter.stamp import KINDS

DOCS = Path(__file__).parents[2] / "docs"
REFERENCE = (DOCS / "reference/stamp.md").read_text()


def rows(section):
    """The first cells of a section's table."""
    part = REFERENCE.partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    return re.findall(r"^\| `([^`]+)`", part, re.MULTILINE)


def test_the_reference_lists_every_kind_in_the_order_they_are_asked():
    assert rows("Kinds") == list(KINDS)


def test_the_reference_lists_every_field():
    assert rows("What is in a stamp") == list(fields(BuildInfo))


def test_the_reference_lists_every_option():
    options = [each.opts[0] for each in command.params if each.opts[0].startswith("--")]
    assert [row.split()[0] for row in rows("Options")] == options


def test_the_reference_names_the_variable_of_every_option_that_has_one():
    for each in command.params:
        assert each.envvar is None or f"`{each.envvar}`" in REFERENCE
