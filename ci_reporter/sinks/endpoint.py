"""Where OTLP goes, as the variables of OpenTelemetry's exporters say.

Source: OpenTelemetry, "OpenTelemetry Protocol Exporter": variables for traces come before those for all signals, the
endpoint for traces is taken as it is, and headers are written as W3C Baggage writes its members.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from ci_reporter.frozen import EMPTY, Frozen

JSON, PROTOBUF = "http/json", "http/protobuf"
PATH = "/v1/traces"
_DEFAULT = "http://localhost:4318"
_HEADER_NAME = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # a token of RFC 9110


class Endpoint(Frozen):
    """An address of traces, and how to talk to it. `protocol` is the word that somebody wrote, known or not."""

    url: str
    headers: Mapping[str, str] = EMPTY
    protocol: str | None = None
    ca: str | None = None


def endpoint_of(env: Mapping[str, str], headers: str | None = None) -> Endpoint:
    """What OTEL_EXPORTER_OTLP_… say; `headers` are ours, and come first."""
    whole = env.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "").strip()
    base = env.get("OTEL_EXPORTER_OTLP_ENDPOINT", "").strip() or _DEFAULT
    return Endpoint(
        url=whole or base.rstrip("/") + PATH,
        headers=headers_of(headers or _value(env, "HEADERS") or ""),
        protocol=_value(env, "PROTOCOL"),
        ca=_value(env, "CERTIFICATE"),
    )


def headers_of(text: str) -> dict[str, str]:
    """`name=value` pairs with commas between them, percent-encoded; what is not a header is left out."""
    if not text:
        return {}
    from urllib.parse import unquote

    pairs = [part.partition("=") for part in text.split(",")]
    found = {name.strip(): unquote(value.strip()) for name, equals, value in pairs if equals}
    return {name: _header(value) for name, value in found.items() if re.fullmatch(_HEADER_NAME, name)}


def _header(text: str) -> str:
    """A value that is one header and no more."""
    return "".join(char for char in text if char.isprintable()).encode("latin-1", "ignore").decode("latin-1")


def _value(env: Mapping[str, str], name: str) -> str | None:
    both = (env.get(f"OTEL_EXPORTER_OTLP_{signal}{name}", "").strip() for signal in ("TRACES_", ""))
    return next(filter(None, both), None)
