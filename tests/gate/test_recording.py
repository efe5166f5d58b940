"""Recordings: what is read, and what each broken line is told."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_reporter.errors import UsageError
from ci_reporter.gate import recording
from ci_reporter.gate.recording import Count, Probe

HEAD = b'{"recording": 1, "phase": "watch"}\n'
GOOD = b'{"t": 1, "signal": "http_latency", "latency_ms": 12.3, "ok": true, "status": 200, "revision": "abc"}\n'


def line(**more):
    known = {"t": 2, "signal": "http_latency", "latency_ms": 12.3, "ok": True}
    return json.dumps(known | more).encode() + b"\n"


def test_probes_are_read():
    probe = recording.parse([HEAD, GOOD], "w").signals["http_latency"].probes[0]
    assert (probe.t, probe.latency_ms, probe.ok, probe.status, probe.revision) == (1.0, 12.3, True, 200, "abc")


def test_counts_are_read():
    found = recording.parse([HEAD, b'{"t": 15, "signal": "checkout", "bad": 2, "total": 900}\n'], "w")
    assert found.signals["checkout"].counts == (recording.Count(t=15.0, bad=2.0, total=900.0),)


def test_a_last_line_cut_short_is_left_out_and_said():
    found = recording.parse([HEAD, GOOD, GOOD[:20]], "w")
    assert (len(found.signals["http_latency"].probes), found.notes) == (1, ("w line 3: was cut short and is left out",))


@pytest.mark.parametrize(
    ("lines", "number", "told"),
    [
        ([], None, "is empty"),
        ([b"hello\n"], 1, "is not JSON"),
        ([b"\xff\xfe\n"], 1, "is not UTF-8"),
        ([GOOD], 1, "not the first line of a recording"),
        ([b'{"recording": 2, "phase": "watch"}\n'], 1, "version 2 is not known"),
        ([b'{"recording": 1, "phase": "before"}\n'], 1, "known: baseline, watch"),
        ([HEAD, b"[1]\n"], 2, "is not an object"),
        ([HEAD, GOOD[:20] + b"\n", GOOD], 2, "is not JSON"),
        ([HEAD, line(latency_ms=float("nan"))], 2, "NaN is not a number"),
        ([HEAD, line(latency_ms=float("inf"))], 2, "Infinity is not a number"),
        ([HEAD, line(latency_ms=-1)], 2, "latency_ms: -1 is not between"),
        ([HEAD, line(latency_ms=10**400)], 2, "more than 64 bits"),
        ([HEAD, line(latency_ms=None)], 2, "latency_ms: is missing"),
        ([HEAD, line(t="1")], 2, "t: expected a number"),
        ([HEAD, line(t=-1)], 2, "t: -1 is not between"),
        ([HEAD, line(ok=1)], 2, "ok: expected true or false"),
        ([HEAD, line(status="200")], 2, "status: expected"),
        ([HEAD, line(signal=7)], 2, "signal: expected a name"),
        ([HEAD, line(t=5), line(t=4)], 3, "t: goes back from 5 to 4"),
        ([HEAD, line(), line(bad=1, total=2)], 3, "probes, counts or values under one name"),
        ([HEAD, line(bad=3, total=2)], 2, "bad: 3 is more than the total"),
        ([HEAD, line(pad="x" * 70_000)], 2, "longer than 64 KiB"),
        ([HEAD, b"[" * 60_000 + b"\n"], 2, ""),
    ],
)
def test_a_broken_line_is_one_sentence_with_its_place(lines, number, told):
    with pytest.raises(UsageError) as error:
        recording.parse(lines, "w")
    assert str(error.value).startswith(f"w line {number}: " if number else "w: ")
    assert told in str(error.value)
    assert len(str(error.value)) < 300


def test_swapped_files_are_noticed():
    with pytest.raises(UsageError, match="are the two files swapped"):
        recording.parse([HEAD], "w", "baseline")


@given(st.lists(st.binary(max_size=60), max_size=4))
def test_garbage_is_read_or_refused_in_our_words(lines):
    try:
        recording.parse([HEAD, *lines], "w")
    except UsageError as exc:
        assert "w line" in str(exc)


@given(
    st.builds(
        Probe,
        t=st.floats(0, 1e6),
        ok=st.booleans(),
        latency_ms=st.floats(0, 1e6),
        status=st.none() | st.integers(100, 599),
        revision=st.none() | st.text(min_size=1, max_size=50),
        reason=st.none() | st.text(min_size=1, max_size=50),
        response=st.none() | st.text(min_size=1, max_size=200),
    )
)
def test_a_written_probe_is_read_back(probe):
    lines = [recording.first_line("watch"), recording.line("x", probe)]
    assert recording.parse([f"{each}\n".encode() for each in lines], "f").signals["x"].probes == (probe,)


def test_a_written_count_is_read_back():
    count = Count(t=15.0, bad=2.0, total=900.0)
    lines = [recording.first_line("baseline", url="https://svc"), recording.line("x", count)]
    found = recording.parse([f"{each}\n".encode() for each in lines], "f")
    assert (found.signals["x"].counts, found.header["url"]) == ((count,), "https://svc")


def test_a_line_without_end_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "watch.ndjson"
    with path.open("wb") as file:
        file.write(b'{"recording": 1, "phase": "watch"}\n{"signal": "x", "reason": "')
        file.truncate(4 * 1024**3)  # a hole of four gigabytes: read whole, it would not fit
    with pytest.raises(UsageError, match="line 2: is longer than 64 KiB"):
        recording.read(str(path))
