"""What the step's coverage and test result files say."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence

from ci_reporter import coverage, testresults
from ci_reporter.config import Config
from ci_reporter.context import Context, masking_of
from ci_reporter.frozen import replace
from ci_reporter.model import FailedTest
from ci_reporter.step.draft import Draft
from ci_reporter.step.failures import failed_test, name_of
from ci_reporter.system import reportfile
from ci_reporter.system.masking import Masking
from ci_reporter.system.text import clip
from ci_reporter.testresults.cases import Case

_MOST_NAMED = 10
_LONGEST_MESSAGE = 500
_MOST_PROBLEMS = 10  # more of them are folded into one line
_SHOWN = 3
_CLOCK_S = 2.0  # file systems round times, and a build may run on another clock


def read_reports(context: Context, draft: Draft, *, since_s: float | None = None) -> Draft:
    """Read the files the settings name.

    A file older than `since_s`, in seconds since the epoch, is some earlier run's and is not counted.
    """
    config = context.config
    problems: list[str] = []
    covered, tested = (
        _fresh(patterns, context.folder, since_s, problems) for patterns in (config.coverage, config.tests)
    )
    draft = _with_coverage(draft, covered, context.folder, config) if covered else draft
    draft = _with_tests(draft, tested, context) if tested else draft
    return _unread(draft, problems)


def _with_coverage(draft: Draft, files: Sequence[str], folder: str, config: Config) -> Draft:
    found = coverage.collect(files, folder, config.coverage_format)
    report = replace(draft.report, coverage=found.coverage, coverage_pct=found.pct)
    return _unread(replace(draft, report=report, notes=(*draft.notes, *found.notes)), found.problems)


def _with_tests(draft: Draft, files: Sequence[str], context: Context) -> Draft:
    found = testresults.collect(files, context.folder, context.config.tests_format)
    masking = masking_of(context)
    failing, flaky, slowest = (_without_secrets(cases, masking) for cases in (found.failed, found.flaky, found.slowest))
    report = replace(
        draft.report,
        tests=found.tests,
        failed_tests=_names(failing),
        flaky_tests=_names(flaky),
        slowest_tests={name_of(case): case.duration_ms for case in slowest if case.duration_ms is not None},
    )
    failed = tuple(failed_test(case, context.folder, context.root) for case in failing)
    report = replace(report, failures=tuple(map(_short, failed[:_MOST_NAMED])))
    return _unread(replace(draft, report=report, failed=failed, notes=(*draft.notes, *found.notes)), found.problems)


def _without_secrets(cases: Sequence[Case], masking: Masking) -> tuple[Case, ...]:
    """The cases as they may be shown: a parameter of a test may be an address, and is a part of its name."""
    mask = masking.mask
    return tuple(
        dataclasses.replace(each, name=mask(each.name), suite=mask(each.suite), message=mask(each.message))
        for each in cases
    )


def _unread(draft: Draft, problems: Sequence[str]) -> Draft:
    """Count the problems and warn of each; of many, of the first three."""
    shown = list(problems)
    if len(problems) > _MOST_PROBLEMS:
        shown = [*problems[:_SHOWN], f"{len(problems) - _SHOWN} more report files have problems like these"]
    return replace(draft, unread=draft.unread + len(problems)).with_warnings(*shown)


def _fresh(patterns: Sequence[str], folder: str, oldest: float | None, problems: list[str]) -> list[str]:
    found = reportfile.expand(patterns, folder)
    problems += found.problems
    stale = {path for path in found.files if oldest is not None and _mtime(path) < oldest - _CLOCK_S}
    if stale:
        problems.append(_too_old(sorted(stale)))
    return [path for path in found.files if path not in stale]


def _too_old(paths: Sequence[str]) -> str:
    if len(paths) == 1:
        return f"{paths[0]}: is older than this step; it is not counted"
    more = f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else ""
    return f"{len(paths)} files are older than this step and are not counted: {', '.join(paths[:_SHOWN])}{more}"


def _mtime(path: str) -> float:
    try:
        return os.stat(path).st_mtime
    except OSError:
        return 0.0


def _short(failure: FailedTest) -> FailedTest:
    """The failure as the record keeps it: what its message says first."""
    return replace(failure, message=clip(failure.message.strip(), _LONGEST_MESSAGE))


def _names(cases: Sequence[Case]) -> tuple[str, ...]:
    return tuple(name_of(case) for case in cases[:_MOST_NAMED])
