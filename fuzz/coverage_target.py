"""Fuzz the coverage readers: only ReportFileError may come out. Needs `pip install atheris`.

    python fuzz/coverage_target.py FORMAT -max_total_time=60 tests/coverage/data/*/

The first argument names the format, one of `ci_reporter.coverage.FORMATS`, or `any` to have it told from
the content. What follows goes to libFuzzer.
"""

from __future__ import annotations

import sys
import tempfile
from functools import partial

import atheris

with atheris.instrument_imports(include=["ci_reporter"]):
    from ci_reporter import coverage, registry
    from ci_reporter.errors import ReportFileError

    for name in coverage.FORMATS:
        registry.load("coverage", name, coverage.FORMATS)

_FILE = tempfile.NamedTemporaryFile(prefix="fuzz-coverage-")  # noqa: SIM115


def fuzz(name: str, flags: list[str]) -> None:
    """Feed bytes to the reader of that format until told to stop; `any` has the format told from the content."""
    atheris.Setup([sys.argv[0], *flags], partial(one_input, None if name == "any" else name))
    atheris.Fuzz()


def one_input(name: str | None, content: bytes) -> None:
    """Read it both ways; what is read has to make sense."""
    _FILE.seek(0)
    _FILE.truncate()
    _FILE.write(content)
    _FILE.flush()
    for detail in (False, True):
        try:
            report = coverage.read(_FILE.name, name, detail=detail)
        except ReportFileError as refusal:
            _require("\n" not in str(refusal), "a refusal is one line")
            continue
        model = report.to_model()
        _require(model is None or 0 <= model.covered <= model.total, "no more is covered than there is")
        _require(report.pct is None or 0 <= report.pct <= 100, "a percentage is one")


def _require(holds: bool, what: str) -> None:
    if not holds:
        raise RuntimeError(what)


if __name__ == "__main__":
    fuzz(sys.argv[1], sys.argv[2:])
