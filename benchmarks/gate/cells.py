"""The cells of the table: what is simulated, which rules judge it, and what the judge must reach."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from math import erf, exp, inf, log, sqrt

from benchmarks.gate import noise
from benchmarks.gate.noise import NOISES, Noise, Old

BASELINE_S, GAP_S, WATCH_S, EXTEND_S = 120.0, 45.0, 300.0, 300.0
DEFAULT_RULES = ("http_latency_p95 > +10%", "http_error_rate > +50%")


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One simulated deploy. `times` and `tail` slow all answers, or the slowest tenth, from `onset_s` of the watch on.

    Error rates are of the baseline and of the watch; `blip_s` lets everything fail for so long, once in 300 s. `past`
    is the noise of five good gates before this one, whose recordings are kept. The targets:
    the share that may fail at `most`, or that must fail at `least`, half of those `by_s`; `no_pass` at all.

    `old` is the chance that an answer is of the old revision, by second: of ten minutes of converging where `counts` is
    "converged", else of a watch that is good otherwise.
    """

    name: str
    noise: Noise
    rate: float = 5.0
    baseline_s: float = BASELINE_S
    times: float = 1.0
    tail: float = 1.0
    onset_s: float = 0.0
    errors_before: float = 0.0
    errors_after: float = 0.0
    blip_s: float = 0.0
    past: Noise | None = None
    old: Old | None = None
    counts: str = "fail"
    rules: tuple[str, ...] = DEFAULT_RULES
    most: float | None = None
    least: float | None = None
    by_s: float | None = None
    no_pass: bool = False

    @property
    def runs(self) -> int:
        """How many runs its target needs: a false alarm in a hundred is not seen in 200."""
        return 1000 if self.most is not None else 200


def cells() -> Iterator[Cell]:
    yield from unchanged()
    yield from at_the_limit()
    yield from late()
    yield from slower()
    yield from failing()
    yield from with_history()
    yield from revisions()


def unchanged() -> Iterator[Cell]:
    """Services that do not change: every failure is a false alarm."""
    for name in ("independent", "Pareto", "GC pauses", "rounded to 10 ms"):
        yield Cell(name=f"unchanged: {name}", noise=NOISES[name], most=0.005)
    yield Cell(name="unchanged: bursts of 3 s, 4 % of the time", noise=noise.bursty, most=0.005)
    for rate in (1.0, 20.0):
        yield Cell(name=f"unchanged: independent, {rate:g}/s", noise=noise.independent, rate=rate, most=0.005)
    for seconds in (30.0, 300.0):
        name = f"unchanged: independent, baseline {seconds:g} s"
        yield Cell(name=name, noise=noise.independent, baseline_s=seconds, most=0.005)
    for share in (0.005, 0.02):
        name = f"unchanged: {share * 100:g} % errors"
        yield Cell(name=name, noise=noise.independent, errors_before=share, errors_after=share, most=0.005)
    yield Cell(name="unchanged: AR 10 s", noise=NOISES["AR 10 s"], most=0.01)
    yield Cell(name="unchanged: error blips of 0.7 s", noise=noise.independent, blip_s=0.7, most=0.01)
    wanted = {"AR 30 s": 0.04, "neighbour 10 s/60 s": 0.02, "neighbour 30 s/180 s": 0.16, "drifting cache mix": 0.05}
    for name, most in wanted.items():
        yield Cell(name=f"unchanged: {name}", noise=NOISES[name], most=most)
    yield Cell(name="unchanged: drift +15 % over the gate", noise=noise.drifting(0.15, 465), most=0.01)


def at_the_limit() -> Iterator[Cell]:
    """Exactly 5 % of the answers are slower than the limit."""
    busy = 10 / 70  # the share of the time that a neighbour of 10 s in 60 s takes
    limits = {
        "independent": (_p95_ms([(1.0, 120, 0.45)]), 0.01),
        "AR 10 s": (_p95_ms([(1.0, 100, 0.3 * sqrt(2))]), 0.01),
        "neighbour 10 s/60 s": (_p95_ms([(1 - busy, 50, 0.3), (busy, 100, 0.3)]), 0.03),
    }
    for name, (limit_ms, most) in limits.items():
        rules = (f"http_latency_p95 > {limit_ms:.3f}ms",)
        yield Cell(name=f"at its limit: {name}", noise=NOISES[name], rules=rules, most=most)


def late() -> Iterator[Cell]:
    for times, least in ((3.0, 0.92), (20.0, 0.99)):
        for onset_s in (150.0, 240.0):
            for name, model in NOISES.items():
                shown = f"×{times:g} from {onset_s:g} s: {name}"
                yield Cell(name=shown, noise=model, times=times, onset_s=onset_s, least=least, no_pass=True)


def slower() -> Iterator[Cell]:
    plain = noise.independent
    yield Cell(name="+20 %", noise=plain, times=1.2, least=0.7)
    yield Cell(name="+20 %, 20/s", noise=plain, rate=20.0, times=1.2, least=0.97)
    yield Cell(name="+50 %", noise=plain, times=1.5, least=0.99, by_s=120.0)
    yield Cell(name="×2", noise=plain, times=2.0, least=0.99, by_s=75.0)
    yield Cell(name="tail ×2", noise=plain, tail=2.0, least=0.9)
    yield Cell(name="tail ×2: GC pauses", noise=NOISES["GC pauses"], tail=2.0, least=0.95)
    yield Cell(name="tail ×2, 20/s", noise=noise.mixed, rate=20.0, tail=2.0, least=0.99, by_s=100.0)
    changing = noise.cache_of(0.8, 0.6, BASELINE_S + GAP_S)
    yield Cell(name="cache hits 80 → 60 %", noise=changing, least=0.95)


def failing() -> Iterator[Cell]:
    for share, least in ((0.01, 0.7), (0.02, 0.98), (0.03, 0.99)):
        yield Cell(name=f"errors 0 → {share:.0%}", noise=noise.independent, errors_after=share, least=least)
    more = {"errors_before": 0.001, "errors_after": 0.01}
    yield Cell(name="errors 0.1 → 1 %, 20/s", noise=noise.independent, rate=20.0, least=0.95, by_s=90.0, **more)
    yield Cell(name="1 of 5 replicas dead", noise=noise.independent, errors_after=0.2, least=1.0, by_s=20.0)
    name = "1 of 5 replicas dead, a probe every 5 s"
    yield Cell(name=name, noise=noise.independent, rate=0.2, errors_after=0.2, least=0.85, by_s=200.0)


def with_history() -> Iterator[Cell]:
    """The recordings of five good gates of the same service are there. The first rows are the same without them."""
    for name, model in noise.WANDERING.items():
        yield Cell(name=f"unchanged: {name}", noise=model)
    slow = {"neighbour 30 s/180 s": NOISES["neighbour 30 s/180 s"], **noise.WANDERING}
    for name, model in slow.items():
        yield Cell(name=f"5 good gates: unchanged: {name}", noise=model, past=model, most=0.03)
    for name, most in {"independent": 0.005, "AR 10 s": 0.01, "neighbour 10 s/60 s": 0.02}.items():
        model = NOISES[name]
        yield Cell(name=f"5 good gates: unchanged: {name}", noise=model, past=model, most=most)
    plain = {"noise": noise.independent, "past": noise.independent}
    errors = {"errors_before": 0.02, "errors_after": 0.02}
    yield Cell(name="5 good gates: unchanged: 2 % errors", most=0.005, **errors, **plain)
    yield Cell(name="5 good gates: unchanged: errors for 10 s in 300 s", blip_s=10.0, **plain)
    yield Cell(name="unchanged: errors for 10 s in 300 s", noise=noise.independent, blip_s=10.0)
    yield Cell(name="5 quiet gates: +50 %", times=1.5, least=0.99, by_s=60.0, **plain)
    yield Cell(name="5 quiet gates: ×2", times=2.0, least=0.99, by_s=35.0, **plain)
    yield Cell(name="5 quiet gates: ×3 from 240 s", times=3.0, onset_s=240.0, least=0.92, no_pass=True, **plain)
    for name in ("AR 10 s", "AR 30 s", "neighbour 10 s/60 s", "neighbour 30 s/180 s"):
        yield Cell(name=f"5 quiet gates, noisy today: {name}", noise=NOISES[name], past=noise.independent)
    for name, model in NOISES.items():
        shown = f"5 good gates: ×3 from 150 s: {name}"
        yield Cell(name=shown, noise=model, past=model, times=3.0, onset_s=150.0, no_pass=True)


def revisions() -> Iterator[Cell]:
    """A rollout that leaves a replica behind, one that takes its time, and one that comes undone in the watch."""
    plain = noise.independent
    for share, most in ((0.1, 0.01), (0.05, None)):
        name = f"converges with {share:.0%} stuck, 10 minutes"
        yield Cell(name=name, noise=plain, old=partial(noise.always, share), counts="converged", most=most)
    name = "converges in a rollout over 120 s"
    yield Cell(name=name, noise=plain, old=partial(noise.rolling, 120.0), counts="converged", least=1.0)
    wrong = {
        "a replica of ten is old in the watch": partial(noise.always, 0.1),
        "one answer of 1,500 is old in the watch": partial(noise.between, 150.0, 150.2),
        "reverted after 280 s of the watch": partial(noise.between, 280.0, inf),
    }
    for name, old in wrong.items():
        yield Cell(name=name, noise=plain, old=old, no_pass=True)


def _p95_ms(parts: list[tuple[float, float, float]]) -> float:
    """The p95 of a mixture of lognormal (share, median, σ), by bisection of its logarithm."""
    low, high = 0.0, 20.0
    for _ in range(60):
        middle = (low + high) / 2
        below = sum(share * _normal((middle - log(median)) / sigma) for share, median, sigma in parts)
        low, high = (middle, high) if below < 0.95 else (low, middle)
    return exp(high)


def _normal(z: float) -> float:
    return (1 + erf(z / sqrt(2))) / 2
