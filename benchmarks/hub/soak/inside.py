"""The hub with a look at its inside: how late its event loop is, what its objects are, what has taken memory.

Each ten seconds a JSON file says so. The loop is asked every 20 ms by a thread; where it does not answer for 50 ms the
stack of its thread is noted, which names what blocks it. `CI_REPORTER_SOAK_TRACE=1` adds the objects and the growth by
line of code. It makes everything slower, and a request fails now and then: a look at all objects holds tuples that
Python has not finished, and then refuses to.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import sys
import threading
import time
import traceback
import tracemalloc
from collections import Counter
from pathlib import Path
from typing import Any

import uvicorn

_LATE_S, _EVERY_S = 0.05, 10.0
_WARM_S = 60.0  # until everything has been in use


class Watch(threading.Thread):
    """The thread beside the loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, path: Path) -> None:
        super().__init__(daemon=True, name="soak")
        self._loop, self._path = loop, path
        self._thread = threading.get_ident()
        self._began_s = time.monotonic()
        self._late: Counter[str] = Counter()
        self._worst_ms = 0.0
        self._first: tracemalloc.Snapshot | None = None
        self._kinds: Counter[str] | None = None

    def run(self) -> None:
        """Until the process ends."""
        due_s = time.monotonic() + _EVERY_S
        while not self._loop.is_closed():
            self._ask()
            time.sleep(0.02)
            if time.monotonic() >= due_s:
                due_s = time.monotonic() + _EVERY_S
                self._say()

    def _ask(self) -> None:
        answered = threading.Event()
        began_s, cpu_s = time.perf_counter(), time.process_time()
        try:
            self._loop.call_soon_threadsafe(answered.set)
        except RuntimeError:
            return
        if answered.wait(_LATE_S):
            return
        frame = sys._current_frames().get(self._thread)
        stack = traceback.extract_stack(frame)[-6:] if frame else []
        answered.wait(10)
        late_ms = 1000 * (time.perf_counter() - began_s)
        # Without CPU time of ours it was the machine, which had no turn for us.
        if 1000 * (time.process_time() - cpu_s) > late_ms / 2:
            self._worst_ms = max(self._worst_ms, late_ms)
            self._late[" < ".join(f"{Path(each.filename).name}:{each.name}" for each in reversed(stack))] += 1

    def _say(self) -> None:
        found: dict[str, Any] = {
            "late": self._late.most_common(12),
            "worst_ms": round(self._worst_ms),
            "threads": sorted(each.name for each in threading.enumerate()),
        }
        if tracemalloc.is_tracing():
            found |= {**self._objects(), "growth": self._growth()}
        self._path.write_text(json.dumps(found))

    def _objects(self) -> dict[str, Any]:
        """How many there are, and of which kinds there are more than at the first look."""
        found = Counter(type(each).__qualname__ for each in gc.get_objects())
        if self._kinds is None and time.monotonic() - self._began_s > _WARM_S:
            self._kinds = found
        more = found - self._kinds if self._kinds is not None else Counter[str]()
        return {"objects": found.total(), "more": more.most_common(8)}

    def _growth(self) -> list[str]:
        now = tracemalloc.take_snapshot().filter_traces([tracemalloc.Filter(False, tracemalloc.__file__)])
        if self._first is None:
            self._first = now
        return [str(each) for each in now.compare_to(self._first, "lineno")[:12]]


class Server(uvicorn.Server):
    """uvicorn's, with the watch."""

    async def serve(self, sockets: Any = None) -> None:
        """Serve, watched."""
        Watch(asyncio.get_running_loop(), Path(os.environ["CI_REPORTER_SOAK_INSIDE"])).start()
        await super().serve(sockets)


def main() -> None:
    """Be `ci-reporter`."""
    if os.environ.get("CI_REPORTER_SOAK_TRACE"):
        tracemalloc.start()
    from ci_reporter.__main__ import main as program

    uvicorn.Server = Server  # type: ignore[misc]  before the hub makes a class of it
    program()


if __name__ == "__main__":
    main()
