"""The users in the database, their sessions, and the hub's own key."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from ci_reporter.errors import UsageError
from ci_reporter.hub.auth import secret
from ci_reporter.hub.auth.access import ROLES, Access, Role
from ci_reporter.hub.store.tables import Statement, Tables

_NAME = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,99}", re.ASCII)
_FIELDS = "name, password, role, repositories, created_ms, removed_ms"
_PUT = """
INSERT INTO auth_user (name, password, role, repositories, created_ms, removed_ms)
VALUES (:name, :password, :role, :repositories, :now_ms, NULL)
ON CONFLICT (name) DO UPDATE SET password = excluded.password, role = excluded.role,
  repositories = excluded.repositories, created_ms = excluded.created_ms, removed_ms = NULL
"""
_BY_NAME = f"SELECT {_FIELDS} FROM auth_user WHERE name = :name"  # noqa: S608
_ALL = f"SELECT {_FIELDS} FROM auth_user WHERE removed_ms IS NULL ORDER BY name"  # noqa: S608
_CHANGE = """
UPDATE auth_user SET password = :password WHERE name = :name AND removed_ms IS NULL RETURNING name
"""
_REMOVE = "UPDATE auth_user SET removed_ms = :now_ms WHERE name = :name AND removed_ms IS NULL RETURNING name"
_END_SESSIONS = "DELETE FROM auth_session WHERE user_name = :name"
_BEGIN_SESSION = """
INSERT INTO auth_session (hash, user_name, created_ms, expires_ms) VALUES (:hash, :name, :now_ms, :expires_ms)
"""
_SESSION = "SELECT user_name, expires_ms FROM auth_session WHERE hash = :hash"
_END_SESSION = "DELETE FROM auth_session WHERE hash = :hash"
_FORGET_SESSIONS = "DELETE FROM auth_session WHERE expires_ms <= :now_ms"
_ANYBODY = "SELECT EXISTS (SELECT 1 FROM auth_user) OR EXISTS (SELECT 1 FROM auth_token)"
_MAKE_KEY = "INSERT INTO auth_key (name, value) VALUES ('hub', :value) ON CONFLICT DO NOTHING"
_KEY = "SELECT value FROM auth_key WHERE name = 'hub'"


class User(NamedTuple):
    """A user; `password` is what scrypt keeps of it."""

    name: str
    password: str
    role: Role
    repositories: tuple[str, ...] | None
    created_ms: int
    removed_ms: int | None = None

    def access(self, *, csrf: str = "") -> Access:
        """What the user may. A browser sends a password and a cookie by itself."""
        return Access(
            name=f"user {self.name}", scopes=ROLES[self.role], patterns=self.repositories, ambient=True, csrf=csrf
        )


def name_of(text: str) -> str:
    """The name as it is kept: in small letters. Raises UsageError for what no user is named."""
    name = text.strip().lower()
    if not _NAME.fullmatch(name):
        raise UsageError(f"{text[:100]!r} is not a user's name (letters, digits and . _ @ + -, at most 100)")
    return name


def add(tables: Tables, user: User) -> None:
    """Keep a user. Raises UsageError where there is one of that name, StoreError."""

    def work(run: Statement) -> None:
        if any(row[5] is None for row in run(_BY_NAME, name=user.name)):
            raise UsageError(f"there is a user {user.name!r} (`hub user password` gives a new password)")
        patterns = None if user.repositories is None else json.dumps(user.repositories)
        values = {"name": user.name, "password": user.password, "role": str(user.role), "repositories": patterns}
        run(_PUT, **values, now_ms=user.created_ms)
        run(_END_SESSIONS, name=user.name)

    tables.transact(work)


def set_password(tables: Tables, name: str, password: str) -> bool:
    """Keep another password and end all sessions of the user; False where there is none. Raises StoreError."""

    def work(run: Statement) -> bool:
        run(_END_SESSIONS, name=name)
        return bool(run(_CHANGE, name=name, password=password))

    return tables.transact(work)


def remove(tables: Tables, name: str, now_ms: int) -> bool:
    """Let a user in no more, from now on; False where there is none. Raises StoreError."""

    def work(run: Statement) -> bool:
        run(_END_SESSIONS, name=name)
        return bool(run(_REMOVE, name=name, now_ms=now_ms))

    return tables.transact(work)


def every(tables: Tables) -> list[User]:
    """All users, by name. Raises StoreError."""
    return [_user(row) for row in tables.select(_ALL)]


def find(tables: Tables, name: str) -> User | None:
    """The user of that name. Raises StoreError."""
    found = [_user(row) for row in tables.select(_BY_NAME, name=name)]
    return next((each for each in found if each.removed_ms is None), None)


def begin_session(tables: Tables, name: str, now_ms: int, expires_ms: int) -> str:
    """A new session of a user: the key that the cookie has. Old ones that have ended go. Raises StoreError."""
    key = secret.new_key()

    def work(run: Statement) -> None:
        run(_FORGET_SESSIONS, now_ms=now_ms)
        run(_BEGIN_SESSION, hash=secret.digest(key), name=name, now_ms=now_ms, expires_ms=expires_ms)

    tables.transact(work)
    return key


def session(tables: Tables, digest: str) -> tuple[User, int] | None:
    """The user of the session whose key has this digest, and when it ends. Raises StoreError."""
    found = tables.select(_SESSION, hash=digest)
    user = find(tables, found[0][0]) if found else None
    return (user, found[0][1]) if user else None


def end_session(tables: Tables, digest: str) -> None:
    """Sign out. Raises StoreError."""
    tables.transact(lambda run: run(_END_SESSION, hash=digest))


def is_anybody_known(tables: Tables) -> bool:
    """Whether there is, or was, a user or a token. Raises StoreError."""
    return bool(tables.select(_ANYBODY)[0][0])


def hub_key(tables: Tables) -> bytes:
    """The hub's own key, the same in all replicas; made when it is first asked for. Raises StoreError."""
    found = tables.select(_KEY)
    if not found:
        tables.transact(lambda run: run(_MAKE_KEY, value=secret.new_key()))
        found = tables.select(_KEY)
    return str(found[0][0]).encode()


def _user(row: Sequence[Any]) -> User:
    name, password, role, repositories, created_ms, removed_ms = row
    patterns = None if repositories is None else tuple(json.loads(repositories))
    return User(name, password, Role(role), patterns, created_ms, removed_ms)
