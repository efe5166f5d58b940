"""Reports a second on a disk whose fsync takes 5 ms: `python -m benchmarks.hub.slowdisk`.

The delay comes from shim.c, preloaded into the hub alone. One commit a request would be 200 a second; all that waits is
written in one. Closed loop, 64 connections, by the same wrk script as `python -m benchmarks.hub`.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from benchmarks.hub.__main__ import Target, load, signed_requests
from benchmarks.hub.running import build_shim, print_load, running_hub, verdict

LEAST = 4000


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--fsync-ms", type=float, default=5.0)
    parser.add_argument("--most", type=int, default=12_000)
    options = parser.parse_args()
    print_load()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        env = {"LD_PRELOAD": str(build_shim(folder)), "SHIM_FSYNC_US": str(round(options.fsync_ms * 1000))}
        with running_hub(folder, env=env) as hub:
            count = options.most * options.seconds
            target = Target(name="hub", pid=hub.pid, url=hub.url, requests=lambda: signed_requests(count, 1))
            found = load(target, folder, options)
    print(f"{found.rate:.0f}/s, p99 {found.p99_ms:.1f} ms, {found.rss_mb:.0f} MB; fsync + {options.fsync_ms:g} ms")
    verdict("reports a second", found.rate, LEAST, "/s", at_least=True)


if __name__ == "__main__":
    main()
