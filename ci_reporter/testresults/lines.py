"""Text reports line by line: any length, bounded lines, and the encodings that redirections leave behind."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO

LONGEST_LINE = 1024 * 1024
_UTF8 = "utf-8-sig"


def lines(file: BinaryIO) -> Iterator[tuple[int, str]]:
    """Number and text of each line, without its end; a line beyond `LONGEST_LINE` characters comes in parts.

    Windows PowerShell redirects into UTF-16. Bytes that are not text come as lone surrogates, see `readable`.
    """
    encoding = _encoding(file)
    errors = "surrogateescape" if encoding == _UTF8 else "replace"
    text = io.TextIOWrapper(file, encoding=encoding, errors=errors, newline=None)
    try:
        number = 0
        while line := text.readline(LONGEST_LINE):
            number += 1
            yield number, line.rstrip("\n")
    finally:
        text.detach()


def readable(line: str) -> bool:
    """Whether every byte of a line was text."""
    return line.isascii() or not any("\udc80" <= char <= "\udcff" for char in line)


def _encoding(file: BinaryIO) -> str:
    head = file.read(4)
    file.seek(0)
    return _bom(head)


def _bom(head: bytes) -> str:
    return "utf-16" if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else _UTF8
