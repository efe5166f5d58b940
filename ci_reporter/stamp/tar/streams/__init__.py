"""Put bytes before the content of a packed file: one module a packing, nothing that is there is packed again.

The bytes become the first blocks *within* the first stream. A stream of their own in front would be simpler, and the
program that packed the file would read it; but the readers of many languages stop at the end of the first stream
(Java's commons-compress, Rust's bzip2 and xz2, python-zstandard) and would find nothing but the stamp.
"""

from __future__ import annotations

from collections.abc import Mapping

from ci_reporter.stamp.tar.streams import bz2, gz, plain, xz, zst

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO, Protocol

    class Stream(Protocol):
        """A packing. Both raise ValueError for a file that it cannot take apart; EOFError where one is cut off."""

        def begins_with(self, source: BinaryIO, block: bytes) -> bool:
            """Whether the content begins with `block`, in blocks of its own as `put_first` writes them."""

        def put_first(self, source: BinaryIO, old: bytes, new: bytes, target: BinaryIO) -> None:
            """Write the file to `target` with `new` as its first bytes, instead of `old` that it begins with."""


STREAMS: Mapping[str, Stream] = {"none": plain, "gz": gz, "xz": xz, "bz2": bz2, "zst": zst}
