"""The collectors' configurations are well-formed, lead from a source to a store, and read fields that we write.

None of the three collectors comes with Debian, PyPI or npm, so their own checks cannot take part: a small parser reads
Alloy's syntax (blocks, attributes, literals, references), YAML is read as YAML.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

FOLDER = Path(__file__).parents[2] / "examples/logs"
TOKEN = re.compile(
    r"""\s+|//[^\n]*|(?P<string>"(?:[^"\\\n]|\\.)*"|`[^`]*`)|(?P<name>[A-Za-z_][\w.]*)|(?P<mark>[{}\[\](),=+])"""
)


def tokens(text):
    """Alloy's tokens; fails at what is none."""
    at = 0
    while at < len(text):
        match = TOKEN.match(text, at)
        assert match, f"no token of Alloy's: {text[at : at + 30]!r}"
        at = match.end()
        if match.lastgroup:
            yield match.lastgroup, match[0]


class Parser:
    """Blocks as (name, label, attributes, blocks); expressions as their tokens."""

    def __init__(self, text):
        self.rest = list(tokens(text))

    def take(self, kind, *wanted):
        found = self.rest.pop(0)
        assert found[0] == kind and (not wanted or found[1] in wanted), f"expected {wanted or kind}, got {found[1]!r}"
        return found[1]

    def body(self, end=None):
        attributes, blocks = {}, []
        while self.rest and self.rest[0][1] != end:
            name = self.take("name")
            if self.rest[0][1] == "=":
                self.take("mark")
                attributes[name] = self.expression()
            else:
                label = self.take("string").strip('"') if self.rest[0][0] == "string" else None
                self.take("mark", "{")
                blocks.append((name, label, *self.body("}")))
                self.take("mark", "}")
        return attributes, blocks

    def expression(self):
        """One operand, or several with + between them."""
        found = self.operand()
        while self.rest and self.rest[0][1] == "+":
            self.take("mark")
            found = [*found, *self.operand()]
        return found

    def operand(self):
        kind, text = self.rest.pop(0)
        if kind == "string":
            return [text]
        if kind == "name":
            return [text, *self.items("(", ")")] if self.rest[0][1] == "(" else [text]
        assert text in "[{", f"no expression begins with {text!r}"
        self.rest.insert(0, (kind, text))
        return self.items(text, "]" if text == "[" else "}")

    def items(self, begin, end):
        found = []
        self.take("mark", begin)
        while self.rest[0][1] != end:
            if begin == "{":
                found.append(self.rest.pop(0)[1])
                self.take("mark", "=")
            found += self.expression()
            if self.rest[0][1] != end:
                self.take("mark", ",")
        self.take("mark", end)
        return found


@pytest.fixture
def alloy():
    attributes, blocks = Parser((FOLDER / "config.alloy").read_text()).body()
    assert attributes == {}
    return blocks


def flat(blocks):
    """Every block, also those in blocks."""
    for block in blocks:
        yield block
        yield from flat(block[3])


@pytest.fixture
def fields(logged):
    """What is on a line of ours."""
    lines = logged("1 / 0", CI_RUN_ID="r-1", CI_REPORTER_REVISION="c0ffee")
    return {name for line in lines for name in line}


@pytest.mark.parametrize("broken", ["a {", "a = ", 'a "x" {} }', "a = [1", "a = {b = }", "a b"])
def test_the_parser_can_say_no(broken):
    with pytest.raises((AssertionError, IndexError)):
        parser = Parser(broken)
        parser.body()
        assert not parser.rest


def test_alloys_components_lead_from_the_files_to_loki(alloy):
    components = {f"{name}.{label}": attributes for name, label, attributes, _ in alloy}
    references = [each for block in flat(alloy) for value in block[2].values() for each in value]
    led = [each.rpartition(".")[0] for each in references if re.fullmatch(r"(local|loki)\.[\w.]+", each)]
    assert led == ["local.file_match.app", "loki.process.ci", "loki.write.default"]
    assert components.keys() == {*led, "loki.source.file.app"}


def test_alloy_makes_no_label_of_a_run(alloy):
    labels = [block[2]["values"] for block in flat(alloy) if block[0] == "stage.labels"]
    assert labels == [["level", '""']]
    (metadata,) = [block[2]["values"] for block in flat(alloy) if block[0] == "stage.structured_metadata"]
    assert {"ci_run_id", "trace_id"} <= set(metadata)


def test_alloy_reads_fields_that_we_write(alloy, fields):
    (read,) = [block[2]["expressions"] for block in flat(alloy) if block[0] == "stage.json"]
    assert set(read) - {'""'} <= fields
    (stamp,) = [block[2]["source"] for block in flat(alloy) if block[0] == "stage.timestamp"]
    assert stamp[0].strip('"') in set(read)


def test_vectors_parts_lead_from_the_files_to_loki(fields):
    config = yaml.safe_load((FOLDER / "vector.yaml").read_text())
    assert {kind: {name: part["type"] for name, part in config[kind].items()} for kind in config} == {
        "sources": {"app": "file"},
        "transforms": {"parsed": "remap", "of_a_run": "filter"},
        "sinks": {"loki": "loki"},
    }
    parts = config["transforms"] | config["sinks"]
    assert {name: part["inputs"] for name, part in parts.items()} == {
        "parsed": ["app"],
        "of_a_run": ["parsed"],
        "loki": ["of_a_run"],
    }
    assert set(re.findall(r"\.(\w+)\b", parts["of_a_run"]["condition"])) <= fields
    assert not any("{{" in label for label in parts["loki"]["labels"].values())


def test_filebeat_renames_fields_that_we_write(fields):
    config = yaml.safe_load((FOLDER / "filebeat.yml").read_text())
    assert config.keys() == {"filebeat.inputs", "processors", "output.elasticsearch"}
    steps = [(name, how) for step in config["processors"] for name, how in step.items()]
    assert [name for name, _ in steps] == ["drop_event", "timestamp", "rename", "drop_fields"]
    (_, dropped), (_, stamp), (_, renamed), _ = steps
    read = {*dropped["when"]["not"]["has_fields"], stamp["field"], *(each["from"] for each in renamed["fields"])}
    assert read <= fields
