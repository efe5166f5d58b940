"""`deployments:` of the hub's configuration file: what is watched after a deploy, who is told, and how to go back.

deployments:
- name: shop
environment: production
repository: acme/shop
url: https://shop.example/health
then: [slack, rollback]
rollback:
github: acme/shop
workflow: rollback.yml
token_env: ROLLBACK_TOKEN
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase

from ci_reporter.config import plugins, values, yaml
from ci_reporter.config.yaml import Node, describe, kind, mapping, names, read, text
from ci_reporter.errors import UsageError
from ci_reporter.gate.rules.conditions import DEFAULT_SIGNAL, leaves, parse
from ci_reporter.gate.rules.ruleset import Query, Rule, make
from ci_reporter.hub.settings.tokens import Token, token_of
from ci_reporter.model import Report
from ci_reporter.notify.actions import Action
from ci_reporter.notify.alert import Level
from ci_reporter.notify.notifier import public_address
from ci_reporter.notify.policies.conditions import parse as parse_alert
from ci_reporter.notify.policies.policy import NOTIFY, Policy

ROLLBACK = "rollback"
ERRORS = "errors"  # the signal of `errors:`
_KEYS = (
    "name",
    "environment",
    "repository",
    "url",
    "every",
    "watch",
    "before",
    "if",
    "errors",
    "then",
    "rollback",
    "log",
)
_WAYS = ("webhook", "github", "gitlab")
_WAY_KEYS = (
    *_WAYS,
    "url",
    "workflow",
    "ref",
    "inputs",
    "token_env",
    "token_file",
    "secret_env",
    "secret_file",
    "within",
)
_FIELDS = ("revision", "to_revision", "environment", "repository", "deployment")
_FASTEST_S = 1.0


class Way(StrEnum):
    """How a rollback is set in motion."""

    WEBHOOK = "webhook"
    GITHUB = "github"
    GITLAB = "gitlab"


@dataclass(frozen=True, kw_only=True)
class Rollback:
    """How to go back: `target` is an address, or a repository; `token` lets us in, or signs a webhook.

    `within_s` is how long the way back may take until it counts as not verified.
    """

    way: Way
    target: str
    url: str = ""
    workflow: str = ""
    ref: str = "main"
    inputs: Mapping[str, str] = field(default_factory=dict)
    token: Token = field(default_factory=Token)
    within_s: float = 900.0

    @property
    def shown(self) -> str:
        """Where it goes, as people may see it: an address may hold a secret behind its server."""
        return public_address(self.target) if self.way is Way.WEBHOOK else self.target


@dataclass(frozen=True, kw_only=True)
class Watch:
    """What is watched after a deploy to an environment, by which rules, and what follows where one fails."""

    name: str
    environment: str
    repository: str = "*"
    url: str | None = None
    every_s: float = 10.0
    watch_s: float = 900.0
    before_s: float = 600.0
    rules: tuple[Rule, ...] = ()
    queries: tuple[Query, ...] = ()
    then: tuple[str, ...] = (NOTIFY,)
    rollback: Rollback | None = None
    log: str = ""

    @property
    def kind(self) -> str:
        """The kind of events that are its verdicts; only its own rule watches it."""
        return f"watch {self.name}"

    @property
    def rollback_kind(self) -> str:
        """The kind of events that tell what became of its rollbacks."""
        return f"rollback {self.name}"

    def is_of(self, report: Report) -> bool:
        """Whether it watches what this report has deployed."""
        of_ours = fnmatchcase(report.run.repository or "", self.repository)
        return of_ours and (report.environment or "") == self.environment

    @property
    def policies(self) -> tuple[Policy, ...]:
        """Its verdicts and rollbacks as alert rules: told once, ended by the next good deploy, silenced as others."""
        then = tuple(each for each in self.then if each != ROLLBACK)
        text = ", or ".join(rule.text for rule in self.rules)
        verdicts = Policy(
            name=self.name,
            condition=parse_alert("gate.verdict == fail"),
            text=text,
            on=(self.kind,),
            then=then,
            level=Level.CRITICAL,
            group=("repository", "environment"),
            repeat_s=None,
        )
        rollbacks = Policy(
            name=f"{self.name}: rollback",
            on=(self.rollback_kind,),
            then=then,
            level=Level.CRITICAL,
            group=("repository", "environment"),
            repeat_s=0.0,
            recovery=False,
        )
        return (verdicts, rollbacks) if self.rollback else (verdicts,)


def watches(node: Node | None, actions: Mapping[str, Action]) -> tuple[Watch, ...]:
    """Read the section. Raises UsageError."""
    if node is None or (node.value == "" and not node.style):
        return ()
    found = tuple(_watch(each, actions) for each in yaml.items(node))
    seen: set[str] = set()
    for each in found:
        if each.name in seen:
            raise UsageError(f"{node.where}: two watches are called {each.name!r}; name one of them otherwise")
        seen.add(each.name)
    return found


def _watch(node: Node, actions: Mapping[str, Action]) -> Watch:
    keys = mapping(node, _KEYS)
    for needed, example in (("name", "shop"), ("environment", "production")):
        if needed not in keys:
            raise UsageError(f"{node.where}: a watch has no {needed}: (write {needed}: {example})")
    if not {"url", "errors"} & keys.keys():
        raise UsageError(f"{node.where}: there is nothing to look at (write url: https://shop.example/health)")
    every_s = read(keys, "every", _at_least(_FASTEST_S), 10.0)
    queries = _queries(keys.get("errors"))
    then = _then(keys.get("then"), actions)
    rollback = _rollback(keys["rollback"]) if "rollback" in keys else None
    if (ROLLBACK in then) != (rollback is not None):
        missing = "then: names rollback, and there is no rollback:" if rollback is None else "rollback: is not in then:"
        raise UsageError(f"{node.where}: {missing} (write then: [notify, rollback], and rollback: with how)")
    return Watch(
        name=text(keys["name"]),
        environment=text(keys["environment"]),
        repository=read(keys, "repository", text, "*"),
        url=read(keys, "url", kind(values.url), None),
        every_s=every_s,
        watch_s=read(keys, "watch", _at_least(10 * _FASTEST_S), 900.0),
        before_s=read(keys, "before", _at_least(10 * _FASTEST_S), 600.0),
        rules=_rules(keys.get("if"), every_s, "url" in keys, bool(queries)),
        queries=queries,
        then=then,
        rollback=rollback,
        log=read(keys, "log", kind(values.page_url), ""),
    )


def _rules(node: Node | None, every_s: float, probed: bool, counted: bool) -> tuple[Rule, ...]:
    """What would be bad; without any: three failures in a row within 5 min, and thrice the errors of before."""
    written = list(names(node)) or [
        *([f"consecutive failures >= 3 every {every_s:g}s within 5m", "error_rate > +200%"] if probed else []),
        *([f"{ERRORS}_error_rate > +200%"] if counted else []),
    ]
    found = []
    known = {*((DEFAULT_SIGNAL, "health") if probed else ()), *((ERRORS,) if counted else ())}
    for each in written:
        try:
            condition = parse(each)
        except ValueError as exc:
            raise UsageError(f"{node.where if node else 'if'}: {each[:120]!r} {exc}") from None
        for leaf in leaves(condition):
            if leaf.signal not in (None, *known):
                raise UsageError(
                    f"{node.where if node else 'if'}: {each[:120]!r} is about {leaf.signal!r}, which is not watched"
                    f" here (known: {', '.join(sorted(known))})"
                )
        found.append(make(each, each, min_errors=3 if "error_rate" in each else 0))
    return tuple(found)


def _queries(node: Node | None) -> tuple[Query, ...]:
    if node is None:
        return ()
    keys = mapping(node, ("bad", "total"))
    if keys.keys() != {"bad", "total"}:
        raise UsageError(f"{node.where}: errors: is two PromQL queries (write bad: and total:)")
    return (Query(signal=ERRORS, bad=text(keys["bad"]), total=text(keys["total"]), line=node.line),)


def _then(node: Node | None, actions: Mapping[str, Action]) -> tuple[str, ...]:
    found = names(node) or (NOTIFY,)
    try:
        plugins.check_names("notifiers", found, (NOTIFY, ROLLBACK, *actions))
    except UsageError as exc:
        raise UsageError(f"{node.where if node else 'then'}: {exc}") from None
    return tuple(dict.fromkeys(one for each in found for one in _channels(each, actions)))


def _channels(name: str, actions: Mapping[str, Action]) -> tuple[str, ...]:
    return (actions[name].to or (name,)) if name in actions else (name,)


def _rollback(node: Node) -> Rollback:
    keys = mapping(node, _WAY_KEYS)
    ways = [each for each in _WAYS if each in keys]
    if len(ways) != 1:
        raise UsageError(f"{node.where}: expected one of webhook:, github: and gitlab: (write github: acme/shop)")
    way = Way(ways[0])
    secret = "secret" if way is Way.WEBHOOK else "token"
    token = token_of(keys, secret)
    if not token.given:
        raise UsageError(f"{node.where}: a rollback by {way} needs {secret}_env: or {secret}_file:")
    if way is Way.GITHUB and "workflow" not in keys:
        raise UsageError(f"{node.where}: which workflow? (write workflow: rollback.yml)")
    inputs = {name: _template(each) for name, each in (mapping(keys["inputs"]) if "inputs" in keys else {}).items()}
    target = keys[str(way)]
    return Rollback(
        way=way,
        target=str(kind(values.page_url)(target)) if way is Way.WEBHOOK else text(target),
        url=read(keys, "url", kind(values.url), ""),
        workflow=read(keys, "workflow", text, ""),
        ref=read(keys, "ref", text, "main"),
        inputs=inputs,
        token=token,
        within_s=read(keys, "within", _at_least(10.0), 900.0),
    )


def _template(node: Node) -> str:
    written = text(node)
    rest = written
    for name in _FIELDS:
        rest = rest.replace("{" + name + "}", "")
    if "{" in rest or "}" in rest:
        raise UsageError(f"{node.where}: {describe(node)} has a field that is not known (known: {', '.join(_FIELDS)})")
    return written


def filled(inputs: Mapping[str, str], known: Mapping[str, str]) -> dict[str, str]:
    """The inputs with their fields filled; what is not known is empty."""
    found = {}
    for name, written in inputs.items():
        for key in _FIELDS:
            written = written.replace("{" + key + "}", known.get(key, ""))  # noqa: PLW2901
        found[name] = written
    return found


def _at_least(least_s: float) -> Callable[[Node], float]:
    def of(node: Node) -> float:
        seconds = float(kind(values.duration_with_unit_s)(node))
        if seconds < least_s:
            raise UsageError(f"{node.where}: {describe(node)} is below {least_s:g}s, the least")
        return seconds

    return of
