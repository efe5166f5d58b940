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
_SIZE = re.compile(r"(\d{1,12})\s*(?:([kKmMgG])(?:i?[bB])?|[bB])?")
_BYTES = {"": 1, "k": 1024, "m": 1024**2, "g": 1024**3}
_URL = re.compile(
    r"https?://(?:[^/?#@\s]*@)?(?:\[(?P<ipv6>[0-9A-Fa-f:.]+)\]|\w[\w.\-]*)(?::(?P<port>\d{1,5}))?(?:/[^?#\s\x00-\x1f\x7f]*)?"
)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.\-]{0,99}")
_YES, _NO = ("1", "true", "yes", "on"), ("0", "false", "no", "off", "")


def text(value: str) -> str:
    """Any text that is not empty, on one line, and that UTF-8 can hold."""
    if not value.strip():
        raise ValueError("is empty (write a value, or leave the setting out)")
    if any(char < " " or "\x7f" <= char <= "\x9f" for char in value):
        raise ValueError("has a control character or a line break in it (keep it to one line of text)")
    if any("\ud800" <= char <= "\udfff" for char in value):
        raise ValueError("is not UTF-8 text")
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
    seconds = sum(float(number) * _SECONDS[unit] for number, unit in _PART.findall(value))
    if not 0 < seconds < 1e9:
        raise ValueError("is not above zero and below 30 years (leave the setting out for its default)")
    return seconds


def size_bytes(value: str) -> int:
    """A number of bytes: `4096`, `64K`, `1MiB`; K is 1024."""
    match = _SIZE.fullmatch(value.strip())
    if not match:
        raise ValueError("is not a size (write 4096, 64K or 1MiB)")
    size = int(match[1]) * _BYTES[(match[2] or "").lower()]
    if size > 1024**2:
        raise ValueError("is more than the 1 MiB that can be kept (write 1M or less)")
    return size


def count(value: str) -> int:
    """A whole number, 0 or more."""
    if not (value.isascii() and value.isdigit() and len(value) < 10):
        raise ValueError("is not a whole number from 0 to 999999999")
    return int(value)


def percent(value: str) -> float:
    """A percentage or a number of percentage points, 0 to 100; the sign may stand there."""
    try:
        number = float(value.strip().removesuffix("%"))
    except ValueError:
        number = math.nan
    if not 0 <= number <= 100:
        raise ValueError("is not a percentage (write 80 or 0.5)")
    return number


def url(value: str) -> str:
    """An http(s) address without query or fragment; the trailing slash goes."""
    match = _URL.fullmatch(value)
    if not match or not (match["ipv6"] is None or _is_ipv6(match["ipv6"])):
        raise ValueError("is not an http(s) address (write http://host:9091, with no '?' or '#' in it)")
    if match["port"] and not 0 < int(match["port"]) < 65536:
        raise ValueError(f"has the port {match['port']}; ports go from 1 to 65535")
    return value.rstrip("/")


def _is_ipv6(address: str) -> bool:
    import socket  # paid for by those who write such an address

    try:
        socket.inet_pton(socket.AF_INET6, address)
    except OSError:
        return False
    return True


def readable(value: str) -> str:
    """The path of a file that can be opened; nothing is read of it, as it may be a pipe."""
    try:
        open(text(value), "rb").close()
    except OSError as exc:
        raise ValueError(f"cannot be read: {exc.strerror}") from exc
    return value


def certificates(value: str) -> str:
    """The path of a PEM file with at least one certificate, or of a folder of them as OpenSSL has it."""
    if os.path.isdir(value):
        return value
    readable(value)
    with open(value, "rb") as file:
        content = file.read(8 * 1024**2)
    if b"-----BEGIN CERTIFICATE-----" not in content:
        raise ValueError("holds no PEM certificate (expected -----BEGIN CERTIFICATE-----)")
    if b"-----END CERTIFICATE-----" not in content:
        raise ValueError("holds a PEM certificate that has no end (expected -----END CERTIFICATE-----)")
    return value


def pair(value: str) -> tuple[str, str]:
    """`name=value`; the name is a word of letters, digits, `_`, `.` and `-`."""
    name, equals, rest = value.partition("=")
    if not equals:
        raise ValueError("has no '=' (write name=value)")
    if not _NAME.fullmatch(name):
        raise ValueError(
            "does not begin with a name: a letter, then letters, digits, '_', '.' or '-' (write name=value)"
        )
    if not rest.strip():
        raise ValueError(f"has nothing behind the '=' (write {name}=value)")
    return name, text(rest)


def measure(value: str) -> tuple[str, float]:
    """`name=number`; the number is finite."""
    name, number = pair(value)
    try:
        amount = float(number)
    except ValueError:
        amount = math.nan
    if not math.isfinite(amount):
        raise ValueError(f"has no number behind the '=' (write {name}=42.5)")
    return name, amount
