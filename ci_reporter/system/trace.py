"""Trace context: read a `traceparent`, continue a trace, begin one.

Sources: W3C Trace Context 1, "traceparent Header"; OpenTelemetry, "Environment Variables as Context Propagation
Carriers", and its SDK's default sampler, `ParentBased(root=AlwaysOn)`.
"""

from __future__ import annotations

import os

_LENGTHS = (2, 32, 16, 2)  # of version, trace id, parent id, flags: 00-<32 hex>-<16 hex>-01
_LONGEST = 1000
# A new trace is sampled, as the root of a trace is under OpenTelemetry's default. With 00 ("not sampled") every tool
# below us that traces would follow its parent and record nothing, because of a parent that it never had before.
_SAMPLED = "01"


def traceparent(text: str) -> str:
    """A valid traceparent in version 00; empty for what is not one. A later version is read as far as 00 goes."""
    parts = text[:_LONGEST].split("-", 4)
    if tuple(map(len, parts[:4])) != _LENGTHS or (len(parts) == 5 and parts[0] == "00"):
        return ""
    version, trace_id, parent_id, flags = parts[:4]
    if any(char not in "0123456789abcdef" for char in version + trace_id + parent_id + flags):
        return ""
    if version == "ff" or not trace_id.strip("0") or not parent_id.strip("0"):
        return ""
    return f"00-{trace_id}-{parent_id}-{flags}"


def trace_id(text: str) -> str | None:
    """The trace that a traceparent names: 32 hex digits, None where it is not valid."""
    return traceparent(text)[3:35] or None


def new_trace() -> str:
    """The traceparent of a trace that begins here."""
    return f"00-{os.urandom(16).hex()}-{os.urandom(8).hex()}-{_SAMPLED}"


def child_span(text: str) -> str:
    """A traceparent for what we start: a new span of the given trace; without a valid one, a new trace."""
    given = traceparent(text)
    if not given:
        return new_trace()
    return f"{given[:36]}{os.urandom(8).hex()}{given[52:]}"
