"""Output becomes lines of the run, and nothing of it is lost."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_reporter.logs.lines import LONGEST, run_of
from ci_reporter.logs.wrapping import OutputWrapper, Wrapper
from ci_reporter.system.masking import Masking

UNSAFE = {"\x1b", "\x9b", "\x7f", "\u202e", "\u2028", "\r", "\n", "\x00"}
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def wrap(content, secrets=(), size=64 * 1024):
    """The lines that come out, as JSON; the content goes in in pieces of so many bytes."""
    output = OutputWrapper(Wrapper({"ci_run_id": "r-1"}, Masking(secrets), lambda: "now"))
    pieces = [output.feed(content[at : at + size]) for at in range(0, len(content), size)]
    return [json.loads(line) for line in b"".join([*pieces, output.end()]).splitlines()]


@pytest.mark.parametrize(
    ("content", "out"),
    [
        (b"plain\n", {"timestamp": "now", "message": "plain", "ci_run_id": "r-1"}),
        (b"no end", {"timestamp": "now", "message": "no end", "ci_run_id": "r-1"}),
        (b"\n", {"timestamp": "now", "message": "", "ci_run_id": "r-1"}),
        (b"a\rb\x1b[0m\x00\r\n", {"timestamp": "now", "message": "a\rb\x1b[0m\x00\r", "ci_run_id": "r-1"}),
        (b"caf\xe9\n", {"timestamp": "now", "message": "caf\\xe9", "ci_run_id": "r-1"}),
        (b"[1]\n", {"timestamp": "now", "message": "[1]", "ci_run_id": "r-1"}),
        (b'{"a": \n', {"timestamp": "now", "message": '{"a": ', "ci_run_id": "r-1"}),
        (b"{}\n", {"ci_run_id": "r-1"}),
        (b' { "a" : 1.0 } \r\n', {"a": 1.0, "ci_run_id": "r-1"}),
        (b'{"ci_run_id": "mine"}\n', {"ci_run_id": "mine"}),
        (b'{"labels": {"ci_run_id": "mine"}}\n', {"labels": {"ci_run_id": "mine"}}),
    ],
)
def test_a_line_gets_what_it_lacks(content, out):
    assert wrap(content) == [out]


def test_a_json_line_stays_as_it_was_written():
    wrapper = OutputWrapper(Wrapper({"ci_run_id": "r", "service": "s"}, Masking(), lambda: "now"))
    line = b'{"big": 12345678901234567890.10, "a":1,"a":2, "service": "mine"}\n'
    assert wrapper.feed(line).decode() == (
        '{"big": 12345678901234567890.10, "a":1,"a":2, "service": "mine", "ci_run_id": "r"}\n'
    )


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=20).filter(lambda line: "\n" not in line)))
def test_no_character_of_plain_lines_is_lost(lines):
    content = "".join(f"-{line}\n" for line in lines).encode()
    assert [found["message"] for found in wrap(content)] == [f"-{line}" for line in lines]


@given(st.binary(max_size=60))
def test_every_line_of_any_bytes_becomes_an_object(content):
    out = wrap(content)
    assert len(out) == content.count(b"\n") + (not content.endswith(b"\n") and content != b"")
    assert all(run_of(line) is not None for line in out)


@pytest.mark.parametrize("end", [b"\n", b""], ids=["with an end", "at the end"])
@pytest.mark.parametrize("length", [LONGEST - 1, LONGEST, LONGEST + 1, 3 * LONGEST])
def test_a_line_of_any_length_is_told_whole(length, end):
    content = "xü€".encode() * (length // 6) + b"y" * (length % 6)
    out = wrap(content + end + b"next\n" * bool(end))
    parts = [line["message"] for line in out if line["message"] != "next"]
    assert "".join(parts) == content.decode()
    assert [line.get("part") for line in out if "part" in line] == [number + 1 for number in range(len(parts))] * (
        len(parts) > 1 or "part" in out[0]
    )


def test_a_line_of_10_mb_does_not_stop_the_next():
    out = wrap(b"x" * 10_000_000 + b"\nnext\n")
    assert (sum(len(line["message"]) for line in out[:-1]), out[-1]["message"]) == (10_000_000, "next")


@pytest.mark.parametrize("content", [b'is s3"cret\n', b'{"a": "s3\\"cret"}\n'])
def test_a_secret_is_in_no_line(content):
    assert "cret" not in json.dumps(wrap(content, secrets=['s3"cret']))


def test_a_secret_that_is_a_number_makes_plain_text_of_its_line():
    (line,) = wrap(b'{"pin": 4711471147}\n', secrets=["47114711"])
    assert line["message"] == '{"pin": ***47}'
    assert line["ci_run_id"] == "r-1"


@given(st.binary(max_size=200), st.integers(1, 20))
def test_lines_are_the_same_however_they_come(content, size):
    assert wrap(content, size=size) == wrap(content)


def test_a_line_that_may_pass_stays_as_it_is():
    output = OutputWrapper(Wrapper({}, Masking(), lambda: "now"), lambda line: line.startswith(b"::"))
    assert output.feed(b"::error::no\n") == b"::error::no\n"
