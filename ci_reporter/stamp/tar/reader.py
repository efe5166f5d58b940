"""Read a tar file's members as a stream, in memory that does not grow: ustar, GNU's and pax' extensions.

Source: POSIX.1-2017, pax, "ustar Interchange Format" and "pax Header Block"; GNU tar's manual, "Basic Tar Format".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ci_reporter.errors import StampError
from ci_reporter.stamp import entryname
from ci_reporter.stamp.tar import packing
from ci_reporter.stamp.tar.packing import Unpacked

BLOCK = 512
_LARGEST_EXTENSION = 1024 * 1024
_LONG_NAME, _LONG_LINK, _EXTENDED, _GLOBAL, _SPARSE = b"L", b"K", b"xX", b"g", b"S"
VOLUME_LABEL = b"V"
_LINKS = (b"1", b"2")
_HEADLESS = (*_LINKS, b"3", b"4", b"5", b"6")  # kinds whose size says nothing about what follows
_PAX = re.compile(rb"(\d{1,7}) ([^=\n]+)=")


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    """A file, folder or link; `at` and `end` count bytes of what is unpacked. `content`: where it is wanted."""

    name: str
    kind: bytes
    at: int
    end: int
    content: bytes | None = None

    @property
    def path(self) -> str:
        """The name without what leads nowhere."""
        return path_of(self.name)

    @property
    def is_link(self) -> bool:
        """Whether it leads elsewhere."""
        return self.kind in _LINKS


def path_of(name: str) -> str:
    """A name without `./` in it, and without the slash that a folder's ends in."""
    return "/".join(part for part in name.split("/") if part not in ("", "."))


def check(path: str) -> None:
    """Raise StampError for a tar file, as it is unpacked, that is damaged or hostile to its readers."""
    with packing.unpack(path, "none") as stream:
        for _ in members(stream, 0, lambda _: False):
            pass


def head(stream: Unpacked) -> bytes:
    """What must stay the first thing in a tar file: pax headers for the whole of it, a volume's label.

    `git get-tar-commit-id` reads the first 1024 bytes, `tar --test-label` the first 512.
    """
    found = b""
    while is_header(header := stream.read(BLOCK)) and header[156:157] in (_GLOBAL, VOLUME_LABEL):
        size = 0 if header[156:157] == VOLUME_LABEL else _number(header[124:136])
        found += header + stream.read(min(size + -size % BLOCK, _LARGEST_EXTENSION))
    return found


def is_header(block: bytes) -> bool:
    """Whether these 512 bytes are a tar header: their checksum is right."""
    if len(block) < BLOCK or not any(block):
        return False
    try:
        said = _number(block[148:156])
    except ValueError:
        return False
    total = sum(block) - sum(block[148:156]) + 8 * 32  # as if the checksum's own eight bytes were spaces
    return total == said


def members(stream: Unpacked, most: int, wanted: Callable[[str], bool]) -> Iterator[Member]:
    """All members, with the content of those whose name is `wanted`. Raises StampError for what is damaged."""
    try:
        while (member := _next(stream, most, wanted)) is not None:
            entryname.check(member.name)
            yield member
    except ValueError as exc:
        raise StampError(f"{stream.path}: the tar file is damaged or hostile: {exc}") from None
    stream.skip(2**63)  # to its end, where packed files have their checksum


def _next(stream: Unpacked, most: int, wanted: Callable[[str], bool]) -> Member | None:
    at, known = stream.at, dict[str, str]()
    while True:
        header = stream.read(BLOCK)
        if len(header) < BLOCK:
            raise ValueError("it has no end mark; it is cut off")
        if not any(header):
            return None
        if not is_header(header):
            raise ValueError(f"there is no header at byte {stream.at - BLOCK}")
        kind, size = header[156:157], _number(header[124:136])
        if kind not in (_LONG_NAME, _LONG_LINK, _GLOBAL) and kind not in _EXTENDED:
            return _member(stream, header, known, at, (most, wanted))
        known |= _extension(kind, _content(stream, size, _LARGEST_EXTENSION))
        if kind == _GLOBAL and not known:  # it belongs to all members, not to the next one
            at = stream.at


def _member(
    stream: Unpacked, header: bytes, known: dict[str, str], at: int, want: tuple[int, Callable[[str], bool]]
) -> Member:
    # pax and GNU name a member in an extension before it, which wins over the header's own 100 bytes.
    kind, name = header[156:157], known.get("path") or _name(header)
    size = 0 if kind in _HEADLESS else _digits(known["size"], 10) if "size" in known else _number(header[124:136])
    more = kind == _SPARSE and header[482] != 0
    # GNU's sparse files: the map of their holes goes on in further blocks, each of which ends in a flag at byte 504.
    while more:
        more = stream.read(BLOCK)[504:505] not in (b"", b"\0")
    content = None
    if want[1](name) and size:
        content = _content(stream, size, want[0])
    else:
        _skip(stream, size + -size % BLOCK)
    return Member(name=name, kind=kind, at=at, end=stream.at, content=content)


def _content(stream: Unpacked, size: int, most: int) -> bytes:
    if size > most:
        raise ValueError(f"{size} bytes where at most {most} are read")
    content = stream.read(size)
    if len(content) < size:
        raise ValueError("it is cut off")
    _skip(stream, -size % BLOCK)
    return content


def _skip(stream: Unpacked, count: int) -> None:
    end = stream.at + count
    stream.skip(count)
    if stream.at < end:
        raise ValueError("it is cut off")


def _extension(kind: bytes, content: bytes) -> dict[str, str]:
    """What an extension says of the next member: its name, its size."""
    if kind == _LONG_NAME:
        return {"path": _text(content.partition(b"\0")[0])}
    if kind not in _EXTENDED:
        return {}
    found: dict[str, str] = {}
    at = 0
    # A record is `LENGTH KEY=VALUE\n`, and LENGTH counts all of it, itself too: `12 path=a/b\n` has 12 bytes.
    while match := _PAX.match(content, at):
        key, end = match[2], at + int(match[1])
        if end <= match.end() or end > len(content):
            raise ValueError("a pax record is cut off")
        if key in (b"path", b"size"):
            found[key.decode()] = _text(content[match.end() : end - 1])
        at = end
    return found


def _name(header: bytes) -> str:
    name = header[:100].partition(b"\0")[0]
    prefix = header[345:500].partition(b"\0")[0] if header[257:263] == b"ustar\0" else b""
    return _text(prefix + b"/" + name if prefix else name)


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


def _number(field: bytes) -> int:
    """Octal digits, or GNU's binary for what is larger."""
    # Octal ends at 8 GiB - 1 (eleven digits). GNU tar sets the top bit of the first byte and writes binary behind it.
    if field[0] & 0x80:
        return int.from_bytes(field, "big") & ~(0x80 << 8 * (len(field) - 1))
    return _digits(field.strip(b" \0").decode("ascii") or "0", 8)


def _digits(text: str, base: int) -> int:
    if not text.isdecimal():
        raise ValueError(f"{text!r:.30} is not a number")
    return int(text, base)
