"""A token for a CI system's API: of a variable, or of a file that is read again when it changes.

So a token is replaced without a restart: write the new one into the file. Length and characters are checked before any
request, as a token that was copied with its line break, or with the dots of a page, gives a 401 that explains nothing.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping

from ci_reporter.config import secrets, yaml
from ci_reporter.config.yaml import Node
from ci_reporter.errors import UsageError
from ci_reporter.system.files import read_named

_SHORTEST, _LONGEST = 8, 1024
_LOOK_S = 1.0


class Token:
    """Where a token is kept. `where` is how messages name it; equal ones are one token, with one rate limit."""

    def __init__(self, *, env: str = "", file: str = "", line: str = "", name: str = "token") -> None:
        self.env, self.file, self._line, self._name = env, file, line, name
        self.where = f"{name}_env: {env}" if env else f"{name}_file: {file}" if file else f"no {name}"

    def __repr__(self) -> str:
        return f"Token({self.where})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Token) and (self.env, self.file) == (other.env, other.file)

    def __hash__(self) -> int:
        return hash((self.env, self.file))

    @property
    def given(self) -> bool:
        """Whether the configuration names one."""
        return bool(self.env or self.file)

    def read(self, environ: Mapping[str, str]) -> str | None:
        """The token, None where none is named. Raises UsageError; no message holds a part of it."""
        if not self.given:
            return None
        text = secrets.read(self.env, environ) if self.env else _content(self.file, f"{self._line}{self._name}_file")
        if not text:
            where = f"{self._line}{self._name}_env"
            raise UsageError(f"{where}: the variable {self.env} is not set (set it, or {self.env}_FILE)")
        if said := fault(text):
            raise UsageError(f"{self._line}{self.where}: the {self._name} {said}")
        return text

    def files(self, environ: Mapping[str, str]) -> str:
        """The file that the token comes from, empty where it is a variable's value."""
        return self.file or ("" if environ.get(self.env, "").strip() else environ.get(f"{self.env}_FILE", ""))


def fault(text: str) -> str:
    """What is wrong with a token, as the rest of a sentence; empty where nothing is."""
    if not text.isascii() or not text.isprintable() or " " in text:
        return "has a space, a line break or a character that is not ASCII in it (copy it again)"
    if not _SHORTEST <= len(text) <= _LONGEST:
        return f"has {len(text)} characters, and tokens have {_SHORTEST} to {_LONGEST} (copy it again)"
    return ""


class TokenSource:
    """The token in force. A file that cannot be read, or has a mistake in it, changes nothing; `problem` tells."""

    def __init__(self, token: Token, environ: Mapping[str, str], clock: Callable[[], float] = time.monotonic) -> None:
        """Raises UsageError where the token cannot be used."""
        self._token, self._environ, self._clock = token, environ, clock
        self._file = token.files(environ)
        self._state, self._looked_s = self._stat(), clock()
        self._text = token.read(environ)
        self.problem = ""

    def current(self) -> str | None:
        """The token now; None where there is none."""
        if self._file and self._clock() - self._looked_s >= _LOOK_S:
            self._looked_s = self._clock()
            state = self._stat()
            if state != self._state:
                self._replace(state)
        return self._text

    def _replace(self, state: tuple[int, ...]) -> None:
        try:
            self._text = self._token.read(self._environ)
            self._state, self.problem = state, ""
        except UsageError as exc:
            self.problem = str(exc)

    def _stat(self) -> tuple[int, ...]:
        try:
            found = os.stat(self._file) if self._file else None
        except OSError:
            return ()
        return (found.st_mtime_ns, found.st_size, found.st_ino) if found else ()


def token_of(keys: Mapping[str, Node], name: str = "token") -> Token:
    """The token that `token_env:` or `token_file:` names. Raises UsageError for both, and for a token itself."""
    env, file = keys.get(f"{name}_env"), keys.get(f"{name}_file")
    if env and file:
        raise UsageError(f"{file.where}: {name}_env is on line {env.line}, and one of the two is enough")
    found = env or file
    written = yaml.text(found) if found else ""
    line = f"{found.place}: " if found else ""
    if env and not (written.isascii() and written.isidentifier()):
        raise UsageError(f"{env.where}: expected the name of a variable, such as GITHUB_TOKEN")
    if env and written.startswith(("ghp_", "gho_", "ghs_", "github_pat_", "glpat")):
        raise UsageError(f"{env.where}: this is a token, and not the name of a variable (revoke it: it is in a file)")
    return Token(env=written if env else "", file=written if file else "", line=line, name=name)


def _content(path: str, where: str) -> str:
    try:
        return read_named(path, 64 * 1024).decode("utf-8").strip()
    except UnicodeDecodeError as exc:
        raise UsageError(f"{where}: {path} is not UTF-8 text") from exc
    except (OSError, ValueError) as exc:
        raise UsageError(f"{where}: cannot read {path}: {getattr(exc, 'strerror', None) or exc}") from exc
