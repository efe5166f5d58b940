"""An alert rule: what it watches, when it speaks, to whom."""

from __future__ import annotations

from fnmatch import fnmatchcase

from ci_reporter.frozen import Frozen
from ci_reporter.model import Report
from ci_reporter.notify.alert import Level
from ci_reporter.notify.policies.facts import FACTS, fact

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ci_reporter.notify.policies.conditions import Condition

NOTIFY = "notify"  # all channels that are set up
STEP, GATE, PIPELINE, DEPLOY = "step", "gate", "pipeline", "deploy-to-"
OF_A_STEP = ("repository", "pipeline", "job", "step", "branch", "change")
OF_A_PIPELINE = ("repository", "pipeline", "branch", "change")
DAY_S = 86400.0


class Policy(Frozen):
    """A rule. `condition` None always holds; `text` is how it was written, `line` where.

    It watches the kinds of reports of `on`, on branches that match one of `branches` (all without any). `group` names
    the facts that make one series: of each there is one message at a time. It speaks once its condition has held for
    `for_s` and for `for_runs` runs, again after `repeat_s` (0: with every run, None: never), and at most once within
    `every_s`. `first` and `recovery` say whether it tells that something began, and that it is over.
    """

    name: str
    condition: Condition | None = None
    text: str = ""
    line: int | None = None
    on: tuple[str, ...] = (STEP,)
    branches: tuple[str, ...] = ()
    then: tuple[str, ...] = (NOTIFY,)
    message: str | None = None
    level: Level = Level.ERROR
    group: tuple[str, ...] = OF_A_STEP
    for_s: float = 0.0
    for_runs: int = 1
    every_s: float = 0.0
    repeat_s: float | None = DAY_S
    first: bool = True
    recovery: bool = True


def is_for(policy: Policy, report: Report, *, gate: bool) -> bool:
    """Whether a policy watches reports like this one; `gate` tells the report of a gate from that of a step."""
    return watches(policy, report, (GATE,) if gate else (STEP, PIPELINE))


def watches(policy: Policy, report: Report, kinds: tuple[str, ...]) -> bool:
    """Whether a policy watches reports of these kinds, on the branch of this one; or deploys to its environment."""
    branch = report.run.branch or ""
    on_branch = not policy.branches or any(fnmatchcase(branch, each) for each in policy.branches)
    return on_branch and not {*kinds, *_deploys(report.environment or "")}.isdisjoint(policy.on)


def key_of(report: Report, names: tuple[str, ...] = OF_A_STEP) -> str:
    """A series as one text: what these facts are worth, as far as they are known."""
    return " ".join(f"{name}={_quote(found)}" for name in names if (found := fact(name).read(report)) not in (None, ""))


def channels(policy: Policy, everyone: tuple[str, ...], usable: tuple[str, ...]) -> tuple[str, ...]:
    """The channels that a policy tells: those of `everyone` for `notify`, and those it names that are set up."""
    named = (each for name in policy.then for each in (everyone if name == NOTIFY else (name,)))
    return tuple(each for each in dict.fromkeys(named) if each in usable)


def _deploys(environment: str) -> set[str]:
    """`deploy-to-prod` is a deploy to `prod`; the gate records the whole word where it is given no environment."""
    return {f"{DEPLOY}{environment.removeprefix(DEPLOY)}"} if environment else set()


def _quote(found: object) -> str:
    """A value in which a blank does not end it: two series never have one key."""
    return str(found).replace("%", "%25").replace(" ", "%20")


GROUPING = tuple(name for name, each in FACTS.items() if each.kind == "text")
