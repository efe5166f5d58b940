"""Which format a file is in, told from its first bytes and never from its name."""

from __future__ import annotations

import re

from ci_reporter.testresults.lines import text_of

# A root element, `<name`, or a pattern that a line matches. JSON and TAP stand in the middle of other output.
MARKS = {
    "junit": "<testsuites <testsuite <testcase",
    "trx": "<TestRun",
    "nunit2": "<test-results",
    "nunit3": "<test-run <test-suite",
    "xunit2": "<assemblies <assembly",
    "gotest_json": r'^[ \t]{0,9}\{.*"Action":\s*"(start|run|pause|cont|pass|bench|fail|output|skip|build-\w+)"',
    "tap": r"^(TAP version \d+[ \t]*$|1\.\.\d+[ \t]*(#.*)?$|(not )?ok \d+\b)",
}
_PROLOGUE = re.compile(r"\s+|<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^>\[]*(?:\[.*?\]\s*)?>", re.DOTALL)
_ROOT = re.compile(r"<(?:[\w.-]+:)?([\w.-]+)")


def recognise(head: bytes) -> str | None:
    """The name of the format whose mark is in the first bytes of a file; None when nobody knows it."""
    text = text_of(head)
    return _ours(text) or _plugged_in(text)


def _ours(text: str) -> str | None:
    root = root_of(text)
    if root is not None:
        return next((name for name, mark in MARKS.items() if f"<{root}" in mark.split()), None)
    patterns = ((name, mark) for name, mark in MARKS.items() if not mark.startswith("<"))
    return next((name for name, mark in patterns if re.search(mark, text, re.MULTILINE)), None)


def _plugged_in(text: str) -> str | None:
    """A format of another package: an entry point whose object has `sniff(text)`."""
    from importlib.metadata import entry_points

    for point in entry_points(group="ci_reporter.testresults"):
        sniff = getattr(point.load(), "sniff", None)
        if sniff is not None and sniff(text):
            return point.name
    return None


def described(head: bytes) -> str:
    """What a file that is not recognised looks like, for a message."""
    text = text_of(head)
    root = root_of(text)
    if root is not None:
        return f"is XML with the root <{root[:40]}>"
    if re.search(r"^(ok|FAIL|---|\?) .*\t", text, re.MULTILINE):
        return "looks like the plain output of go test (its -json output is read)"
    return "is in no format of test results that is known here"


def root_of(text: str) -> str | None:
    """The name of the root element, without its prefix; None for what is not XML."""
    at = 1 if text.startswith("\ufeff") else 0
    while skipped := _PROLOGUE.match(text, at):
        at = skipped.end()
    root = _ROOT.match(text, at)
    return root[1] if root else None
