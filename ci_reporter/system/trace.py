"""Trace context: read a `traceparent`, begin a trace; the ids of a run's trace and of its spans.

Jobs of a run share nothing but its id, so ids of traces and spans are hashes of the ids that all of them know: whoever
knows `CI_RUN_ID` can compute the trace, in a shell by `printf %s "$CI_RUN_ID" | sha256sum | cut -c1-32`.

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


def run_trace_id(ci_run_id: str) -> str:
    """The trace of a run: 32 hex digits."""
    return _sha256_hex(ci_run_id)[:32]


def run_span_id(ci_run_id: str) -> str:
    """The span of a whole run: 16 hex digits."""
    return _sha256_hex(ci_run_id)[32:48]


def step_span_id(report_id: str) -> str:
    """The span of a step: 16 hex digits, the same for the same report."""
    return _sha256_hex(report_id)[:16]


def trace_id_of(given: str | None, ci_run_id: str) -> str:
    """The trace of a step: the one it was started in, else that of its run."""
    return trace_id(given or "") or run_trace_id(ci_run_id)


def step_traceparent(given: str | None, ci_run_id: str, report_id: str) -> str:
    """What a step's command is given: the step's span, in the trace that we were given, else in that of the run."""
    flags = traceparent(given or "")[53:] or _SAMPLED
    return f"00-{trace_id_of(given, ci_run_id)}-{step_span_id(report_id)}-{flags}"


def _sha256_hex(text: str) -> str:
    """As hashlib gives it, which loads OpenSSL: 2 ms that the command would wait for. `random` does the same."""
    try:
        from _sha2 import sha256  # from Python 3.12 on
    except ImportError:
        try:
            from _sha256 import sha256
        except ImportError:
            from hashlib import sha256
    return str(sha256(text.encode("utf-8", "replace")).hexdigest())
