"""Lines may hold anything: the right ones are found, no terminal is moved."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ci_reporter.logs.lines import Lines, escape_unsafe, of_run

UNSAFE = {"\x1b", "\x9b", "\x7f", "\u202e", "\u2028", "\r", "\n", "\x00"}
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


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


@example({}, "\x7f")  # which not everybody escapes
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
        text = (
            escape_unsafe(raw.encode("utf-8", "surrogatepass"))
            if ascii_only
            else escape_unsafe(raw.encode("utf-8", "replace"))
        )
        assert not UNSAFE & set(text)
        if ascii_only:
            assert json.loads(text) == found


def test_invalid_bytes_are_shown_escaped():
    assert escape_unsafe(b'{"a": "\xff\xc2\x9b"}') == '{"a": "\\udcff\\u009b"}'
