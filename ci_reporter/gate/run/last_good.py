"""The revision that a rollback leads back to, or why it is not known: it is never the one that is being deployed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from ci_reporter.gate.recording import Recording
from ci_reporter.gate.run import archive
from ci_reporter.gate.run.options import GatePlan
from ci_reporter.gate.run.reference import Reference
from ci_reporter.gate.run.world import World
from ci_reporter.health.reply import same_revision

VARIABLE = "CI_REPORTER_LAST_GOOD"
_SHOWN = 12
_ONE_FOR_ALL = re.compile(
    rf"{VARIABLE}\b"
)  # the variables of single services go on after it: CI_REPORTER_LAST_GOOD_API


@dataclass(frozen=True, kw_only=True)
class LastGood:
    """A revision and where it was found; without one, `reason` says why it is not known.

    Of several services, `services` has that of each, and `revision` is the one that they have in common, if they do.
    """

    revision: str | None = None
    reason: str
    services: Mapping[str, LastGood] = field(default_factory=dict)

    def __str__(self) -> str:
        if self.services:
            return "; ".join(f"{name}: {each}" for name, each in self.services.items())
        if self.revision is None:
            return f"the last good revision is not known: {self.reason}"
        return f"the last good revision is {self.revision[:_SHOWN]} ({self.reason})"

    @property
    def is_known(self) -> bool:
        """Whether a rollback has somewhere to lead to, of every service."""
        return all(each.is_known for each in self.services.values()) if self.services else self.revision is not None

    @property
    def revisions(self) -> dict[str, str | None]:
        """The revision of each service; empty for a single address."""
        return {name: each.revision for name, each in self.services.items()}

    @property
    def known_revisions(self) -> list[str]:
        """The revisions that are known."""
        return [each for each in (self.revisions or {"": self.revision}).values() if each]

    @property
    def text(self) -> str:
        """The revisions as a sentence names them."""
        known = self.revisions or {"": self.revision}
        return ", ".join(f"{(each or 'unknown')[:_SHOWN]}{f' of {name}' * bool(name)}" for name, each in known.items())

    @property
    def variables(self) -> dict[str, str]:
        """What a command is told of it."""
        own = {variable_of(name): each or "" for name, each in self.revisions.items()}
        return {VARIABLE: self.revision or "", **own}

    def obstacle(self, command: str) -> str | None:
        """Why a command that needs it cannot run: it is not known, or one variable stands for several revisions."""
        if not self.is_known:
            return self.reason
        if self.revision is None and _ONE_FOR_ALL.search(command):
            own = ", ".join(variable_of(name) for name in self.services)
            return f"the services have different ones, and {VARIABLE} names one for all (write {own})"
        return None


def variable_of(service: str) -> str:
    """The variable with the last good revision of a service: `CI_REPORTER_LAST_GOOD_API`."""
    return f"{VARIABLE}_{service.upper().replace('-', '_')}" if service else VARIABLE


def last_good(plan: GatePlan, reference: Reference, world: World, watch: Recording | None = None) -> LastGood:
    """As set in `CI_REPORTER_LAST_GOOD`, else what answered before the deploy, else what the last good gate watched.

    It differs from what was deployed: the expected revision, or, where none is expected, what served in the `watch`.
    """
    found = {}
    for name, expected in plan.expected_by_service.items():
        deployed = expected or (usual_revision(_of_service(watch, name)) if watch else None)
        given = _from_variable(name, deployed, world.env)
        found[name] = given or _search(name, deployed, reference.recording, _passing_revisions(name, plan, world))
    return _of_all(found) if plan.revisions else found[""]


def _of_all(services: Mapping[str, LastGood]) -> LastGood:
    """What several services go back to together."""
    revisions = {each.revision for each in services.values()}
    unknown = [f"{name}: {each.reason}" for name, each in services.items() if each.revision is None]
    common = revisions.pop() if len(revisions) == 1 else None
    return LastGood(revision=common, reason="; ".join(unknown), services=services)


def _from_variable(service: str, deployed: str | None, env: Mapping[str, str]) -> LastGood | None:
    """The one that somebody has set, for this service or for all of them."""
    for variable in dict.fromkeys((variable_of(service), VARIABLE)):
        revision = env.get(variable)
        if revision and _same(revision, deployed):
            return LastGood(reason=f"{variable} is {revision[:_SHOWN]}, the revision that is being deployed")
        if revision:
            return LastGood(revision=revision, reason=f"from {variable}")
    return None


def _search(service: str, deployed: str | None, baseline: Recording | None, past: Iterator[str]) -> LastGood:
    """What answered before the deploy, else the newest revision that passed a gate here; never what is deployed."""
    revision, problem = _of_baseline(_of_service(baseline, service) if baseline else None, deployed)
    if revision:
        return LastGood(revision=revision, reason="it answered before the deploy")
    for revision in past:
        if not _same(revision, deployed):
            return LastGood(revision=revision, reason="of the last gate that passed here")
    unpassed = "no gate of another revision has passed here"
    return LastGood(reason=f"{problem}, and {unpassed} (set {variable_of(service)} to it)")


def _of_baseline(baseline: Recording | None, deployed: str | None) -> tuple[str | None, str]:
    """The other revision that answered most, or why there is none; it may have answered beside the deployed one."""
    if baseline is None:
        return None, "there is no baseline"
    served = _answers_by_revision(baseline)
    others = [revision for revision, _ in served.most_common() if not _same(revision, deployed)]
    if others:
        return others[0], ""
    if served:
        return None, f"the baseline already serves {served.most_common(1)[0][0][:_SHOWN]}, which is being deployed"
    return None, "the baseline names no revision"


def _passing_revisions(service: str, plan: GatePlan, world: World) -> Iterator[str]:
    """The revisions of the gates that passed here, newest first."""
    address = plan.rules.plan.address
    for past in archive.passing_gates(world.archive, address, plan.environment) if world.archive else ():
        converge = past.about.get("converge")
        if service and isinstance(converge, dict):
            converge = (converge.get("services") or {}).get(service)
        revision = converge.get("expected") if isinstance(converge, dict) else None
        if isinstance(revision, str):
            yield revision


def _of_service(recording: Recording, name: str) -> Recording:
    """The signals of that service; all of them where there is but one."""
    signals = {signal: each for signal, each in recording.signals.items() if signal.startswith(f"{name}.")}
    return replace(recording, signals=signals) if name else recording


def usual_revision(recording: Recording) -> str | None:
    """The revision that answered most."""
    served = _answers_by_revision(recording)
    return served.most_common(1)[0][0] if served else None


def _answers_by_revision(recording: Recording) -> Counter[str]:
    signals = recording.signals.values()
    return Counter(probe.revision for signal in signals for probe in signal.probes if probe.ok and probe.revision)


def _same(revision: str, deployed: str | None) -> bool:
    return deployed is not None and same_revision(deployed, revision) is True
