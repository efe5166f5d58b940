"""What the hub's configuration file says of alerts, made into a `RuleBook` and channels. Raises UsageError."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import replace as copy
from functools import partial

from ci_reporter.config.yaml import Node
from ci_reporter.context import Context, load_context
from ci_reporter.errors import UsageError
from ci_reporter.frozen import replace
from ci_reporter.hub.alerts.deploys.watchfile import Watch, watches
from ci_reporter.hub.alerts.event import OF_DORA, Kind
from ci_reporter.hub.alerts.rules import RuleBook
from ci_reporter.hub.alerts.sender import Channels
from ci_reporter.hub.settings.hubfile import Settings
from ci_reporter.hub.silences.windows import windows
from ci_reporter.notify.actions import actions
from ci_reporter.notify.channels import language, mailroom, not_set_up, notifier
from ci_reporter.notify.policies.policy import NOTIFY, OF_A_STEP, Policy
from ci_reporter.notify.policies.policyfile import Grammar, policies_of

_KINDS = {str(Kind.JOB): OF_A_STEP, str(Kind.DORA): OF_DORA}


@dataclass(frozen=True, kw_only=True)
class Ruling:
    """The rules, how to reach people, and what is odd about the two: sentences for the log."""

    rules: RuleBook
    channels: Channels
    watches: tuple[Watch, ...] = ()
    context: Context
    doubts: tuple[str, ...] = ()


def ruling(settings: Settings, env: Mapping[str, str]) -> Ruling | None:
    """Read the sections of alerts; None where there is no rule. Channels are set up as for jobs. Raises UsageError."""
    known = actions(settings.section("actions"))
    deploys = watches(settings.section("deployments"), known)
    written = policies_of(settings.section("alerts"), Grammar(actions=known, kinds=_KINDS))
    policies = (*written, *(policy for each in deploys for policy in each.policies))
    _check_names(written, deploys)
    maintenance = windows(settings.section("silences"))
    if not policies:
        return None
    context = hub_context(env, settings.section("actions"))
    return Ruling(
        rules=copy(rule_book(context, policies), windows=maintenance),
        channels=Channels(notifier=partial(notifier, context), mailroom=mailroom(context, keep=False)),
        watches=deploys,
        context=context,
        doubts=tuple(_doubts(context, policies)),
    )


def _check_names(written: tuple[Policy, ...], deploys: tuple[Watch, ...]) -> None:
    """What is known is kept by a rule's name, and a watch is a rule, too."""
    names = {each.name for each in written}
    for name in (policy.name for each in deploys for policy in each.policies):
        if name in names:
            raise UsageError(f"deployments: an alert rule is called {name!r}, too; name one of them otherwise")


def hub_context(env: Mapping[str, str], actions_node: Node | None) -> Context:
    """The settings of channels, from the environment and the `.ci-reporter.yml` where the hub runs."""
    context = load_context(env, os.getcwd())
    config = replace(context.config, actions=actions_node or context.config.actions)
    return replace(context, config=config)


def rule_book(context: Context, policies: tuple[Policy, ...]) -> RuleBook:
    """The rules, with the channels that are set up."""
    config = context.config
    named = [name for each in policies for name in each.then if name != NOTIFY]
    candidates = dict.fromkeys((*config.notifiers, *config.notify_to, *named))
    return RuleBook(
        policies=policies,
        everyone=config.notify_to or tuple(config.notifiers),
        usable=tuple(name for name in candidates if _why_not(context, name) is None),
        language=language(context),
    )


def _doubts(context: Context, policies: tuple[Policy, ...]) -> list[str]:
    everyone = context.config.notify_to or tuple(context.config.notifiers)
    found = []
    for policy in policies:
        for name in policy.then:
            why = _why_not(context, name) if name != NOTIFY else None if everyone else "no channel is set up"
            if why:
                found.append(f"alert rule {policy.name!r} does not tell {'anybody' if name == NOTIFY else name}: {why}")
    return found


def _why_not(context: Context, name: str) -> str | None:
    try:
        return not_set_up(context, name)
    except UsageError as exc:
        return str(exc)
