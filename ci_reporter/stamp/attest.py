"""What was built from what, and how its tests went, as in-toto Statements. They are unsigned: signing is cosign's.

Statement v1: https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md. Predicates: SLSA provenance v1,
https://slsa.dev/spec/v1.0/provenance, and in-toto's test result v0.1.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from ci_reporter.errors import UsageError
from ci_reporter.model import BuildInfo, Report, Result, Tests

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

STATEMENT = "https://in-toto.io/Statement/v1"
PROVENANCE = "https://slsa.dev/provenance/v1"
TEST_RESULT = "https://in-toto.io/attestation/test-result/v0.1"
_NAMES = "https://ci-reporter.github.io/"
BUILD_TYPE = _NAMES + "build-types/ci-job/v1"
_IN_ADDRESSES = ":/?#[]@!$&'()*+,;=%~"
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


def provenance(subjects: Mapping[str, str], info: BuildInfo) -> dict[str, Any]:
    """Say that a CI run built `subjects` (SHA-256 by name) from a commit; what is unknown is left out.

    The commit is the only dependency known. Uncommitted changes are said by `internalParameters.dirty`.
    """
    run = _address(info.run_url)
    definition = {
        "buildType": BUILD_TYPE,
        "externalParameters": _without_none(
            {"repository": _address(info.repository_url), "branch": info.branch, "version": info.version}
        ),
        "internalParameters": _without_none({"dirty": info.dirty}),
        "resolvedDependencies": _source(info),
    }
    details = {
        "builder": {"id": _builder(info)},
        "metadata": _without_none({"invocationId": info.ci_run_id}),
        "byproducts": [{"name": "run", "uri": run}] if run else [],
    }
    return _statement(subjects, PROVENANCE, {"buildDefinition": definition, "runDetails": details})


def test_result(subjects: Mapping[str, str], reports: Sequence[Report], info: BuildInfo) -> dict[str, Any]:
    """Say how the tests of a run went: of each step that counted tests, its latest report.

    A step with flaky tests, or with none that ran, warns. Raises UsageError where no step counted any: nothing is not
    a pass.
    """
    latest = {_step(each): _suite(each, each.tests) for each in reports if each.tests}
    if not latest:
        raise UsageError("no step of this run counted tests (record one: ci-reporter run --tests FILE -- COMMAND)")
    failed = [name for suite in latest.values() for name in suite.failed]
    warned = [name for suite in latest.values() for name in suite.warned]
    predicate = {
        "result": "FAILED" if failed else "WARNED" if warned else "PASSED",
        "configuration": _source(info),
        **_without_none({"url": _address(info.run_url)}),
        "passedTests": [name for name, suite in latest.items() if not suite.failed and not suite.warned],
        "warnedTests": warned,
        "failedTests": failed,
    }
    return _statement(subjects, TEST_RESULT, predicate)


@dataclass(frozen=True, kw_only=True)
class _Suite:
    """The tests of one step that did not simply pass."""

    failed: Sequence[str]
    warned: Sequence[str]


def _suite(report: Report, tests: Tests) -> _Suite:
    """The tests by name; the step itself where more failed than have a name, or the command alone did."""
    step = _step(report)
    failed = [f"{step} / {name}" for name in report.failed_tests]
    warned = [f"{step} / {name}" for name in report.flaky_tests]
    if tests.failed + tests.errors > len(failed) or (report.step.result != Result.SUCCESS and not failed):
        failed.insert(0, step)
    elif tests.flaky > len(warned) or not tests.passed:
        warned.insert(0, step)
    return _Suite(failed=failed, warned=warned)


def _statement(subjects: Mapping[str, str], predicate_type: str, predicate: dict[str, Any]) -> dict[str, Any]:
    if not subjects:
        raise UsageError("a statement needs a subject: name the artifacts it is about")
    return {
        "_type": STATEMENT,
        "subject": [{"name": name, "digest": {"sha256": subjects[name]}} for name in sorted(subjects)],
        "predicateType": predicate_type,
        "predicate": predicate,
    }


def _source(info: BuildInfo) -> list[dict[str, Any]]:
    """The commit as a ResourceDescriptor, which needs an address or a digest; a revision need not be a commit's id."""
    where = _address(info.repository_url)
    address = f"git+{where}@{_escape(info.revision)}" if where and info.revision else None
    digest = {"gitCommit": info.revision} if _COMMIT.fullmatch(info.revision or "") else None
    commit = _without_none({"uri": address, "digest": digest})
    return [commit] if commit else []


def _builder(info: BuildInfo) -> str:
    """SLSA wants a URI; a builder that names itself otherwise gets one of ours."""
    return _address(info.builder) or f"{_NAMES}builders/{_escape(info.builder or 'unknown', '')}"


def _address(url: str | None) -> str | None:
    """The address without what signs in to it; None for anything else than an https or http address."""
    try:
        parts = urlsplit(url or "")
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return None
    return _escape(parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl())


def _escape(text: str, safe: str = _IN_ADDRESSES) -> str:
    return quote(text, safe, errors="replace")


def _step(report: Report) -> str:
    where = [report.run.job_name, report.run.matrix, report.step.name]
    return " / ".join(dict.fromkeys(filter(None, where)))


def _without_none(found: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in found.items() if value is not None}
