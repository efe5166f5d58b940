"""The secrets that reports are signed with: for every repository, or for some; several at once while one is replaced.

# one line each; the file is read again when it changes
whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw
acme/shop: whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw
acme/*: a-text-of-16-characters-or-more
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from ci_reporter.config import secrets
from ci_reporter.errors import UsageError
from ci_reporter.system import standardwebhooks

_SHORTEST = 16  # characters of a secret that is not Standard Webhooks'
_LOOK_S = 1.0


@dataclass(frozen=True, kw_only=True)
class Secret:
    """A secret as text, its key for Standard Webhooks where it is one, and the repositories that it speaks for."""

    text: bytes
    webhook_key: bytes | None
    repositories: str | None = None

    def __repr__(self) -> str:
        return f"Secret(***, repositories={self.repositories!r})"

    def speaks_for(self, repository: str | None) -> bool:
        """Whether it may sign reports of that repository."""
        return self.repositories is None or fnmatchcase(repository or "", self.repositories)


def parse(text: str) -> tuple[Secret, ...]:
    """The secrets of a text. Raises ValueError, whose words name the line and hold no secret."""
    found: list[Secret] = []
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        repositories = words.pop(0)[:-1] if words[0].endswith(":") else None
        if not words or repositories == "":
            raise ValueError(f"line {number}: expected `SECRET` or `REPOSITORY: SECRET...`")
        try:
            found += [_secret(word, repositories) for word in words]
        except ValueError as exc:
            raise ValueError(f"line {number}: a secret {exc}") from None
    return tuple(found)


def _secret(word: str, repositories: str | None) -> Secret:
    if word.startswith("whsec_"):
        return Secret(text=word.encode(), webhook_key=standardwebhooks.key(word), repositories=repositories)
    if len(word) < _SHORTEST:
        raise ValueError(
            f"has {len(word)} characters, and {_SHORTEST} are the least"
            " (make one: echo whsec_$(openssl rand -base64 32))"
        )
    return Secret(text=word.encode(), webhook_key=None, repositories=repositories)


class SecretsSource:
    """The secrets in force: of a variable, or of the file that `<variable>_FILE` names, read again when it changes."""

    def __init__(self, variable: str, env: dict[str, str], clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._path = "" if env.get(variable, "").strip() else env.get(f"{variable}_FILE", "")
        self._where = f"variable {variable}_FILE: {self._path}" if self._path else f"variable {variable}"
        self._variable, self._env = variable, env
        self._state = self._stat()
        self._looked_s = clock()
        self._secrets = self._read()
        self.problem = ""

    @property
    def given(self) -> bool:
        """Whether reports have to be signed."""
        return bool(self._secrets)

    def current(self) -> tuple[Secret, ...]:
        """The secrets now. A file that cannot be read, or has a mistake in it, changes nothing; `problem` tells."""
        now_s = self._clock()
        if self._path and now_s - self._looked_s >= _LOOK_S:
            self._looked_s = now_s
            state = self._stat()
            if state != self._state:
                self._take(state)
        return self._secrets

    def for_repository(self, repository: str | None) -> Sequence[Secret]:
        """The secrets that may have signed for a repository; those for all, where none is named."""
        return [each for each in self.current() if each.repositories is None or each.speaks_for(repository)]

    def _take(self, state: tuple[int, ...]) -> None:
        try:
            self._secrets = self._read()
            self._state, self.problem = state, ""
        except UsageError as exc:
            self.problem = str(exc)

    def _read(self) -> tuple[Secret, ...]:
        """Raises UsageError; also for a file without any secret, which would let everybody in."""
        text = secrets.read(self._variable, self._env)
        if text is None:
            return ()
        try:
            found = parse(text)
        except ValueError as exc:
            raise UsageError(f"{self._where}: {exc}") from None
        if not found:
            raise UsageError(f"{self._where}: there is no secret in it (write one, or unset the variable)")
        return found

    def _stat(self) -> tuple[int, ...]:
        try:
            found = os.stat(self._path) if self._path else None
        except OSError:
            return ()
        return (found.st_mtime_ns, found.st_size, found.st_ino) if found else ()
