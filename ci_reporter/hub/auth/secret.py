"""Random secrets: API tokens `crh_…`, which programs that look for leaked secrets can find, and sessions' keys.

    crh_ + 43 letters and digits of 256 random bits + 6 of their CRC-32, as GitHub's tokens have it

The checksum tells a mistyped token, and nearly all that is made up, without a look at the database.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import string
import zlib

PREFIX = "crh_"
_DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase
_RANDOM, _CHECK = 43, 6  # 62 ** 43 > 2 ** 256, 62 ** 6 > 2 ** 32
_TOKEN = re.compile(rf"{PREFIX}[0-9A-Za-z]{{{_RANDOM + _CHECK}}}", re.ASCII)
_KEY = re.compile(r"[\w-]{43}", re.ASCII)


def new_token() -> str:
    """A token that nobody can guess."""
    random = _base62(secrets.randbits(256), _RANDOM)
    return f"{PREFIX}{random}{_checksum(random)}"


def is_token(text: str) -> bool:
    """Whether it is a token by its form and checksum; one that nobody has made may be, too."""
    if not _TOKEN.fullmatch(text):
        return False
    return _checksum(text[len(PREFIX) : -_CHECK]) == text[-_CHECK:]


def new_key() -> str:
    """A key of a session, 256 bits."""
    return secrets.token_urlsafe(32)


def is_key(text: str) -> bool:
    """Whether it has the form of one."""
    return _KEY.fullmatch(text) is not None


def digest(secret: str) -> str:
    """What is kept of a random secret, and what it is looked up by.

    SHA-256 alone is enough, without salt and iterations: these are for passwords, which can be guessed. 256 random bits
    cannot, however fast one may try. A look-up by the hash also tells nothing by the time that it takes.
    """
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()


def _checksum(text: str) -> str:
    return _base62(zlib.crc32(text.encode()), _CHECK)


def _base62(number: int, length: int) -> str:
    found = ""
    for _ in range(length):
        number, digit = divmod(number, 62)
        found = _DIGITS[digit] + found
    return found
