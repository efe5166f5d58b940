"""A file that is not packed."""

from __future__ import annotations

from ci_reporter.stamp.atomic import copy_range

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO


def begins_with(source: BinaryIO, block: bytes) -> bool:
    """Whether these are its first bytes."""
    source.seek(0)
    return source.read(len(block)) == block


def put_first(source: BinaryIO, old: bytes, new: bytes, target: BinaryIO) -> None:
    """Write `new`, then what follows `old`."""
    target.write(new)
    copy_range(source, len(old), source.seek(0, 2), target)
