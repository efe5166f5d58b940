"""`alerts:` of `.ci-reporter.yml` → policies. Every mistake names file, line, key, value and the way out."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ci_reporter.config import plugins, values
from ci_reporter.config.hint import hint
from ci_reporter.config.yaml import Node, describe, items, kind, mapping, names, one_of, read, text
from ci_reporter.errors import UsageError
from ci_reporter.frozen import EMPTY, Frozen
from ci_reporter.notify.actions import Action, actions
from ci_reporter.notify.alert import Level
from ci_reporter.notify.policies import template
from ci_reporter.notify.policies.conditions import comparisons, never_a_ref, parse
from ci_reporter.notify.policies.policy import (
    DAY_S,
    DEPLOY,
    GATE,
    GROUPING,
    NOTIFY,
    OF_A_PIPELINE,
    OF_A_STEP,
    PIPELINE,
    STEP,
    Policy,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ci_reporter.notify.policies.conditions import Condition

KEYS = ("name", "on", "branch", "if", "then", "message", "level", "every", "for", "group", "repeat")
_ON = (STEP, GATE, PIPELINE, f"{DEPLOY}NAME")
_RUNS = re.compile(r"(?a)(\d{1,4})\s*runs?")
_EXAMPLE = 'write - if: "result == failure and branch == main"'


class Grammar(Frozen):
    """What rules may name beside what each step knows: actions, and kinds of things to watch, with their labels."""

    actions: Mapping[str, Action] = EMPTY
    kinds: Mapping[str, tuple[str, ...]] = EMPTY


def policies(node: Node | None, actions_node: Node | None = None) -> tuple[Policy, ...]:
    """The rules under `alerts:`, in their order, with what is under `actions:`. Raises UsageError."""
    return policies_of(node, Grammar(actions=actions(actions_node)))


def policies_of(node: Node | None, grammar: Grammar) -> tuple[Policy, ...]:
    """The rules under `alerts:`, in their order. Raises UsageError."""
    if node is None or (node.value == "" and not node.style):
        return ()
    found = tuple(_policy(each, grammar) for each in items(node))
    lines: dict[str, int | None] = {}
    for each in found:
        if each.name in lines:
            place = node.place.rpartition(" line ")[0]
            raise UsageError(
                f"{place} line {each.line}: alert rule {each.name!r} is also on line {lines[each.name]};"
                " name it otherwise"
            )
        lines[each.name] = each.line
    return found


def _policy(node: Node, grammar: Grammar) -> Policy:
    keys = mapping(node, KEYS)
    if "if" not in keys:
        raise UsageError(f"{node.where}: an alert rule has no if: ({_EXAMPLE})")
    condition, written = _condition(keys["if"])
    on = _on(keys.get("on"), tuple(grammar.kinds))
    _check_pipeline(on, condition, node)
    for_s, for_runs = read(keys, "for", kind(_span), (0.0, 1))
    return Policy(
        name=text(keys["name"]) if "name" in keys else written,
        condition=condition,
        text=written,
        line=node.line,
        on=on,
        branches=_branches(keys.get("branch")),
        then=_then(keys.get("then"), grammar.actions),
        message=_message(keys["message"]) if "message" in keys else None,
        level=Level(read(keys, "level", one_of(tuple(Level)), Level.ERROR)),
        group=_group(keys.get("group"), _usual_group(on, grammar)),
        for_s=for_s,
        for_runs=for_runs,
        every_s=read(keys, "every", kind(values.duration_with_unit_s), 0.0),
        repeat_s=read(keys, "repeat", kind(_repeat), DAY_S),
    )


def _condition(node: Node) -> tuple[Condition, str]:
    if not isinstance(node.value, str) or node.style in ("|", ">") or not node.value.strip():
        raise UsageError(f"{node.where}: expected a condition on one line, got {describe(node)} ({_EXAMPLE})")
    written = " ".join(node.value.split())
    try:
        return parse(written), written
    except ValueError as exc:
        raise UsageError(f"{node.where}: {written[:120]!r} {exc}") from None


def _on(node: Node | None, more: tuple[str, ...]) -> tuple[str, ...]:
    found = names(node) or (STEP,)
    for each in found:
        if each not in (STEP, GATE, PIPELINE, *more) and not (each.startswith(DEPLOY) and each != DEPLOY):
            raise UsageError(f"{node.where if node else 'on'}: {each!r} is not known ({hint(each, (*_ON, *more))})")
    return found


def _usual_group(on: tuple[str, ...], grammar: Grammar) -> tuple[str, ...]:
    known = {PIPELINE: OF_A_PIPELINE, **grammar.kinds}
    return known.get(on[0], OF_A_STEP) if len(on) == 1 else OF_A_STEP


def _branches(node: Node | None) -> tuple[str, ...]:
    found = names(node)
    for each in found:
        if wrong := never_a_ref(each):
            raise UsageError(f"{node.where if node else 'branch'}: {each!r} {wrong}")
    return found


def _check_pipeline(on: tuple[str, ...], condition: Condition, node: Node) -> None:
    """The duration of a pipeline is that of the run so far: neither a step's, nor one that earlier runs had."""
    if PIPELINE not in on:
        return
    if len(on) > 1:
        raise UsageError(f"{node.where}: on: pipeline stands alone, as its duration is not a step's (write two rules)")
    for each in comparisons(condition):
        if each.relative and each.name == "duration":
            raise UsageError(
                f"{node.where}: if: {each.text!r} compares the duration of a whole run, which is not known of earlier"
                " ones (write duration > 30m)"
            )


def _then(node: Node | None, known: Mapping[str, Action]) -> tuple[str, ...]:
    """Channels and actions; an action that stands for channels is replaced by them."""
    found = names(node) or (NOTIFY,)
    try:
        plugins.check_names("notifiers", found, (NOTIFY, *known))
    except UsageError as exc:
        raise UsageError(f"{node.where if node else 'then'}: {exc}") from None
    meant = (each for name in found for each in ((known[name].to or (name,)) if name in known else (name,)))
    return tuple(dict.fromkeys(meant))


def _message(node: Node) -> str:
    written = text(node)
    try:
        template.fields(written)
    except ValueError as exc:
        raise UsageError(f"{node.where}: {describe(node)} {exc}") from None
    return written


def _group(node: Node | None, usual: tuple[str, ...]) -> tuple[str, ...]:
    found = names(node)
    for each in found:
        if each not in GROUPING and not (each.startswith("tags.") and each != "tags."):
            known = (*GROUPING, "tags.NAME")
            raise UsageError(f"{node.where if node else 'group'}: no label named {each!r} ({hint(each, known)})")
    return found or usual


def _span(value: str) -> tuple[float, int]:
    """`for: 30m` or `for: 3 runs`: seconds and runs."""
    if match := _RUNS.fullmatch(value):
        if not int(match[1]):
            raise ValueError("is not above zero (write 3 runs, or 30m)")
        return 0.0, int(match[1])
    try:
        return values.duration_with_unit_s(value), 1
    except ValueError as exc:
        raise ValueError(f"{exc}, or 3 runs") from None


def _repeat(value: str) -> float | None:
    """`repeat: 4h`; `never` says it once, `always` with every run."""
    known = {"never": None, "always": 0.0}
    return known[value] if value in known else values.duration_with_unit_s(value)
