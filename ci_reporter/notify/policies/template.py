"""`message:` of an alert rule: text with `{fields}`, checked when it is read, filled when there is something to say."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ci_reporter.config.hint import hint
from ci_reporter.notify.policies.facts import FACTS, fact

_FIELD = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
MORE = ("rule", "state", "runs", "lasted", "usual_duration", "coverage_change", "run_url", "job_url", "ci_run_id")


def fields(template: str) -> tuple[str, ...]:
    """The fields of a template. Raises ValueError for one that does not exist, and for a bracket without its pair."""
    found = []
    for match in _FIELD.finditer(template):
        name = match[1]
        if match[0] in ("{{", "}}"):
            continue
        if name is None:
            raise ValueError(f"has a {match[0]!r} without its pair (write {match[0] * 2} for the sign itself)")
        _check(name.strip())
        found.append(name.strip())
    return tuple(found)


def fill(template: str, values: Mapping[str, str]) -> str:
    """The template with its fields filled; one that nothing is known of is `unknown`. Channels escape all of it."""

    def one(match: re.Match[str]) -> str:
        return match[0][0] if match[1] is None else values.get(match[1].strip(), "unknown")

    return _FIELD.sub(one, template)


def _check(name: str) -> None:
    if name in MORE:
        return
    try:
        fact(name)
    except ValueError:
        known = [*FACTS, *MORE, "tags.NAME", "measures.NAME"]
        raise ValueError(f"has a field {{{name}}} that does not exist ({hint(name, known)})") from None
