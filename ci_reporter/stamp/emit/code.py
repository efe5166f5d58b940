"""Source code that holds a BuildInfo: Python, JavaScript, TypeScript, C. What is unknown is there and empty."""

from __future__ import annotations

import json
from collections.abc import Mapping

from ci_reporter.frozen import fields
from ci_reporter.model import BuildInfo
from ci_reporter.stamp.names import camel_case, texts, variable

_C_TRUTH = {"true": "1", "false": "0"}


def python(info: BuildInfo) -> str:
    """A module: VERSION and its like are `str` or None, DIRTY is `bool` or None."""
    lines = ['"""What this was built from; written by ci-reporter."""\n']
    lines += [f"{name.upper()} = {_python(name, text)}" for name, text in _all(info)]
    return "\n".join(lines) + "\n"


def javascript(info: BuildInfo) -> str:
    """An ES module: `import { version } from "./build-info.js"`; null is unknown."""
    return "".join(f"export const {camel_case(name)} = {_script(name, text)};\n" for name, text in _all(info))


def typescript(info: BuildInfo) -> str:
    """The same with types that do not change when a value becomes unknown."""
    return "".join(
        f"export const {camel_case(name)}: {_type(name)} | null = {_script(name, text)};\n" for name, text in _all(info)
    )


def c_header(info: BuildInfo) -> str:
    """Macros: texts are "" when unknown, BUILD_DIRTY is 1, 0, or -1 when unknown."""
    lines = ["#ifndef BUILD_INFO_H", "#define BUILD_INFO_H"]
    lines += [f"#define {variable(name)} {_c(name, text)}" for name, text in _all(info)]
    return "\n".join([*lines, "#endif"]) + "\n"


def _all(info: BuildInfo) -> list[tuple[str, str | None]]:
    known: Mapping[str, str] = texts(info)
    return [(name, known.get(name)) for name in fields(type(info))]


def _type(name: str) -> str:
    return "boolean" if name == "dirty" else "string"


def _python(name: str, text: str | None) -> str:
    return text.capitalize() if text and name == "dirty" else ascii(text)


def _script(name: str, text: str | None) -> str:
    """A literal in ASCII that may also stand in a page: `</script>` does not end it."""
    return text if text and name == "dirty" else json.dumps(text).replace("<", "\\u003c")


def _c(name: str, text: str | None) -> str:
    if name == "dirty":
        return _C_TRUTH.get(text or "", "-1")
    return '"' + "".join(_c_char(byte) for byte in (text or "").encode()) + '"'


def _c_char(byte: int) -> str:
    """Three octal digits end by themselves; an escaped `?` begins no trigraph."""
    if chr(byte) in '"\\?':
        return "\\" + chr(byte)
    return chr(byte) if 0x20 <= byte < 0x7F else f"\\{byte:03o}"
