"""`services:` of a rules file: several addresses that are judged together, each with a revision of its own.

A rule on `http_latency` or `health` holds for each of them: it is copied, on `api.http_latency` for the service `api`.
So the judge, which knows signals only, needs to know nothing of services.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from ci_reporter.config.yaml import Node, mapping, read
from ci_reporter.errors import UsageError
from ci_reporter.gate.rules import kinds
from ci_reporter.gate.rules.conditions import Condition, Group, leaves
from ci_reporter.gate.rules.plan import Plan, Service
from ci_reporter.gate.rules.ruleset import BUILT_IN_SIGNALS, Rule


def read_services(node: Node | None) -> tuple[Service, ...]:
    """The services that a file names. Raises UsageError with line and fix."""
    found = []
    variables: dict[str, str] = {}
    for name, each in (mapping(node) if node else {}).items():
        if not re.fullmatch(r"[A-Za-z][\w\-]{0,63}", name):
            raise UsageError(f"{each.where}: {name[:60]!r} is not a name of a service (write letters, digits, _ and -)")
        twin = variables.setdefault(name.upper().replace("-", "_"), name)
        if twin != name:  # the last good revision of each is in a variable of that name
            raise UsageError(
                f"{each.where}: {name!r} and {twin!r} are the same name in a variable (name one otherwise)"
            )
        keys = mapping(each, ("url", "revision"))
        if "url" not in keys:
            raise UsageError(f"{each.where}: has no url: (write url: https://{name}.example/health)")
        revision = read(keys, "revision", kinds.REVISION, "auto")
        found.append(Service(name=name, url=kinds.ADDRESS(keys["url"]), revision=revision))
    return tuple(found)


def check(plan: Plan, node: Node | None) -> None:
    """Raise UsageError where services stand beside what is for a single address."""
    if not plan.services or node is None:
        return
    if plan.url:
        raise UsageError(
            f"{node.where}: services: and url: of gate: exclude each other (write url: as one more service)"
        )
    for ask in plan.asks:
        if ask.signal in BUILT_IN_SIGNALS:
            raise UsageError(
                f"{node.where}: signal {ask.signal!r} is the url: of each service (name the signal otherwise)"
            )
        if any(place.startswith("/") for _, place in ask.requests):
            raise UsageError(
                f"{node.where}: signal {ask.signal!r} probes a path, and there are several services (write the address)"
            )


def signals(services: Sequence[Service]) -> list[str]:
    """The built-in signals of each service, by the names that a rule may use."""
    return [f"{service.name}.{signal}" for service in services for signal in BUILT_IN_SIGNALS]


def expand(rule: Rule, services: Sequence[Service]) -> Iterator[Rule]:
    """A rule on a built-in signal once for each service, each with its part of the weight; any other as it is."""
    if not services or not any(leaf.signal in BUILT_IN_SIGNALS for leaf in leaves(rule.condition)):
        yield rule
        return
    for service in services:
        condition = _of_service(rule.condition, service.name)
        name = f"{rule.name} ({service.name})"
        yield replace(rule, name=name, condition=condition, weight=rule.weight / len(services))


def _of_service(condition: Condition, name: str) -> Condition:
    if isinstance(condition, Group):
        return replace(condition, parts=tuple(_of_service(part, name) for part in condition.parts))
    if condition.signal in BUILT_IN_SIGNALS:
        return replace(condition, signal=f"{name}.{condition.signal}")
    return condition
