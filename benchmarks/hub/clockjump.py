"""The hub's clock jumps by a day while reports come: `python -m benchmarks.hub.clockjump`.

shim.c, preloaded into the hub alone, adds to the time of day. While the clocks differ by more than five minutes each
request is refused, 401, and the sender keeps it; when they agree again, all is taken. Nothing is lost, and nothing is
counted twice.
"""

from __future__ import annotations

import argparse
import asyncio
import sqlite3
import struct
import tempfile
from collections import Counter
from contextlib import closing
from pathlib import Path

from benchmarks.hub.running import (
    Connection,
    Hub,
    build_shim,
    encoded,
    print_load,
    report,
    request,
    running_hub,
    verdict,
)

DAY_S = 86_400
JUMPS = (0, DAY_S, 0, -DAY_S, 0)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--reports", type=int, default=500, help="between two jumps")
    options = parser.parse_args()
    print_load()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        clock = folder / "clock"
        clock.write_bytes(bytes(8))
        env = {"LD_PRELOAD": str(build_shim(folder)), "SHIM_CLOCK": str(clock)}
        with running_hub(folder, env=env) as hub:
            acknowledged, statuses = asyncio.run(jump(hub, clock, options.reports))
        with closing(sqlite3.connect(hub.database)) as database:
            stored = {each for (each,) in database.execute("SELECT report_id FROM report")}
            (counted,) = database.execute("SELECT sum(runs) FROM total").fetchone()
            (sound,) = database.execute("PRAGMA integrity_check").fetchone()
    for offset, found in statuses:
        print(f"clock {offset:+} s: {dict(found)}")
    verdict("acknowledged and missing", len(acknowledged - stored), 0, "reports")
    verdict("counted beside what is stored", abs(counted - len(stored)), 0, "reports")
    verdict("acknowledged", len(acknowledged), len(JUMPS) * options.reports, "reports", at_least=True)
    print(f"{'ok  ' if sound == 'ok' else 'MISS'}  integrity_check: {sound}")


async def jump(hub: Hub, clock: Path, count: int) -> tuple[set[str], list[tuple[int, Counter[int]]]]:
    """What was acknowledged, and the statuses of each time between two jumps. What was refused is sent again."""
    connection = await Connection.open(hub.url)
    acknowledged: set[str] = set()
    kept: list[dict[str, object]] = []
    said = []
    for offset in JUMPS:
        with clock.open("r+b") as file:
            file.write(struct.pack("=q", offset))
        sending, kept = kept + [report() for _ in range(count)], []
        statuses: Counter[int] = Counter()
        for each in sending:
            status = await connection.send(request(encoded(each)))
            statuses[status] += 1
            if status == 202:
                acknowledged.add(str(each["report_id"]))
            else:
                kept.append(each)
        said.append((offset, statuses))
    connection.close()
    return acknowledged, said


if __name__ == "__main__":
    main()
