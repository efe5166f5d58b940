"""A server of known latency: `/MS` answers after so many milliseconds, but not during a stall.

`python -m benchmarks.probe.service [STALL_S EVERY_S]` prints its port, and holds every answer back for STALL_S seconds
every EVERY_S seconds. `/arrivals` tells when requests came, on the system's monotonic clock, and forgets them.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time


class Service:
    """Answers HTTP/1.1 on as many connections as come."""

    def __init__(self, stall_s: float, every_s: float) -> None:
        self._stall_s, self._every_s = stall_s, every_s
        self._begun = time.monotonic()
        self._arrivals: list[float] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection until it closes."""
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                writer.write(await self._answer(head.split(b" ", 2)[1].decode(), time.monotonic()))
                if b"connection: close" in head.lower():
                    break
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _answer(self, path: str, came: float) -> bytes:
        if path == "/arrivals":
            body, self._arrivals = json.dumps(self._arrivals).encode(), []
        else:
            self._arrivals.append(came)
            body = b"ok"
            await asyncio.sleep(float(path[1:]) / 1000 + self._stalled_s(came))
        return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)

    def _stalled_s(self, now: float) -> float:
        """How long the stall of this moment still goes on."""
        into = (now - self._begun) % self._every_s
        return max(0.0, self._stall_s - into)


async def _main() -> None:
    stall_s, every_s = (float(each) for each in sys.argv[1:3] or ("0", "10"))
    server = await asyncio.start_server(Service(stall_s, every_s).serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_main())
