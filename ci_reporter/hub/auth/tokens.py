"""The API tokens in the database: made, listed, revoked, and when each was used last."""

from __future__ import annotations

import json
import secrets as random
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from ci_reporter.errors import UsageError
from ci_reporter.hub.auth import secret
from ci_reporter.hub.auth.access import Access, Scope
from ci_reporter.hub.store.tables import Statement, Tables

_FIELDS = "token_id, name, scopes, repositories, created_ms, expires_ms, revoked_ms, used_ms"
_INSERT = """
INSERT INTO auth_token (token_id, hash, name, scopes, repositories, created_ms, expires_ms)
VALUES (:token_id, :hash, :name, :scopes, :repositories, :created_ms, :expires_ms)
"""
_NAMED = "SELECT token_id FROM auth_token WHERE name = :name AND revoked_ms IS NULL"
_ALL = f"SELECT {_FIELDS} FROM auth_token ORDER BY created_ms, token_id"  # noqa: S608
_BY_HASH = f"SELECT {_FIELDS} FROM auth_token WHERE hash = :hash"  # noqa: S608
_REVOKE = """
UPDATE auth_token SET revoked_ms = :now_ms
WHERE (token_id = :which OR name = :which) AND revoked_ms IS NULL RETURNING token_id, name
"""
_USED = """
UPDATE auth_token SET used_ms = :used_ms WHERE token_id = :token_id AND (used_ms IS NULL OR used_ms < :used_ms)
"""


class Token(NamedTuple):
    """A token without its secret; times are milliseconds since the epoch, None: never."""

    token_id: str
    name: str
    scopes: tuple[Scope, ...]
    repositories: tuple[str, ...] | None
    created_ms: int
    expires_ms: int | None
    revoked_ms: int | None
    used_ms: int | None

    def is_valid(self, now_ms: int) -> bool:
        """Whether it lets anybody in."""
        return self.revoked_ms is None and (self.expires_ms is None or now_ms < self.expires_ms)

    def access(self) -> Access:
        """What it allows."""
        return Access(name=f"token {self.name}", scopes=frozenset(self.scopes), patterns=self.repositories)


class Wanted(NamedTuple):
    """A token that is to be made."""

    name: str
    scopes: Collection[Scope]
    repositories: Sequence[str] | None
    expires_ms: int | None


def create(tables: Tables, wanted: Wanted, now_ms: int) -> tuple[Token, str]:
    """Make a token; its secret is known only here and now. Raises UsageError for a name that one has, StoreError."""
    made, token_id = secret.new_token(), random.token_hex(4)
    scopes = tuple(sorted(wanted.scopes))
    patterns = None if wanted.repositories is None else tuple(wanted.repositories)

    def work(run: Statement) -> None:
        if run(_NAMED, name=wanted.name):
            raise UsageError(f"there is a token named {wanted.name!r} (revoke it, or choose another name)")
        run(
            _INSERT,
            token_id=token_id,
            hash=secret.digest(made),
            name=wanted.name,
            scopes=" ".join(scopes),
            repositories=None if patterns is None else json.dumps(patterns),
            created_ms=now_ms,
            expires_ms=wanted.expires_ms,
        )

    tables.transact(work)
    return Token(token_id, wanted.name, scopes, patterns, now_ms, wanted.expires_ms, None, None), made


def every(tables: Tables) -> list[Token]:
    """All tokens, also those that are no longer valid, oldest first. Raises StoreError."""
    return [_token(row) for row in tables.select(_ALL)]


def find(tables: Tables, digest: str) -> Token | None:
    """The token whose secret has this digest, valid or not. Raises StoreError."""
    found = tables.select(_BY_HASH, hash=digest)
    return _token(found[0]) if found else None


def revoke(tables: Tables, which: str, now_ms: int) -> list[str]:
    """Revoke the token of this name or id; the names of those that were. Raises StoreError."""
    return [name for _, name in tables.transact(lambda run: run(_REVOKE, which=which, now_ms=now_ms))]


def keep_last_uses(tables: Tables, used: Mapping[str, int]) -> None:
    """Keep when tokens were used, by their ids. Raises StoreError."""

    def work(run: Statement) -> None:
        for token_id in sorted(used):  # two hubs that keep theirs at one time must not wait for each other
            run(_USED, token_id=token_id, used_ms=used[token_id])

    tables.transact(work)


def _token(row: Sequence[Any]) -> Token:
    token_id, name, scopes, repositories, *times = row
    patterns = None if repositories is None else tuple(json.loads(repositories))
    return Token(token_id, name, tuple(Scope(each) for each in scopes.split()), patterns, *times)
