"""`signals:` of a rules file: what is probed, asked of Prometheus or printed by a command; and good answers."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, replace

from ci_reporter.config.hint import hint
from ci_reporter.config.yaml import Node, describe, flag, mapping, names, read, text
from ci_reporter.errors import UsageError
from ci_reporter.gate.probing.asserts import comparison
from ci_reporter.gate.probing.target import Expect
from ci_reporter.gate.rules import kinds
from ci_reporter.gate.rules.plan import Ask
from ci_reporter.gate.rules.ruleset import Command, Gauge, Query
from ci_reporter.health.reply import is_json_path

_OF_KIND = {
    "probe": ("probe", "headers", "body", "expect", "rate", "value"),
    "promql": ("promql",),
    "exec": ("exec", "every", "timeout"),
}
SIGNAL = tuple(dict.fromkeys(key for keys in _OF_KIND.values() for key in keys))
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


@dataclass(frozen=True, kw_only=True)
class Signals:
    """What a file declares, by where it comes from."""

    asks: tuple[Ask, ...] = ()
    queries: tuple[Query, ...] = ()
    gauges: tuple[Gauge, ...] = ()
    commands: tuple[Command, ...] = ()

    def kinds(self) -> dict[str, str]:
        """The kind of each signal: `probe`, `promql` (counts), `value`, or `exec`, which is known when it has run."""
        return {
            **{each.signal: "value" if each.value else "probe" for each in self.asks},
            **{each.signal: "promql" for each in self.queries},
            **{each.signal: "value" for each in self.gauges},
            **{each.signal: "exec" for each in self.commands},
        }


def read_signals(node: Node | None) -> Signals:
    """The signals that a file declares. Raises UsageError with line and fix."""
    found = Signals()
    for name, each in (mapping(node) if node else {}).items():
        if not re.fullmatch(r"[A-Za-z][\w.\-]{0,99}", name):
            raise UsageError(f"{each.where}: {name[:60]!r} is not a name of a signal (write letters, digits, _ . -)")
        keys = mapping(each, SIGNAL)
        kind = [key for key in ("probe", "promql", "exec") if key in keys]
        if len(kind) != 1:
            raise UsageError(f"{each.where}: needs one of probe:, promql: and exec:")
        _check_keys(kind[0], keys)
        found = _READERS[kind[0]](found, name, each, keys)
    return found


def _check_keys(kind: str, keys: Mapping[str, Node]) -> None:
    """Refuse a key that belongs to another kind of signal."""
    for key in keys:
        if key not in _OF_KIND[kind]:
            others = " and ".join(other for other, known in _OF_KIND.items() if key in known)
            raise UsageError(f"{keys[key].where}: is for {others}:, and this signal is of {kind}:")


def _with_probe(found: Signals, name: str, node: Node, keys: Mapping[str, Node]) -> Signals:
    return replace(found, asks=(*found.asks, _ask(name, node, keys)))


def _with_promql(found: Signals, name: str, node: Node, keys: Mapping[str, Node]) -> Signals:
    queries = mapping(keys["promql"], ("bad", "total", "value"))
    if set(queries) == {"value"}:
        gauge = Gauge(signal=name, query=text(queries["value"]), line=node.line)
        return replace(found, gauges=(*found.gauges, gauge))
    if set(queries) != {"bad", "total"}:
        raise UsageError(
            f"{keys['promql'].where}: needs bad: and total:, two queries that count, or value:, one that gives a number"
        )
    query = Query(signal=name, bad=text(queries["bad"]), total=text(queries["total"]), line=node.line)
    return replace(found, queries=(*found.queries, query))


def _with_exec(found: Signals, name: str, node: Node, keys: Mapping[str, Node]) -> Signals:
    try:
        argv = tuple(shlex.split(text(keys["exec"])))
    except ValueError as exc:
        raise UsageError(f"{keys['exec'].where}: {describe(keys['exec'])} is not a command: {exc}") from None
    usual = Command(signal=name, argv=argv, line=node.line)
    command = replace(
        usual,
        every_s=read(keys, "every", kinds.DURATION, usual.every_s),
        timeout_s=read(keys, "timeout", kinds.DURATION, usual.timeout_s),
    )
    return replace(found, commands=(*found.commands, command))


def _ask(name: str, node: Node, keys: Mapping[str, Node]) -> Ask:
    expect, revision, _ = expectation(keys.get("expect"), Expect())
    if revision != "auto":
        raise UsageError(f"{keys['expect'].where}: revision belongs to the expect: of gate:, not to a signal's")
    return Ask(
        signal=name,
        requests=tuple(_request(keys["probe"], each) for each in names(keys["probe"])),
        headers=headers(keys.get("headers")),
        body=read(keys, "body", text, None),
        expect=expect,
        rate=read(keys, "rate", kinds.RATE, None),
        value=read(keys, "value", _json_path, None),
        line=node.line,
    )


def _request(node: Node, written: str) -> tuple[str, str]:
    """`GET /api/ping`: a method, and a path or an address."""
    method, _, place = written.rpartition(" ")
    method = method.strip().upper() or "GET"
    if method not in _METHODS:
        raise UsageError(f"{node.where}: no method named {method[:20]!r} ({hint(method, _METHODS)})")
    if place.startswith("/") and not place.startswith("//"):
        return method, place
    try:
        return method, kinds.address(place)
    except ValueError as exc:
        raise UsageError(f"{node.where}: {describe(node)} {exc}, or a path: GET /api/ping") from None


def expectation(node: Node | None, usual: Expect) -> tuple[Expect, str, str | None]:
    """What an answer must be, which revision it must name, and where it names it."""
    keys = mapping(node, ("status", "json", "body", "healthy", "revision", "revision_at")) if node else {}
    statuses = tuple(_status(keys["status"], each) for each in names(keys["status"])) if "status" in keys else ()
    asserts = {
        _checked_path(path, each): _assert(each)
        for path, each in (mapping(keys["json"]) if "json" in keys else {}).items()
    }
    expect = Expect(
        statuses=statuses or usual.statuses,
        json=asserts,
        body=_pattern(keys["body"]) if "body" in keys else None,
        healthy=read(keys, "healthy", flag, usual.healthy),
    )
    return expect, read(keys, "revision", kinds.REVISION, "auto"), read(keys, "revision_at", text, None)


def _json_path(node: Node) -> str:
    """The path of one value in a JSON answer."""
    return _checked_path(text(node), node)


def _checked_path(path: str, node: Node) -> str:
    if not is_json_path(path):
        raise UsageError(
            f"{node.where}: {path[:60]!r} does not lead to one value (write $.queue.depth or $.queues[0].depth)"
        )
    return path


def _assert(node: Node) -> str:
    """The text that a value must be, or a comparison: `< 10`."""
    written = text(node)
    try:
        comparison(written)
    except ValueError as exc:
        raise UsageError(f"{node.where}: {exc}") from None
    return written


def _status(node: Node, written: str) -> str:
    if not re.fullmatch(r"[1-5](\d\d|xx)", written):
        raise UsageError(f"{node.where}: {written[:60]!r} is not an HTTP status (write 200, or 2xx)")
    return written


def _pattern(node: Node) -> str:
    written = text(node)
    try:
        re.compile(written)
    except re.error as exc:
        raise UsageError(f"{node.where}: {written[:60]!r} is not a regular expression: {exc}") from None
    return written


def headers(node: Node | None) -> dict[str, str]:
    """Headers by name. Raises UsageError."""
    found = {}
    for name, each in (mapping(node) if node else {}).items():
        if not re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", name):
            raise UsageError(f"{each.where}: {name[:60]!r} is not a name of a header")
        found[name] = text(each)
    return found


_READERS = {"probe": _with_probe, "promql": _with_promql, "exec": _with_exec}
