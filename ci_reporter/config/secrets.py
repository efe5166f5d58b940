"""A secret comes from the variable `X`, or from the file that `X_FILE` names: never from an option or a file in git."""

from __future__ import annotations

from collections.abc import Mapping

from ci_reporter.errors import UsageError
from ci_reporter.system.files import read_named

_LIMIT_BYTES = 64 * 1024


def read(variable: str, env: Mapping[str, str]) -> str | None:
    """The secret, without white space around it; None where neither variable is set. Raises UsageError."""
    found = find(variable, env)
    return found[0] if found else None


def find(variable: str, env: Mapping[str, str]) -> tuple[str, str] | None:
    """The secret and the variable that it came from. An empty variable counts as unset; an empty file is an error."""
    if text := env.get(variable, "").strip():
        return text, variable
    from_file = f"{variable}_FILE"
    if path := env.get(from_file):
        return _content(path, f"variable {from_file}"), from_file
    return None


def _content(path: str, where: str) -> str:
    try:
        content = read_named(path, _LIMIT_BYTES + 1)
        text = content.decode("utf-8").strip()
    except (OSError, ValueError) as exc:  # ValueError: a NUL in the path, or content that is not UTF-8
        if isinstance(exc, UnicodeDecodeError):
            raise UsageError(f"{where}: {path} is not UTF-8 text") from exc
        raise UsageError(f"{where}: cannot read {path}: {getattr(exc, 'strerror', exc)}") from exc
    if len(content) > _LIMIT_BYTES:
        raise UsageError(f"{where}: {path} is larger than 64 KiB, which no secret is (name another file)")
    if not text:
        raise UsageError(f"{where}: {path} is empty (put the secret there, or unset the variable)")
    return text
