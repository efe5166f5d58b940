"""A secret is replaced while reports come: `python -m benchmarks.hub.rotation`.

The file has the old secret, then both, then the new one, as docs/how-to/run-a-hub.md says. Senders take the new one
once both hold, so none may be refused. In the end a request with the old one is refused.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections import Counter
from pathlib import Path

from benchmarks.hub.running import SECRET, Connection, encoded, print_load, report, request, running_hub, verdict

NEW = "whsec_ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA="
SENDERS = 16


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=9.0)
    options = parser.parse_args()
    print_load()
    with tempfile.TemporaryDirectory() as name:
        file = Path(name) / "secrets"
        file.write_text(SECRET)
        env = {"CI_REPORTER_HUB_SECRETS_FILE": str(file)}
        with running_hub(Path(name), secret=None, env=env) as hub:
            statuses, after = asyncio.run(rotate(hub.url, file, options.seconds))
    print(f"{statuses.total()} requests: {dict(statuses)}; the old secret afterwards: {after}")
    verdict("refused while it was replaced", statuses.total() - statuses[202], 0, "requests")
    verdict("the old secret is refused", after, 401, "", at_least=True)


async def rotate(url: str, file: Path, seconds: float) -> tuple[Counter[int], int]:
    """Statuses of what was sent, and that of the old secret in the end."""
    statuses: Counter[int] = Counter()
    now = {"secret": SECRET}
    until = time.monotonic() + seconds

    async def send() -> None:
        connection = await Connection.open(url)
        while time.monotonic() < until:
            statuses[await connection.send(request(encoded(report()), now["secret"]))] += 1
        connection.close()

    async def replace() -> None:
        await asyncio.sleep(seconds / 4)
        file.write_text(f"{SECRET}\n{NEW}\n")
        await asyncio.sleep(seconds / 4)
        now["secret"] = NEW
        await asyncio.sleep(seconds / 4)  # until all that was signed with the old one has arrived
        file.write_text(f"{NEW}\n")

    async with asyncio.TaskGroup() as group:
        for _ in range(SENDERS):
            group.create_task(send())
        group.create_task(replace())
    connection = await Connection.open(url)
    return statuses, await connection.send(request(encoded(report()), SECRET))


if __name__ == "__main__":
    main()
