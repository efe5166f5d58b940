"""An error of PostgreSQL, or of the way to it, as the words for a person, with the way out."""

from __future__ import annotations

import socket
import ssl

import asyncpg

from ci_reporter.errors import StoreError
from ci_reporter.hub.store.batch import RefusedError

ERRORS = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, EOFError)

# By SQLSTATE, or by its first two characters: https://www.postgresql.org/docs/current/errcodes-appendix.html
_WORDS = {
    "28P01": "the password is wrong (set CI_REPORTER_HUB_DATABASE_PASSWORD or …_FILE, PGPASSWORD or PGPASSFILE)",
    "28": "the server does not let this user in: {message} (check the user, and pg_hba.conf)",
    "3D000": "{message} (make it: createdb --encoding UTF8 NAME)",
    "42501": "the user may not do that: {message} (make the user the owner of the database)",
    "25006": "it may only be read (name the primary server, not a replica)",
    "53100": "the server's disk is full (make room; the hub goes on by itself)",
    "53300": "the server has no connection left (raise its max_connections, or run fewer hubs)",
    "57014": "the server gave up at its time limit",
    "55P03": "another hub holds what this one waits for",
    "57P03": "the server is starting or stopping (the hub goes on by itself)",
    "57P": "the server ended the connection (the hub goes on by itself)",
    "08": "the connection was lost (the hub goes on by itself)",
}
# The rows' or the statement's own fault: data, constraints, limits, syntax.
_REFUSED = ("22", "23", "42", "54", "0A")
# Another try, on another connection or a moment later, may do: the same, and deadlock and serialization.
_PASSING = ("08", "57P", "53300", "40")


def store_error(name: str, error: BaseException) -> StoreError:
    """Our error for one of theirs; RefusedError where the database is well, and does not take what it was given."""
    state = _state(error)
    refused = isinstance(error, asyncpg.DataError) or (state.startswith(_REFUSED) and state != "42501")
    kind = RefusedError if refused else StoreError
    found = kind(f"cannot use the hub's database {name}: {_words(error, state)}")
    found.__cause__ = error
    return found


def is_passing(error: BaseException) -> bool:
    """Whether the same, tried again, may succeed: a connection that was lost, a server that starts, a deadlock."""
    if isinstance(error, asyncpg.DataError | ssl.SSLError):
        return False
    if isinstance(error, asyncpg.PostgresError):
        return _state(error).startswith(_PASSING)
    return isinstance(error, OSError | EOFError | asyncpg.InterfaceError | asyncpg.InternalClientError)


def _state(error: BaseException) -> str:
    return getattr(error, "sqlstate", None) or ""


def _words(error: BaseException, state: str) -> str:
    if isinstance(error, TimeoutError):
        return "the server does not answer (check the host, the port, and firewalls)"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the server's certificate is not trusted: {error.verify_message} (see sslmode and sslrootcert)"
    if isinstance(error, ConnectionRefusedError | FileNotFoundError):  # the latter of a Unix socket
        return "nothing listens there (check the host, the port, and that the server runs)"
    message = str(error).partition("\n")[0].strip() or type(error).__name__
    if _is_closed(error, message):
        return _WORDS["08"]
    for length in (5, 3, 2):
        if words := _WORDS.get(state[:length]):
            return words.format(message=message)
    return _of_the_system(error) if isinstance(error, OSError) else message


def _of_the_system(error: OSError) -> str:
    if isinstance(error, socket.gaierror):
        return f"the host's name cannot be looked up: {error.strerror} (check the host)"
    return error.strerror or str(error)


def _is_closed(error: BaseException, message: str) -> bool:
    """Whether a question came to a connection that was just lost, or met the server's goodbye."""
    if isinstance(error, asyncpg.InternalClientError):
        return True
    return isinstance(error, asyncpg.InterfaceError) and message.endswith(("closed", "released back to the pool"))
