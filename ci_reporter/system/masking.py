"""Secrets out of every text that is kept, sent or shown: by value, and by their place in an address.

Known values are those of variables whose names speak of secrets, of our own settings, and what the command tells GitHub
to mask. What has user information in it (`https://deploy:hunter2@host/`) needs no known value: see `userinfo`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping

from ci_reporter.system.userinfo import HIDDEN, mask_addresses, secrets_in

_SECRET_NAME = re.compile(
    r"TOKEN|SECRET|PASSW|PASSPHRASE|CREDENTIAL|API_?KEY|PRIVATE|ACCESS_?KEY|SIGNATURE|WEBHOOK|COOKIE|AUTH_CONFIG"
    r"|CONNECTION_STRING|OTLP_(\w+_)?HEADERS$|PASS$|(^|_)(PAT|PWD|AUTH|KEY|DSN|JWT)$"
)
_MORE_SECRET = re.compile(r"(^|_)(AUTHORIZATION|APIKEY|SESSION_?ID|CSRF)")  # of headers and fields
_NOT_SECRET = re.compile(r"(OLD)?PWD|.*_(FILE|PATH|DIR)")  # a path to a secret is not one
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
_PROXY = re.compile(r"[^\s/@]+:[^\s/@]+@[^\s@]+")  # curl and most others take a proxy's address without its scheme
_CUT_USERINFO = re.compile(r"[^\s/?#\"<>@]*@")


def secrets_of(env: Mapping[str, str]) -> frozenset[str]:
    """The values in an environment that must not be shown, and the passwords in its addresses."""
    named = (value for name, value in env.items() if _is_secret(name.upper()))
    in_addresses = (found for name, value in env.items() for found in secrets_in(_address(name, value)))
    return worth_hiding([*named, *in_addresses])


def _address(name: str, value: str) -> str:
    is_proxy = name.lower().endswith("_proxy") and _PROXY.fullmatch(value)
    return f"http://{value}" if is_proxy else value


def worth_hiding(values: Iterable[str]) -> frozenset[str]:
    """Each value whole and each line of it, without those that are words of every text: `true`, `1`."""
    parts = {part.strip() for value in values for part in (value, *value.splitlines())}
    return frozenset(part for part in parts if len(part) >= _SHORTEST and part.lower() not in _EVERYDAY)


def masks_in(output: bytes) -> frozenset[str]:
    """Values that a command has told GitHub to mask: `::add-mask::VALUE`."""
    if _MASK_COMMAND not in output:
        return frozenset()
    return worth_hiding(_without_escapes(each.decode("utf-8", "replace")) for each in _MASK.findall(output))


class Masking:
    """Knows secrets by value and by their place; gives texts without them."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._known: frozenset[str] = frozenset()
        self._secrets: tuple[str, ...] = ()
        self.add(secrets)

    def add(self, secrets: Iterable[str]) -> None:
        """Mask these values too, from now on, also as they stand in JSON."""
        self._known |= worth_hiding(secrets)
        forms = self._known | {json.dumps(each)[1:-1] for each in self._known}
        self._secrets = tuple(sorted(forms, key=len, reverse=True))  # longest first: no rest of one may stay

    def holds(self, text: str) -> bool:
        """Whether the text is a secret, whole."""
        return text in self._known

    def mask(self, text: str) -> str:
        """The text with `***` in place of every secret, and of the user information in addresses."""
        for secret in self._secrets:
            if secret in text:
                text = text.replace(secret, HIDDEN)
        return mask_addresses(text)

    def mask_tail(self, text: str) -> str:
        """The end of a longer text, masked: the cut may have left the end of a secret at its beginning."""
        cut = max((_overlap(text, secret) for secret in self._secrets), default=0)
        if not cut and (address := _CUT_USERINFO.match(text)):
            cut = address.end() - 1
        return (HIDDEN if cut else "") + self.mask(text[cut:])


def _overlap(text: str, secret: str) -> int:
    """How much of the secret's end the text begins with; as little as any text begins with does not count."""
    lengths = range(len(secret), _SHORTEST - 1, -1)
    return next((length for length in lengths if text.startswith(secret[-length:])), 0)


def names_a_secret(name: str) -> bool:
    """Whether what has this name must not be shown: `password`, `X-Api-Key`, `authorization`."""
    upper = re.sub(r"([a-z])([A-Z])", r"\1_\2", name[:200]).replace("-", "_").upper()
    return _is_secret(upper) or bool(_MORE_SECRET.search(upper))


def _is_secret(name: str) -> bool:
    return bool(_SECRET_NAME.search(name)) and not _NOT_SECRET.fullmatch(name)


def _without_escapes(value: str) -> str:
    for escape, char in _ESCAPES:
        value = value.replace(escape, char)
    return value
