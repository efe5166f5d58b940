"""What a rule watches, as a sentence; what it can never decide, or not here: warnings, one sentence each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ci_reporter.config import Config
from ci_reporter.context import Context
from ci_reporter.notify.channels import not_set_up
from ci_reporter.notify.policies.conditions import Comparison, comparisons
from ci_reporter.notify.policies.facts import HUB_FACTS, STUCK
from ci_reporter.notify.policies.policy import GATE, NOTIFY, Policy
from ci_reporter.notify.spans import span

_OF_A_COMMAND = ("coverage", "memory", "attempts", "signal")


def sentence(policy: Policy) -> str:
    """`line 3: main is red: on step, if result == failure: tells slack; again after 1 d`."""
    where = f"line {policy.line}: " if policy.line else ""
    name = f"{policy.name}: " if policy.name != policy.text else ""
    branches = f" on branch {' or '.join(policy.branches)}" if policy.branches else ""
    told = ", ".join("all channels" if each == NOTIFY else each for each in policy.then)
    condition = policy.text or ("always" if policy.condition is None else "result in (failure, error, timeout)")
    return f"{where}{name}{' and '.join(policy.on)}{branches}: {condition}: tells {told}{''.join(_when(policy))}"


def warnings(policies: Sequence[Policy], context: Context) -> list[str]:
    """Each with its rule, in the order of the file."""
    found = []
    everyone = context.config.notify_to or tuple(context.config.notifiers)
    if not everyone and any(NOTIFY in each.then for each in policies):
        found.append("no channel is set up here, so `then: notify` tells nobody (see docs/reference/channels.md)")
    for policy in policies:
        for said in (*_of_channels(policy, context), *_of_condition(policy, context.config), *_of_time(policy)):
            found.append(f"{f'line {policy.line}: ' if policy.line else ''}rule {policy.name!r} {said}")
    return found


def _when(policy: Policy) -> Iterator[str]:
    if policy.for_runs > 1:
        yield f" after {policy.for_runs} runs in a row"
    if policy.for_s:
        yield f" after {span(policy.for_s)}"
    if policy.every_s:
        yield f", at most once in {span(policy.every_s)}"
    if policy.repeat_s is None:
        yield ", once"
    else:
        yield f", again after {span(policy.repeat_s)}" if policy.repeat_s else ", with every run"


def _of_channels(policy: Policy, context: Context) -> Iterator[str]:
    for name in policy.then:
        if name != NOTIFY and (why := not_set_up(context, name)):
            yield f"does not tell {name} here: {why}"


def _of_condition(policy: Policy, config: Config) -> Iterator[str]:
    if policy.condition is None:
        return
    seen = list(comparisons(policy.condition))
    for each in seen:
        yield from _of_comparison(each, policy, config)
    wanted = [each.texts for each in seen if each.name == "branch" and each.operator == "=="]
    if policy.branches and wanted and not any(set(texts) & set(policy.branches) for texts in wanted):
        yield "names one branch in if: and another in branch: (keep one of them)"


def _of_comparison(each: Comparison, policy: Policy, config: Config) -> Iterator[str]:
    only_gates = set(policy.on) == {GATE}
    if each.name.startswith("gate.") and not any(name == GATE or name.startswith("deploy-to-") for name in policy.on):
        yield f"never knows {each.name!r}: only a gate has it (write on: gate)"
    if only_gates and (each.name.startswith("tests.") or each.name in _OF_A_COMMAND):
        yield f"never knows {each.name!r}: a gate has none (write on: step)"
    if each.name == "coverage" and not only_gates and not config.coverage:
        yield "knows coverage only of steps with --coverage, as the settings here name no file"
    if each.name.startswith("tests.") and not only_gates and not config.tests:
        yield f"knows {each.name!r} only of steps with --tests, as the settings here name no file"
    if each.name in HUB_FACTS:
        yield f"never knows {each.name!r}: only a hub has it (write the rule in the hub's configuration file)"
    if each.name == STUCK and only_gates:
        yield "never knows 'stuck': a gate watches its own time (write on: step)"


def _of_time(policy: Policy) -> Iterator[str]:
    if policy.for_runs > 1:
        yield (
            "counts runs, which the Pushgateway does not: a job that starts from nothing needs a state file"
            " (CI_REPORTER_NOTIFY_STATE, kept by the CI's cache)"
        )
    if policy.every_s and policy.repeat_s is not None and policy.repeat_s < policy.every_s:
        yield f"repeats after {span(policy.repeat_s)}, and says nothing twice within {span(policy.every_s)}"
