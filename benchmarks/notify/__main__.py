"""What telling people costs, and who believes a vendor that says no: `python -m benchmarks.notify [--apprise PYTHON]`.

Eight channels, each a vendor on this machine that takes 0.1 to 0.8 s to answer: the time of the whole call beside that
of a call to the slowest alone, interleaved, medians. Then each vendor says no, most with status 200 and a code in the
body: what `ci-reporter notify` took for success, and apprise, where `--apprise` names a Python that has it
(`pip install apprise`).
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.notify.vendors import VENDORS, Server, Vendor, as_json, environment, serving

PROGRAM = str(Path(sys.executable).with_name("ci-reporter"))
SLOWEST = VENDORS[-1]


def main() -> None:
    """Measure, and print both tables."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--rounds", type=int, default=15)
    arguments.add_argument("--apprise", metavar="PYTHON", help="a Python that has apprise")
    options = arguments.parse_args()
    with serving() as server, tempfile.TemporaryDirectory() as folder:
        server.delay_s = {each.name: 0.1 * (at + 1) for at, each in enumerate(VENDORS)}
        print(cost(server, folder, options.rounds))
        server.delay_s = {}
        print(belief(server, folder, options.apprise))


def cost(server: Server, folder: str, rounds: int) -> str:
    """The time of all eight beside that of the slowest alone and of a call that sends nothing."""
    plans = {"nothing is set up": (), "the slowest channel": (SLOWEST,), "all eight": VENDORS}
    times: dict[str, list[float]] = {name: [] for name in plans}
    for _ in range(rounds):
        for name, vendors in plans.items():
            begun = time.monotonic()
            notify(server, folder, vendors)
            times[name].append(time.monotonic() - begun)
    medians = {name: statistics.median(found) for name, found in times.items()}
    lines = [f"| {name} | {seconds:.3f} s |" for name, seconds in medians.items()]
    ratio = medians["all eight"] / medians["the slowest channel"]
    delays = sum(server.delay_s.values())
    said = f"all eight: {ratio:.2f} × the slowest alone; one after the other the answers alone take {delays:.1f} s\n"
    return "\n".join(["| channels | one call takes |", "|---|---|", *lines, "", said])


def notify(server: Server, folder: str, vendors: tuple[Vendor, ...]) -> list[dict[str, object]]:
    """One call of the program; what it says became of the alert."""
    env = {"PATH": os.environ["PATH"], "HOME": folder, **environment(server, vendors)}
    line = [
        PROGRAM,
        "notify",
        "--title",
        "unit failed",
        "--text",
        "3 of 200 tests failed",
        "--level",
        "error",
        "--json",
    ]
    done = subprocess.run(line, cwd=folder, env=env, capture_output=True, text=True, check=True)
    return [json.loads(each) for each in done.stdout.splitlines()]


def belief(server: Server, folder: str, apprise: str | None) -> str:
    """What each took for success when every vendor said no, and when every vendor said yes."""
    columns: dict[str, dict[str, object]] = {}
    for word in ("yes", "no"):
        server.refuse = word == "no"
        columns[f"ci-reporter, {word}"] = {
            str(each["channel"]): each["taken"] == 1 for each in notify(server, folder, VENDORS)
        }
        if apprise:
            columns[f"apprise, {word}"] = by_apprise(server, apprise)["taken"]
    head = " | ".join(f"{name.partition(', ')[0]}: success when it says {name.partition(', ')[2]}" for name in columns)
    lines = [f"| vendor | {head} |", "|---" * (len(columns) + 1) + "|"]
    for vendor in VENDORS:
        cells = ("yes" if found.get(vendor.name) else "no" for found in columns.values())
        lines.append(f"| {vendor.name}, {vendor.no[0]} `{vendor.no[1][:44]}` | {' | '.join(cells)} |")
    return "\n".join(lines)


def by_apprise(server: Server, python: str) -> dict[str, dict[str, object]]:
    """What apprise took for success."""
    script = Path(__file__).with_name("by_apprise.py")
    done = subprocess.run([python, script], input=as_json(server), capture_output=True, text=True, check=True)
    found: dict[str, dict[str, object]] = json.loads(done.stdout.splitlines()[-1])
    return found


if __name__ == "__main__":
    main()
