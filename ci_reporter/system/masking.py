"""Secrets out of text that is kept: the values of variables whose names speak of secrets, and GitHub's masks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

_SECRET_NAME = re.compile(
    r"TOKEN|SECRET|PASSW|PASSPHRASE|CREDENTIAL|API_?KEY|PRIVATE|ACCESS_?KEY|SIGNATURE|WEBHOOK|COOKIE|AUTH_CONFIG"
    r"|CONNECTION_STRING|PASS$|(^|_)(PAT|PWD|AUTH|KEY|DSN|JWT)$"
)
_NOT_SECRET = re.compile(r"(OLD)?PWD|.*_(FILE|PATH|DIR)")  # a path to a secret is none
_PASSWORD_IN_URL = re.compile(r"://[^/?#\s:@]*:([^/?#\s@]+)@")
_SHORTEST = 4  # below this a value is a part of every text
_EVERYDAY = frozenset(
    (
        *("true", "false", "null", "none", "auto", "always", "never", "enabled", "disabled", "default"),
        *("local", "test", "main", "master", "prod", "production"),
    )
)
_MASK_COMMAND = b"::add-mask::"
_MASK = re.compile(rb"::add-mask::([^\r\n]+)")
_ESCAPES = (("%0D", "\r"), ("%0A", "\n"), ("%25", "%"))  # as GitHub's toolkit writes them
HIDDEN = "***"


def secrets_of(env: Mapping[str, str]) -> frozenset[str]:
    """The values in an environment that must not be shown, and the passwords in its addresses."""
    named = (value for name, value in env.items() if _is_secret(name.upper()))
    in_urls = (found for value in env.values() for found in _PASSWORD_IN_URL.findall(value))
    return worth_hiding([*named, *in_urls])


def worth_hiding(values: Iterable[str]) -> frozenset[str]:
    """Each value whole and each line of it, without those that are words of every text: `true`, `1`."""
    parts = {part.strip() for value in values for part in (value, *value.splitlines())}
    return frozenset(part for part in parts if len(part) >= _SHORTEST and part.lower() not in _EVERYDAY)


def masks_in(output: bytes) -> frozenset[str]:
    """Values that a command has told GitHub to mask: `::add-mask::VALUE`."""
    if _MASK_COMMAND not in output:
        return frozenset()
    return worth_hiding(_unescaped(each.decode("utf-8", "replace")) for each in _MASK.findall(output))


def redacted(text: str, secrets: Iterable[str]) -> str:
    """The text with every secret replaced, longer ones first so that no rest of one stays."""
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return text


def redacted_tail(text: str, secrets: Iterable[str]) -> str:
    """The end of a longer text, redacted: the cut may have left the end of a secret at its beginning."""
    longest = max((_overlap(text, secret) for secret in secrets), default=0)
    head = HIDDEN if longest else ""
    return head + redacted(text[longest:], secrets)


def _overlap(text: str, secret: str) -> int:
    """How much of the secret's end the text begins with; as little as any text begins with does not count."""
    lengths = range(len(secret), _SHORTEST - 1, -1)
    return next((length for length in lengths if text.startswith(secret[-length:])), 0)


def _is_secret(name: str) -> bool:
    return bool(_SECRET_NAME.search(name)) and not _NOT_SECRET.fullmatch(name)


def _unescaped(value: str) -> str:
    for escape, char in _ESCAPES:
        value = value.replace(escape, char)
    return value
