"""Recordings: NDJSON of what a phase saw, one probe or one scrape a line, after a first line that says so.

`{"recording": 1, "phase": "watch"}`, then `{"t": 0.2, "signal": "http_latency", "latency_ms": 12.3, "ok": true}` for a
probe, `{"t": 15, "signal": "checkout", "bad": 2, "total": 900}` for counts, `{"t": 15, "signal": "queue", "value": 7}`
for a value. Times are seconds since the phase began.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from math import inf
from operator import attrgetter

from ci_reporter.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, BinaryIO

VERSION = 1
PHASES = ("baseline", "watch")
_LONGEST_LINE = 64 * 1024
_LATEST_S = 1e7
_LONGEST_MS = 1e9
_LARGEST_COUNT = 1e15
_LARGEST_VALUE = 1e300
_LONGEST_TEXT = 1000
_TEXTS = ("revision", "reason", "response", "url", "address")


@dataclass(frozen=True, kw_only=True, slots=True)
class Probe:
    """One request: `latency_ms` counts from its intended start, and is None where no answer came.

    Of a bad one, `reason` says why it is, and `response` how its answer began. `url` is there where a signal has
    several, `address` where a name has; `value` is the number in the answer that was asked for.
    """

    t: float
    ok: bool
    latency_ms: float | None = None
    status: int | None = None
    revision: str | None = None
    reason: str | None = None
    response: str | None = None
    url: str | None = None
    address: str | None = None
    value: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Count:
    """What one scrape counted: `bad` of `total` requests."""

    t: float
    bad: float
    total: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Value:
    """A number at one moment: the depth of a queue, the size of a heap."""

    t: float
    value: float


Sample = Probe | Count | Value


@dataclass(frozen=True, kw_only=True)
class Signal:
    """What one signal showed, in order of time: probes, counts or values, never two of them."""

    probes: tuple[Probe, ...] = ()
    counts: tuple[Count, ...] = ()
    values: tuple[Value, ...] = ()

    @property
    def samples(self) -> tuple[Probe, ...] | tuple[Count, ...] | tuple[Value, ...]:
        """Its probes, its counts or its values."""
        return self.probes or self.counts or self.values

    @property
    def times(self) -> list[float]:
        """When something was seen."""
        return [each.t for each in self.samples]

    def window(self, start_s: float = -inf, end_s: float = inf) -> Signal:
        """What was begun from `start_s` on and before `end_s`."""
        if not self.samples or (start_s <= self.samples[0].t and self.samples[-1].t < end_s):
            return self
        first, last = (bisect_left(self.samples, edge, key=attrgetter("t")) for edge in (start_s, end_s))
        part = slice(first, last)
        return Signal(probes=self.probes[part], counts=self.counts[part], values=self.values[part])


@dataclass(frozen=True, kw_only=True)
class Recording:
    """One phase: its signals by name, what its first line said, and what is to be said about the file."""

    phase: str
    signals: Mapping[str, Signal]
    header: Mapping[str, object] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def window(self, start_s: float = -inf, end_s: float = inf) -> Recording:
        """What was begun from `start_s` on and before `end_s`, on the same clock."""
        return replace(self, signals={name: each.window(start_s, end_s) for name, each in self.signals.items()})

    def until(self, end_s: float) -> Recording:
        """What was begun before `end_s`."""
        return self.window(end_s=end_s)

    def since(self, start_s: float) -> Recording:
        """What was begun from `start_s` on."""
        return self.window(start_s)


def read(path: str, phase: str | None = None) -> Recording:
    """Read a recording, of that phase if one is given. Raises UsageError naming file and line."""
    try:
        with open(path, "rb") as file:
            return parse(_lines(file), path, phase)
    except OSError as exc:
        raise UsageError(f"{path}: cannot be read: {exc.strerror}") from exc


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """The lines of a file; of one that is too long only its beginning, which is refused."""
    while line := file.readline(_LONGEST_LINE + 2):
        yield line


def parse(lines: Iterable[bytes], name: str, phase: str | None = None) -> Recording:
    """Read a recording from its lines. Raises UsageError naming file and line; a last line cut short is only noted."""
    header: Mapping[str, Any] | None = None
    found: dict[str, list[Sample]] = {}
    notes: list[str] = []
    for number, line in enumerate(lines, start=1):
        try:
            if header is None:
                header = _header(_object(line), phase)
            elif line.strip():
                signal, seen = sample(_object(line))
                _append(found.setdefault(signal, []), seen)
        except ValueError as exc:
            if header is not None and not line.endswith(b"\n") and isinstance(exc, _CutShort):
                notes.append(f"{name} line {number}: was cut short and is left out")
                break
            raise UsageError(f"{name} line {number}: {exc}") from None
    if header is None:
        raise UsageError(f'{name}: is empty; a recording begins with {{"recording": 1, "phase": "watch"}}')
    signals = {signal: _signal(samples) for signal, samples in found.items()}
    return Recording(phase=str(header["phase"]), signals=signals, header=header, notes=tuple(notes))


def first_line(phase: str, **header: object) -> str:
    """The line that a recording begins with."""
    return json.dumps({"recording": VERSION, "phase": phase, **header}, allow_nan=False)


def line(signal: str, sample: Sample) -> str:
    """One probe, count or value as its line; what is None is left out."""
    known = {key: value for key in sample.__slots__ if (value := getattr(sample, key)) is not None}
    return json.dumps({"t": known.pop("t"), "signal": signal, **known}, allow_nan=False)


class _CutShort(ValueError):
    """A line that is not JSON, as the last one of a killed writer."""


def _object(line: bytes) -> Mapping[str, Any]:
    if len(line) > _LONGEST_LINE:
        raise ValueError("is longer than 64 KiB; a line holds one probe")
    try:
        found = json.loads(line.decode("utf-8-sig"), parse_constant=_no_constant)
    except UnicodeDecodeError:
        raise _CutShort("is not UTF-8 text") from None
    except json.JSONDecodeError as exc:
        raise _CutShort(f"is not JSON: {exc.msg}, column {exc.colno}") from None
    except RecursionError:
        raise ValueError("is nested too deeply for a probe") from None
    if not isinstance(found, dict):
        raise ValueError(
            'is not an object (write {"t": 0.2, "signal": "http_latency", "latency_ms": 12.3, "ok": true})'
        )
    return found


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not a number; leave the line out where nothing was measured")


def _header(found: Mapping[str, Any], phase: str | None) -> Mapping[str, Any]:
    if "recording" not in found:
        raise ValueError('is not the first line of a recording (write {"recording": 1, "phase": "watch"})')
    if found["recording"] != VERSION or isinstance(found["recording"], bool):
        raise ValueError(f"recording: version {_excerpt(found['recording'])} is not known (known: {VERSION})")
    if found.get("phase") not in PHASES:
        raise ValueError(f"phase: {_excerpt(found.get('phase'))} is not known (known: {', '.join(PHASES)})")
    if phase and found["phase"] != phase:
        raise ValueError(f"phase: is {found['phase']!r}, and a {phase} is wanted here; are the two files swapped?")
    return found


def sample(found: Mapping[str, Any]) -> tuple[str, Sample]:
    """One line's signal and sample. Raises ValueError naming key and value."""
    signal = found.get("signal")
    if not isinstance(signal, str) or not 0 < len(signal) <= 100:
        raise ValueError(f"signal: expected a name, got {_excerpt(signal)}")
    t = _number(found, "t", _LATEST_S)
    if "total" in found or "bad" in found:
        return signal, _count(found, t)
    if "value" in found:
        return signal, Value(t=t, value=_number(found, "value", _LARGEST_VALUE, -_LARGEST_VALUE))
    return signal, _probe(found, t)


def _count(found: Mapping[str, Any], t: float) -> Count:
    bad, total = (_number(found, key, _LARGEST_COUNT) for key in ("bad", "total"))
    if bad > total * (1 + 1e-9):
        raise ValueError(f"bad: {bad:g} is more than the total of {total:g}; do both count the same requests?")
    return Count(t=t, bad=min(bad, total), total=total)


def _probe(found: Mapping[str, Any], t: float) -> Probe:
    ok = found.get("ok")
    if not isinstance(ok, bool):
        raise ValueError(f"ok: expected true or false, got {_excerpt(ok)}")
    latency_ms = None if found.get("latency_ms") is None else _number(found, "latency_ms", _LONGEST_MS)
    if ok and latency_ms is None:
        raise ValueError("latency_ms: is missing, and ok is true; a good answer has a latency")
    status = found.get("status")
    if status is not None and (isinstance(status, bool) or not isinstance(status, int) or not 0 <= status <= 999):
        raise ValueError(f"status: expected an HTTP status or null, got {_excerpt(status)}")
    texts = {key: _text(found, key) for key in _TEXTS}
    return Probe(t=t, ok=ok, latency_ms=latency_ms, status=status, **texts)  # type: ignore[arg-type]  # texts alone


def _text(found: Mapping[str, Any], key: str) -> str | None:
    value = found.get(key)
    if value is not None and not isinstance(value, str):
        raise ValueError(f"{key}: expected text or null, got {_excerpt(value)}")
    return value[:_LONGEST_TEXT] if value else None


def _number(found: Mapping[str, Any], key: str, most: float, least: float = 0) -> float:
    value = found.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{key}: expected a number, got {_excerpt(value)}")
    if not least <= value <= most:
        raise ValueError(f"{key}: {_excerpt(value)} is not between {least:g} and {most:.0e}")
    return float(value)


def _append(samples: list[Sample], sample: Sample) -> None:
    if samples and type(samples[-1]) is not type(sample):
        raise ValueError("signal: has probes, counts or values under one name; give each kind its own")
    if samples and sample.t < samples[-1].t:
        raise ValueError(f"t: goes back from {samples[-1].t:g} to {sample.t:g}; sort the lines of a signal by t")
    samples.append(sample)


def _signal(samples: list[Sample]) -> Signal:
    return Signal(
        probes=tuple(each for each in samples if isinstance(each, Probe)),
        counts=tuple(each for each in samples if isinstance(each, Count)),
        values=tuple(each for each in samples if isinstance(each, Value)),
    )


def _excerpt(value: object) -> str:
    if isinstance(value, int) and abs(value) >= 10**20:
        return "a number of more than 64 bits"
    text = ascii(value)
    return text if len(text) <= 60 else f"{text[:59]}…"
