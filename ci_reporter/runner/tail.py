"""Pass a command's output on through pipes of ours, byte for byte; keep its end, and rewrite it where asked to."""

from __future__ import annotations

import errno
import os
import select
import threading
from collections.abc import Callable, Mapping

from ci_reporter.system.masking import masks_in

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    class Rewriter(Protocol):
        """Changes a stream: bytes as they come in, what may go on out."""

        def feed(self, chunk: bytes) -> bytes:
            """What may go on now."""

        def end(self) -> bytes:
            """What there is still to go on, as nothing will follow."""


_CHUNK = 64 * 1024
_LEFTOVER = 1024 * 1024  # the largest a pipe can be: what was in it when the command ended
_LOOK_S = 0.25
_STREAMS = {1: "stdout", 2: "stderr"}
_LONGEST_LINE = 8 * 1024  # of a line that has not ended, as much is searched for a mask


class Tail:
    """Two pipes between the command and our stdout and stderr, and the last `size` bytes that went through them.

    What the command tells GitHub to mask is added to `masks`, also where it is not among the last bytes. `rewriter`
    makes what rewrites one stream; it is called when the command has said something. Of a stream that cannot take what
    the command says, `lost` tells why.
    """

    def __init__(
        self,
        size: int,
        masks: set[str],
        rewriter: Callable[[], Rewriter] | None = None,
        lost: dict[str, str] | None = None,
    ) -> None:
        """Begin to copy; raises RuntimeError where the system has no threads left."""
        self._size = size
        self._masks = masks
        self._lost = {} if lost is None else lost
        self._rewriter = rewriter or _Unchanged
        self._bytes = bytearray()
        self._lock = threading.Lock()
        self._over, self._over_writer = os.pipe()  # its writer is closed when the command has ended
        pipes = {theirs: os.pipe() for theirs in (1, 2)}
        self.streams: Mapping[int, int] = {theirs: write for theirs, (_, write) in pipes.items()}
        self._threads = [
            threading.Thread(target=self._pump, args=(read, theirs), daemon=True) for theirs, (read, _) in pipes.items()
        ]
        for thread in self._threads:
            thread.start()

    def release(self) -> None:
        """The command has its ends of the pipes by now: close ours, so that it is seen when it closes them."""
        for write in self.streams.values():
            os.close(write)

    def finish(self, interrupted: Callable[[], bool]) -> str:
        """The command has ended: copy what is still in the pipes, wait for nobody who keeps them open.

        Where nobody reads our stdout, a copy may wait for ever: not any longer when `interrupted`.
        """
        os.close(self._over_writer)
        for thread in self._threads:
            while thread.is_alive() and not interrupted():
                thread.join(_LOOK_S)
        return bytes(self._bytes).decode("utf-8", "replace")

    def _pump(self, source: int, target: int) -> None:
        try:
            self._copy(source, target)
        finally:  # also after a fault of a rewriter: a pipe that nobody reads would stop the command for ever
            os.close(source)  # whoever still writes gets SIGPIPE, as from any reader that went

    def _copy(self, source: int, target: int) -> None:
        rewriter: Rewriter | None = None
        waiting = select.poll()
        waiting.register(source, select.POLLIN)
        waiting.register(self._over, select.POLLIN)
        over, leftover, line = False, _LEFTOVER, b""
        while leftover > 0:
            ready = dict(waiting.poll(0 if over else None))
            if source in ready:
                chunk = os.read(source, _CHUNK)
                rewriter = rewriter or self._rewriter()  # the command runs by now: what this imports delays nothing
                if not chunk or not self._write(target, rewriter.feed(chunk)):
                    break
                line = self._append(chunk, line)
                leftover -= len(chunk) if over else 0
            elif over:
                break
            over = over or self._over in ready
        if rewriter:
            self._write(target, rewriter.end())

    def _write(self, target: int, chunk: bytes) -> bool:
        """Write all of it; False where that is not possible, which is a loss unless nobody reads any more."""
        error = _write_whole(target, chunk)
        if error and error.errno not in (errno.EPIPE, errno.EBADF):
            self._lost[_STREAMS[target]] = error.strerror or str(error)
        return error is None

    def _append(self, chunk: bytes, line: bytes) -> bytes:
        """Append what was read after the beginning of a line; gives the beginning of the last line now."""
        lines, newline, line = (line + chunk).rpartition(b"\n")
        masks = masks_in(lines + newline)
        with self._lock:
            self._bytes += chunk if self._size else b""
            del self._bytes[: -self._size]
            self._masks |= masks
        return line[-_LONGEST_LINE:]


class _Unchanged:
    """The rewriter that leaves a stream as it is."""

    def feed(self, chunk: bytes) -> bytes:
        return chunk

    def end(self) -> bytes:
        return b""


def _write_whole(target: int, chunk: bytes) -> OSError | None:
    """Write all of it, also where the other side has made the stream non-blocking; why not, where that fails."""
    view = memoryview(chunk)
    while view:
        try:
            view = view[os.write(target, view) :]
        except BlockingIOError:
            select.select([], [target], [])
        except OSError as exc:
            return exc
    return None
