"""Why a check failed, in words that may be shown: to everybody, or to those who may know more."""

from __future__ import annotations

import re

from ci_reporter.system.masking import Masking, secrets_of
from ci_reporter.system.text import one_line
from ci_reporter.system.userinfo import HIDDEN

_LONGEST = 200
_NAMED = re.compile(
    r"((?:password|passwd|passphrase|pwd|secret|token|api[_-]?key|authorization)[\"']?\s*[=:]\s*)"
    r"((?:(?:bearer|basic)\s+)?[\"']?[^\s\"',;&]+)",
    re.IGNORECASE,
)


def public_reason(error: BaseException) -> str:
    """Its kind, and the system's own words: a message of a library may hold an address, a user or worse."""
    words = error.strerror if isinstance(error, OSError) else None
    return shorten(f"{type(error).__name__}: {words}" if words else type(error).__name__)


def masked_reason(error: BaseException) -> str:
    """Its kind and its message, without the passwords of addresses and settings in it."""
    text = str(error)[: 10 * _LONGEST]
    text = _NAMED.sub(rf"\1{HIDDEN}", Masking(secrets_of({"": text})).mask(text))
    return shorten(f"{type(error).__name__}: {text}" if text else type(error).__name__)


def shorten(text: str) -> str:
    """One line, without control characters, cut."""
    return one_line(text, _LONGEST)
