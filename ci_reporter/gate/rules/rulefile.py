"""`gate.yml` → `RuleSet`, every scalar a text with its line: YAML's ideas of `on`, `1:30` or `08` change nothing."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping

from ci_reporter.config import yaml
from ci_reporter.config.hint import hint
from ci_reporter.config.yaml import Node, describe, flag, items, mapping, names, one_of, read, text
from ci_reporter.errors import UsageError
from ci_reporter.gate.rules import conditions, kinds, planfile, services
from ci_reporter.gate.rules.conditions import Beyond, Condition, Leaf, leaves
from ci_reporter.gate.rules.plan import Plan
from ci_reporter.gate.rules.ruleset import (
    BUILT_IN_SIGNALS,
    JUDGES,
    MODES,
    OUTCOMES,
    POLICIES,
    Action,
    EarlyPass,
    Rule,
    RuleSet,
    Settings,
)

_LIMIT_KIB = 256
_TOP = ("version", "gate", "services", "signals", "rules", "actions")
_GATE = (
    *planfile.GATE,
    *("extend", "sustain", "min_watch", "interval", "alpha", "early_pass", "history", "inconclusive", "judge"),
)
_RULE = ("name", "on", "if", "then", "min", "no_data", "inconclusive", "mode", "weight", "judge")
_ACTION = ("run", "to", "timeout", "max", "verify", "needs")
_BUILT_IN_ACTIONS = ("notify",)


def load(path: str, more_signals: Collection[str] = ()) -> RuleSet:
    """Read a rules file. `more_signals` are known beside those it declares. Raises UsageError with line and fix."""
    return _rules(yaml.load(path, _LIMIT_KIB), path, more_signals)


def parse(content: bytes, path: str, more_signals: Collection[str] = ()) -> RuleSet:
    """Read the rules in a file's content. Raises UsageError with file, line, key, value and fix."""
    return _rules(yaml.parse(content, path), path, more_signals)


def _rules(tree: Node, path: str, more_signals: Collection[str]) -> RuleSet:
    top = mapping(tree, _TOP)
    if "version" in top and text(top["version"]) != "1":
        raise UsageError(f"{top['version'].where}: version {describe(top['version'])} is not known (write version: 1)")
    if "rules" not in top:
        raise UsageError(f"{path}: has no rules (write rules: with a list of - name: and if:)")
    gate = mapping(top["gate"], _GATE) if "gate" in top else {}
    plan, declared = planfile.plan(top.get("gate"), top.get("signals"), top.get("services"))
    probed = (*BUILT_IN_SIGNALS, *services.signals(plan.services))
    signals = {**dict.fromkeys(probed, "probe"), **dict.fromkeys(more_signals, "any"), **declared.kinds()}
    actions = _actions(top.get("actions"))
    written = tuple(_rule(node, signals, actions) for node in items(top["rules"]))
    _check_actions(plan.converge.then, actions, gate.get("converge"))
    _check_actions(plan.on_deploy_failure, actions, gate.get("on_deploy_failure"))
    if not written:
        raise UsageError(f"{top['rules'].where}: rules is empty; no rule is never a pass")
    _check_names(written, path)
    return RuleSet(
        rules=tuple(each for rule in written for each in services.expand(rule, plan.services)),
        settings=_settings(gate, plan),
        queries=declared.queries,
        gauges=declared.gauges,
        commands=declared.commands,
        plan=plan,
        actions=tuple(actions.values()),
        source=path,
    )


def _rule(node: Node, signals: Mapping[str, str], actions: Collection[str]) -> Rule:
    keys = mapping(node, _RULE)
    if "if" not in keys:
        raise UsageError(f"{node.where}: a rule has no if: (write if: http_latency_p95 > +20%)")
    condition, written = _condition(keys["if"])
    _check_signals(condition, keys["if"], signals)
    then = names(keys.get("then"))
    _check_actions(then, actions, keys.get("then"))
    least = mapping(keys["min"], ("probes", "errors")) if "min" in keys else {}
    return Rule(
        name=text(keys["name"]) if "name" in keys else written,
        condition=condition,
        text=written,
        line=node.line,
        on=names(keys.get("on")),
        then=then,
        min_probes=read(least, "probes", kinds.COUNT, 0),
        min_errors=read(least, "errors", kinds.COUNT, 0),
        no_data=read(keys, "no_data", one_of(OUTCOMES), "inconclusive"),
        inconclusive=read(keys, "inconclusive", one_of(POLICIES), None),
        mode=read(keys, "mode", one_of(MODES), "enforce"),
        weight=read(keys, "weight", kinds.WEIGHT, 1.0),
        judge=read(keys, "judge", one_of(JUDGES), None),
    )


def _condition(node: Node) -> tuple[Condition, str]:
    if not isinstance(node.value, str):
        raise UsageError(f'{node.where}: expected a condition (quote it: if: "http_latency_p95 > +20%")')
    if node.style in ("|", ">") or not node.value.strip():
        raise UsageError(
            f"{node.where}: YAML reads a leading '>' or '|' as a block of text, so the condition is"
            f' {describe(node)} (write it whole, in quotes: if: "http_latency_p95 > 1500ms")'
        )
    written = " ".join(node.value.split())
    if re.match(r"[<>=]", written):
        raise UsageError(f'{node.where}: {written!r} names no measure (write if: "http_latency_p95 {written}")')
    try:
        return conditions.parse(written), written
    except ValueError as exc:
        raise UsageError(f"{node.where}: {written[:120]!r} {exc}") from None


def _check_signals(condition: Condition, node: Node, signals: Mapping[str, str]) -> None:
    for leaf in leaves(condition):
        if leaf.signal is not None and leaf.signal not in signals:
            raise UsageError(f"{node.where}: no signal named {leaf.signal!r} ({hint(leaf.signal, signals)})")
        _check_kind(leaf, node, signals[str(leaf.signal)] if leaf.signal else "any")
        latency = getattr(leaf, "limit_ms", None) is not None or getattr(leaf, "quantile", None) is not None
        if latency and signals.get(str(leaf.signal)) == "promql":
            raise UsageError(
                f"{node.where}: {leaf.signal!r} counts, and has no latency (write {leaf.signal}_error_rate)"
            )


def _check_kind(leaf: Leaf, node: Node, kind: str) -> None:
    """Refuse a comparison that the signal's kind has no number for."""
    name = leaf.signal
    if kind in ("probe", "promql") and isinstance(leaf, Beyond):
        measure = f"{name}_p95 > 1500ms or {name}_error_rate > 1%" if kind == "probe" else f"{name}_error_rate > 1%"
        raise UsageError(f"{node.where}: {name!r} has no value of its own (write {measure})")
    if kind == "value" and not isinstance(leaf, Beyond):
        raise UsageError(f"{node.where}: {name!r} is a value (write {name} > 1000 for 60s)")


def _check_actions(then: Iterable[str], actions: Collection[str], node: Node | None) -> None:
    for name in then:
        if name not in actions:
            where = node.where if node else "then"
            raise UsageError(f"{where}: no action named {name!r} ({hint(name, actions)})")


def _check_names(rules: Iterable[Rule], path: str) -> None:
    lines: dict[str, int | None] = {}
    for rule in rules:
        if rule.name in lines:
            raise UsageError(
                f"{path} line {rule.line}: rule {rule.name!r} is also on line {lines[rule.name]}; name it otherwise"
            )
        lines[rule.name] = rule.line


def _needs_last_good(keys: Mapping[str, Node]) -> bool:
    """As `needs:` says; without it, whether the command mentions the revision to go back to."""
    usual = "last_good" if "CI_REPORTER_LAST_GOOD" in read(keys, "run", text, "") else "nothing"
    return bool(read(keys, "needs", one_of(("last_good", "nothing")), usual) == "last_good")


def _actions(node: Node | None) -> dict[str, Action]:
    found = {name: Action(name=name) for name in _BUILT_IN_ACTIONS}
    for name, each in (mapping(node) if node else {}).items():
        keys = mapping(each, _ACTION)
        if not {"run", "to"} & keys.keys() and name not in _BUILT_IN_ACTIONS:
            raise UsageError(f"{each.where}: has neither run: nor to: (write run: ./rollback.sh, or to: slack)")
        if {"run", "to"} <= keys.keys():
            raise UsageError(f"{each.where}: has run: and to:, and an action does one thing (make it two actions)")
        if not re.fullmatch(r"[A-Za-z][\w-]{0,63}", name):
            raise UsageError(f"{each.where}: {name[:60]!r} is not a name of an action (write letters, digits, _ and -)")
        found[name] = Action(
            name=name,
            run=read(keys, "run", text, None),
            to=read(keys, "to", text, None),
            timeout_s=read(keys, "timeout", kinds.DURATION, 300.0),
            most=read(keys, "max", kinds.TIMES, 1),
            verify=read(keys, "verify", flag, False),
            needs_last_good=_needs_last_good(keys),
        )
    return found


def _settings(keys: Mapping[str, Node], plan: Plan) -> Settings:
    return Settings(
        alpha=read(keys, "alpha", kinds.ALPHA, 0.01),
        watch_s=plan.watch_s if "watch" in keys else None,
        extend_s=read(keys, "extend", kinds.DURATION_OR_NONE, None),
        sustain_s=read(keys, "sustain", kinds.DURATION, 45.0),
        min_watch_s=read(keys, "min_watch", kinds.DURATION, 0.0),
        judge=read(keys, "judge", one_of(JUDGES), "statistics"),
        inconclusive=_policies(keys.get("inconclusive")),
        early_pass=_early_pass(keys.get("early_pass")),
        rate=plan.rate if "rate" in keys else None,
        interval_s=read(keys, "interval", kinds.DURATION, 15.0),
        baseline_s=plan.baseline.window_s,
        history=read(keys, "history", kinds.GATES, 5),
    )


def _policies(node: Node | None) -> dict[str, str]:
    usual = {"absolute": "fail", "relative": "warn"}
    if node is None:
        return usual
    if isinstance(node.value, str):
        return dict.fromkeys(usual, one_of(POLICIES)(node))
    return usual | {key: one_of(POLICIES)(each) for key, each in mapping(node, tuple(usual)).items()}


def _early_pass(node: Node | None) -> EarlyPass | None:
    if node is None:
        return None
    if isinstance(node.value, str):
        return EarlyPass() if flag(node) else None
    keys = mapping(node, ("margin", "beta"))
    return EarlyPass(margin=read(keys, "margin", kinds.PERCENT, 0.5), beta=read(keys, "beta", kinds.ALPHA, 0.05))
