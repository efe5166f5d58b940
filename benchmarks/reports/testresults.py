"""What reading a large JUnit file costs: `python -m benchmarks.reports.testresults` (about two minutes).

One deterministic file of 1,000,000 cases, one process each, every reader once a round, rounds interleaved, medians. The
yardstick is an empty loop of the standard library's `iterparse` that clears as it goes. junitparser is compared where
its interpreter is given:

    python -m venv /tmp/jp && /tmp/jp/bin/pip install junitparser     then  --junitparser /tmp/jp/bin/python
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

BARE = "pass"
EMPTY_LOOP = """
from xml.etree.ElementTree import iterparse
for _, element in iterparse(PATH):
    element.clear()
"""
OURS = """
from ci_reporter.testresults import read
print(read(PATH).tests.total, file=sys.stderr)
"""
JUNITPARSER = """
from junitparser import JUnitXml
print(sum(len(suite) for suite in JUnitXml.fromfile(PATH)), file=sys.stderr)
"""
FRAME = """
import json, re, sys, time
PATH = {path!r}
began = time.perf_counter()
{body}
seconds = time.perf_counter() - began
peak_kib = int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])
print(json.dumps([seconds, peak_kib / 1024]))
"""


@dataclass(frozen=True, kw_only=True)
class Reader:
    """One way to read the file: an interpreter, and what it runs."""

    name: str
    body: str
    python: str = sys.executable


def write(path: Path, cases: int, suite_name: str = "shop.Suite") -> None:
    """Write a file like pytest's and surefire's: suites of 1000, 1 % failed, 2 % skipped."""
    with path.open("w", encoding="utf-8") as file:
        file.write(f'<?xml version="1.0" encoding="utf-8"?>\n<testsuites tests="{cases}">\n')
        for first in range(0, cases, 1000):
            file.write(
                f'<testsuite name="{suite_name}{first // 1000}" tests="{min(1000, cases - first)}" time="12.5">\n'
            )
            file.writelines(map(_case, range(first, min(first + 1000, cases))))
            file.write("</testsuite>\n")
        file.write("</testsuites>\n")


def _case(number: int) -> str:
    start = (
        f'<testcase classname="shop.cart.test_{number // 1000}" name="test_adds[{number}]" time="0.{number % 997:03d}"'
    )
    if number % 100 == 17:
        text = "Traceback (most recent call last):\n" + "  File &quot;cart.py&quot;, line 3, in add\n" * 5
        return f'{start}><failure message="assert 1 == 2">{text}</failure></testcase>\n'
    if number % 50 == 3:
        return f'{start}><skipped message="later" /></testcase>\n'
    return f"{start} />\n"


def measured(reader: Reader, path: Path) -> tuple[float, float]:
    """Seconds and peak MiB of one process."""
    program = FRAME.format(path=str(path), body=reader.body)
    done = subprocess.run([reader.python, "-c", program], check=True, stdout=subprocess.PIPE, text=True)
    seconds, peak = json.loads(done.stdout)
    return seconds, peak


def table(rows: dict[str, list[tuple[float, float]]]) -> Iterator[str]:
    """Medians, and what they are against the bare interpreter and the empty loop."""
    bare = statistics.median(peak for _, peak in rows["bare interpreter"])
    loop = statistics.median(seconds for seconds, _ in rows["empty iterparse loop"])
    yield f"{'':22}{'time s':>8}{'ratio':>8}{'peak MiB':>10}{'over bare':>11}"
    for name, samples in rows.items():
        seconds = statistics.median(sample[0] for sample in samples)
        peak = statistics.median(sample[1] for sample in samples)
        yield f"{name:22}{seconds:8.2f}{seconds / loop:8.2f}{peak:10.1f}{peak - bare:11.1f}"


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--cases", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--junitparser", metavar="PYTHON")
    options = parser.parse_args()
    readers = [
        Reader(name="bare interpreter", body=BARE),
        Reader(name="empty iterparse loop", body=EMPTY_LOOP),
        Reader(name="ci-reporter", body=OURS),
    ]
    if options.junitparser:
        readers.append(Reader(name="junitparser", body=JUNITPARSER, python=options.junitparser))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "junit.xml"
        write(path, options.cases)
        print(f"{options.cases} cases, {path.stat().st_size / 2**20:.0f} MiB, {options.rounds} rounds")
        rows: dict[str, list[tuple[float, float]]] = {reader.name: [] for reader in readers}
        for _ in range(options.rounds):
            for reader in readers:
                rows[reader.name].append(measured(reader, path))
    print("\n".join(table(rows)))


if __name__ == "__main__":
    main()
