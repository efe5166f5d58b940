"""A format is told by the content: each real file is of one format, whatever the order they are asked in."""

import time
from pathlib import Path

import pytest

from ci_reporter import coverage, registry
from ci_reporter.system.reporthead import text_of

FILES = sorted(Path(__file__).with_name("data").glob("*/*"))
MODULES = {name: registry.load("coverage", name, coverage.FORMATS) for name in coverage.FORMATS}


def names(head):
    text = text_of(head)
    return [name for name, module in MODULES.items() if module.sniff(text)]


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_only_one_format_takes_a_real_file_for_its_own(path):
    assert len(names(path.read_bytes()[:65536])) == 1


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b'<coverage version="1"><file path="a.c">', "sonarqube"),
        (b'<?xml version="1.0"?>\n<!-- x -->\n<coverage version="1">\n  <!-- y --><file path="a">', "sonarqube"),
        (b'<coverage version="1"></coverage>', "cobertura"),
        (b'<coverage line-rate="0.5" version="7.6"><sources/>', "cobertura"),
        (b"<!DOCTYPE coverage SYSTEM 'coverage-04.dtd'><coverage><packages/>", "cobertura"),
        (b'<coverage generated="1"><project>', "clover"),
        (b'<coverage clover="4.4" generated="1">', "clover"),
        (b"<coverage><project>", "clover"),
        (b'<coverage a=">"><project>', "clover"),
        ("<report name='x'>".encode("utf-16"), "jacoco"),
    ],
)
def test_what_shares_a_root_is_told_apart(head, name):
    assert names(head) == [name]


@pytest.mark.parametrize(
    "unit", [b"\n", b" ", b"{", b'{"', b"<!--", b"<?x?>", b"<!DOCTYPE a [", b"<coverage a='", b'"a":']
)
def test_telling_formats_apart_takes_no_time(unit):
    began = time.process_time()
    names(unit * (65536 // len(unit)))

    assert time.process_time() - began < 1
