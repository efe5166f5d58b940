"""No file makes it crash, hang or fill the memory: only our own error comes out, and it names the file."""

import io
import os
import random
import time
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ci_reporter import registry, testresults
from ci_reporter.errors import ReportFileError
from ci_reporter.system.reporthead import text_of, xml_start
from ci_reporter.testresults.cases import Tally

DATA = Path(__file__).with_name("data")


def seed(name):
    """The largest real file of a format that is small enough to be cut and changed a thousand times."""
    sniff = registry.load("testresults", name, testresults.FORMATS).sniff
    files = [path for path in DATA.glob("*/*") if path.suffix != ".txt" and sniff(text_of(path.read_bytes()[:65536]))]
    return max(files, key=lambda path: (path.stat().st_size <= 5000, path.stat().st_size, path))


SEEDS = {name: seed(name) for name in testresults.FORMATS}
XML = {name: xml_start(path.read_text()) for name, path in SEEDS.items() if path.read_bytes().startswith(b"<")}
ROOTS = {name: start.root for name, start in XML.items()}
TOKENS = (
    *(b"", b"\0", b"<", b">", b'"', b"&", b"]]>", b"{", b"}", b"\n", b"    ", b"---\n", b"...\n", b"\xff\xfe"),
    *(b"-1", b"1e309", b"NaN", b"9" * 5000, b"\x1b[31m", b"1..9\n", b"ok 1\n", b"not ok\n", b"Bail out!\n", b"# SKIP"),
    *(b"<testcase>", b"</testcase>", b"<testsuite tests='9'/>", b"<failure>", b"<message>", b"<InnerResults/>"),
    *(b'{"Action":"fail","Package":"p"}\n', b'{"Action":"run","Package":"p","Test":"t"}\n', b"TAP version 14\n"),
)


def taken(name, content):
    """Read bytes; only our own error may come out, and what comes back must hold together."""
    tally = Tally()
    try:
        registry.load("testresults", name, testresults.FORMATS).read("results", io.BytesIO(content), tally)
    except ReportFileError:
        return None
    result = tally.result("results", name)
    tests = result.tests
    assert tests.passed + tests.failed + tests.errors + tests.skipped == tests.total
    assert 0 <= tests.flaky <= tests.total
    assert tests.duration_ms is None or tests.duration_ms >= 0
    assert len(result.failed) <= min(100, tests.failed + tests.errors)
    for case in (*result.failed, *result.flaky, *result.slowest):
        assert case.name.isprintable() and case.suite.isprintable()
        assert case.message.replace("\n", "").isprintable()
    return tally


def mutated(content, seed):
    chance = random.Random(seed)
    for _ in range(chance.randrange(1, 6)):
        at = chance.randrange(len(content) + 1)
        end = min(len(content), at + chance.choice((0, 1, 5, 60)))
        piece = chance.choice(TOKENS) if chance.random() < 0.7 else content[end : end + chance.randrange(80)]
        content = content[:at] + piece + content[end:]
    return content


@pytest.mark.parametrize("name", testresults.FORMATS)
def test_mutated_real_files_are_read_or_refused(name):
    content = SEEDS[name].read_bytes()
    for seed in range(300):
        taken(name, mutated(content, seed))


@pytest.mark.parametrize("name", testresults.FORMATS)
@given(content=st.binary(max_size=200))
@settings(max_examples=100, deadline=None)
@example(content=b"")
@example(content="<testsuites/>".encode("utf-16"))
def test_any_bytes_are_read_or_refused(name, content):
    taken(name, content)


WORDS = [
    "testsuites",
    "testsuite",
    "testcase",
    "failure",
    "error",
    "skipped",
    "flakyFailure",
    "system-out",
    "a:testcase",
]
VALUES = st.sampled_from(["0", "1", "2", "-1", "NaN", "1e309", "", "pytest", "a", "notrun"])
ELEMENT = st.recursive(
    st.builds("<{0}/>".format, st.sampled_from(WORDS)),
    lambda inner: st.builds(
        lambda name, number, text, body: (
            f"<{name} tests='{number}' name='{text}' time='{number}'>{''.join(body)}</{name}>"
        ),
        st.sampled_from(WORDS[:-1]),
        VALUES,
        VALUES,
        st.lists(inner, max_size=4),
    ),
    max_leaves=25,
)


@given(body=st.lists(ELEMENT, max_size=5))
@settings(max_examples=300, deadline=None)
def test_every_case_counts_however_elements_are_nested(body):
    content = f"<testsuites xmlns:a='a'>{''.join(body)}</testsuites>".replace("'pytest'", "'jest'")
    tally = taken("junit", content.encode())

    assert tally.total >= content.count("testcase ") + content.count("testcase/>")


LINES = [
    "ok",
    "not ok",
    "ok 1",
    "not ok 2 - a",
    "ok 3 # SKIP",
    "not ok # TODO",
    "1..3",
    "1..0 # SKIP",
    "ok 1 - a {",
    "}",
]
LINES += ["TAP version 14", "# Subtest: a", "  ---", "  message: |", "  ...", "Bail out!", "pragma +strict", "", "text"]


@given(lines=st.lists(st.tuples(st.integers(0, 3), st.sampled_from(LINES)), max_size=30))
@settings(max_examples=300, deadline=None)
def test_any_order_of_tap_lines_is_read(lines):
    taken("tap", "\n".join(" " * (4 * depth) + text for depth, text in lines).encode())


EVENTS = st.fixed_dictionaries(
    {
        "Action": st.sampled_from(
            ["start", "run", "pause", "cont", "pass", "fail", "skip", "output", "build-output", "x"]
        )
    },
    optional={
        "Package": st.sampled_from(["p", "q"]),
        "Test": st.sampled_from(["A", "A/b", ""]),
        "Output": st.text(max_size=5),
        "Elapsed": st.floats() | st.none() | st.integers(),
        "FailedBuild": st.just("p"),
        "ImportPath": st.just("p"),
    },
)


@given(events=st.lists(EVENTS, max_size=30))
@settings(max_examples=300, deadline=None)
def test_any_order_of_go_events_is_read(events):
    import json

    taken("gotest_json", "\n".join(map(json.dumps, events)).encode())


@pytest.mark.parametrize(("name", "root"), ROOTS.items())
@pytest.mark.parametrize(
    "declaration",
    [
        '<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">',
        '<!ENTITY a SYSTEM "file:///etc/passwd">',
        '<!ENTITY a "' + "x" * 30_000 + '">',
    ],
    ids=["laughs", "external", "quadratic"],
)
def test_entities_are_refused(results, name, root, declaration):
    with pytest.raises(ReportFileError, match="entities are refused") as caught:
        results(f"<!DOCTYPE {root} [{declaration}]><{root}>{'&a;' * 1000}</{root}>")
    assert "results" in str(caught.value)


@pytest.mark.parametrize(("name", "root"), ROOTS.items())
@pytest.mark.parametrize("element", ["deep", "testcase", "test-case", "UnitTestResult", "test", "testsuite"])
def test_deep_nesting_is_refused(results, name, root, element):
    with pytest.raises(ReportFileError, match="levels of elements"):
        results(f"<{root}>" + f"<{element}>" * 100_000, name)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
@pytest.mark.parametrize("name", ["trx", "junit"])
def test_other_encodings_are_read(results, name, encoding):
    text = SEEDS[name].read_text()

    assert results(text.encode(encoding)).tests == results(text).tests


@pytest.mark.parametrize(
    "content",
    [
        b"<?xml version='1.0' encoding='utf-8'?><testsuite><testcase name='caf\xe9'/></testsuite>",
        b"<testsuite><testcase name='a'/><testcase name='\xc3\xa9'/><testcase name='\xe9'/></testsuite>",
        b"<?xml version='1.0' encoding='klingon'?><testsuite/>",
        b"<testsuite>\0</testsuite>",
        b"<testsuite><testcase>",
        b"<testsuite><testcase></testsuite>",
        b"<testsuite/><testsuite/>",
        b"<testsuite>\x1b[31m</testsuite>",
    ],
    ids=["latin", "mixed", "unknown", "nul", "truncated", "unbalanced", "two roots", "escape"],
)
def test_broken_xml_is_refused(results, content):
    with pytest.raises(ReportFileError):
        results(content)


@pytest.mark.parametrize("encoding", ["X" * 60, "klingon", "utf-7", "idna", "rot13", "é", ""])
def test_an_encoding_nobody_knows_is_no_crash(encoding):
    taken("junit", f"<?xml version='1.0' encoding='{encoding}'?><testsuite/>".encode())


@pytest.mark.parametrize("name", XML)
def test_a_truncated_file_is_refused(results, name):
    content = SEEDS[name].read_bytes().rstrip()
    for size in range(40, len(content), 151):
        with pytest.raises(ReportFileError):
            results(content[:size], name)


def test_a_name_of_many_megabytes_is_refused(results):
    with pytest.raises(ReportFileError, match="has a tag or comment of more than"):
        results(b"<testsuite><testcase name='" + b"x" * (32 * 1024 * 1024) + b"'/></testsuite>")


def test_a_doctype_is_accepted_and_not_fetched(results):
    content = '<!DOCTYPE testsuites SYSTEM "http://127.0.0.1:9/junit.dtd"><testsuites><testcase/></testsuites>'

    assert results(content).tests.total == 1


def test_folders_fifos_loops_and_empty_files_are_refused_without_waiting(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "empty").touch()
    said = []
    for path in (tmp_path / "fifo", tmp_path / "loop", tmp_path, tmp_path / "empty", tmp_path / "nope"):
        with pytest.raises(ReportFileError) as caught:
            testresults.read(str(path))
        said.append(str(caught.value).removeprefix(f"{path}: "))

    assert [text.partition(";")[0] for text in said] == [
        "is not a regular file",
        "cannot be read: Too many levels of symbolic links",
        "is a folder",
        "is empty",
        "cannot be read: No such file or directory",
    ]


@pytest.mark.parametrize(
    ("name", "unit", "before", "after"),
    [
        ("junit", b"<testcase name='a' time='1'/>", b"<testsuite>", b"</testsuite>"),
        ("junit", b"<testcase name='a'><failure>text</failure></testcase>", b"<testsuite>", b"</testsuite>"),
        ("junit", b"<testsuite tests='1'><testcase/></testsuite>", b"<testsuites>", b"</testsuites>"),
        ("trx", b"<UnitTestResult outcome='Failed' testName='a.b'/>", b"<TestRun>", b"</TestRun>"),
        ("tap", b"not ok 1 - a\n  ---\n  message: a\n  ...\n", b"", b""),
        ("tap", b"# Subtest: a\n    ok 1\n", b"", b"ok\n"),
        ("gotest_json", b'{"Action":"fail","Package":"p","Test":"t"}\n', b"", b""),
        ("gotest_json", b'{"Action":"output","Package":"p","Test":"t","Output":"xxxxxxxx"}\n', b"", b""),
    ],
    ids=["cases", "failures", "suites", "trx", "tap", "tap subtests", "go", "go output"],
)
def test_memory_does_not_grow_with_the_file(name, unit, before, after):
    """By less than 22 bytes a case: a list of them would take more."""
    peaks = []
    for count in (2_000, 17_000):
        stream = InPieces(before + unit * count + after)
        tracemalloc.start()
        taken_from(name, stream)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()

    assert peaks[1] < peaks[0] + 22 * 15_000


class InPieces(io.BytesIO):
    """A file that gives little at a time, so that what is read ahead is the same of a small one."""

    def read(self, size=-1):
        return super().read(min(size, 16_384) if size > 0 else size)


def taken_from(name, stream):
    registry.load("testresults", name, testresults.FORMATS).read("results", stream, Tally())


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("junit", b"<testsuite>" + b"<testcase><failure>" + b"x\n" * 10**6 + b"</failure></testcase></testsuite>"),
        ("junit", b"<testsuite><testcase time='" + b"1," * 10**6 + b"'/></testsuite>"),
        ("tap", b"ok " + b" #" * 10**6),
        ("tap", b"ok " + b"\\#" * 10**6),
        ("tap", b"not ok 1 - " + b"\x1b[" * 10**6),
        ("tap", b"ok " + b" # time=" * 10**5),
        ("tap", b"    " * 10**6 + b"ok"),
        ("gotest_json", b'{"Action":"output","Package":"p","Output":"' + b"\\u001b" * 10**5 + b'"}'),
    ],
    ids=["text", "time", "signs", "escapes", "colours", "times", "indent", "output"],
)
def test_nothing_takes_long(name, content):
    began = time.process_time()
    taken(name, content)

    assert time.process_time() - began < 3
