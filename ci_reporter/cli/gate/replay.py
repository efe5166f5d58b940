"""`ci-reporter gate replay`: hold rules against the kept recordings of past deploys."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator

import click

from ci_reporter.cli import output
from ci_reporter.cli.process import current_context
from ci_reporter.cli.reporting import report_errors
from ci_reporter.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ci_reporter.gate.backtest.replay import Past, Replayed


@click.command(
    "replay",
    short_help="Hold rules against the kept recordings of past deploys.",
    epilog="Example:  ci-reporter gate replay --rules gate.yml",
)
@click.option("--rules", "rules_path", envvar="CI_REPORTER_GATE_RULES", metavar="FILE", help="Rules, as gate.yml.")
@click.option("--on", "environment", envvar="CI_REPORTER_GATE_ON", metavar="NAME", help="Only rules `on` that deploy.")
@click.option("--journal", metavar="FOLDER", help="The state folder. Default: that of this repository.")
@click.option("--last", type=click.IntRange(1), default=50, show_default=True, help="At most so many deploys.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@report_errors
def command(rules_path: str | None, environment: str | None, journal: str | None, last: int, as_json: bool) -> None:
    """Say what these rules would have made of the deploys that were gated here: "would have failed 3 of 50 good ones".

    The state folder keeps the recordings of the last hundred gates; a CI job finds them where it keeps that folder.
    """
    from ci_reporter.gate.backtest import replay
    from ci_reporter.gate.rules import rulefile
    from ci_reporter.gate.rules.ruleset import default

    folder = os.path.join(journal or current_context().journal.path, "gate")
    pasts = list(_pasts(folder, last))
    if not pasts:
        raise UsageError(f"no gate is kept in {folder} (keep the state folder between jobs, or name it with --journal)")
    known = {name for past in pasts for name in past.watch.signals}
    rules = (rulefile.load(rules_path, known) if rules_path else default()).on(environment)
    found = replay.rejudge(pasts, rules)
    if as_json:
        output.result(json.dumps({"said": replay.sentence(found), "deploys": [_as_json(each) for each in found]}))
        return
    for each in found:
        output.result(f"  {each.past.finished_at}  was {each.past.decided:<12}  now {_now(each)}")
    output.result(f"{rules.source}: {replay.sentence(found)}")


def _pasts(folder: str, last: int) -> Iterator[Past]:
    from ci_reporter.gate.backtest.replay import Past
    from ci_reporter.gate.run import archive

    left = last
    for each in archive.past_gates(folder):
        try:
            baseline, watch = each.recording("baseline"), each.recording("watch")
        except UsageError as exc:
            output.warn(f"{exc}; passed over", os.environ)
            continue
        if watch and left:
            left -= 1
            decided, finished_at = (str(each.about.get(key, "unknown")) for key in ("verdict", "finished_at"))
            name = os.path.basename(each.path)
            yield Past(name=name, decided=decided, finished_at=finished_at, baseline=baseline, watch=watch)


def _now(each: Replayed) -> str:
    failed = [rule.name for rule in each.verdict.rules if rule.blocks and rule.finding.verdict == "fail"]
    return each.verdict.verdict + (f" ({', '.join(failed)})" if failed else "")


def _as_json(each: Replayed) -> dict[str, object]:
    past = each.past
    now = {"verdict": each.verdict.verdict, "decided_at_s": each.verdict.decided_at_s}
    return {"id": past.name, "finished_at": past.finished_at, "was": past.decided, **now}
