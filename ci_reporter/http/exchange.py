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
from urllib.parse import quote, unquote, urlsplit

_LARGEST_HEAD = 64 * 1024
_STATUS = re.compile(rb"HTTP/1\.[01] ([1-9]\d\d)(?: |\r?\n|$)")
_PORTS = {"http": 80, "https": 443}
_PROXY_PORT = 1080  # curl's
_MOST_INTERIM = 10
_BODIED = ("POST", "PUT", "PATCH")
_IN_A_PATH = "!#$%&'()*+,/:;=?@[]~"


class Trouble(Exception):
    """There is no whole answer; the message says why, in a few words."""


class Unanswered(Trouble):
    """The connection ended before the first byte of an answer, as one that was kept too long does."""


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
    """An open connection to an origin; `through_proxy` asks with the whole address, as a proxy wants it."""

    origin: str
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    through_proxy: bool = False

    @property
    def open(self) -> bool:
        """Whether the other side has not hung up."""
        return not (self.reader.at_eof() or self.writer.is_closing())

    def close(self) -> None:
        """Hang up at once, whatever is still under way."""
        self.writer.transport.abort()


async def connect(order: Order, context: ssl.SSLContext | None, proxy: str | None) -> Connection:
    """Open a connection to where the order goes, or to its proxy. Raises OSError, Trouble."""
    parts = urlsplit(order.url)
    host, port = _host(order.url), parts.port or _PORTS[parts.scheme]
    secure = context if parts.scheme == "https" else None
    if proxy is None:
        reader, writer = await _open(host, port, order.family, secure)
        return Connection(origin=origin(order.url), reader=reader, writer=writer)
    reader, writer = await _open_proxy(proxy)
    if secure is None:
        return Connection(origin=origin(order.url), reader=reader, writer=writer, through_proxy=True)
    try:
        await _tunnel(reader, writer, f"{_bracketed(host)}:{port}", _proxy_headers(proxy))
        await writer.start_tls(secure, server_hostname=host)
    except BaseException:  # cancelled too: nobody else knows of this connection
        writer.transport.abort()
        raise
    return Connection(origin=origin(order.url), reader=reader, writer=writer)


def origin(url: str) -> str:
    """Scheme, host and port of an address: what one connection serves."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{_bracketed(parts.hostname or '')}:{parts.port or _PORTS.get(parts.scheme)}"


async def _open_proxy(proxy: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    try:
        to = urlsplit(proxy)
        host, port = to.hostname or "", to.port or _PROXY_PORT
    except ValueError:  # whose words may hold a part of the password
        raise Trouble("the proxy's address is none") from None
    if to.scheme != "http":
        raise Trouble(f"the proxy's address begins with {to.scheme[:10]}://, and only http:// is known")
    try:
        return await _open(host, port, 0, None)
    except OSError as exc:
        raise Trouble(f"the proxy {host[:100]}:{port} cannot be reached") from exc


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


async def exchange(order: Order, connection: Connection, proxy: str | None, stages: list[str]) -> Reply:
    """Send the request, read the whole answer, and say in `stages` how far it came.

    Raises OSError, Trouble, asyncio.IncompleteReadError.
    """
    stages.append("waiting for the answer")
    connection.writer.write(_request(order, proxy if connection.through_proxy else None))
    status, headers = await _head(connection.reader)
    interim = 0
    while 100 <= status < 200:
        interim += 1
        if interim > _MOST_INTERIM:
            raise Trouble("it sends interim answers without end")
        status, headers = await _head(connection.reader)
    stages.append("reading the answer")
    body, framed = await _body(order, connection.reader, status, headers)
    kept = framed and "close" not in headers.get("connection", "").lower()
    return Reply(status=status, headers=headers, body=body, kept=kept)


def _request(order: Order, proxy: str | None) -> bytes:
    parts = urlsplit(order.url)
    path = quote((parts.path or "/") + (f"?{parts.query}" if parts.query else ""), safe=_IN_A_PATH)
    host = _bracketed(_host(order.url)) + (f":{parts.port}" if parts.port else "")
    target = f"{parts.scheme}://{host}{path}" if proxy else path
    named = {name.lower() for name in order.headers}
    headers = {**({} if "host" in named else {"Host": host}), **order.headers}
    headers |= _proxy_headers(proxy) if proxy else {}
    if order.body is not None or order.method in _BODIED:
        headers["Content-Length"] = str(len(order.body or b""))
    head = "\r\n".join([f"{order.method} {target} HTTP/1.1", *(f"{name}: {each}" for name, each in headers.items())])
    return f"{head}\r\n\r\n".encode("utf-8", "replace") + (order.body or b"")


def _proxy_headers(proxy: str) -> dict[str, str]:
    parts = urlsplit(proxy)
    if parts.username is None:
        return {}
    pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
    return {"Proxy-Authorization": f"Basic {base64.b64encode(pair).decode()}"}


def _host(url: str) -> str:
    """The host as DNS knows it."""
    host = urlsplit(url).hostname or ""
    return host if host.isascii() else host.encode("idna").decode()


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


async def _head(reader: asyncio.StreamReader) -> tuple[int, dict[str, str]]:
    """Status and headers of an answer."""
    try:
        first = await _first_line(reader)
        match = _STATUS.match(first)
        if not match:
            raise Trouble("it does not speak HTTP")
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


async def _first_line(reader: asyncio.StreamReader) -> bytes:
    try:
        first = await reader.readline()
    except ConnectionError as exc:
        raise Unanswered("connection reset") from exc
    if not first:
        raise Unanswered("it closed the connection without an answer")
    return first


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
