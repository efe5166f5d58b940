"""What carries a context: HTTP headers and environment variables, read with suspicion, written as the standards say.

Sources: W3C Trace Context 1, W3C Baggage, OpenTelemetry "Environment Variables as Context Propagation Carriers".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote, unquote

from ci_reporter.logs.current import Context
from ci_reporter.system.trace import new_trace, traceparent

RUN_HEADER = "X-CI-Run-ID"
_RUN_KEY = "ci_run_id"
_RUN_ID = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,198}[\x21-\x7e])?")
_TRACESTATE = re.compile(r"[\x20-\x7e]{1,512}")
_WORD = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_OCTETS = r"[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*"
_MEMBER = re.compile(rf"({_WORD})[ \t]*=[ \t]*({_OCTETS})")
_PROPERTY = re.compile(rf"{_WORD}(?:[ \t]*=[ \t]*{_OCTETS})?")
_MOST_BYTES = 8192  # of baggage, as W3C asks everybody to carry at least
_MOST_MEMBERS = 64
_VARIABLES = {RUN_HEADER: "CI_RUN_ID", "traceparent": "TRACEPARENT", "tracestate": "TRACESTATE", "baggage": "BAGGAGE"}


def from_headers(headers: Mapping[str, str]) -> Context:
    """The context a request brings, by lower-case header names; what is malformed is as if it were not there.

    Without a trace a new one begins. The run's own header wins over the run in the baggage, which also gets through
    services that know nothing of ours.
    """
    carried = baggage(headers.get("baggage", ""))
    run_carried = _decode(carried.pop(_RUN_KEY, ""))
    trace = traceparent(headers.get("traceparent", ""))
    state = headers.get("tracestate", "") if trace else ""
    return Context(
        ci_run_id=_run_id(headers.get(RUN_HEADER.lower(), "")) or _run_id(run_carried),
        traceparent=trace or new_trace(),
        tracestate=state if _TRACESTATE.fullmatch(state) else "",
        baggage=carried,
    )


def from_environment(env: Mapping[str, str]) -> Context:
    """The context a process was started with: CI_RUN_ID, TRACEPARENT, TRACESTATE, BAGGAGE."""
    return from_headers({header.lower(): env.get(variable, "").strip() for header, variable in _VARIABLES.items()})


def headers(context: Context) -> dict[str, str]:
    """The headers that carry a context on; the trace stays as it is, for nobody records a span here."""
    members = dict(context.baggage)
    if context.ci_run_id:
        members = {_RUN_KEY: quote(context.ci_run_id, safe=""), **members}
    found = {
        RUN_HEADER: context.ci_run_id or "",
        "traceparent": context.traceparent,
        "tracestate": context.tracestate,
        "baggage": ",".join(f"{key}={rest}" for key, rest in members.items()),
    }
    return {name: value for name, value in found.items() if value}


def variables(context: Context) -> dict[str, str]:
    """The environment variables that carry a context to a process."""
    return {_VARIABLES[name]: value for name, value in headers(context).items()}


def baggage(text: str) -> dict[str, str]:
    """The members by key, each value with its properties as it was sent; at most 64 of them and 8 KiB."""
    parts = text[: _MOST_BYTES + 1].split(",")
    if len(text) > _MOST_BYTES:
        del parts[-1]  # it has been cut
    found: dict[str, str] = {}
    for part in parts[:_MOST_MEMBERS]:
        member, *properties = (each.strip(" \t") for each in part.split(";"))
        match = _MEMBER.fullmatch(member)
        if match and all(map(_PROPERTY.fullmatch, properties)):
            found[match[1]] = ";".join([match[2], *properties])
    return found


def _decode(member: str) -> str:
    return unquote(member.partition(";")[0])


def _run_id(text: str) -> str | None:
    return text if _RUN_ID.fullmatch(text) else None
