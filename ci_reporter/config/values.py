"""The one grammar of settings: text → value, one function a kind; each raises ValueError with the rest of a sentence.

Options, variables, `.ci-reporter.yml` and `gate.yml` all read their values here. Whoever knows where the text stood
completes the sentence: `option --timeout: 'abc' is not a duration (write 90s, 5m or 1h30m)`.
"""

from __future__ import annotations

import os
import re
import stat

from ci_reporter.system.addresses import public_url
from ci_reporter.system.files import read_named

_UNITS_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0, "": 1.0}
# Compiled when first used: most steps are given none of these, and compiling them all takes 2 ms before the command.
_DURATION = r"(?a)(?:\d+(?:\.\d+)?(?:ms|min|s|m|h|d|w))+|\d+(?:\.\d+)?"
_PART = r"(?a)(\d+(?:\.\d+)?)(ms|min|s|m|h|d|w)?"
_CLOCK = r"(?a)(\d{1,4}):(\d\d)"
_RATE = r"(?a)(\d+(?:\.\d+)?)/(s|m|min|h)"
_SIZE = r"(?a)(\d{1,12})\s*(?:([kKmMgG])(?:i?[bB])?|[bB])?"
_BYTES = {"": 1, "k": 1024, "m": 1024**2, "g": 1024**3}
_PERCENT = r"(?a)\+?(\d+(?:\.\d*)?|\.\d+)\s*(%?)"
_URL = (
    r"(?i:https?)://(?:[^/?#@\s]*@)?(?:\[(?P<ipv6>[0-9A-Fa-f:.]+)\]|\w[\w.\-]*)(?::(?P<port>\d{1,5}))?"
    r"(?P<path>/[^?#\s\x00-\x1f\x7f]*)?(?P<query>[?#][^\s\x00-\x1f\x7f]*)?"
)
_NAME = r"[A-Za-z_][A-Za-z0-9_.\-]{0,99}"
_YES, _NO = ("1", "true", "yes", "on"), ("0", "false", "no", "off", "")
_DAY_S = 86400.0
_LARGEST_PEM = 8 * 1024**2
_YEARS_S = 1e9


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


def ci_summary(value: str) -> str:
    """What a CI system shows: `step`, `job` or `none`; yes is `step`, and no is `none`."""
    lower = value.strip().lower()
    if lower not in (*_YES, *_NO, "step", "job", "none"):
        raise ValueError("is not one of step, job, none")
    return "step" if lower in _YES else "none" if lower in _NO else lower


class OneOf:
    """One of a few words."""

    def __init__(self, *words: str) -> None:
        self.words = words

    def __call__(self, value: str) -> str:
        """The word."""
        if value not in self.words:
            raise ValueError(f"is not one of {', '.join(self.words)}")
        return value


def duration_s(value: str, *, most_s: float = _YEARS_S, zero: bool = False) -> float:
    """A length of time above zero, in seconds: `90s`, `5min`, `1h30m`, `250ms`; a bare number is seconds.

    The units are ms, s, m or min, h, d and w. `zero` allows 0 too.
    """
    if not re.fullmatch(_DURATION, value):
        clock = re.fullmatch(_CLOCK, value)
        written = f"{int(clock[1]) * 60 + int(clock[2])}s" if clock else "90s, 5m or 1h30m"
        raise ValueError(f"is not a duration (write {written})")
    seconds = sum(float(number) * _UNITS_S[unit] for number, unit in re.findall(_PART, value))
    if zero and not seconds:
        return 0.0
    if not 0 < seconds < _YEARS_S:
        raise ValueError("is not above zero and below 30 years (leave the setting out for its default)")
    if seconds > most_s:
        raise ValueError(f"is longer than {most_s / 3600:g}h, the most that is possible here")
    return seconds


def duration_with_unit_s(value: str) -> float:
    """A duration where a forgotten unit would do damage: a bare number is refused."""
    if value.replace(".", "").isdecimal():
        raise ValueError(f"has no unit (write {value}s, {value}m, {value}h or {value}d)")
    return duration_s(value)


def within_a_day_s(value: str) -> float:
    """A duration above zero and up to 24 hours."""
    return duration_s(value, most_s=_DAY_S)


def up_to_a_day_s(value: str) -> float:
    """A duration from zero to 24 hours; `none` is zero."""
    return 0.0 if value == "none" else duration_s(value, most_s=_DAY_S, zero=True)


def rate(value: str) -> float:
    """How often a second: `10/s`, `12/m`, `90/h`; at most 1000/s."""
    match = re.fullmatch(_RATE, value)
    if not match:
        raise ValueError("is not a rate (write 10/s, or 12/m)")
    found = float(match[1]) / _UNITS_S[match[2]]
    if not 0 < found <= 1000:
        raise ValueError("is not above zero and up to 1000/s (write 10/s, or 12/m)")
    return found


def size_bytes(value: str) -> int:
    """A number of bytes: `4096`, `64K`, `1MiB`, `2G`; K is 1024."""
    match = re.fullmatch(_SIZE, value.strip())
    if not match:
        raise ValueError("is not a size (write 4096, 64K or 1MiB)")
    return int(match[1]) * _BYTES[(match[2] or "").lower()]


def tail_bytes(value: str) -> int:
    """A number of bytes that a record can hold of the command's output."""
    size = size_bytes(value)
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
    match = re.fullmatch(_PERCENT, value.strip())
    if not match or not float(match[1]) <= 100:
        raise ValueError("is not a percentage from 0 to 100 (write 80, 80% or 0.5)")
    return float(match[1])


def share(value: str) -> float:
    """A share written in percent: `10%` is 0.1. The sign is needed: 0.5 could be a half or half a percent."""
    match = re.fullmatch(_PERCENT, value.strip())
    if not match:
        raise ValueError("is not a percentage (write 1%)")
    if not match[2]:
        raise ValueError(f"has no % (write {float(match[1]):g}%, or {float(match[1]) * 100:g}% if a share is meant)")
    return float(match[1]) / 100


def url(value: str) -> str:
    """An http(s) address without query or fragment; the trailing slash goes."""
    match = _host_and_port(value)
    if not match or match["query"]:
        raise ValueError("is not an http(s) address without '?' or '#' (write https://host/path)")
    return value.rstrip("/")


def page_url(value: str) -> str:
    """An http(s) address, with its query if it has one."""
    if not _host_and_port(value):
        raise ValueError("is not an http(s) address (write https://host/path)")
    return value


def items(value: str) -> list[str]:
    """Several values in one text, with commas or line breaks between them."""
    return [item.strip() for item in re.split(r"[,\n]", value) if item.strip()]


def has_user(address: str) -> bool:
    """Whether an address holds a user or a password, which belong to nowhere that others can read."""
    return public_url(address) != address


def quote(value: str) -> str:
    """A value for a message: on one line, short, without what may be a password in an address."""
    from ci_reporter.system.userinfo import mask_malformed  # for a message alone: nothing else has to wait for it

    hidden = mask_malformed(value)
    return repr(hidden if len(hidden) <= 80 else f"{hidden[:79]}…")


def _host_and_port(value: str) -> re.Match[str] | None:
    match = re.fullmatch(_URL, value)
    if not match or not (match["ipv6"] is None or _is_ipv6(match["ipv6"])):
        return None
    if match["port"] and not 0 < int(match["port"]) < 65536:
        raise ValueError(f"has the port {match['port']}; ports go from 1 to 65535")
    return match


def _is_ipv6(address: str) -> bool:
    import socket  # only such an address needs it

    try:
        socket.inet_pton(socket.AF_INET6, address)
    except OSError:
        return False
    return True


def readable(value: str) -> str:
    """The path of a file that can be opened; nothing is read of it, as it may be a pipe."""
    try:
        if not stat.S_ISFIFO(os.stat(text(value)).st_mode):  # to open a pipe would wait for its writer
            open(value, "rb").close()
    except OSError as exc:
        raise ValueError(f"cannot be read: {exc.strerror}") from exc
    return value


def certificates(value: str) -> str:
    """The path of a PEM file with at least one certificate, or of a folder of them as OpenSSL has it."""
    if os.path.isdir(value):
        return value
    readable(value)
    content = read_named(value, _LARGEST_PEM)
    if b"-----BEGIN CERTIFICATE-----" not in content:
        raise ValueError("contains no PEM certificate (expected -----BEGIN CERTIFICATE-----)")
    if b"-----END CERTIFICATE-----" not in content:
        raise ValueError("contains a PEM certificate without its end (expected -----END CERTIFICATE-----)")
    return value


def webhook_secrets(value: str) -> str:
    """One secret, or several with spaces between them while an old one is being replaced."""
    from ci_reporter.system.standardwebhooks import key

    for each in value.split():
        key(each)
    return " ".join(value.split())


def pair(value: str) -> tuple[str, str]:
    """`name=value`; the name is a word of letters, digits, `_`, `.` and `-`."""
    name, equals, rest = value.partition("=")
    if not equals:
        raise ValueError("has no '=' (write name=value)")
    if not re.fullmatch(_NAME, name):
        raise ValueError(
            "does not begin with a name: a letter, then letters, digits, '_', '.' or '-' (write name=value)"
        )
    if not rest.strip():
        raise ValueError(f"has nothing after the '=' (write {name}=value)")
    return name, text(rest)


def measure(value: str) -> tuple[str, float]:
    """`name=number`; the number is finite."""
    name, number = pair(value)
    try:
        amount = float(number)
    except ValueError:
        amount = float("nan")
    if not abs(amount) < float("inf"):  # also not for NaN
        raise ValueError(f"has no number after the '=' (write {name}=42.5)")
    return name, amount
