"""One request and its answer over HTTP/1.1, on a connection of its own or on one that was kept.

Written for probing: everything is bounded, nothing is retried unseen, and what goes wrong has a name.
Sources: RFC 9110 (semantics), RFC 9112 (messages).
"""

from __future__ import annotations

import asyncio
import base64
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

_LARGEST_HEAD = 64 * 1024
_STATUS = re.compile(rb"HTTP/1\.[01] ([1-9]\d\d)(?: |\r?\n|$)")
_PORTS = {"http": 80, "https": 443}


class Trouble(Exception):
    """There is no whole answer; the message says why, in a few words."""


@dataclass(frozen=True, kw_only=True)
class Reply:
    """A whole answer. Header names are in small letters; `kept` tells whether the connection may be used again."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    kept: bool


@dataclass(frozen=True, kw_only=True)
class Order:
    """One request: what to send, where, and what the answer may be at most."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = None
    limit_bytes: int
    family: int = 0


@dataclass(frozen=True, kw_only=True)
class Connection:
    """An open connection; `through_proxy` asks with the whole address, as a proxy wants it."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    through_proxy: bool = False

    def close(self) -> None:
        """Hang up at once, whatever is still under way."""
        self.writer.transport.abort()


async def connect(order: Order, context: ssl.SSLContext | None, proxy: str | None) -> Connection:
    """Open a connection to where the order goes, or to its proxy. Raises OSError, Trouble."""
    parts = urlsplit(order.url)
    host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
    secure = context if parts.scheme == "https" else None
    if proxy is None:
        reader, writer = await _open(host, port, order.family, secure)
        return Connection(reader=reader, writer=writer)
    to = urlsplit(proxy)
    reader, writer = await _open(to.hostname or "", to.port or 8080, 0, None)
    if secure is None:
        return Connection(reader=reader, writer=writer, through_proxy=True)
    await _tunnel(reader, writer, f"{_bracketed(host)}:{port}", _proxy_headers(proxy))
    await writer.start_tls(secure, server_hostname=host)
    return Connection(reader=reader, writer=writer)


async def _open(
    host: str, port: int, family: int, secure: ssl.SSLContext | None
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    import socket

    families = {0: socket.AF_UNSPEC, 4: socket.AF_INET, 6: socket.AF_INET6}
    return await asyncio.open_connection(
        host, port, ssl=secure, family=families[family], limit=_LARGEST_HEAD, happy_eyeballs_delay=0.25
    )


async def _tunnel(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, where: str, headers: Mapping[str, str]
) -> None:
    lines = [f"CONNECT {where} HTTP/1.1", f"Host: {where}", *(f"{name}: {value}" for name, value in headers.items())]
    writer.write(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace"))
    status, _ = await _head(reader)
    if not 200 <= status < 300:
        raise Trouble(f"the proxy answered {status}")


async def exchange(order: Order, connection: Connection, proxy: str | None) -> Reply:
    """Send the request, read the whole answer. Raises OSError, Trouble, asyncio.IncompleteReadError."""
    connection.writer.write(_request(order, proxy if connection.through_proxy else None))
    status, headers = await _head(connection.reader)
    while 100 <= status < 200:
        status, headers = await _head(connection.reader)
    body, framed = await _body(order, connection.reader, status, headers)
    kept = framed and "close" not in headers.get("connection", "").lower()
    return Reply(status=status, headers=headers, body=body, kept=kept)


def _request(order: Order, proxy: str | None) -> bytes:
    parts = urlsplit(order.url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    host = _bracketed(parts.hostname or "") + (f":{parts.port}" if parts.port else "")
    target = f"{parts.scheme}://{host}{path}" if proxy else path
    headers = {"Host": host, **order.headers, **(_proxy_headers(proxy) if proxy else {})}
    if order.body is not None:
        headers["Content-Length"] = str(len(order.body))
    head = "\r\n".join([f"{order.method} {target} HTTP/1.1", *(f"{name}: {each}" for name, each in headers.items())])
    return f"{head}\r\n\r\n".encode("utf-8", "replace") + (order.body or b"")


def _proxy_headers(proxy: str) -> dict[str, str]:
    parts = urlsplit(proxy)
    if parts.username is None:
        return {}
    pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
    return {"Proxy-Authorization": f"Basic {base64.b64encode(pair).decode()}"}


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


async def _head(reader: asyncio.StreamReader) -> tuple[int, dict[str, str]]:
    """Status and headers of an answer."""
    try:
        first = await reader.readline()
        match = _STATUS.match(first)
        if not match:
            raise Trouble("it does not speak HTTP" if first else "it closed the connection without an answer")
        headers: dict[str, str] = {}
        size = len(first)
        while (line := await reader.readline()).strip():
            size += len(line)
            if size > _LARGEST_HEAD:
                raise Trouble("its headers are larger than 64 KiB")
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.strip().lower()] = value.strip()
    except ValueError:  # a line longer than the reader's limit
        raise Trouble("its headers are larger than 64 KiB") from None
    if not line:
        raise Trouble("its answer broke off")
    return int(match[1]), headers


async def _body(
    order: Order, reader: asyncio.StreamReader, status: int, headers: Mapping[str, str]
) -> tuple[bytes, bool]:
    """The body, and whether its end was told, so that the connection may be used again."""
    if order.method == "HEAD" or status in (204, 304):
        return b"", True
    if "chunked" in headers.get("transfer-encoding", "").lower():
        return await _chunks(order, reader), True
    length = headers.get("content-length")
    if length is None:
        return await _until_closed(order, reader), False
    if not re.fullmatch(r"\d{1,18}", length):
        raise Trouble("its Content-Length is no number")
    _check_size(order, int(length))
    return await reader.readexactly(int(length)), True


async def _until_closed(order: Order, reader: asyncio.StreamReader) -> bytes:
    found = bytearray()
    while chunk := await reader.read(_LARGEST_HEAD):
        found += chunk
        _check_size(order, len(found))
    return bytes(found)


async def _chunks(order: Order, reader: asyncio.StreamReader) -> bytes:
    found = bytearray()
    try:
        while size := await _chunk_size(reader):
            _check_size(order, len(found) + size)
            found += await reader.readexactly(size)
            if (await reader.readline()).strip():
                raise Trouble("its chunks are broken")
        trailers = 0
        while line := (await reader.readline()).strip():
            trailers += len(line)
            if trailers > _LARGEST_HEAD:
                raise Trouble("its trailers are larger than 64 KiB")
    except ValueError:
        raise Trouble("its chunks are broken") from None
    return bytes(found)


async def _chunk_size(reader: asyncio.StreamReader) -> int:
    line = await reader.readline()
    if not line.endswith(b"\n"):
        raise Trouble("its answer broke off")
    size = line.partition(b";")[0].strip()
    if not re.fullmatch(rb"[0-9a-fA-F]{1,16}", size):
        raise Trouble("its chunks are broken")
    return int(size, 16)


def _check_size(order: Order, size: int) -> None:
    if size > order.limit_bytes:
        raise Trouble(f"its body is larger than {order.limit_bytes // 1024} KiB")
