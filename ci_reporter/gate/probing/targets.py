"""Plan → targets: what exactly is probed in each phase, with the secrets that its headers name filled in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from urllib.parse import urljoin

from ci_reporter.config import secrets
from ci_reporter.errors import UsageError
from ci_reporter.gate.probing.target import Expect, Target
from ci_reporter.gate.rules.conditions import DEFAULT_SIGNAL, leaves
from ci_reporter.gate.rules.plan import Ask, Plan
from ci_reporter.gate.rules.ruleset import RuleSet
from ci_reporter.gate.statistics.control import SIGNAL as CONTROL

HEALTH = "health"
REVISION = "revision"
_HEALTH_RATE = 1.0
_REVISION_RATE = 1.0  # often enough to see an orchestrator's own rollback, and a replica that comes back
_CONTROL_RATE = 1.0
_ANY_ANSWER = Expect(statuses=("2xx", "3xx", "4xx"))
_VARIABLE = re.compile(r"\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))")


def of_converge(plan: Plan, env: Mapping[str, str]) -> tuple[Target, ...]:
    """The gate's own address, each time on a fresh connection: a kept one stays with one replica."""
    return tuple(
        _of_service(name, _of_url(each, HEALTH, each.converge.rate, env, fresh=True))
        for name, each in plan.by_service().items()
    )


def signal_of(service: str, signal: str) -> str:
    """The name of a built-in signal of a service; a gate of one address is the service without a name."""
    return f"{service}.{signal}" if service else signal


def revision_signals(plan: Plan, expected: Mapping[str, str | None]) -> dict[str, str]:
    """The revision that is expected of each signal whose answers tell one; `expected` is by service."""
    found = {}
    for name, each in plan.by_service().items():
        signal, revision = revision_signal(each), expected.get(name)
        if signal and revision:
            found[signal_of(name, signal)] = revision
    return found


def revision_signal(plan: Plan) -> str | None:
    """The signal whose answers say during the watch which revision is served: `url`, fresh, at least once a second.

    Where the rules make `health` something else too, it is a signal of its own.
    """
    if not plan.url or plan.revision == "none":
        return None
    asked = {ask.signal for ask in plan.asks}
    if DEFAULT_SIGNAL not in asked and plan.fresh and plan.rate >= _REVISION_RATE:
        return DEFAULT_SIGNAL
    return REVISION if HEALTH in asked else HEALTH


def of_watch(rules: RuleSet, env: Mapping[str, str]) -> tuple[Target, ...]:
    """Every signal that is probed in baseline, warm-up and watch. Raises UsageError."""
    plan = rules.plan
    named = {leaf.signal for rule in rules.rules for leaf in leaves(rule.condition)}
    found = [target for ask in plan.asks for target in _of_ask(plan, ask, env)]
    for name, each in plan.by_service().items():
        found += [_of_service(name, target) for target in _built_in(each, signal_of(name, HEALTH) in named, env)]
    return (*found, *_of_control(plan))


def _of_service(name: str, target: Target) -> Target:
    return replace(target, signal=signal_of(name, target.signal))


def _built_in(plan: Plan, with_health: bool, env: Mapping[str, str]) -> list[Target]:
    """What is probed at `url`: its latency, its revision, and its health where a rule is on that."""
    asked = {ask.signal for ask in plan.asks}
    revision = revision_signal(plan)
    found = []
    if DEFAULT_SIGNAL not in asked and plan.url:
        found.append(_of_url(plan, DEFAULT_SIGNAL, plan.rate, env, fresh=plan.fresh))
    if revision and revision != DEFAULT_SIGNAL:
        found.append(_of_url(plan, revision, _REVISION_RATE, env, fresh=True))
    if HEALTH not in {*asked, revision} and plan.url and (with_health or DEFAULT_SIGNAL in asked):
        found.append(_of_url(plan, HEALTH, min(plan.rate, _HEALTH_RATE), env, fresh=plan.fresh))
    return found


def _of_control(plan: Plan) -> Iterator[Target]:
    if plan.control:
        yield Target(
            signal=CONTROL,
            url=plan.control,
            expect=_ANY_ANSWER,
            rate=min(plan.rate, _CONTROL_RATE),
            timeout_s=plan.timeout_s,
        )


def _of_url(plan: Plan, signal: str, rate: float, env: Mapping[str, str], *, fresh: bool) -> Target:
    return _request(plan, signal, plan.url or "", _substitute(plan.headers, env), rate=rate, fresh=fresh)


def _of_ask(plan: Plan, ask: Ask, env: Mapping[str, str]) -> Iterator[Target]:
    headers = _substitute({**plan.headers, **ask.headers}, env)
    rate = (ask.rate or plan.rate) / len(ask.requests)
    for method, place in ask.requests:
        yield replace(
            _request(plan, ask.signal, _address(plan, place, ask), headers, rate=rate, fresh=plan.fresh),
            method=method,
            body=ask.body.encode() if ask.body is not None else None,
            expect=ask.expect,
            value=ask.value,
        )


def _request(plan: Plan, signal: str, url: str, headers: Mapping[str, str], *, rate: float, fresh: bool) -> Target:
    """One request as the plan says that requests are made."""
    return Target(
        signal=signal,
        url=url,
        headers=headers,
        expect=plan.expect,
        timeout_s=plan.timeout_s,
        fresh=fresh,
        cache_bust=plan.cache_bust,
        family=plan.family,
        ca=plan.ca,
        cert=plan.cert,
        key=plan.key,
        revision=plan.revision_at,
        rate=rate,
    )


def _address(plan: Plan, place: str, ask: Ask) -> str:
    if not place.startswith("/"):
        return place
    if not plan.url:
        raise UsageError(f"signal {ask.signal!r} probes {place}, a path, and the gate has no url: to take it from")
    return urljoin(plan.url, place)


def _substitute(headers: Mapping[str, str], env: Mapping[str, str]) -> dict[str, str]:
    """Headers with `$NAME` and `${NAME}` replaced by that variable, or by the content of the file `NAME_FILE`."""
    found = {}
    for name, text in headers.items():
        found[name] = _VARIABLE.sub(lambda match, name=name: _value(match[1] or match[2], name, env), text)  # type: ignore[misc]
        if re.search(r"[\r\n\0]", found[name]):
            raise UsageError(f"header {name}: the value of its variable has several lines")
    return found


def _value(variable: str, header: str, env: Mapping[str, str]) -> str:
    found = secrets.read(variable, env)
    if found is None:
        raise UsageError(f"header {header}: ${variable} is not set (set {variable}, or {variable}_FILE to a file)")
    return found
