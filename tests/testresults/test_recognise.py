"""A format is told by the content, never by the name."""

import codecs
import time
from pathlib import Path

import pytest

from ci_reporter import registry, testresults
from ci_reporter.errors import ReportFileError, UsageError
from ci_reporter.system.reporthead import text_of

FILES = [path for path in sorted(Path(__file__).with_name("data").glob("*/*")) if path.suffix != ".txt"]


def recognise(head):
    return registry.recognise("testresults", text_of(head), testresults.FORMATS)


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"<testsuites/>", "junit"),
        (b"<testsuite ", "junit"),
        (b'<?xml version="1.0"?>\n<!-- <TestRun> -->\n<testsuite>', "junit"),
        (b"<!DOCTYPE testsuites [<!ELEMENT a EMPTY>]><testsuites>", "junit"),
        (b'<!DOCTYPE testsuites SYSTEM "x.dtd"><testsuites>', "junit"),
        (b"<a:testsuites xmlns:a='x'>", "junit"),
        (codecs.BOM_UTF8 + b"<TestRun xmlns='x'>", "trx"),
        ("\ufeff<TestRun>".encode("utf-16-le"), "trx"),
        ("<TestRun>".encode("utf-16-be"), "trx"),
        (b"<test-results>", "nunit2"),
        (b"<test-run>", "nunit3"),
        (b"<assemblies>", "xunit2"),
        (b"<assembly>", "xunit2"),
        (b"TAP version 14\n", "tap"),
        (b"1..3\n", "tap"),
        (b"t/a.t ..\nok 1 - x\n", "tap"),
        (b"not ok 1\n", "tap"),
        (b'{"Time":"x","Action":"start","Package":"p"}\n', "gotest_json"),
        (b'go: downloading x\n{"Action":"output","Package":"p"}\n', "gotest_json"),
        (b'{"ImportPath":"p","Action":"build-output","Output":"x"}', "gotest_json"),
        (b"<test-suite>", "nunit3"),
        (b'<testExecutions version="1">', "sonarqube"),
        (b"<coverage>", None),
        (b"<html><testsuite>", None),
        (b"ok  \tshop/cart\t0.1s\n", None),
        (b"okay then\n", None),
        (b"SF:a.c\n", None),
        (b'{"files": {}}', None),
        (b"\0" * 100, None),
        (b"", None),
    ],
)
def test_formats_are_told_apart(head, name):
    assert recognise(head) == name


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("<coverage/>", "is XML with the root <coverage>"),
        ("ok  \tshop\t0.1s\n", "looks like the plain output of go test"),
        ("hello\n", "is in no format of test results"),
    ],
)
def test_what_is_not_recognised_is_described(results, content, said):
    with pytest.raises(ReportFileError, match=said) as caught:
        results(content)
    assert "expected one of junit, trx" in str(caught.value)


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_only_one_format_takes_a_real_file_for_its_own(path):
    text = text_of(path.read_bytes()[:65536])
    formats = {name: registry.load("testresults", name, testresults.FORMATS) for name in testresults.FORMATS}

    assert len([name for name, module in formats.items() if module.sniff(text)]) == 1


def test_the_format_may_be_given(results):
    assert results("ok\nok a thing\n", "tap").tests.passed == 2


def test_a_format_nobody_knows_is_a_wrong_setting(results):
    with pytest.raises(UsageError, match="'nope'"):
        results("<testsuite/>", "nope")


@pytest.mark.parametrize(
    "unit", [b"\n", b" ", b"{", b"1..1 ", b"ok ", b"<!--", b"<?x?>", b"<!DOCTYPE a [", b"] ", b'{"Action":']
)
def test_telling_formats_apart_takes_no_time(unit):
    began = time.process_time()
    recognise(unit * (65536 // len(unit)))

    assert time.process_time() - began < 1


@pytest.mark.parametrize("name", testresults.FORMATS)
def test_every_format_has_its_line_in_the_reference(name):
    assert f"\n| `{name}` |" in (Path(__file__).parents[2] / "docs/reference/test-results.md").read_text()
