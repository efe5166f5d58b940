"""No file makes it crash, hang or fill the memory: only our own error comes out, and it names the file."""

import json
import os
import random
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ci_reporter import coverage, registry
from ci_reporter.coverage.source import Source
from ci_reporter.coverage.tally import RepeatedFile, Tally
from ci_reporter.errors import ReportFileError
from ci_reporter.system.reporthead import text_of, xml_start

DATA = Path(__file__).with_name("data")


def seed(name):
    """The largest real file of a format that is small enough to be cut and changed a thousand times."""
    sniff = registry.load("coverage", name, coverage.FORMATS).sniff
    files = [path for path in DATA.glob("*/*") if sniff(text_of(path.read_bytes()[:65536]))]
    return max(files, key=lambda path: (path.stat().st_size <= 8000, path.stat().st_size, path))


SEEDS = {name: seed(name) for name in coverage.FORMATS}
XML = {name: xml_start(path.read_text()) for name, path in SEEDS.items() if path.read_bytes().startswith(b"<")}
ROOTS = {name: start.root for name, start in XML.items()}
JSON = [name for name, path in SEEDS.items() if path.read_bytes().startswith(b"{")]


def refused(path, kind=None):
    with pytest.raises(ReportFileError) as caught:
        coverage.read(str(path), kind)
    assert str(caught.value).startswith(str(path))
    return str(caught.value)


@pytest.fixture
def file(tmp_path):
    def make(content):
        path = tmp_path / "report"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return make


@pytest.mark.parametrize(("kind", "root"), ROOTS.items())
@pytest.mark.parametrize(
    "declaration",
    [
        '<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">',
        '<!ENTITY a SYSTEM "file:///etc/passwd">',
        '<!ENTITY a "' + "x" * 30_000 + '">',
    ],
    ids=["laughs", "external", "quadratic"],
)
def test_entities_are_refused(file, kind, root, declaration):
    content = f"<!DOCTYPE {root} [{declaration}]><{root}>{'&a;' * 1000}</{root}>"

    assert "entities are refused" in refused(file(content), kind)


@pytest.mark.parametrize(("kind", "root"), ROOTS.items())
def test_deep_nesting_is_refused(file, kind, root):
    assert "levels of elements" in refused(file(f"<{root}>" + "<deep>" * 100_000), kind)


@pytest.mark.parametrize("kind", JSON)
@pytest.mark.parametrize(
    "content",
    [
        "[" * 200_000,
        '{"a":' * 200_000,
        '{"files": {"a": ' + "[" * 100_000 + "]" * 100_000 + "}}",
        "[]",
        "null",
        "{",
        '{"a": ' + "9" * 5000 + "}",
        b'{"a": "\xff\xfe"}',
        '{"a": 1}\0',
    ],
    ids=["deep", "deeper", "inside", "list", "null", "truncated", "digits", "latin", "nul"],
)
def test_json_that_is_none_of_ours_is_refused(file, kind, content):
    refused(file(content), kind)


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "1e309", "-1", "1e400", "null", '"x"', "[]", "1.5"])
@pytest.mark.parametrize("kind", ["coveragepy_json", "istanbul", "simplecov", "llvm_cov", "gcovr"])
def test_odd_numbers_in_json_are_unknown_or_refused(file, kind, value):
    contents = {
        "coveragepy_json": '{"files":{"a":{"executed_lines":[1,%s],"missing_lines":[]}},"totals":{"covered_lines":%s}}',
        "istanbul": '{"a":{"statementMap":{"0":{"start":{"line":1}}},"s":{"0":%s},"b":{"0":[%s]}}}',
        "simplecov": '{"a":{"coverage":{"a":{"lines":[%s,1,%s]}}}}',
        "llvm_cov": '{"data":[{"files":[{"filename":"a","segments":[[1,1,%s,true,true],[2,1,%s]]}]}]}',
        "gcovr": '{"files":[{"file":"a","lines":[{"line_number":1,"count":%s,"branches":[{"count":%s}]}]}]}',
    }
    try:
        report = coverage.read(str(file(contents[kind] % (value, value))), kind)
        assert report.pct is None or 0 <= report.pct <= 100
    except ReportFileError:
        pass


def test_utf16_is_read(file, data):
    for name in ("gcovr/gcovr.json", "nyc/cobertura-coverage.xml"):
        text = (data / name).read_text()

        assert coverage.read(str(file(text.encode("utf-16")))).computed == coverage.read(str(data / name)).computed


@pytest.mark.parametrize("kind", coverage.FORMATS)
def test_a_truncated_file_is_refused_or_smaller(file, data, kind):
    content = SEEDS[kind].read_bytes()
    whole = coverage.read(str(SEEDS[kind])).computed.total
    for size in range(1, len(content), 97):
        try:
            assert (coverage.read(str(file(content[:size])), kind).computed.total or 0) <= whole
        except ReportFileError as refusal:
            assert refusal.path.endswith("report")


def test_folders_fifos_and_loops_are_refused_without_waiting(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "empty").touch()

    assert "not a regular file" in refused(tmp_path / "fifo")
    assert "symbolic links" in refused(tmp_path / "loop")
    assert "is a folder" in refused(tmp_path)
    assert "is empty" in refused(tmp_path / "empty")


@pytest.mark.parametrize("kind", JSON)
def test_json_of_more_than_256_mib_is_refused_unread(tmp_path, kind):
    with open(tmp_path / "big", "wb") as sparse:
        sparse.truncate(256 * 1024**2 + 1)

    assert "268435457 bytes" in refused(tmp_path / "big", kind)


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("gocover", "mode: set\n" + "".join(f"a.go:{n}.1,4000000000.1 1 1\n" for n in range(1, 50))),
        (
            "opencover",
            '<CoverageSession><Module><SequencePoint vc="1" sl="1" el="4000000000"/></Module></CoverageSession>',
        ),
        (
            "llvm_cov",
            '{"data":[{"files":[{"filename":"a","segments":[[1,1,1,true,true],[4000000000,1,1,true,true]]}]}]}',
        ),
    ],
)
def test_blocks_of_billions_of_lines_are_refused(file, kind, content):
    with pytest.raises(ReportFileError, match="span more than"):
        coverage.read(str(file(content)), kind, detail=True)


def test_a_line_number_of_billions_costs_nothing(file):
    content = "<coverage>" + "".join(
        f'<class filename="{n}"><lines><line number="{4 * 10**9 - n}" hits="1"/></lines></class>' for n in range(1000)
    )
    tracemalloc.start()
    assert coverage.read(str(file(content + "</coverage>")), detail=True).totals.covered == 1000
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 5_000_000


@pytest.mark.parametrize("kind", ["cobertura", "lcov"])
def test_totals_take_the_same_memory_for_any_size(tmp_path, kind):
    numbers = range(1, 400)
    pieces = {
        "cobertura": '<class filename="f{}"><lines>'
        + "".join(f'<line number="{n}" hits="{n % 3}"/>\n' for n in numbers)
        + "</lines></class>",
        "lcov": "SF:f{}\n" + "".join(f"DA:{n},{n % 3}\n" for n in numbers) + "end_of_record\n",
    }
    with open(tmp_path / "big", "w") as file:
        file.write("<coverage>" if kind == "cobertura" else "TN:\n")
        file.writelines(pieces[kind].format(n) for n in range(600))
        file.write("</coverage>" if kind == "cobertura" else "")
    tracemalloc.start()
    assert coverage.read(str(tmp_path / "big")).totals.total == 600 * 399
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 6_000_000


def test_a_line_without_end_is_refused(file):
    refused(file("SF:a\n" + "D" * (65 * 1024 * 1024)), "lcov")
    refused(file("mode: set\n" + "x" * 100_000), "gocover")


def taken(kind, content, path):
    """Read; give a sentence when it is refused. Anything else that is raised fails the test."""
    path.write_bytes(content)
    for detail in (False, True):
        try:
            report = coverage.read(str(path), kind, detail=detail)
        except ReportFileError:
            continue
        assert report.pct is None or 0 <= report.pct <= 100
        model = report.to_model()
        assert model is None or 0 <= model.covered <= model.total


def mutated(content, seed):
    """The content with some bytes changed, removed, doubled or replaced by tokens that matter."""
    chance = random.Random(seed)
    tokens = (
        b"",
        b"\0",
        b'"',
        b"<",
        b"-1",
        b"1e309",
        b"NaN",
        b"null",
        b"[]",
        b"{}",
        b"9" * 30,
        b"\xff",
        b"</line>",
        b",",
    )
    for _ in range(chance.randrange(1, 6)):
        at = chance.randrange(len(content))
        end = min(len(content), at + chance.choice((0, 1, 1, 2, 5, 40)))
        piece = chance.choice(tokens) if chance.random() < 0.7 else content[end : end + chance.randrange(60)]
        content = content[:at] + piece + content[end:]
        if not content:
            return b"x"
    return content


@pytest.mark.parametrize("kind", coverage.FORMATS)
def test_mutated_real_files_are_read_or_refused(tmp_path, data, kind):
    content = SEEDS[kind].read_bytes()
    for seed in range(150):
        taken(kind, mutated(content, seed), tmp_path / "x")


@pytest.mark.parametrize("kind", coverage.FORMATS)
@given(content=st.binary(min_size=1, max_size=200))
@settings(max_examples=60, deadline=None)
def test_any_bytes_are_read_or_refused(tmp_path_factory, kind, content):
    taken(kind, content, tmp_path_factory.getbasetemp() / f"bytes-{os.getpid()}")


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    *(
                        "files",
                        "totals",
                        "data",
                        "segments",
                        "lines",
                        "line_number",
                        "count",
                        "branches",
                        "coverage",
                        "meta",
                    ),
                    *(
                        "statementMap",
                        "s",
                        "b",
                        "branchMap",
                        "start",
                        "line",
                        "total",
                        "covered",
                        "executed_lines",
                        "filename",
                    ),
                    *("missing_lines", "executed_branches", "summary", "path", "file", "gcovr/summary_format_version"),
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=25,
)


@pytest.mark.parametrize("kind", JSON)
@given(
    value=st.dictionaries(st.sampled_from(["files", "data", "a", "total", "meta", "coverage"]), ANY_JSON, max_size=3)
)
@settings(max_examples=100, deadline=None)
def test_any_json_is_read_or_refused(tmp_path_factory, kind, value):
    taken(kind, json.dumps(value).encode(), tmp_path_factory.getbasetemp() / f"json-{os.getpid()}")


def test_a_reader_that_meets_a_file_again_asks_for_detail(data):
    with open(data / "go/coverpkg.out", "rb") as file:
        coverage.read(str(data / "go/coverpkg.out"))
        tally = Tally(detail=False)
        tally.lines("a", {1: 1}, {})
        tally.lines("b", {1: 1}, {})
        tally.lines("a", {2: 1}, {})
        with pytest.raises(RepeatedFile):
            tally.totals()
        assert Source(path="x", file=file).error("y").path == "x"
