"""What the gate's judge gets right and wrong, beside what others do: `python -m benchmarks.gate`.

Simulates deploys cell by cell, writes what each procedure said of each run to a file, and prints the table. It goes on
where an earlier call ended. The column of the procedure before this one comes from `before.json`: 60 runs a cell of
commit c72e676, by `--procedure before --results FILE` with that version of the package on PYTHONPATH, then `--summary`.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from benchmarks.gate import table
from benchmarks.gate.cells import Cell, cells
from benchmarks.gate.procedures import PROCEDURES

FIRST_SEED = 990_000_000  # none of them was used to tune the judge
CHUNK = 20


def main() -> None:
    options = arguments()
    if options.look:
        from benchmarks.gate import look  # of this version of the package only

        print(look.measured())
        return
    path = Path(options.results)
    wanted = [cell for cell in cells() if options.only in cell.name]
    if options.runs:
        simulate(wanted, path, options)
    if options.summary:
        print(json.dumps(table.summary(read(path)), ensure_ascii=False))
        return
    before = Path(options.before)
    print(table.table(wanted, read(path), json.loads(before.read_text("utf-8")) if before.exists() else {}))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=1000, help="at most so many runs a cell; 0 prints what there is")
    parser.add_argument("--only", default="", help="cells whose name holds this")
    parser.add_argument("--results", default="benchmarks/gate/results.ndjson", metavar="FILE")
    parser.add_argument("--before", default="benchmarks/gate/before.json", metavar="FILE", help="of the old procedure")
    parser.add_argument("--summary", action="store_true", help="print the results as before.json has them, and end")
    parser.add_argument("--procedure", choices=("now", "before"), default="now")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--look", action="store_true", help="measure what one look costs, and end")
    return parser.parse_args()


def simulate(wanted: list[Cell], path: Path, options: argparse.Namespace) -> None:
    """Run what is not in the file yet, round by round, so that every cell has some runs soon."""
    done = {(each["cell"], each["seed"]) for each in read(path)}
    tasks = [(cell.name, seed) for cell, seed in rounds(wanted, options.runs) if (cell.name, seed) not in done]
    with path.open("a", encoding="utf-8") as file, ProcessPoolExecutor(options.processes) as pool:
        for line in pool.map(partial(run, options.procedure), tasks, chunksize=CHUNK):
            file.write(f"{line}\n")
            file.flush()


def rounds(wanted: list[Cell], runs: int) -> Iterator[tuple[Cell, int]]:
    for first in range(0, runs, CHUNK):
        for cell in wanted:
            last = min(first + CHUNK, runs, cell.runs)
            yield from ((cell, FIRST_SEED + at) for at in range(first, last))


def run(procedure: str, task: tuple[str, int]) -> str:
    """One run as a line of the file."""
    name, seed = task
    cell = next(each for each in cells() if each.name == name)
    return json.dumps({"cell": name, "seed": seed, "by": PROCEDURES[procedure](cell, seed)})


def read(path: Path) -> Iterator[dict[str, object]]:
    if not path.exists():
        return
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            yield json.loads(line)
        except ValueError:  # cut short by a call that was ended
            print(f"{path}: a line is left out", file=sys.stderr)


if __name__ == "__main__":
    main()
