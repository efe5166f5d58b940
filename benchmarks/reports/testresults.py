"""What reading a large JUnit file costs: `python -m benchmarks.reports.testresults` (about two minutes).

One deterministic file of 1,000,000 cases, one process each, every reader once a round, rounds interleaved, medians. The
yardstick is an empty loop of the standard library's `iterparse` that clears as it goes. junitparser is compared where
its interpreter is given:

    python -m venv /tmp/jp && /tmp/jp/bin/pip install junitparser     then  --junitparser /tmp/jp/bin/python
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from benchmarks.reports.measuring import BARE, EMPTY_LOOP, Reader, compare

OURS = """
from ci_reporter.testresults import read
print(read(PATH).tests.total, file=sys.stderr)
"""
JUNITPARSER = """
from junitparser import JUnitXml
print(sum(len(suite) for suite in JUnitXml.fromfile(PATH)), file=sys.stderr)
"""


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
        print(f"{options.cases} cases")
        print("\n".join(compare(path, readers, options.rounds)))


if __name__ == "__main__":
    main()
