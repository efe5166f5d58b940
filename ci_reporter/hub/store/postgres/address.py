"""Where a PostgreSQL is: a URL. Its password comes from the environment or from a file, never from the command line."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit, urlunsplit

from ci_reporter.config import secrets
from ci_reporter.errors import UsageError

SCHEMES = ("postgresql://", "postgres://")
PASSWORD = "CI_REPORTER_HUB_DATABASE_PASSWORD"  # noqa: S105  the variable's name
_SSL_FILES = {"sslrootcert", "sslcert", "sslkey", "sslcrl"}
_SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")


@dataclass(frozen=True, kw_only=True)
class Address:
    """A database. Only `name` may be shown: the URL may have the password in it."""

    url: str = field(repr=False)
    password: str | None = field(repr=False, default=None)

    @property
    def name(self) -> str:
        """The URL without its password and its parameters."""
        parts = urlsplit(self.url)
        user, at, host = parts.netloc.rpartition("@")
        return urlunsplit((parts.scheme, f"{user.partition(':')[0]}{at}{host}", parts.path, "", ""))


def is_url(database: str) -> bool:
    """Whether a database is named by a PostgreSQL's URL, and not by a file."""
    return database.startswith(SCHEMES)


def address(url: str, env: Mapping[str, str]) -> Address:
    """The address of a URL. Raises UsageError.

    The password is that of CI_REPORTER_HUB_DATABASE_PASSWORD or …_FILE, else the URL's; where there is none, asyncpg
    looks in PGPASSWORD, and then in the file that PGPASSFILE names, or ~/.pgpass.
    """
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as exc:
        raise UsageError("option --database: the URL is not valid (write postgresql://USER@HOST:5432/NAME)") from exc
    known = parse_qs(parts.query)
    for key in _SSL_FILES & known.keys():
        if not os.path.exists(known[key][-1]):
            raise UsageError(f"option --database: {key}: there is no {known[key][-1]}")
    mode = known.get("sslmode", ["prefer"])[-1]
    if mode not in _SSL_MODES:
        raise UsageError(f"option --database: sslmode {mode!r} is not known (known: {', '.join(_SSL_MODES)})")
    return Address(url=url, password=secrets.read(PASSWORD, env))
