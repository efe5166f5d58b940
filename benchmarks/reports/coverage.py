"""What reading large coverage files costs: `python -m benchmarks.reports.coverage` (about three minutes).

A Cobertura and an LCOV file of 200 MB each, always the same; one process each, every reader once a round, rounds
interleaved, medians. The yardsticks are an empty loop of the standard library's `iterparse` that clears as it goes, and
`grep -c ^DA`. pycobertura keeps a tree, so it gets a tenth of the Cobertura file, where its interpreter is given:

    python -m venv /tmp/pc && /tmp/pc/bin/pip install pycobertura     then  --pycobertura /tmp/pc/bin/python
"""

from __future__ import annotations

import argparse
import random
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.reports.measuring import BARE, EMPTY_LOOP, Reader, compare

OURS = """
from ci_reporter import coverage
print(coverage.read(PATH).totals, file=sys.stderr)
"""
DETAIL = """
from ci_reporter import coverage
print(len(coverage.read(PATH, detail=True).files), file=sys.stderr)
"""
PYCOBERTURA = """
from pycobertura import Cobertura
print(Cobertura(PATH).total_statements(), file=sys.stderr)
"""
GREP = """
import subprocess
subprocess.run(["grep", "-c", "^DA", PATH], stdout=subprocess.DEVNULL, check=True)
"""


def cobertura(chance: random.Random) -> Iterator[str]:
    """A file as coverage.py writes it, class by class, without end."""
    number = 0
    while True:
        number += 1
        yield f'\t\t\t\t<class name="m{number}.py" filename="shop/part{number % 97}/m{number}.py" complexity="0">\n'
        yield "\t\t\t\t\t<methods/>\n\t\t\t\t\t<lines>\n"
        yield "".join(_row(chance, line) for line in range(1, chance.randint(50, 900)))
        yield "\t\t\t\t\t</lines>\n\t\t\t\t</class>\n"


def _row(chance: random.Random, line: int) -> str:
    hits = int(chance.random() < 0.9)
    if chance.random() < 0.1:
        condition = f'branch="true" condition-coverage="50% (1/2)" missing-branches="{line + 3}"'
        return f'\t\t\t\t\t\t<line number="{line}" hits="{hits}" {condition}/>\n'
    return f'\t\t\t\t\t\t<line number="{line}" hits="{hits}"/>\n'


def lcov(chance: random.Random) -> Iterator[str]:
    """A tracefile as geninfo writes it, file by file, without end."""
    number = 0
    while True:
        number += 1
        hits = [chance.randrange(200) * (chance.random() < 0.9) for _ in range(chance.randint(50, 900))]
        covered = len(hits) - hits.count(0)
        lines = "".join(f"DA:{line},{count}\n" for line, count in enumerate(hits, start=1))
        yield f"TN:\nSF:/build/shop/part{number % 97}/m{number}.c\n{lines}LF:{len(hits)}\nLH:{covered}\nend_of_record\n"


def write(path: Path, megabytes: float, pieces: Iterator[str], head: str = "", tail: str = "") -> None:
    """Write so many megabytes of whole pieces."""
    left = megabytes * 1_000_000
    with path.open("w", encoding="utf-8") as file:
        file.write(head)
        for piece in pieces:
            file.write(piece)
            left -= len(piece)
            if left < 0 and piece.rstrip().endswith(("</class>", "end_of_record")):
                break
        file.write(tail)


def write_cobertura(path: Path, megabytes: float) -> None:
    """Write one with its frame."""
    head = '<?xml version="1.0" ?>\n<coverage version="7.6">\n<packages><package name="shop"><classes>\n'
    write(path, megabytes, cobertura(random.Random(1)), head, "</classes></package></packages>\n</coverage>\n")


def write_lcov(path: Path, megabytes: float) -> None:
    """Write one; it has no frame."""
    write(path, megabytes, lcov(random.Random(1)))


def main() -> None:
    """Measure, and print tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--megabytes", type=float, default=200)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--pycobertura", metavar="PYTHON")
    options = parser.parse_args()
    bare, loop = Reader(name="bare interpreter", body=BARE), Reader(name="empty iterparse loop", body=EMPTY_LOOP)
    grep = Reader(name="grep -c ^DA", body=GREP)
    ours = [Reader(name="ci-reporter", body=OURS), Reader(name="ci-reporter, each line", body=DETAIL)]
    runs: list[tuple[str, float, Callable[[Path, float], None], list[Reader]]] = [
        ("cobertura.xml", options.megabytes, write_cobertura, [bare, loop, *ours]),
        ("lcov.info", options.megabytes, write_lcov, [bare, grep, *ours]),
    ]
    if options.pycobertura:
        other = Reader(name="pycobertura", body=PYCOBERTURA, python=options.pycobertura)
        runs.append(("small.xml", options.megabytes / 10, write_cobertura, [bare, loop, *ours, other]))
    with tempfile.TemporaryDirectory() as folder:
        for name, megabytes, writer, readers in runs:
            path = Path(folder) / name
            writer(path, megabytes)
            for line in compare(path, readers, options.rounds):
                print(line, flush=True)
            path.unlink()


if __name__ == "__main__":
    main()
