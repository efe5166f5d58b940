"""Lines may hold anything: the right ones are found, nothing is lost when they are wrapped, no terminal is moved."""

from __future__ import annotations

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_reporter.logs.lines import LONGEST, Lines, Wrapper, of_run, run_of, shown

UNSAFE = {"\x1b", "\x9b", "\x7f", "\u202e", "\u2028", "\r", "\n", "\x00"}
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def wrap(content, fields=None, secrets=()):
    """The lines that come out, as JSON."""
    wrapper = Wrapper(fields or {"ci_run_id": "r-1"}, secrets, lambda: "now")
    return [json.loads(line) for line in wrapper.wrapped(io.BytesIO(content).readline)]


@given(st.lists(st.binary(max_size=20).filter(lambda line: b"\n" not in line)), st.integers(1, 7))
def test_lines_are_whole_however_they_come(found, size):
    content, lines = b"\n".join(found), Lines()
    seen = [line for at in range(0, len(content), size) for line in lines.feed(content[at : at + size])]
    assert [*seen, *lines.end()] == [line for line in found if line]


@given(st.lists(st.integers(0, 30)), st.integers(1, 50))
def test_a_line_that_is_too_long_is_counted_and_the_next_one_found(lengths, size):
    content, lines = b"".join(b"x" * length + b"\n" for length in lengths), Lines(longest=20)
    seen = [line for at in range(0, len(content), size) for line in lines.feed(content[at : at + size])]
    assert [len(line) for line in seen] == [length for length in lengths if 0 < length <= 20]
    assert lines.too_long == sum(length > 20 for length in lengths)


@given(st.dictionaries(st.text(), anything), st.text(min_size=1))
def test_a_line_of_the_run_is_found_however_it_is_written(more, run):
    for ascii_only in (True, False):
        line = json.dumps(more | {"ci_run_id": run}, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
        if "\ud800" <= max(line.decode("utf-8", "surrogatepass"), default="") <= "\udfff":
            continue  # no UTF-8
        assert of_run(run)(line)


@pytest.mark.parametrize(
    "line",
    [
        b'{"ci_run_id": "a/b", "x": NaN}',
        b'{"ci_run_id": "a\\/b"}',
        b' {"labels": {"ci_run_id": "a/b"}} \r',
        b'{"labels.ci_run_id": "a/b"}',
        b'{"attributes": {"ci_run_id": "\\u0061/b"}}',
        b'{"fields": {"ci_run_id": "a/b"}}',
        b'{"message": "\xff", "ci_run_id": "a/b"}',
    ],
)
def test_other_writers_lines_are_found(line):
    assert of_run("a/b")(line)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"a/b",
        b'"ci_run_id a/b"',
        b'["a/b"]',
        b'{"ci_run_id": "a/bc"}',
        b'{"message": "a/b"}',
        b'{"ci_run_id": ["a/b"]}',
        b'{"ci_run_id": "a/b"',
        b'{"labels": "a/b"}',
        b'{"a/b":' * 5000,
        b'{"a/b": ' + b"9" * 5000 + b"}",
        "{'ci_run_id': 'a/b'}".encode("utf-16"),
    ],
)
def test_lines_of_no_or_another_run_are_passed_over(line):
    assert not of_run("a/b")(line)


@given(st.binary())
def test_no_bytes_trip_the_search(line):
    assert of_run("x")(line) in (True, False)


@given(st.dictionaries(st.text(), anything))
def test_a_shown_line_says_the_same_and_moves_no_cursor(found):
    for ascii_only in (True, False):
        raw = json.dumps(found, ensure_ascii=ascii_only, indent="\t").replace("\n", "\r")
        text = shown(raw.encode("utf-8", "surrogatepass")) if ascii_only else shown(raw.encode("utf-8", "replace"))
        assert not UNSAFE & set(text)
        if ascii_only:
            assert json.loads(text) == found


def test_invalid_bytes_are_shown_escaped():
    assert shown(b'{"a": "\xff\xc2\x9b"}') == '{"a": "\\udcff\\u009b"}'


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
    wrapper = Wrapper({"ci_run_id": "r", "service": "s"}, (), lambda: "now")
    line = b'{"big": 12345678901234567890.10, "a":1,"a":2, "service": "mine"}\n'
    assert list(wrapper.wrapped(io.BytesIO(line).readline)) == [
        '{"big": 12345678901234567890.10, "a":1,"a":2, "service": "mine", "ci_run_id": "r"}'
    ]


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
