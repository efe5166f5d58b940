"""`gate:` and `signals:` of a rules file → `Plan` and queries: where to look, how often and how long."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from ci_reporter.config.hint import hint
from ci_reporter.config.yaml import Node, describe, flag, mapping, names, one_of, read, text
from ci_reporter.errors import UsageError
from ci_reporter.gate.probing.asserts import comparison
from ci_reporter.gate.probing.target import Expect
from ci_reporter.gate.rules import kinds
from ci_reporter.gate.rules.plan import Ask, Baseline, Converge, Plan
from ci_reporter.gate.rules.ruleset import Query

GATE = (
    *(
        "url",
        "expect",
        "headers",
        "timeout",
        "connection",
        "cache_bust",
        "family",
        "ca",
        "cert",
        "key",
        "control",
        "converge",
        "warmup",
    ),
    *("watch", "rate", "baseline", "on_deploy_failure"),
)
_SIGNAL = ("probe", "promql", "headers", "body", "expect", "rate")
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_FAMILIES = {"any": 0, "ipv4": 4, "ipv6": 6}


def plan(gate: Node | None, signals: Node | None) -> tuple[Plan, tuple[Query, ...]]:
    """What a file says of the phases, and its PromQL signals. Raises UsageError with line and fix."""
    keys = mapping(gate) if gate else {}
    usual = Plan()
    expect, revision, revision_at = _expected(keys.get("expect"), Expect(healthy=True))
    asks, queries = _signals(signals)
    found = Plan(
        url=read(keys, "url", kinds.ADDRESS, None),
        control=read(keys, "control", kinds.ADDRESS, None),
        expect=expect,
        revision=revision,
        revision_at=revision_at,
        headers=_headers(keys.get("headers")),
        timeout_s=read(keys, "timeout", kinds.DURATION, usual.timeout_s),
        fresh=read(keys, "connection", one_of(("fresh", "kept")), "fresh") == "fresh",
        cache_bust=read(keys, "cache_bust", flag, False),
        family=_FAMILIES[read(keys, "family", one_of(tuple(_FAMILIES)), "any")],
        ca=read(keys, "ca", kinds.CERTIFICATES, None),
        cert=read(keys, "cert", kinds.CERTIFICATES, None),
        key=read(keys, "key", kinds.READABLE, None),
        converge=_converge(keys.get("converge")),
        warmup_s=read(keys, "warmup", kinds.DURATION_OR_NONE, usual.warmup_s),
        watch_s=read(keys, "watch", kinds.DURATION, usual.watch_s),
        rate=read(keys, "rate", kinds.RATE, usual.rate),
        baseline=_baseline(keys.get("baseline")),
        asks=asks,
        on_deploy_failure=names(keys.get("on_deploy_failure")),
    )
    return found, queries


def _expected(node: Node | None, usual: Expect) -> tuple[Expect, str, str | None]:
    """What an answer must be, which revision it must name, and where it names it."""
    keys = mapping(node, ("status", "json", "body", "healthy", "revision", "revision_at")) if node else {}
    statuses = tuple(_status(keys["status"], each) for each in names(keys["status"])) if "status" in keys else ()
    asserts = {path: _assert(each) for path, each in (mapping(keys["json"]) if "json" in keys else {}).items()}
    expect = Expect(
        statuses=statuses or usual.statuses,
        json=asserts,
        body=_pattern(keys["body"]) if "body" in keys else None,
        healthy=read(keys, "healthy", flag, usual.healthy),
    )
    return expect, read(keys, "revision", kinds.REVISION, "auto"), read(keys, "revision_at", text, None)


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
        raise UsageError(f"{node.where}: {written[:60]!r} is no HTTP status (write 200, or 2xx)")
    return written


def _pattern(node: Node) -> str:
    written = text(node)
    try:
        re.compile(written)
    except re.error as exc:
        raise UsageError(f"{node.where}: {written[:60]!r} is no regular expression: {exc}") from None
    return written


def _headers(node: Node | None) -> dict[str, str]:
    found = {}
    for name, each in (mapping(node) if node else {}).items():
        if not re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", name):
            raise UsageError(f"{each.where}: {name[:60]!r} is no name of a header")
        found[name] = text(each)
    return found


def _converge(node: Node | None) -> Converge:
    keys = mapping(node, ("timeout", "old_share", "confidence", "rate", "then")) if node else {}
    usual = Converge()
    return Converge(
        timeout_s=read(keys, "timeout", kinds.DURATION, usual.timeout_s),
        old_share=read(keys, "old_share", kinds.SHARE, usual.old_share),
        confidence=read(keys, "confidence", kinds.SHARE, usual.confidence),
        rate=read(keys, "rate", kinds.RATE, usual.rate),
        then=names(keys.get("then")),
    )


def _baseline(node: Node | None) -> Baseline:
    keys = mapping(node, ("from", "window", "fallback", "max_age")) if node else {}
    read(keys, "from", one_of(("before",)), "before")
    return Baseline(
        window_s=read(keys, "window", kinds.DURATION, Baseline().window_s),
        last_good=read(keys, "fallback", one_of(("last-good", "none")), "none") == "last-good",
        max_age_s=read(keys, "max_age", kinds.DURATION, Baseline().max_age_s),
    )


def _signals(node: Node | None) -> tuple[tuple[Ask, ...], tuple[Query, ...]]:
    asks, queries = [], []
    for name, each in (mapping(node) if node else {}).items():
        if not re.fullmatch(r"[A-Za-z][\w.\-]{0,99}", name):
            raise UsageError(f"{each.where}: {name[:60]!r} is no name of a signal (write letters, digits, _ . -)")
        keys = mapping(each, _SIGNAL)
        if ("probe" in keys) == ("promql" in keys):
            raise UsageError(f"{each.where}: needs one of probe: and promql:")
        if "probe" in keys:
            asks.append(_ask(name, each, keys))
        else:
            queries.append(_query(name, each, keys))
    return tuple(asks), tuple(queries)


def _ask(name: str, node: Node, keys: Mapping[str, Node]) -> Ask:
    expect, revision, _ = _expected(keys.get("expect"), Expect())
    if revision != "auto":
        raise UsageError(f"{keys['expect'].where}: revision belongs to the expect: of gate:, not to a signal's")
    return Ask(
        signal=name,
        requests=tuple(_request(keys["probe"], each) for each in names(keys["probe"])),
        headers=_headers(keys.get("headers")),
        body=read(keys, "body", text, None),
        expect=expect,
        rate=read(keys, "rate", kinds.RATE, None),
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


def _query(name: str, node: Node, keys: Mapping[str, Node]) -> Query:
    if len(keys) > 1:
        other = next(key for key in keys if key != "promql")
        raise UsageError(f"{keys[other].where}: is for a probe:, and this signal is a promql:")
    counts = mapping(keys["promql"], ("bad", "total"))
    if set(counts) != {"bad", "total"}:
        raise UsageError(f"{keys['promql'].where}: needs bad: and total:, two queries that count")
    return Query(signal=name, bad=text(counts["bad"]), total=text(counts["total"]), line=node.line)


def overridden(found: Plan, **given: object) -> Plan:
    """The plan with what was given on the command line."""
    known = {key: value for key, value in given.items() if value is not None}
    timeout_s = known.pop("converge_timeout_s", None)
    if timeout_s is not None:
        known["converge"] = replace(found.converge, timeout_s=timeout_s)  # type: ignore[arg-type]
    return replace(found, **known)  # type: ignore[arg-type]
