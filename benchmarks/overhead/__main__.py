"""What wrapping a command costs: `python -m benchmarks.overhead`, with the interpreter ci-reporter is installed for.

Whole processes, every case once a round, the rounds interleaved (A B C A B C …), medians, and ratios to the bare
interpreter of the same run. A local Pushgateway and datadog-ci are compared where they are there:

    apt-get install prometheus-pushgateway
    npm install --prefix /tmp/datadog @datadog/datadog-ci    then  --datadog /tmp/datadog/node_modules/.bin/datadog-ci
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PROGRAM = str(Path(sys.executable).with_name("ci-reporter"))
READ = """
from ci_reporter import coverage, testresults
coverage.collect(["coverage.xml"], ".")
testresults.collect(["junit.xml"], ".")
"""
EAGER = "import click, requests, structlog, prometheus_client, yaml"
GITHUB = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_RUN_ID": "17012345678",
    "GITHUB_RUN_NUMBER": "42",
    "GITHUB_RUN_ATTEMPT": "1",
    "GITHUB_REPOSITORY": "acme/shop",
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_WORKFLOW": "CI",
    "GITHUB_JOB": "unit",
    "GITHUB_REF": "refs/heads/main",
    "GITHUB_REF_NAME": "main",
    "GITHUB_REF_TYPE": "branch",
    "GITHUB_SHA": "a" * 40,
}


@dataclass(frozen=True, kw_only=True)
class Case:
    """A command to time; its child prints the nanosecond it started where `stamps`."""

    name: str
    command: Sequence[str]
    stamps: bool = False


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One run: wall time, time until the child had started, the largest process's memory."""

    total_ms: float
    start_ms: float
    peak_mb: float


def main() -> None:
    """Measure and print."""
    options = _options()
    with tempfile.TemporaryDirectory() as folder, _pushgateway() as gateway:
        cases = _cases(gateway, options.datadog)
        samples = _measure(cases, options.rounds, folder)
        throughput = _throughput(folder) if options.gigabyte else None
    print(f"{options.rounds} rounds, Python {sys.version.split()[0]}, {os.cpu_count()} cores")
    _print_table(cases, samples)
    _print_targets(samples, throughput)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--datadog", default=shutil.which("datadog-ci"), help="the datadog-ci program to compare with")
    parser.add_argument("--no-gigabyte", dest="gigabyte", action="store_false", help="leave out 1 GB through stdout")
    return parser.parse_args()


def _cases(gateway: str | None, datadog: str | None) -> list[Case]:
    stamp, sleep = ("date", "+%s%N"), ("sleep", "0.3")
    run = (PROGRAM, "run", "--quiet")
    cases = [
        Case(name="python -c pass", command=(sys.executable, "-c", "pass")),
        Case(name="bare", command=stamp, stamps=True),
        Case(name="run", command=(*run, "--", *stamp), stamps=True),
        Case(name="run true", command=(*run, "--", "true")),
        Case(name="bare sleep 0.3", command=sleep),
        Case(name="run sleep 0.3", command=(*run, "--", *sleep)),
        Case(name="eager import", command=(sys.executable, "-c", EAGER)),
    ]
    reports = ("--coverage", "coverage.xml", "--tests", "junit.xml")
    cases.append(Case(name="run, reports", command=(*run, *reports, "--", "touch", "coverage.xml", "junit.xml")))
    cases.append(Case(name="read reports", command=(sys.executable, "-c", READ)))
    if gateway:
        cases.insert(4, Case(name="run, push", command=(*run, "--pushgateway", gateway, "--", *stamp), stamps=True))
        cases.append(Case(name="run, push, sleep 0.3", command=(*run, "--pushgateway", gateway, "--", *sleep)))
    if datadog:
        cases.append(Case(name="datadog-ci", command=(datadog, "trace", "--dry-run", "--", *stamp), stamps=True))
    return cases


def _small_project(folder: str) -> None:
    """The report files of a small project: 40 source files of 50 lines, 200 tests."""
    lines = "".join(f'<line number="{number}" hits="{number % 3}"/>' for number in range(1, 51))
    classes = "".join(f'<class name="m{n}" filename="m{n}.py"><lines>{lines}</lines></class>' for n in range(40))
    package = f'<packages><package name="p"><classes>{classes}</classes></package></packages>'
    Path(folder, "coverage.xml").write_text(f'<coverage version="7" timestamp="0">{package}</coverage>')
    cases = "".join(f'<testcase classname="tests.unit" name="test_{n}" time="0.01"/>' for n in range(200))
    Path(folder, "junit.xml").write_text(
        f'<testsuites><testsuite name="s" tests="200">{cases}</testsuite></testsuites>'
    )


def _measure(cases: Sequence[Case], rounds: int, folder: str) -> Mapping[str, list[Sample]]:
    _small_project(folder)
    env = {"PATH": os.environ["PATH"], "HOME": folder, "LANG": "C.UTF-8", **GITHUB, "GITHUB_WORKSPACE": folder}
    samples: dict[str, list[Sample]] = {case.name: [] for case in cases}
    for number in range(rounds + 2):  # two rounds to warm the page cache
        for case in cases:
            sample = _once(case, env, folder)
            if number >= 2:
                samples[case.name].append(sample)
    return samples


def _once(case: Case, env: Mapping[str, str], folder: str) -> Sample:
    began = time.time_ns()
    process = subprocess.Popen(case.command, env=env, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdout is not None
    output = process.stdout.read()
    process.stdout.close()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    total_ms = (time.time_ns() - began) / 1e6
    if process.returncode:
        raise SystemExit(f"{case.name}: {' '.join(case.command)} exited with {process.returncode}")
    stamp = re.search(rb"\d{19}", output)
    start_ms = (int(stamp[0]) - began) / 1e6 if case.stamps and stamp else 0.0
    return Sample(total_ms=total_ms, start_ms=start_ms, peak_mb=usage.ru_maxrss / 1024)


def _throughput(folder: str) -> float:
    """1 GB through stdout to a reader: the median ratio of wrapped to bare over paired runs."""
    flood = ["head", "-c", "1000000000", "/dev/zero"]
    ratios = []
    for _ in range(9):
        bare, wrapped = (_drain_s(command, folder) for command in (flood, [PROGRAM, "run", "-q", "--", *flood]))
        ratios.append((bare, wrapped))
    fixed = statistics.median(_drain_s([PROGRAM, "run", "-q", "--", "true"], folder) for _ in range(5))
    return statistics.median((wrapped - fixed) / bare for bare, wrapped in ratios)


def _drain_s(command: Sequence[str], folder: str) -> float:
    began = time.monotonic()
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        subprocess.run(["cat"], stdin=process.stdout, stdout=subprocess.DEVNULL, check=True)
    return time.monotonic() - began


def _print_table(cases: Sequence[Case], samples: Mapping[str, list[Sample]]) -> None:
    unit = _median(samples, "python -c pass", "total_ms")
    print(f"\n{'case':24}{'total':>10}{'ratio':>8}{'child after':>14}{'peak':>10}")
    for case in cases:
        total, start, peak = (_median(samples, case.name, field) for field in ("total_ms", "start_ms", "peak_mb"))
        after = f"{start:.1f} ms" if case.stamps else "-"
        print(f"{case.name:24}{total:7.1f} ms{total / unit:7.2f}x{after:>14}{peak:7.1f} MB")


def _print_targets(samples: Mapping[str, list[Sample]], throughput: float | None) -> None:
    unit = _median(samples, "python -c pass", "total_ms")
    added = _median(samples, "run", "total_ms") - _median(samples, "bare", "total_ms")
    later = _median(samples, "run", "start_ms") - _median(samples, "bare", "start_ms")
    peak = _median(samples, "run", "peak_mb")
    print(f"\nthe child starts later by {later / unit:.2f} x python -c pass (target: at most 3)")
    whole = _median(samples, "run true", "total_ms")
    print(f"run -- true takes {whole / unit:.2f} x python -c pass in all (target: at most 4.5)")
    if "run, push, sleep 0.3" in samples:
        around = _median(samples, "run, push, sleep 0.3", "total_ms") - _median(samples, "bare sleep 0.3", "total_ms")
        peak = max(peak, _median(samples, "run, push", "peak_mb"))
        print(
            f"around a 0.3 s command, push included, added {around / unit:.2f} x python -c pass (target: at most 4.5)"
        )
    print(f"peak memory {peak:.1f} MB (target: at most 32)")
    reading = _median(samples, "run, reports", "total_ms") - _median(samples, "run", "total_ms")
    alone = _median(samples, "read reports", "total_ms") - unit
    print(f"reading reports in run adds {reading / alone:.2f} of the time of reading them alone (target: at most 1)")
    if "datadog-ci" in samples:
        theirs = _median(samples, "datadog-ci", "total_ms") - _median(samples, "bare", "total_ms")
        memory = _median(samples, "datadog-ci", "peak_mb")
        print(f"added time {added / theirs:.3f} of datadog-ci's (target: at most 0.167)")
        print(f"memory {peak / memory:.3f} of datadog-ci's (target: at most 0.333)")
    if throughput is not None:
        print(f"1 GB through stdout takes {throughput:.3f} of the bare time (target: at most 1.02)")


def _median(samples: Mapping[str, list[Sample]], name: str, field: str) -> float:
    return statistics.median(getattr(sample, field) for sample in samples[name])


@contextmanager
def _pushgateway() -> Iterator[str | None]:
    """A Pushgateway of our own on this machine, where it is installed."""
    program = shutil.which("prometheus-pushgateway") or shutil.which("pushgateway")
    if not program:
        yield None
        return
    address = "127.0.0.1:19191"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen([program, f"--web.listen-address={address}"], **quiet) as process:
        time.sleep(1)
        try:
            yield f"http://{address}"
        finally:
            process.terminate()


if __name__ == "__main__":
    main()
