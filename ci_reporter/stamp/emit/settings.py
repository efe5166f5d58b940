"""Names and values, one a line: JSON, dotenv, shell, Java properties, GitHub's step outputs."""

from __future__ import annotations

import hashlib
import re
import shlex
from collections.abc import Iterable

from ci_reporter import buildinfo
from ci_reporter.model import BuildInfo
from ci_reporter.stamp.names import texts, variable

# Some readers of dotenv expand, some unquote, some are `.` of a shell: these characters mean themselves to all of them.
_NOT_PLAIN = re.compile(r"[^A-Za-z0-9_./:@%+,=-]")
_DOTENV_LONGEST = 500  # nine values of it stay below GitLab's 5 KiB a file
_PROPERTY_ESCAPES = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\f": "\\f"}


def json_file(info: BuildInfo) -> str:
    """The content of a `build-info.json`."""
    return buildinfo.encode(info).decode()


def dotenv(info: BuildInfo) -> str:
    """`NAME=value` for GitLab's `artifacts:reports:dotenv`; a value too long for it is left out, a cut URL is none."""
    plain = {variable(name): _NOT_PLAIN.sub("_", text) for name, text in texts(info).items()}
    return _lines(f"{name}={text}" for name, text in plain.items() if len(text) <= _DOTENV_LONGEST)


def shell(info: BuildInfo) -> str:
    """`export` lines for `eval` or `.` of any POSIX shell."""
    return _lines(f"export {variable(name)}={shlex.quote(text)}" for name, text in texts(info).items())


def properties(info: BuildInfo) -> str:
    """`build.version=…` as `java.util.Properties` loads it, in ASCII."""
    return _lines(f"{_property_name(name)}={_property(text)}" for name, text in texts(info).items())


def github_output(info: BuildInfo) -> str:
    """For `>> "$GITHUB_OUTPUT"`; a value of several lines is fenced by a delimiter that is not in it."""
    return _lines(_output(name, text) for name, text in texts(info).items())


def _lines(lines: Iterable[str]) -> str:
    return "".join(f"{each}\n" for each in lines)


def _property_name(field: str) -> str:
    return "build." + field.removeprefix("build_").replace("_", ".")


def _property(text: str) -> str:
    escaped = "".join(_PROPERTY_ESCAPES.get(each) or _ascii(each) for each in text)
    return "\\" + escaped if escaped.startswith(" ") else escaped


def _ascii(char: str) -> str:
    if " " <= char <= "~":
        return char
    units = char.encode("utf-16-be")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))


def _output(name: str, text: str) -> str:
    if "\n" not in text and "\r" not in text:
        return f"{name}={text}"
    delimiter = "end_" + hashlib.sha256(text.encode()).hexdigest()
    return f"{name}<<{delimiter}\n{text}\n{delimiter}"
