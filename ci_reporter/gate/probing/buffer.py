"""What comes in while a phase runs, in whatever order, and the recording of it so far."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from math import inf

from ci_reporter.errors import StateError
from ci_reporter.gate.recording import Count, Probe, Recording, Sample, Signal, Value, first_line, line
from ci_reporter.system.files import replacement


class Buffer:
    """Samples by signal. `shift_s` is where its zero lies on the clock of what is added."""

    def __init__(self, phase: str, shift_s: float = 0.0) -> None:
        self.phase = phase
        self._shift_s = shift_s
        self._samples: dict[str, list[Sample]] = {}

    def add(self, samples: Iterable[tuple[str, Sample]]) -> None:
        """Take samples; those from before its zero are left out."""
        for signal, sample in samples:
            if sample.t >= self._shift_s:
                at = replace(sample, t=round(sample.t - self._shift_s, 4))
                self._samples.setdefault(signal, []).append(at)

    def recording(self, settled_s: float = inf, header: Mapping[str, object] | None = None) -> Recording:
        """What is in it: of the probes those before `settled_s`, as a slow answer to an earlier one may yet come."""
        return Recording(
            phase=self.phase,
            signals={name: _signal(samples, settled_s - self._shift_s) for name, samples in self._samples.items()},
            header=header or {},
        )


def write(recording: Recording, path: str) -> None:
    """Write a recording as NDJSON, all of it or nothing; its folder is made if need be. Raises StateError."""
    header = {key: value for key, value in recording.header.items() if key not in ("recording", "phase")}
    lines = [first_line(recording.phase, **header)]
    for name, signal in recording.signals.items():
        lines += [line(name, sample) for sample in signal.samples]
    try:
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        with replacement(path) as file:
            file.write("\n".join([*lines, ""]).encode())
    except OSError as exc:
        raise StateError(f"cannot write {path}: {exc.strerror}") from exc


def _signal(samples: Iterable[Sample], until_s: float) -> Signal:
    there = sorted(samples, key=lambda sample: sample.t)
    return Signal(
        probes=tuple(each for each in there if isinstance(each, Probe) and each.t < until_s),
        counts=tuple(each for each in there if isinstance(each, Count)),
        values=tuple(each for each in there if isinstance(each, Value)),
    )
