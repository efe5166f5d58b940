"""`GET /metrics`: the health endpoints' own metrics, the hub's, and those of the series; text or OpenMetrics, gzip."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Callable, Sequence

from ci_reporter.errors import StoreError
from ci_reporter.health import Health
from ci_reporter.hub.asgi import Message, Receive, Send
from ci_reporter.hub.auth.access import ACCESS, REFUSAL, Access
from ci_reporter.hub.encoding import accepts_gzip
from ci_reporter.hub.exposition import OPENMETRICS, TEXT, Block, exposition
from ci_reporter.hub.metrics.snapshot import Snapshot
from ci_reporter.hub.problem import Problem, respond

PATH = "/metrics"
_EOF = b"# EOF\n"


class Metrics:
    """The endpoint; `own` gives the hub's own metrics."""

    def __init__(self, health: Health, snapshot: Snapshot, own: Callable[[], Sequence[Block]]) -> None:
        self._health, self._snapshot, self._own = health, snapshot, own

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:  # noqa: ARG002  no body is read
        """Answer; what takes long is done beside the event loop."""
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        if scope["method"] not in ("GET", "HEAD"):
            await respond(Problem(405, "only GET and HEAD"), scope, send, (b"allow", b"GET, HEAD"))
            return
        access: Access | None = scope.get(ACCESS)
        if access is None:  # no guard stands before us
            await respond(Problem(401, REFUSAL), scope, send)
            return
        openmetrics = "application/openmetrics-text" in headers.get(b"accept", "")
        zipped = accepts_gzip(scope["headers"])
        try:
            pieces = await asyncio.to_thread(self._pieces, access, openmetrics=openmetrics, zipped=zipped)
        except StoreError:
            await respond(Problem(503, "the database cannot be read now"), scope, send)
            return
        kind = OPENMETRICS if openmetrics else TEXT
        found = [(b"content-type", kind.encode()), (b"content-length", b"%d" % sum(map(len, pieces)))]
        found += [(b"cache-control", b"no-store"), (b"vary", b"accept, accept-encoding")] + (
            [(b"content-encoding", b"gzip")] if zipped else []
        )
        await send({"type": "http.response.start", "status": 200, "headers": found})
        for piece in pieces if scope["method"] != "HEAD" else ():
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    def _pieces(self, access: Access, *, openmetrics: bool, zipped: bool) -> list[bytes]:
        """The answer. What is large, the text of all series, is not copied: others are given the same bytes.

        How the hub itself is, is for those who see all of it.
        """
        if access.patterns is None:
            reply = self._health.reply("metrics", "GET", OPENMETRICS if openmetrics else TEXT, [])
            service = reply.body.removesuffix(_EOF)
            of_series = self._snapshot.text(openmetrics=openmetrics)  # first: the hub's own lines count these
            own = exposition(self._own(), openmetrics=openmetrics).encode()
            pieces = [service + own, *of_series]
        else:
            pieces = list(self._snapshot.text_of(access.sees, openmetrics=openmetrics))
        pieces += [_EOF] if openmetrics else []
        return _gzip(pieces) if zipped else pieces


def _gzip(pieces: Sequence[bytes]) -> list[bytes]:
    packing = zlib.compressobj(1, wbits=zlib.MAX_WBITS | 16)  # 16: as gzip
    return [b"".join([*map(packing.compress, pieces), packing.flush()])]
