"""charset_normalizer inside ci-reporter.pyz: `requests` imports it to guess encodings, and we never ask for a guess."""

from __future__ import annotations

__version__ = "3.5.2"


def detect(content: bytes) -> dict[str, str | None]:  # noqa: ARG001
    """No guess: `requests` then decodes as UTF-8."""
    return {"encoding": None}
