"""Reports a second, side by side with the Pushgateway: `python -m benchmarks.hub`, wrk with 64 connections.

The hub verifies a signature, checks the report, and answers after the COMMIT (SQLite, WAL, synchronous=FULL); every
report is a new one. The Pushgateway replaces what a group held before, in memory, and is given the metrics of the same
step. One server at a time is under load, the rounds are interleaved; medians. Take the ratios, not the numbers: wrk
and the server share the cores, with whatever else the machine does. Needs
wrk and prometheus-pushgateway (Debian's packages).
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.hub.running import REPORT, SECRET, report, running_hub
from benchmarks.servers import SERVER, await_answer, free_port
from ci_reporter import metrics
from ci_reporter.model import uuid7
from ci_reporter.schema import from_json
from ci_reporter.system.standardwebhooks import signed_headers

GROUPS = (1, 100, 1000)
CONNECTIONS = 64


@dataclass(frozen=True, kw_only=True)
class Target:
    """A server under load: its process, its address, and how the requests of a round are made."""

    name: str
    pid: int
    url: str
    requests: Callable[[], Iterator[str]]


@dataclass(frozen=True, kw_only=True)
class Load:
    """What one round came to."""

    rate: float
    p99_ms: float
    rss_mb: float


def main() -> None:
    """Measure and print."""
    options = _options()
    for program in ("wrk", "prometheus-pushgateway"):
        if not shutil.which(program):
            raise SystemExit(f"{program} is not installed: apt-get install {program}")
    print(f"{options.rounds} rounds of {options.seconds} s, {options.connections} connections, {os.cpu_count()} cores")
    print(f"load before: {os.getloadavg()[0]:.1f}")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=options.folder)))
        hubs = [_hub(folder, count, options) for count in (1, 1000)]
        gateways = [_pushgateway(count, is_checked=checked) for count in GROUPS for checked in (True, False)]
        targets = [stack.enter_context(each) for each in (*hubs, *gateways)[: options.first]]
        found: dict[str, list[Load]] = {each.name: [] for each in targets}
        for number in range(options.rounds):
            for target in targets if number % 2 else reversed(targets):
                found[target.name].append(load(target, folder, options))
    _print(found)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=5, choices=range(1, 31))
    parser.add_argument("--connections", type=int, default=CONNECTIONS)
    parser.add_argument("--most", type=int, default=40_000, metavar="N", help="reports to sign for a second of a round")
    parser.add_argument("--first", type=int, metavar="N", help="only the first N servers of the table")
    parser.add_argument(
        "--folder", default=None, help="where the databases are; default: the folder for temporary files"
    )
    return parser.parse_args()


@contextmanager
def _hub(folder: Path, series: int, options: argparse.Namespace) -> Iterator[Target]:
    """A hub with a secret; each round has new reports, of so many series."""
    count = options.most * options.seconds
    with running_hub(folder, name=str(series)) as hub:
        name = f"hub, {series} series"
        yield Target(name=name, pid=hub.pid, url=hub.url, requests=lambda: signed_requests(count, series))


def signed_requests(count: int, series: int) -> Iterator[str]:
    """New reports, as push.lua reads them."""
    now_s = int(time.time())
    for number in range(count):
        body = json.dumps(report(job_name=f"job {number % series}")).encode()
        headers = signed_headers([SECRET], uuid7(), now_s, body) | {"Content-Type": "application/json"}
        head = "\t".join(["/ci-report", *(f"{key}={value}" for key, value in headers.items())])
        yield f"{head}\t\t{body.decode()}"


@contextmanager
def _pushgateway(groups: int, *, is_checked: bool) -> Iterator[Target]:
    """A Pushgateway that holds so many groups, each of which is pushed in its turn."""
    port = free_port()
    flags = [] if is_checked else ["--push.disable-consistency-check"]
    command = ["prometheus-pushgateway", f"--web.listen-address={SERVER}:{port}", "--log.level=error", *flags]
    body = metrics.text_format(metrics.samples(from_json({"job_name": "unit", **REPORT}))).decode()

    def requests() -> Iterator[str]:
        for number in range(groups):
            path = f"/metrics/job/ci_reporter/repository/shop/ci_job/{number}/step/pytest"
            yield f"{path}\tContent-Type=text/plain\t\t" + body.replace("\n", "\\n")

    url = f"http://{SERVER}:{port}"
    with _running(command, url, "/-/ready", dict(os.environ)) as pid:
        for each in requests():
            _push(url + each.partition("\t")[0], body.encode())
        name = f"Pushgateway, {groups} group{'s' * (groups > 1)}{'' if is_checked else ', unchecked'}"
        yield Target(name=name, pid=pid, url=url, requests=requests)


def _push(url: str, body: bytes) -> None:
    urllib.request.urlopen(urllib.request.Request(url, body, {"Content-Type": "text/plain"}), timeout=60).close()


@contextmanager
def _running(command: Sequence[str | Path], url: str, ready: str, env: dict[str, str]) -> Iterator[int]:
    with subprocess.Popen(command, env=env, stderr=subprocess.DEVNULL) as process:
        try:
            await_answer(process, url + ready)
            yield process.pid
        finally:
            process.terminate()


def load(target: Target, folder: Path, options: argparse.Namespace) -> Load:
    """Load it; an answer that is none of 2xx ends the measuring."""
    lines = folder / "requests"
    with lines.open("w") as out:
        count = sum(out.write(f"{each}\n") > 0 for each in target.requests())
    script = Path(__file__).with_name("push.lua")
    limits = ["-t1", f"-c{options.connections}", f"-d{options.seconds}s", "--latency", "--timeout", "20s"]
    env = os.environ | {"REQUESTS": str(lines)}
    said = subprocess.run(
        ["wrk", *limits, "-s", script, target.url], check=True, capture_output=True, text=True, env=env
    ).stdout
    if "Non-2xx" in said:
        raise SystemExit(f"{target.name}: {said}")
    done = int(_number(r"(\d+) requests in", said))
    if target.name.startswith("hub") and done > count:
        raise SystemExit(f"{done} requests, and {count} reports were signed: give a larger --most")
    p99, unit = re.search(r"99%\s+([\d.]+)(us|ms|s|m)", said).groups()  # type: ignore[union-attr]
    factor = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}[unit]
    return Load(rate=_number(r"Requests/sec:\s*([\d.]+)", said), p99_ms=float(p99) * factor, rss_mb=_rss_mb(target.pid))


def _number(pattern: str, said: str) -> float:
    found = re.search(pattern, said)
    assert found, said
    return float(found[1])


def _rss_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return _number(r"VmRSS:\s+(\d+)", status) / 1024


def _print(found: dict[str, list[Load]]) -> None:
    hub = statistics.median(each.rate for each in found["hub, 1 series"])
    print(f"\n{'':36}{'requests/s':>11}{'p99 ms':>9}{'RSS MB':>8}{'hub is':>9}")
    for name, loads in found.items():
        rate, p99, rss = (
            statistics.median(getattr(each, key) for each in loads) for key in ("rate", "p99_ms", "rss_mb")
        )
        print(f"{name:36}{rate:11.0f}{p99:9.1f}{rss:8.0f}{hub / rate:8.1f}x")
    print(f"\nload after: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
