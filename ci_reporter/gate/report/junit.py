"""A verdict as JUnit XML: a suite, a test case a rule, as CI systems show it.

A failed rule is a failure; an inconclusive one is an error where that fails the gate, and else skipped.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from ci_reporter.gate.verdict import FAIL, INCONCLUSIVE, RuleVerdict, Verdict


@dataclass(frozen=True, kw_only=True)
class Missing:
    """Why there is no verdict: what it was that failed, as a test case, in few words and in a sentence."""

    case: str
    kind: str
    headline: str
    statement: str


_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(verdict: Verdict | None, *, name: str, url: str, missing: Missing | None = None) -> str:
    """The document. Without a verdict, `missing` says why there is none."""
    cases = [_case(rule, name) for rule in verdict.rules] if verdict else []
    failures = sum("<failure" in case for case in cases)
    errors = sum("<error" in case for case in cases)
    skipped = sum("<skipped" in case for case in cases)
    if missing:
        cases = [_test(name, missing.case, _element(missing.kind, missing.headline, missing.statement))]
        failures, errors = int(missing.kind == "failure"), int(missing.kind == "error")
    counts = f'tests="{len(cases)}" failures="{failures}" errors="{errors}" skipped="{skipped}"'
    suite = f"<testsuite name={_attribute(name)} {counts}>"
    properties = f'<properties><property name="url" value={_attribute(url)}/></properties>' if url else ""
    inner = "\n".join(filter(None, [properties, *cases]))
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n{suite}\n{inner}\n</testsuite>\n</testsuites>\n'


def _case(rule: RuleVerdict, suite: str) -> str:
    found = rule.finding
    text = f"{rule.text}\n{found.reason}"
    if not rule.blocks:
        return _test(suite, rule.name, _element("skipped", f"dry-run: {found.verdict}", text))
    if found.verdict == FAIL:
        when = f" at {found.decided_at_s:g} s" if found.decided_at_s is not None else ""
        return _test(suite, rule.name, _element("failure", f"failed{when}: {found.reason}", text))
    if found.verdict == INCONCLUSIVE:
        kind = "error" if rule.policy == "fail" else "skipped"
        return _test(suite, rule.name, _element(kind, f"inconclusive: {found.reason}", text))
    return _test(suite, rule.name, f"<system-out>{_text(text)}</system-out>")


def _test(suite: str, name: str, inner: str) -> str:
    return f"<testcase classname={_attribute(suite)} name={_attribute(name)}>{inner}</testcase>"


def _element(kind: str, message: str, text: str) -> str:
    return f"<{kind} message={_attribute(message)}>{_text(text)}</{kind}>"


def _attribute(text: str) -> str:
    return quoteattr(_NOT_XML.sub("\ufffd", text))


def _text(text: str) -> str:
    return escape(_NOT_XML.sub("\ufffd", text))
