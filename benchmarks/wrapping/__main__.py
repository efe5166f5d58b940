"""Whether a signal at any instant costs a record or the exit code: `python -m benchmarks.wrapping`.

A step is run again and again, and at a random instant, from before Python has started until after the push, it is hit:
by `kill -9`, by one or two of INT, TERM and HUP, or by ^C once or twice in a terminal. The gateway is in turn a real
Pushgateway, a port that refuses, and one that takes the connection and never answers. Then, each time:

- the exit code is the command's own, or 128+N where the signal N ended it or kept it from starting; -N is right only
  for a reporter that had not begun to run yet, and for `kill -9`;
- there is exactly one record of a command that has begun, with that code; after `kill -9` the next call writes it;
- the record is on the gateway or in the spool;
- the command does not run any more.

    apt-get install prometheus-pushgateway
    python -m benchmarks.wrapping --runs 300
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks.servers import free_port
from benchmarks.wrapping.faults import faults
from benchmarks.wrapping.plans import KINDS, Plan, random_plan
from benchmarks.wrapping.runs import PHASES, Done, run


def main() -> None:
    """Run, judge, print; exit 1 when something is wrong or lost."""
    options = _options()
    chance = random.Random(options.seed)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        gateways = _gateways(stack, folder)
        lasts_s = {name: _lasts_s(folder, name, url) for name, url in gateways.items()}
        plans = [
            random_plan(kind, number, chance, gateways, lasts_s) for kind in KINDS for number in range(options.runs)
        ]
        with ThreadPoolExecutor(options.jobs) as pool:
            done = list(pool.map(lambda plan: run(folder / plan.name, plan), plans))
        found = {each.plan.name: tuple(faults(each)) for each in done}
    print(f"seed {options.seed}; a step lasts " + ", ".join(f"{s:.2f} s ({name})" for name, s in lasts_s.items()))
    for kind in KINDS:
        _print_table(kind, [each for each in done if each.plan.kind == kind], found)
    for each in done:
        for fault in found[each.plan.name]:
            print(f"{fault}: {each}")
    sys.exit(any(found.values()))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=300, help="of each of the three kinds")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="runs at a time")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    return parser.parse_args()


def _gateways(stack: ExitStack, folder: Path) -> dict[str, str]:
    hole = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=1000))
    found = {
        "refused": f"http://127.0.0.1:{free_port()}",
        "black hole": f"http://127.0.0.1:{hole.getsockname()[1]}",
    }
    if program := shutil.which("prometheus-pushgateway"):
        found["real"] = stack.enter_context(_pushgateway(program, folder))
    return found


@contextmanager
def _pushgateway(program: str, folder: Path) -> Iterator[str]:
    port = free_port()
    flags = (f"--web.listen-address=127.0.0.1:{port}", f"--persistence.file={folder / 'gateway.data'}")
    with subprocess.Popen((program, *flags), stderr=subprocess.DEVNULL) as process:
        url = f"http://127.0.0.1:{port}"
        while True:
            try:
                urllib.request.urlopen(f"{url}/-/ready", timeout=1).close()
                break
            except OSError:
                time.sleep(0.05)
        yield url
        process.terminate()


def _lasts_s(folder: Path, name: str, url: str) -> float:
    """How long a step takes that nobody disturbs."""
    plans = [Plan(kind="calibration", number=number, gateway=name, url=url) for number in range(5)]
    return statistics.median(run(folder / plan.name, plan).lasted_s for plan in plans)


def _print_table(kind: str, done: Sequence[Done], found: Mapping[str, Sequence[str]]) -> None:
    here = [fault for each in done for fault in found[each.plan.name]]
    lost = sum(fault.startswith("lost") for fault in here)
    print(f"\n{kind}: {len(done)} runs, {len(here) - lost} wrong, {lost} lost")
    print("".join(f"{title:>20}" for title in ("gateway", *PHASES, "in the spool")))
    for gateway in sorted({each.plan.gateway for each in done}):
        those = [each for each in done if each.plan.gateway == gateway]
        hit = Counter(each.phase for each in those)
        cells = (gateway, *(hit[phase] for phase in PHASES), sum(bool(each.spooled) for each in those))
        print("".join(f"{cell:>20}" for cell in cells))


if __name__ == "__main__":
    main()
