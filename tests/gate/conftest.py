"""Makers of recordings: a service of known latency and errors, from a seed."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from math import exp
from pathlib import Path

import pytest

from ci_reporter.gate import rulefile
from ci_reporter.gate.judge import judge
from ci_reporter.gate.recording import Probe, Recording, Signal


def make_probes(seconds=300.0, rate=5.0, seed=1, slower=1.0, errors=0.0, start=0.0):
    """Probes of a service with a median of 120 ms, every one `slower` times that."""
    chance = random.Random(seed)
    return tuple(
        Probe(t=start + at / rate, ok=chance.random() >= errors, latency_ms=120 * exp(chance.gauss(0, 0.45)) * slower)
        for at in range(int(seconds * rate))
    )


def make_recording(phase="watch", **how):
    """A recording of one probe signal."""
    return Recording(phase=phase, signals={"http_latency": Signal(probes=make_probes(**how))})


def make_rules(*conditions, gate="", **more):
    """Rules of these conditions, read as a file is; `more` are further keys of each."""
    keys = "".join(f"\n    {key}: {value}" for key, value in more.items())
    rules = "\n".join(f"  - name: rule {at}\n    if: {text!r}{keys}" for at, text in enumerate(conditions))
    return rulefile.parse(f"gate: {{{gate}}}\nrules:\n{rules}\n".encode(), "gate.yml")


def judged(*conditions, watch, baseline=None, gate="", **more):
    """The verdict on a watch, with a good baseline unless one is given."""
    before = make_recording("baseline", seconds=120, seed=99) if baseline is None else baseline
    return judge(before, watch, make_rules(*conditions, gate=gate, **more))


@pytest.fixture(name="judged")
def _judged() -> Callable:
    return judged


@pytest.fixture(name="make_recording")
def _make_recording() -> Callable:
    return make_recording


@pytest.fixture(name="make_probes")
def _make_probes() -> Callable:
    return make_probes


@pytest.fixture(name="make_rules")
def _make_rules() -> Callable:
    return make_rules


@pytest.fixture
def write_recording(tmp_path: Path) -> Callable[..., str]:
    """Write a recording as a file, and give its path."""

    def write(name: str, phase: str = "watch", **how) -> str:
        lines = [{"recording": 1, "phase": phase}]
        for probe in make_probes(**how):
            line = {"t": probe.t, "signal": "http_latency", "latency_ms": probe.latency_ms, "ok": probe.ok}
            lines.append(line | {"status": 200 if probe.ok else 503})
        path = tmp_path / name
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))
        return str(path)

    return write
