"""The strict YAML walker: a file as texts with their lines; every mistake says where it stands and how to mend it.

Scalars stay the texts they are written as, so that YAML's ideas of `on`, `1:30` or `08` change nothing. What PyYAML
would take minutes or gigabytes for is refused while it is scanned: see `_Loader`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

import yaml

from ci_reporter.config import values
from ci_reporter.config.hint import hint
from ci_reporter.errors import UsageError
from ci_reporter.frozen import Frozen
from ci_reporter.system.files import read_named

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_DEEPEST = 32  # levels; our own files need six
_MOST_NODES = 50_000  # aliases expanded; a file of 256 KiB has fewer without them


class Node(Frozen):
    """A piece of the file: a text, a list or a mapping, where it stands, and the key it is the value of."""

    value: str | list[Node] | dict[str, Node]
    place: str
    line: int
    key: str = ""
    style: str | None = None

    @property
    def where(self) -> str:
        """Its place and its key, as a message begins."""
        return f"{self.place}: {self.key}" if self.key else self.place


class _TooDeep(Exception):
    """A level more than `_DEEPEST` begins on this line (from 0)."""


class _Loader(yaml.BaseLoader):
    """PyYAML's loader without types, with a bound on depth.

    PyYAML's scanner looks at every open bracket for each token, so time grows with the square of the depth: 3,000
    brackets took 12 seconds. The bound holds in the scanner, before anything is parsed.
    """

    def fetch_flow_collection_start(self, token_class: Any) -> None:
        self._check(self.flow_level)
        super().fetch_flow_collection_start(token_class)

    def add_indent(self, column: int) -> bool:
        self._check(len(self.indents))
        return bool(super().add_indent(column))

    def _check(self, depth: int) -> None:
        if depth > _DEEPEST:
            raise _TooDeep(self.line)


def load(path: str, limit_kib: int) -> Node:
    """Read a file of at most `limit_kib` KiB. Raises UsageError."""
    try:
        content = read_named(path, limit_kib * 1024 + 1)
    except OSError as exc:
        raise UsageError(f"{path}: cannot be read: {exc.strerror}") from exc
    if len(content) > limit_kib * 1024:
        raise UsageError(f"{path}: is larger than {limit_kib} KiB, which no configuration is (name another file)")
    return parse(content, path)


def parse(content: bytes, path: str) -> Node:
    """The content of a file as nodes. Raises UsageError naming file, line, what is wrong and the way out."""
    text = _decode(content, path)
    try:
        found = yaml.compose(text, Loader=_Loader)
        return _Tree(path).node(found) if found else Node(value="", place=path, line=1)
    except yaml.MarkedYAMLError as exc:
        line = exc.problem_mark.line + 1 if exc.problem_mark else 1
        raise UsageError(f"{path} line {line}: is not YAML: {exc.problem}{_way_out(text, line)}") from exc
    except yaml.reader.ReaderError as exc:
        line = text.count("\n", 0, exc.position) + 1
        raise UsageError(
            f"{path} line {line}: is not YAML: it has a character that YAML does not allow ({exc.character!r})"
        ) from exc
    except _TooDeep as exc:
        raise UsageError(f"{path} line {exc.args[0] + 1}: is nested more than {_DEEPEST} levels deep") from exc


def _decode(content: bytes, path: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        line = content.count(b"\n", 0, exc.start) + 1
        raise UsageError(f"{path} line {line}: is not UTF-8 text (save the file as UTF-8)") from exc


def _way_out(text: str, line: int) -> str:
    """The usual reason why a line like this one is not YAML, and how to write it instead."""
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


class _Tree:
    """PyYAML's graph → our tree. An alias is written out; the number of nodes bounds a "billion laughs"."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._nodes = 0
        self._open: set[int] = set()

    def node(self, found: yaml.Node) -> Node:
        self._nodes += 1
        line = found.start_mark.line + 1
        if self._nodes > _MOST_NODES:
            raise UsageError(f"{self._path} line {line}: its aliases stand for too much (write the values out)")
        if isinstance(found, yaml.ScalarNode):
            return self._node(found, found.value, style=found.style)
        if id(found) in self._open:
            raise UsageError(f"{self._path} line {line}: refers to itself by an alias (write the value out)")
        self._open.add(id(found))
        value = [self.node(each) for each in found.value] if isinstance(found, yaml.SequenceNode) else self._keys(found)
        self._open.discard(id(found))
        return self._node(found, value)

    def _node(self, found: yaml.Node, value: Any, style: str | None = None) -> Node:
        line = found.start_mark.line + 1
        return Node(value=value, place=f"{self._path} line {line}", line=line, style=style)

    def _keys(self, found: yaml.Node) -> dict[str, Node]:
        keys: dict[str, Node] = {}
        for key, value in found.value:
            line = key.start_mark.line + 1
            place = f"{self._path} line {line}"
            if not isinstance(key, yaml.ScalarNode):
                raise UsageError(f"{place}: a key must be a word")
            if key.value in keys:
                raise UsageError(f"{place}: '{key.value}' is also on line {keys[key.value].line}; keep one of them")
            inner = self.node(value)
            keys[key.value] = Node(value=inner.value, place=place, line=line, key=key.value, style=inner.style)
        return keys


def read(keys: Mapping[str, Node], key: str, kind: Callable[[Node], Any], default: Any) -> Any:
    """The value of a key, or the default where it is not written."""
    return kind(keys[key]) if key in keys else default


def mapping(node: Node, known: tuple[str, ...] = ()) -> dict[str, Node]:
    """Keys and values; none where nothing is written, as when all of it is commented out."""
    if node.value == "" and not node.style:
        return {}
    if not isinstance(node.value, dict):
        raise UsageError(f"{node.where}: expected 'key: value' lines, got {describe(node)}")
    for key, each in node.value.items():
        if known and key not in known:
            raise unknown_key(each, known)
    return node.value


def unknown_key(node: Node, known: Iterable[str], inside: str = "", listed: Iterable[str] = ()) -> UsageError:
    """The error of a key that is not one of these; `inside` says what it stands in, `listed` which to offer."""
    way_out = "merge keys are not read: repeat the lines" if node.key == "<<" else hint(node.key, known, listed)
    return UsageError(f"{node.place}: unknown key '{node.key[:100]}'{inside} ({way_out})")


def items(node: Node) -> list[Node]:
    """The items of a list."""
    if isinstance(node.value, list):
        return node.value
    raise UsageError(f"{node.where}: expected a list (begin each with '- '), got {describe(node)}")


def names(node: Node | None) -> tuple[str, ...]:
    """One name, or a list of them."""
    if node is None:
        return ()
    return tuple(text(each) for each in node.value) if isinstance(node.value, list) else (text(node),)


def text(node: Node) -> str:
    """A text that is not empty."""
    if not isinstance(node.value, str) or not node.value.strip():
        raise UsageError(f"{node.where}: expected a text, got {describe(node)}")
    return node.value.strip()


def kind(parse: Callable[[str], Any]) -> Callable[[Node], Any]:
    """A reader of texts in the grammar of `config.values`."""

    def of(node: Node) -> Any:
        written = text(node)
        try:
            return parse(written)
        except ValueError as exc:
            raise UsageError(f"{node.where}: {describe(node)} {exc}") from None

    return of


def flag(node: Node) -> bool:
    """Yes or no."""
    return bool(kind(values.flag)(node))


def one_of(known: tuple[str, ...]) -> Callable[[Node], str]:
    """A reader of one of these words."""

    def of(node: Node) -> str:
        if not isinstance(node.value, str):
            raise UsageError(f"{node.where}: expected one of {', '.join(sorted(known))}, got {describe(node)}")
        if node.value not in known:
            raise UsageError(f"{node.where}: {describe(node)} is not known ({hint(str(node.value), known)})")
        return str(node.value)

    return of


def describe(node: Node) -> str:
    """A value as a message shows it."""
    if isinstance(node.value, str):
        return values.quote(node.value) if node.value else "nothing"
    return "a list" if isinstance(node.value, list) else "a mapping"
