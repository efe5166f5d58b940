"""How often each judge flags a deploy, and when: `python -m benchmarks.gate`. Prints its seeds; SciPy is optional.

A baseline of 120 s, a watch of 300 s, α 1 %. Latency: 97 % lognormal(120 ms, σ .45) and 3 % lognormal(600 ms, .5);
"bursty": 4 % of the time, in bursts of 3 s, ×2.5, in both windows; "tail ×2": the slowest tenth takes twice as long;
"slow share ×2": 6 % instead of 3 % of the second kind. Beside the judge: Mann-Whitney with Kayenta's defaults
(confidence 98 %, tolerance 25 %) on p95 points of 15 s at the end of the watch, and the two naive rules: p95 of the
last 60 s above 1.2 × the baseline's, and three failures in a row.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from statistics import median

from benchmarks.gate import others
from benchmarks.gate.service import Service, pair
from ci_reporter.gate.judge import judge
from ci_reporter.gate.recording import Recording
from ci_reporter.gate.rules.ruleset import RuleSet, make

LATENCY = "http_latency_p95 > +10%"
ERRORS = "http_error_rate > +0%"
LIMIT = "http_error_rate > 1%"


@dataclass(frozen=True, kw_only=True)
class Case:
    """One row: a change of the service, the rule that looks for it, and what the table of targets asks for."""

    name: str
    rate: float
    before: Service
    after: Service
    rule: str = LATENCY
    most: float | None = None
    least: float | None = None
    by_s: float | None = None


def latency_cases(rate: float, wanted: Mapping[str, tuple[float, float]]) -> Iterator[Case]:
    """The columns of the table for one rate."""
    good, bursty = Service(), Service(burst_share=0.04)
    for name, before, after in (
        ("A/A", good, good),
        ("bursty A/A", bursty, bursty),
        ("+5 %", good, Service(times=1.05)),
    ):
        yield Case(name=name, rate=rate, before=before, after=after, most=0.01)
    changed = {
        "+20 %": Service(times=1.2),
        "+50 %": Service(times=1.5),
        "+100 %": Service(times=2.0),
        "tail ×2": Service(slowest_tenth_times=2.0),
    }
    for name, after in changed.items():
        least, by_s = wanted[name]
        yield Case(name=name, rate=rate, before=good, after=after, least=least, by_s=by_s)
    yield Case(name="slow share ×2", rate=rate, before=good, after=Service(slow_share=0.06))


def error_cases() -> Iterator[Case]:
    """Error rates, and the one dead replica."""

    def at(rate: float, **more: float) -> Service:
        return Service(error_rate=rate, **more)

    burst = at(0.0, burst_share=0.04, burst_error_rate=0.25)  # 1 % of all, in bursts
    changes = (("errors A/A 0.1 %", at(0.001), at(0.001)), ("errors A/A bursty 1 %", burst, burst))
    for name, before, after in changes:
        yield Case(name=name, rate=20, before=before, after=after, rule=ERRORS, most=0.02)
    for name, low, high in (("errors 0.1 → 1 %", 0.001, 0.01), ("errors 1 → 3 %", 0.01, 0.03)):
        yield Case(name=name, rate=20, before=at(low), after=at(high), rule=ERRORS, least=0.99, by_s=45)
    yield Case(name="1 of 5 dead", rate=0.2, before=at(0.0), after=at(0.2), rule=LIMIT, least=0.99, by_s=65)


TARGETS = {
    5.0: {"+20 %": (0.6, 140), "+50 %": (0.99, 15), "+100 %": (1, 15), "tail ×2": (0.5, 140)},
    20.0: {"+20 %": (0.99, 30), "+50 %": (1, 15), "+100 %": (1, 15), "tail ×2": (1, 45)},
    50.0: {"+20 %": (1, 20), "+50 %": (1, 15), "+100 %": (1, 15), "tail ×2": (1, 20)},
}


def main() -> None:
    """Simulate and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=200, help="watches a row")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rates", default="5,20,50")
    parser.add_argument("--only", default="", help="rows whose name holds this")
    options = parser.parse_args()
    cases = [case for rate in map(float, options.rates.split(",")) for case in latency_cases(rate, TARGETS[rate])]
    cases = [case for case in (*cases, *error_cases()) if options.only in case.name]
    print(f"{options.runs} watches a row, seeds {options.seed} to {options.seed + options.runs - 1},", end=" ")
    print(f"Python {sys.version.split()[0]}\n")
    print(
        "| probes/s | change | target | judge | Mann-Whitney | p95 > 1.2 × | 3 in a row | ms a watch |\n"
        + "|---" * 8
        + "|"
    )
    missed = [case for case in cases if not row(case, options.runs, options.seed)]
    print(f"\n{len(missed)} targets missed" + "".join(f"\n  {case.rate:g}/s {case.name}" for case in missed))
    sys.exit(bool(missed))


def row(case: Case, runs: int, seed: int) -> bool:
    """Simulate one row and print it; whether its target is met."""
    judges: dict[str, Callable[[Recording, Recording], float | None]] = {
        "judge": lambda before, after: failed_at_s(before, after, case.rule),
        "mann-whitney": others.mann_whitney,
        "p95": others.naive_p95,
        "row": others.three_in_a_row,
    }
    found: dict[str, list[float | None]] = {name: [] for name in judges}
    spent = 0.0
    for each in range(seed, seed + runs):
        before, after = pair(case.before, case.after, case.rate, each)
        for name, at_s in judges.items():
            begun = time.perf_counter()
            found[name].append(at_s(before, after))
            spent += (time.perf_counter() - begun) * (name == "judge")
    cells = [shown(times) for times in found.values()]
    print(
        f"| {case.rate:g} | {case.name} | {target(case)} | {' | '.join(cells)} | {spent / runs * 1000:.0f} |",
        flush=True,
    )
    return met(case, found["judge"])


def failed_at_s(before: Recording, after: Recording, rule: str) -> float | None:
    """When the judge fails the watch, with that one rule."""
    verdict = judge(before, after, RuleSet(rules=(make("rule", rule),)))
    return verdict.decided_at_s if verdict.verdict == "fail" else None


def shown(times: list[float | None]) -> str:
    """Share flagged and median time."""
    hits = [each for each in times if each is not None]
    return f"{len(hits) / len(times):.1%}" + (f" / {median(hits):g} s" if hits else "")


def target(case: Case) -> str:
    """The target as the table has it."""
    if case.most is not None:
        return f"≤ {case.most:.0%}"
    return f"≥ {case.least:.0%} / {case.by_s:g} s" if case.least is not None else "–"


def met(case: Case, times: list[float | None]) -> bool:
    """Whether what was measured is within the target."""
    hits = [each for each in times if each is not None]
    share = len(hits) / len(times)
    if case.most is not None:
        return share <= case.most
    return case.least is None or (share >= case.least and median(hits) <= (case.by_s or 0))


if __name__ == "__main__":
    main()
