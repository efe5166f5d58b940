"""Which encoding of an answer an asker wants. Source: RFC 9110, 12.5.3."""

from __future__ import annotations

from collections.abc import Iterable


def accepts_gzip(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether gzip is wanted, and not less than no encoding at all: `gzip;q=0.5, identity` prefers the latter."""
    given = b",".join(value for name, value in headers if name == b"accept-encoding").lower()
    weights: dict[bytes, float] = {}
    for each in given.split(b","):
        name, _, parameters = each.partition(b";")
        weights[name.strip()] = _weight(parameters)
    gzip = next((weights[name] for name in (b"gzip", b"x-gzip", b"*") if name in weights), 0.0)
    return gzip > 0 and gzip >= weights.get(b"identity", 0.0)


def _weight(parameters: bytes) -> float:
    """The weight of `q=0.5`; 1 without one, 0 for what cannot be understood."""
    name, _, value = parameters.partition(b"=")
    if not name.strip():
        return 1.0
    try:
        return float(value) if name.strip() == b"q" else 1.0
    except ValueError:
        return 0.0
