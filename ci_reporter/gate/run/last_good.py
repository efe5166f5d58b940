"""The revision that a rollback leads back to, or why it is not known: it is never the one that is being deployed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from ci_reporter.gate.recording import Recording
from ci_reporter.gate.run import archive
from ci_reporter.gate.run.options import GatePlan
from ci_reporter.gate.run.reference import Reference
from ci_reporter.gate.run.world import World
from ci_reporter.health.reply import same_revision

VARIABLE = "CI_REPORTER_LAST_GOOD"
_SHOWN = 12


@dataclass(frozen=True, kw_only=True)
class LastGood:
    """A revision and where it was found; without one, `reason` says why it is not known."""

    revision: str | None = None
    reason: str

    def __str__(self) -> str:
        if self.revision is None:
            return f"the last good revision is not known: {self.reason}"
        return f"the last good revision is {self.revision[:_SHOWN]} ({self.reason})"


def last_good(plan: GatePlan, reference: Reference, world: World, served: str | None = None) -> LastGood:
    """As set in `CI_REPORTER_LAST_GOOD`, else what answered before the deploy, else what the last good gate watched.

    It differs from what was deployed: the expected revision, or, where none is expected, the one `served` by now.
    """
    given, deployed = world.env.get(VARIABLE), plan.expected or served
    if given:
        if _same(given, deployed):
            return LastGood(reason=f"{VARIABLE} is {given[:_SHOWN]}, the revision that is being deployed")
        return LastGood(revision=given, reason=f"from {VARIABLE}")
    if plan.revisions:
        return LastGood(reason=f"there are several services, each with a revision of its own (set {VARIABLE} to it)")
    reasons = []
    for revision, reason in (_of_baseline(reference.recording, deployed), _of_archive(plan, world, deployed)):
        if revision:
            return LastGood(revision=revision, reason=reason)
        reasons.append(reason)
    return LastGood(reason=f"{', and '.join(reasons)} (set {VARIABLE} to it)")


def _of_baseline(baseline: Recording | None, deployed: str | None) -> tuple[str | None, str]:
    """The other revision that answered most; answers of the deployed one say that it was there before."""
    if baseline is None:
        return None, "there is no baseline"
    served = _answers_by_revision(baseline)
    others = [revision for revision, _ in served.most_common() if not _same(revision, deployed)]
    if others:
        return others[0], "it answered before the deploy"
    if served:
        return None, f"the baseline already serves {served.most_common(1)[0][0][:_SHOWN]}, which is being deployed"
    return None, "the baseline names no revision"


def _of_archive(plan: GatePlan, world: World, deployed: str | None) -> tuple[str | None, str]:
    """That of the newest gate here that passed another revision."""
    for revision in _passing_revisions(plan, world):
        if not _same(revision, deployed):
            return revision, "of the last gate that passed here"
    return None, "no gate of another revision has passed here"


def _passing_revisions(plan: GatePlan, world: World) -> Iterator[str]:
    for past in (
        archive.passing_gates(world.archive, plan.rules.plan.address, plan.environment) if world.archive else ()
    ):
        converge = past.about.get("converge")
        revision = converge.get("expected") if isinstance(converge, dict) else None
        if isinstance(revision, str):
            yield revision


def most_served(recording: Recording) -> str | None:
    """The revision that answered most."""
    served = _answers_by_revision(recording)
    return served.most_common(1)[0][0] if served else None


def _answers_by_revision(recording: Recording) -> Counter[str]:
    signals = recording.signals.values()
    return Counter(probe.revision for signal in signals for probe in signal.probes if probe.ok and probe.revision)


def _same(revision: str, deployed: str | None) -> bool:
    return deployed is not None and same_revision(deployed, revision) is True
