"""Secrets out of text that is kept: the values of variables whose names speak of secrets, and GitHub's masks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

_SECRET_NAME = re.compile(
    r"TOKEN|SECRET|PASSW|PASSPHRASE|CREDENTIAL|API_?KEY|PRIVATE|ACCESS_?KEY|SIGNATURE|WEBHOOK|(^|_)(PAT|PWD|AUTH|KEY|DSN)$"
)
_NOT_SECRET = frozenset({"PWD", "OLDPWD"})
_SHORTEST = 4  # below this a value is a word of every text: `true`, `1`
_MASK = re.compile(rb"::add-mask::([^\r\n]+)")
HIDDEN = "***"


def secrets_of(env: Mapping[str, str]) -> frozenset[str]:
    """The values in an environment that must not be shown, each line of them and each whole."""
    values = (value for name, value in env.items() if _SECRET_NAME.search(name.upper()) and name not in _NOT_SECRET)
    return frozenset(
        part for value in values for part in (value.strip(), *value.split("\n")) if len(part.strip()) >= _SHORTEST
    )


def masks_in(output: bytes) -> frozenset[str]:
    """Values that a command has told GitHub to mask: `::add-mask::VALUE`."""
    return frozenset(each.decode("utf-8", "replace").strip() for each in _MASK.findall(output))


def redacted(text: str, secrets: Iterable[str]) -> str:
    """The text with every secret replaced, longer ones first so that no rest of one stays."""
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return text
