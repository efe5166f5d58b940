"""Text → value, one function a kind of setting; each raises ValueError with the rest of a sentence.

Whoever knows where the text stood completes it: `option --timeout: 'abc' is not a duration (write 90s)`.
"""

from __future__ import annotations

import math
import os
import re

_DURATION = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+|\d+(?:\.\d+)?")
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)?")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "": 1.0}
_SIZE = re.compile(r"(\d+)\s*(?:([kKmMgG])(?:i?[bB])?|[bB])?")
_BYTES = {"": 1, "k": 1024, "m": 1024**2, "g": 1024**3}
_URL = re.compile(r"https?://(?:[^/?#@\s]*@)?(?:\[[0-9A-Fa-f:.]+\]|[^/?#@:\s\[\]]+)(?::(\d{1,5}))?(?:/[^?#\s]*)?")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.\-]{0,99}")
_YES, _NO = ("1", "true", "yes", "on"), ("0", "false", "no", "off", "")


def text(value: str) -> str:
    """Any text that is not empty, on one line."""
    if not value.strip():
        raise ValueError("is empty")
    if any(ord(char) < 32 for char in value):
        raise ValueError("has a control character or a line break in it")
    return value


def flag(value: str) -> bool:
    """Yes or no."""
    lower = value.strip().lower()
    if lower not in _YES + _NO:
        raise ValueError("is neither yes nor no (write true or false)")
    return lower in _YES


def duration_s(value: str) -> float:
    """A length of time above zero, in seconds: `90s`, `1h30m`, `250ms`; a bare number is seconds."""
    if not _DURATION.fullmatch(value):
        raise ValueError("is not a duration (write 90s, 5m or 1h30m)")
    seconds = math.fsum(float(number) * _SECONDS[unit] for number, unit in _PART.findall(value))
    if not 0 < seconds < 1e9:
        raise ValueError("is not a duration above zero and below 30 years")
    return seconds


def size_bytes(value: str) -> int:
    """A number of bytes: `4096`, `64K`, `1MiB`; K is 1024."""
    match = _SIZE.fullmatch(value.strip())
    if not match:
        raise ValueError("is not a size (write 4096, 64K or 1MiB)")
    size = int(match[1]) * _BYTES[(match[2] or "").lower()]
    if size > 16 * 1024**2:
        raise ValueError("is more than the 16 MiB that are kept")
    return size


def count(value: str) -> int:
    """A whole number, 0 or more."""
    if not (value.isascii() and value.isdigit() and len(value) < 10):
        raise ValueError("is not a whole number (write 0, 1, 2 …)")
    return int(value)


def url(value: str) -> str:
    """An http(s) address without query or fragment; the trailing slash goes."""
    match = _URL.fullmatch(value)
    if not match or (match[1] and not 0 < int(match[1]) < 65536):
        raise ValueError("is not an http(s) address (write http://host:9091)")
    return value.rstrip("/")


def readable(value: str) -> str:
    """The path of a file that can be read."""
    try:
        with open(value, "rb") as file:
            file.read(1)
    except OSError as exc:
        raise ValueError(f"cannot be read: {exc.strerror}") from exc
    return value


def certificates(value: str) -> str:
    """The path of a PEM file with at least one certificate, or of a folder of them as OpenSSL has it."""
    if os.path.isdir(value):
        return value
    readable(value)
    with open(value, "rb") as file:
        if b"-----BEGIN CERTIFICATE-----" not in file.read(8 * 1024**2):
            raise ValueError("holds no PEM certificate (expected -----BEGIN CERTIFICATE-----)")
    return value


def pair(value: str) -> tuple[str, str]:
    """`name=value`; the name is a word of letters, digits, `_`, `.` and `-`."""
    name, equals, rest = value.partition("=")
    if not equals:
        raise ValueError("has no '=' (write name=value)")
    if not _NAME.fullmatch(name):
        raise ValueError("does not begin with a name of letters, digits, '_', '.' or '-' (write name=value)")
    return name, text(rest)


def measure(value: str) -> tuple[str, float]:
    """`name=number`; the number is finite."""
    name, number = pair(value)
    try:
        amount = float(number)
    except ValueError:
        amount = math.nan
    if not math.isfinite(amount):
        raise ValueError(f"is not a number behind the '=' (write {name}=42.5)")
    return name, amount
