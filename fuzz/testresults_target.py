"""Fuzz the reader of one test result format: `python fuzz/testresults_target.py junit -max_total_time=20`.

Needs `pip install atheris`. The real files of the tests are its first inputs; anything but our own error is a finding.
"""

from __future__ import annotations

import io
import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["ci_reporter"]):
    from ci_reporter import registry, testresults
    from ci_reporter.errors import ReportFileError
    from ci_reporter.system.reporthead import text_of
    from ci_reporter.testresults.cases import Tally

    FORMATS = {name: registry.load("testresults", name, testresults.FORMATS) for name in testresults.FORMATS}


def recognise(content: bytes) -> str | None:
    """The format that the content is told to be of."""
    return registry.recognise("testresults", text_of(content[:65536]), testresults.FORMATS)


DATA = Path(__file__).parent.parent / "tests" / "testresults" / "data"


def fuzz(name: str, flags: list[str]) -> None:
    """Feed bytes to the reader of that format until told to stop."""
    reader = FORMATS[name].read

    def one_input(content: bytes) -> None:
        recognise(content)
        tally = Tally()
        try:
            reader("input", io.BytesIO(content), tally)
        except ReportFileError:
            return
        tests = tally.result("input", name).tests
        if tests.passed + tests.failed + tests.errors + tests.skipped != tests.total:
            raise ArithmeticError(f"the outcomes do not add up: {tests}")

    with tempfile.TemporaryDirectory() as corpus:
        for number, path in enumerate(sorted(DATA.glob("*/*"))):
            content = path.read_bytes()
            if recognise(content) == name:
                (Path(corpus) / str(number)).write_bytes(content)
        atheris.Setup([sys.argv[0], corpus, *flags], one_input)
        atheris.Fuzz()


if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] not in FORMATS:
        sys.exit(f"usage: {sys.argv[0]} {{{','.join(FORMATS)}}} [libFuzzer's flags]")
    fuzz(sys.argv[1], sys.argv[2:])
