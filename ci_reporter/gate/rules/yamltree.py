"""YAML as texts with their lines, and one reader a kind of value; each says where a wrong one stands, and the fix."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import yaml

from ci_reporter.errors import UsageError
from ci_reporter.gate.rules import conditions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


@dataclass(frozen=True, kw_only=True)
class Node:
    """A piece of the file: a text, a list or a mapping, and where it stands."""

    value: str | list[Node] | dict[str, Node]
    where: str
    line: int
    style: str | None = None


def tree(content: bytes, path: str) -> Node:
    """The file as nodes. Raises UsageError where it is no YAML, or a key stands twice."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise UsageError(f"{path} line {content.count(10, 0, exc.start) + 1}: is not UTF-8 text") from exc
    try:
        if any(isinstance(token, yaml.AliasToken) for token in yaml.scan(text)):
            raise UsageError(f"{path}: refers to another place by '*' (write the value out)")
        found = yaml.compose(text, Loader=yaml.BaseLoader)
        return _node(found, path) if found else Node(value={}, where=path, line=1)
    except yaml.MarkedYAMLError as exc:
        line = exc.problem_mark.line + 1 if exc.problem_mark else 1
        raise UsageError(f"{path} line {line}: is not YAML: {exc.problem}{_hint(text, line)}") from exc
    except yaml.reader.ReaderError as exc:
        line = text.count("\n", 0, exc.position) + 1
        raise UsageError(f"{path} line {line}: is not YAML: it has a character that no text holds") from exc
    except RecursionError as exc:
        raise UsageError(f"{path}: is nested too deeply, or refers to itself") from exc


def _hint(text: str, line: int) -> str:
    written = (text.splitlines()[line - 1 : line] or [""])[0]
    if "\t" in written:
        return " (indent with spaces)"
    if block := re.search(r"\bif:\s*[>|]\s*(\S.*)$", written):
        return (
            ": YAML reads a leading '>' or '|' as a block of text"
            f' (write it whole, in quotes: if: "http_latency_p95 > {block[1].strip()}")'
        )
    quoted = re.search(r":\s*([@`%!&*].*|.*:\s.*)$", written)
    return f" (quote the value: '{quoted[1].strip()}')" if quoted else ""


def _node(found: yaml.Node, path: str) -> Node:
    line = found.start_mark.line + 1
    where = f"{path} line {line}"
    if isinstance(found, yaml.ScalarNode):
        return Node(value=found.value, where=where, line=line, style=found.style)
    if isinstance(found, yaml.SequenceNode):
        return Node(value=[_node(each, path) for each in found.value], where=where, line=line)
    keys: dict[str, Node] = {}
    for key, value in found.value:
        at = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode):
            raise UsageError(f"{path} line {at}: a key must be a word")
        if key.value in keys:
            raise UsageError(
                f"{path} line {at}: '{key.value}' is also on line {keys[key.value].line}; keep one of them"
            )
        inner = _node(value, path)
        keys[key.value] = Node(value=inner.value, where=f"{path} line {at}: {key.value}", line=at, style=inner.style)
    return Node(value=keys, where=where, line=line)


def read(keys: Mapping[str, Node], key: str, kind: Callable[[Node], Any], usual: Any) -> Any:
    """The value of a key, or what is usual where it is not written."""
    return kind(keys[key]) if key in keys else usual


def mapping(node: Node, known: tuple[str, ...] = ()) -> dict[str, Node]:
    """Keys and values; none where nothing is written."""
    if node.value == "":
        return {}
    if not isinstance(node.value, dict):
        raise UsageError(f"{node.where}: expected 'key: value' lines, got {shown(node)}")
    for key, each in node.value.items():
        if known and key not in known:
            raise UsageError(f"{each.where}: unknown key {key[:60]!r} ({near(key, known)})")
    return node.value


def items(node: Node) -> list[Node]:
    """The items of a list."""
    if isinstance(node.value, list):
        return node.value
    raise UsageError(f"{node.where}: expected a list (begin each with '- '), got {shown(node)}")


def names(node: Node | None) -> tuple[str, ...]:
    """One name, or a list of them."""
    if node is None:
        return ()
    return tuple(text(each) for each in node.value) if isinstance(node.value, list) else (text(node),)


def text(node: Node) -> str:
    """A text that is not empty."""
    if not isinstance(node.value, str) or not node.value.strip():
        raise UsageError(f"{node.where}: expected a text, got {shown(node)}")
    return node.value.strip()


def one_of(known: tuple[str, ...]) -> Callable[[Node], str]:
    """A reader of one of these words."""

    def of(node: Node) -> str:
        if node.value not in known:
            raise UsageError(f"{node.where}: {shown(node)} is not known (known: {', '.join(known)})")
        return str(node.value)

    return of


def duration(node: Node) -> float:
    """Seconds of a duration."""
    written = text(node)
    try:
        found = conditions.duration_s(written)
    except ValueError as exc:
        clock = re.fullmatch(r"(\d+):(\d\d)", written)
        fix = f"{int(clock[1]) * 60 + int(clock[2])}s" if clock else None
        raise UsageError(f"{node.where}: {f'{written!r} is no duration (write {fix})' if fix else exc}") from None
    if not 0 < found <= 86400:
        raise UsageError(f"{node.where}: {written!r} is not above zero and up to 24h")
    return found


def percent(node: Node) -> float:
    """A share, written in percent."""
    match = re.fullmatch(r"\+?(\d+(?:\.\d+)?)%", text(node))
    if not match:
        raise UsageError(f"{node.where}: {shown(node)} is no percentage (write 1%)")
    return float(match[1]) / 100


def alpha(node: Node) -> float:
    """A chance of error, written in percent."""
    found = percent(node)
    if not 1e-6 <= found <= 0.5:
        raise UsageError(f"{node.where}: {shown(node)} is not from 0.0001% to 50% (write 1%)")
    return found


def rate(node: Node) -> float:
    """Probes a second."""
    try:
        return rate_of(text(node))
    except ValueError as exc:
        raise UsageError(f"{node.where}: {exc}") from None


def rate_of(written: str) -> float:
    """Probes a second of `10/s` or `12/m`. Raises ValueError."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)/(s|m)", written)
    if not match or not 0 < float(match[1]) <= 1000:
        raise ValueError(f"{written[:60]!r} is no rate of probes (write 10/s, or 12/m)")
    return float(match[1]) / (60 if match[2] == "m" else 1)


def count(node: Node) -> int:
    """A whole number."""
    written = text(node)
    if not re.fullmatch(r"[0-9]{1,9}", written):
        raise UsageError(f"{node.where}: {written!r} is no whole number (write 200)")
    return int(written)


def weight(node: Node) -> float:
    """A number above zero."""
    written = text(node)
    if not re.fullmatch(r"\d{1,4}(\.\d{1,4})?", written) or not float(written):
        raise UsageError(f"{node.where}: {written!r} is no weight above zero (write 2)")
    return float(written)


def near(name: str, known: Iterable[str]) -> str:
    """The way out of a name that is not known."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1)
    return f"perhaps you meant '{near[0]}'" if near else f"known: {', '.join(names)}"


def shown(node: Node) -> str:
    """A value as a message shows it."""
    if isinstance(node.value, str):
        return repr(node.value if len(node.value) <= 60 else f"{node.value[:59]}…") if node.value else "nothing"
    return "a list" if isinstance(node.value, list) else "a mapping"
