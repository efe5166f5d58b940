"""What the fields are called in each language, and their values as text."""

from __future__ import annotations

from ci_reporter import buildinfo
from ci_reporter.model import BuildInfo
from ci_reporter.system.text import UNSAFE


def texts(info: BuildInfo) -> dict[str, str]:
    """What is known, as text, by field; NUL and lone surrogates, which no file holds, are replaced."""
    known = buildinfo.to_json(info)
    return {name: str(value).lower() if isinstance(value, bool) else _clean(value) for name, value in known.items()}


def one_line(text: str) -> str:
    """The text without what ends a line or drives a terminal."""
    return UNSAFE.sub("_", text)


def variable(field: str) -> str:
    """BUILD_VERSION: as an environment variable or a macro."""
    return "BUILD_" + field.removeprefix("build_").upper()


def camel_case(field: str) -> str:
    """`buildTime`: as in JavaScript."""
    first, *rest = field.split("_")
    return first + "".join(each.capitalize() for each in rest)


def pascal_case(field: str) -> str:
    """`BuildTime`, `RunURL`: as Go exports it."""
    upper = {"ci": "CI", "id": "ID", "url": "URL"}
    return "".join(upper.get(each, each.capitalize()) for each in field.split("_"))


def _clean(text: str) -> str:
    return text.encode("utf-8", "replace").decode().replace("\0", "_")
