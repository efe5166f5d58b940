"""`gate:` of a rules file → `Plan`: where to look, how often and how long."""

from __future__ import annotations

from dataclasses import replace

from ci_reporter.config.yaml import Node, flag, mapping, names, one_of, read
from ci_reporter.gate.probing.target import Expect
from ci_reporter.gate.rules import kinds, services, signalfile
from ci_reporter.gate.rules.plan import Baseline, Converge, Plan
from ci_reporter.gate.rules.signalfile import Signals, expectation, headers

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
_FAMILIES = {"any": 0, "ipv4": 4, "ipv6": 6}


def plan(gate: Node | None, signals: Node | None, named: Node | None = None) -> tuple[Plan, Signals]:
    """What a file says of the phases, its signals and its services. Raises UsageError with line and fix."""
    keys = mapping(gate) if gate else {}
    usual = Plan()
    expect, revision, revision_at = expectation(keys.get("expect"), Expect(healthy=True))
    declared = signalfile.read_signals(signals)
    found = Plan(
        url=read(keys, "url", kinds.ADDRESS, None),
        control=read(keys, "control", kinds.ADDRESS, None),
        expect=expect,
        revision=revision,
        revision_at=revision_at,
        headers=headers(keys.get("headers")),
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
        asks=declared.asks,
        services=services.read_services(named),
        on_deploy_failure=names(keys.get("on_deploy_failure")),
    )
    services.check(found, named)
    return found, declared


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


def override(found: Plan, **given: object) -> Plan:
    """The plan with what was given on the command line."""
    known = {key: value for key, value in given.items() if value is not None}
    timeout_s = known.pop("converge_timeout_s", None)
    if timeout_s is not None:
        known["converge"] = replace(found.converge, timeout_s=timeout_s)  # type: ignore[arg-type]
    return replace(found, **known)  # type: ignore[arg-type]
