"""Tell formats apart by their first 64 KiB; a file's name says nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from ci_reporter.errors import ReportFileError

# In this order: the first sign found decides. Repetitions are bounded, a hostile file costs milliseconds.
_SIGNS = (
    ("gocover", r"\A\s*mode: ?(?:set|count|atomic)\b"),
    ("lcov", r"\A(?:\s*#[^\n]{0,200}\n)*\s*(?:TN:|SF:)"),
    ("clover", r"\A[^{}]{0,2000}?<coverage\b(?=[^>]{0,2000}\s(?:clover|generated)=)"),
    ("clover", r"\A[^{}]{0,2000}?<coverage\b[^>]{0,2000}>\s{0,200}<project\b"),
    ("cobertura", r"\A\s*<(?:[^{}]{0,4000}?<)?(?:!DOCTYPE\s{1,20})?coverage\b"),
    ("jacoco", r"\A\s*<(?:[^{}]{0,4000}?<)?(?:!DOCTYPE\s{1,20})?report\b"),
    ("opencover", r"\A\s*<(?:[^{}]{0,4000}?<)?(?:!DOCTYPE\s{1,20})?CoverageSession\b"),
    ("gcovr", r'\A\s*\{.{0,20000}?"gcovr/(?:summary_)?format_version"\s{0,20}:'),
    ("llvm_cov", r'\A\s*\{.{0,200}?"(?:llvm\.coverage\.json\.export|data)"\s{0,20}[:,]\s{0,200}(?:\[\s{0,200}\{|")'),
    ("coveragepy_json", r'\A\s*\{\s*"meta"\s*:\s*\{[^{}]{0,2000}"(?:branch_coverage|show_contexts)"'),
    ("simplecov", r'\A\s*\{\s*"meta"\s*:\s*\{\s*"simplecov_version"'),
    ("simplecov", r'\A\s*\{\s*"(?:[^"\\]|\\.){0,300}"\s*:\s*\{\s*"coverage"\s*:\s*\{'),
    ("istanbul", r'\A\s*\{\s*"total"\s*:\s*\{\s*"(?:lines|statements|branches|functions)"\s*:\s*\{\s*"total"'),
    ("istanbul", r'\A\s*\{.{0,20000}?"(?:statementMap|branchMap|fnMap)"\s{0,20}:\s{0,20}\{'),
    ("coveragepy_json", r'\A\s*\{.{0,20000}?"(?:executed_lines|missing_lines)"\s{0,20}:\s{0,20}\['),
)


def recognised(path: str, head: bytes, known: Iterable[str]) -> str:
    """The format that this head is of. Raises ReportFileError when it is none."""
    text = _decoded(head)
    found = next((name for name, sign in _SIGNS if re.match(sign, text, re.DOTALL)), None) or _plugged_in(text)
    if found is None:
        raise ReportFileError(
            path, f"expected a coverage report ({', '.join(sorted(known))}); it begins with {_shown(text)}"
        )
    return found


def _decoded(head: bytes) -> str:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return head.decode("utf-16", "replace")
    return head.decode(json.detect_encoding(head), "replace")


def _plugged_in(text: str) -> str | None:
    """A format of another package: an entry point whose object has `sniff(text)`."""
    from importlib.metadata import entry_points

    for point in entry_points(group="ci_reporter.coverage"):
        sign = getattr(point.load(), "sniff", None)
        if sign is not None and sign(text):
            return point.name
    return None


def _shown(text: str) -> str:
    start = text.lstrip()[:40]
    return repr(start) if start else "blanks"
