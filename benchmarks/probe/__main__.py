"""How well the gate's prober measures: `python -m benchmarks.probe`, against a server of known latency.

First table: does the open loop keep its rate, do its probes begin when they are due, and how far is the measured
latency from the known one, beside wrk with one connection. Second table: a server that stalls for a second every ten,
where a closed loop, which asks again when it has its answer, waits along and hides it (coordinated omission); wrk is
one too, and adds by reckoning what it did not ask (since 4.0). Needs wrk (apt-get install wrk); everything stays on
127.0.0.1. Each probe opens a connection of its own where it is not said to keep one; wrk and the closed loop keep
theirs.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from ci_reporter.gate.probing.prober import Prober
from ci_reporter.gate.probing.target import Target
from ci_reporter.gate.recording import Probe

KNOWN_MS = 20.0
STALL_S, EVERY_S = 1.0, 10.0
RATES = (20, 50, 200)
_UNITS_MS = {"us": 0.001, "ms": 1.0, "s": 1000.0}


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What the prober showed: latencies, how late each probe came to the server, and the CPU it took."""

    latencies: Sequence[float]
    late_ms: Sequence[float]
    cpu_share: float
    failed: int


def main() -> None:
    """Measure and print."""
    options = _options()
    if not shutil.which("wrk"):
        raise SystemExit("wrk is not installed: apt-get install wrk")
    print(
        f"Python {sys.version.split()[0]}, {os.cpu_count()} cores, latency {KNOWN_MS:g} ms, {options.seconds} s each\n"
    )
    with _service() as url:
        _print_steady(url, options.seconds)
    with _service(STALL_S, EVERY_S) as url:
        _print_stalls(url, options.stalls)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=15, choices=range(2, 61), metavar="2-60")
    parser.add_argument("--stalls", type=int, default=2, choices=range(1, 7), metavar="1-6")
    return parser.parse_args()


@contextmanager
def _service(*stalls: float) -> Iterator[str]:
    """Run the server; gives its address."""
    command = [sys.executable, "-m", "benchmarks.probe.service", *(str(each) for each in stalls)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.terminate()


def _probed(url: str, rate: float, seconds: float, *, fresh: bool = True) -> Shown:
    """Probe for so long."""
    _arrivals(url)
    before = _cpu_s()
    with Prober([Target(signal="x", url=f"{url}/{KNOWN_MS:g}", rate=rate, fresh=fresh)]) as prober:
        prober.start()
        begun = time.monotonic() - prober.elapsed_s()
        time.sleep(seconds)
        prober.stop()
        probes = [each for _, each in prober.poll() if isinstance(each, Probe)]
    due = sorted(each.t for each in probes)
    came = sorted(each - begun for each in _arrivals(url))
    return Shown(
        latencies=sorted(each.latency_ms for each in probes if each.latency_ms is not None),
        late_ms=[(at - t) * 1000 for t, at in zip(due, came, strict=True)],
        cpu_share=(_cpu_s() - before) / seconds,
        failed=sum(not each.ok for each in probes),
    )


def _arrivals(url: str) -> list[float]:
    with urllib.request.urlopen(f"{url}/arrivals") as reply:
        return list(json.load(reply))


def _cpu_s() -> float:
    """CPU time of processes that have ended: the prober's, start-up included."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _wrk(url: str, connections: int, seconds: float) -> dict[str, float]:
    """Latencies in ms by name (`50%`, `99%`, `Max`), and the rate, of a closed loop."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{int(seconds)}s", "--latency", f"{url}/{KNOWN_MS:g}"]
    said = subprocess.run(command, check=True, capture_output=True, text=True, timeout=seconds + 20).stdout
    found = {name: _ms(each) for name, each in re.findall(r"(\d+%)\s+([\d.]+\w+)", said)}
    longest = re.search(r"Latency(?:\s+[\d.]+\w+){2}\s+([\d.]+\w+)", said)
    rate = re.search(r"Requests/sec:\s*([\d.]+)", said)
    assert longest
    assert rate
    return found | {"Max": _ms(longest[1]), "rate": float(rate[1])}


def _closed(url: str, seconds: float) -> list[float]:
    """Latencies in ms of a loop that asks again once it has its answer."""
    connection = http.client.HTTPConnection(url.removeprefix("http://"))
    found: list[float] = []
    until = time.monotonic() + seconds
    while (begun := time.monotonic()) < until:
        connection.request("GET", f"/{KNOWN_MS:g}")
        connection.getresponse().read()
        found.append((time.monotonic() - begun) * 1000)
    connection.close()
    return sorted(found)


def _ms(text: str) -> float:
    number, unit = re.fullmatch(r"([\d.]+)(\w+)", text).groups()  # type: ignore[union-attr]
    return float(number) * _UNITS_MS[unit]


def _at(values: Sequence[float], quantile: float) -> float:
    return values[min(len(values) - 1, int(quantile * len(values)))]


def _print_steady(url: str, seconds: int) -> None:
    print(f"{'':19}{'rate':>9}{'of due':>8}{'late p50':>10}{'p99':>8}{'drift':>9}{'error p50':>11}{'p99':>9}{'CPU':>7}")
    for rate, fresh in [*((rate, True) for rate in RATES), (RATES[-1], False)]:
        name = f"probes, {rate}/s" + ("" if fresh else ", kept")
        print(f"{name:19}{_steady(_probed(url, rate, seconds, fresh=fresh), rate, seconds)}")
    closed = _wrk(url, 1, seconds)
    print(
        f"{'wrk, 1 connection':19}{closed['rate']:7.1f}/s{'':35}"
        f"{closed['50%'] - KNOWN_MS:+8.2f} ms{closed['99%'] - KNOWN_MS:+6.2f} ms\n"
    )


def _steady(found: Shown, rate: float, seconds: float) -> str:
    late, tenth = sorted(found.late_ms), max(1, len(found.late_ms) // 10)
    drift = (sum(found.late_ms[-tenth:]) - sum(found.late_ms[:tenth])) / tenth
    errors = [each - KNOWN_MS for each in found.latencies]
    return (
        f"{len(late) / seconds:7.1f}/s{len(late) / (rate * seconds):8.1%}"
        f"{_at(late, 0.5):7.2f} ms{_at(late, 0.99):5.2f} ms{drift:+6.2f} ms"
        f"{_at(errors, 0.5):+8.2f} ms{_at(errors, 0.99):+6.2f} ms{found.cpu_share:7.1%}"
        + (f"  {found.failed} failed" if found.failed else "")
    )


def _print_stalls(url: str, stalls: int) -> None:
    """Known: a tenth of the time a stall goes on, and who comes then waits for its end."""
    seconds = stalls * EVERY_S
    share = STALL_S / EVERY_S
    known_ms = KNOWN_MS + 1000 * STALL_S * (1 - 0.01 / share)
    print(f"A stall of {STALL_S:g} s every {EVERY_S:g} s, {seconds:g} s each")
    print(f"{'':20}{'p50':>9}{'p99':>11}{'of the known p99':>19}")
    print(f"{'known':20}{KNOWN_MS:6.1f} ms{known_ms:8.1f} ms")
    rows = [
        (f"probes, {rate}/s", *(_at(latencies, q) for q in (0.5, 0.99)))
        for rate in RATES
        for latencies in [_probed(url, rate, seconds).latencies]
    ]
    latencies = _closed(url, seconds)
    rows.append(("closed loop", _at(latencies, 0.5), _at(latencies, 0.99)))
    for connections in (1, 10):
        closed = _wrk(url, connections, seconds)
        rows.append((f"wrk, {connections} connection{'s' * (connections > 1)}", closed["50%"], closed["99%"]))
    for name, median, tail in rows:
        print(f"{name:20}{median:6.1f} ms{tail:8.1f} ms{tail / known_ms:19.0%}")


if __name__ == "__main__":
    main()
