"""One request and its answer, timed: `http.client` on a connection of its own or on one that was kept.

For probing: everything is bounded, nothing is retried unseen, and what goes wrong has a name. It blocks, so it belongs
in a thread; cutting its `Call` ends it, whatever it waits for. Sources: RFC 9110 (semantics), RFC 9112 (messages).
"""

from __future__ import annotations

import base64
import http.client
import io
import re
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, unquote, urlsplit

from ci_reporter.http.addresses import PORTS, connect_in_turn, host_of, in_brackets, is_local, resolve

_PROXY_PORT = 1080  # curl's
_MOST_INTERIM = 10
_BODIED = ("POST", "PUT", "PATCH")
_IN_A_PATH = "!#$%&'()*+,/:;=?@[]~"
_TOO_LARGE = "its headers are larger than 64 KiB, or more than 100"


class Trouble(Exception):
    """There is no whole answer; the message says why, in a few words."""


class Unanswered(Trouble):
    """The connection ended before the first byte of an answer, as one that was kept too long does."""


@dataclass(frozen=True, kw_only=True)
class Reply:
    """A whole answer. Header names are in small letters; `reusable` tells whether the connection may be used again."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    reusable: bool


@dataclass(frozen=True, kw_only=True)
class Order:
    """One request: what to send, where, and how large the answer may be.

    Of the addresses that the host's name has, `turn` chooses one: each in turn.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = None
    limit_bytes: int
    family: int = 0
    turn: int = 0


class Call:
    """An exchange under way: how far it has come, where it goes, and the socket to cut when its time is up."""

    def __init__(self, until: float) -> None:
        self.until = until
        self.stage = "connecting"
        self.address: str | None = None
        self._socket: socket.socket | None = None
        self._over = False

    def left_s(self) -> float:
        """Seconds until the deadline, on the monotonic clock; never 0, which would mean no wait at all."""
        return max(0.001, self.until - time.monotonic())

    def hold(self, connected: socket.socket) -> None:
        """Wait on this socket from now on."""
        self._socket = connected
        connected.settimeout(self.left_s())
        if self._over:
            self.cut()

    def cut(self) -> None:
        """Wake whoever waits for the other side: for them it has hung up."""
        self._over = True
        if self._socket:
            try:
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)  # a TLS socket's own would wait for its peer
            except OSError:  # it has hung up by itself
                pass


class _Reader(io.BufferedReader):
    """Says of an end of headers whether it was one: http.client takes a connection that breaks off there for it."""

    broken = False

    def readline(self, size: int | None = -1) -> bytes:
        line = super().readline(size)
        self.broken = self.broken or not line
        return line


class _Response(http.client.HTTPResponse):
    """An answer after all interim ones; http.client passes over 100 alone, and over any number of them."""

    def __init__(self, *args: object, **more: object) -> None:
        super().__init__(*args, **more)  # type: ignore[arg-type]  # what http.client gives
        self.fp = _Reader(self.fp.detach())
        self._interim = 0

    @property
    def broken(self) -> bool:
        """Whether the connection ended within the headers."""
        return isinstance(self.fp, _Reader) and self.fp.broken

    def _read_status(self) -> tuple[str, int, str]:
        version, status, reason = super()._read_status()  # type: ignore[misc]  # http.client's own seam
        if not 100 <= status < 200:
            return version, status, reason
        self._interim += 1
        if self._interim > _MOST_INTERIM:
            raise Trouble("it sends interim answers without end")
        return version, http.client.CONTINUE, reason


class Connection(http.client.HTTPConnection):
    """An open connection to `origin`; `through_proxy` asks with the whole address, as a proxy wants it."""

    response_class = _Response
    origin = ""
    through_proxy = False

    @property
    def open(self) -> bool:
        """Whether the other side has not hung up: on an idle connection there is nothing to read but the end."""
        if self.sock is None:
            return False
        self.sock.settimeout(0.0)
        try:
            self.sock.recv(1)
        except (BlockingIOError, ssl.SSLWantReadError):
            return True
        except OSError:
            pass
        return False


def connect(order: Order, context: ssl.SSLContext | None, proxy: str | None, call: Call) -> Connection:
    """Open a connection to where the order goes, or to its proxy. Raises OSError, Trouble."""
    parts = urlsplit(order.url)
    host, port = host_of(order.url), parts.port or PORTS[parts.scheme]
    connection = Connection(host, port)
    connection.origin = origin(order.url)
    if proxy:
        connection.sock = _to_proxy(proxy, call)
        connection.through_proxy = parts.scheme == "http"
        if not connection.through_proxy:
            _tunnel(connection.sock, f"{in_brackets(host)}:{port}", _proxy_headers(proxy))
    else:
        connection.sock, call.address = connect_in_turn(
            resolve(host, port, order.family), port, order.turn, call.left_s(), any_of=is_local(host)
        )
        call.hold(connection.sock)
    if parts.scheme == "https" and context:
        connection.sock = _over_tls(connection.sock, context, host)
        call.hold(connection.sock)
    return connection


def origin(url: str) -> str:
    """Scheme, host and port of an address: what one connection serves."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{in_brackets(parts.hostname or '')}:{parts.port or PORTS.get(parts.scheme)}"


def exchange(order: Order, connection: Connection, proxy: str | None, call: Call) -> Reply:
    """Send the request and read the whole answer. Raises OSError, Trouble."""
    call.stage = "waiting for the answer"
    call.hold(connection.sock)
    try:
        response = _answer(order, connection, proxy)
        call.stage = "reading the answer"
        return _reply(order, response)
    except http.client.RemoteDisconnected as exc:
        raise Unanswered("it closed the connection without an answer") from exc
    except http.client.IncompleteRead as exc:
        raise Trouble("its answer broke off") from exc
    except http.client.BadStatusLine as exc:
        raise Trouble("it does not speak HTTP") from exc
    except http.client.HTTPException as exc:  # a line too long, or too many headers
        raise Trouble(_TOO_LARGE) from exc


def _answer(order: Order, connection: Connection, proxy: str | None) -> http.client.HTTPResponse:
    """Status and headers. A connection that is reset before them is `Unanswered`."""
    through = proxy if connection.through_proxy else None
    try:
        connection.putrequest(order.method, _target(order, through), skip_host=True, skip_accept_encoding=True)
        for name, value in _headers(order, through).items():
            connection.putheader(name, value.encode("utf-8", "replace"))
        connection.endheaders(order.body)
        response = connection.getresponse()
    except http.client.RemoteDisconnected:  # which is a ConnectionError too
        raise
    except ConnectionError as exc:
        raise Unanswered("connection reset") from exc
    if isinstance(response, _Response) and response.broken:
        raise Trouble("its answer broke off")
    return response


def _reply(order: Order, response: http.client.HTTPResponse) -> Reply:
    headers = {name.lower(): value for name, value in response.headers.items()}
    length = headers.get("content-length", "0")
    if not re.fullmatch(r"[0-9]{1,18}", length):
        raise Trouble("its Content-Length is not a number")
    body = b"" if int(length) > order.limit_bytes and order.method != "HEAD" else response.read(order.limit_bytes + 1)
    if len(body) > order.limit_bytes or (response.length and not body):
        raise Trouble(f"its body is larger than {order.limit_bytes // 1024} KiB")
    if response.length:
        raise Trouble("its answer broke off")
    return Reply(status=response.status, headers=headers, body=body, reusable=not response.will_close)


def _target(order: Order, proxy: str | None) -> str:
    parts = urlsplit(order.url)
    path = quote((parts.path or "/") + (f"?{parts.query}" if parts.query else ""), safe=_IN_A_PATH)
    return f"{parts.scheme}://{_host_and_port(order)}{path}" if proxy else path


def _headers(order: Order, proxy: str | None) -> dict[str, str]:
    named = {name.lower() for name in order.headers}
    headers = {**({} if "host" in named else {"Host": _host_and_port(order)}), **order.headers}
    headers |= _proxy_headers(proxy) if proxy else {}
    if order.body is not None or order.method in _BODIED:
        headers["Content-Length"] = str(len(order.body or b""))
    return headers


def _host_and_port(order: Order) -> str:
    port = urlsplit(order.url).port
    return in_brackets(host_of(order.url)) + (f":{port}" if port else "")


def _over_tls(plain: socket.socket, context: ssl.SSLContext, host: str) -> ssl.SSLSocket:
    try:
        return context.wrap_socket(plain, server_hostname=host)
    except BaseException:
        plain.close()
        raise


def _to_proxy(proxy: str, call: Call) -> socket.socket:
    try:
        to = urlsplit(proxy)
        host, port = to.hostname or "", to.port or _PROXY_PORT
    except ValueError:  # whose words may hold a part of the password
        raise Trouble("the proxy's address is malformed") from None
    if to.scheme != "http":
        raise Trouble(f"the proxy's address begins with {to.scheme[:10]}://, and only http:// is known")
    try:
        found = socket.create_connection((host, port), call.left_s())
    except OSError as exc:
        raise Trouble(f"the proxy {host[:100]}:{port} cannot be reached") from exc
    call.hold(found)
    return found


def _tunnel(plain: socket.socket, where: str, headers: Mapping[str, str]) -> None:
    """Ask a proxy for a tunnel; it closes the socket where there is none."""
    lines = [f"CONNECT {where} HTTP/1.1", f"Host: {where}", *(f"{name}: {value}" for name, value in headers.items())]
    try:
        plain.sendall(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace"))
        response = http.client.HTTPResponse(plain, method="CONNECT")
        response.begin()
    except http.client.HTTPException as exc:
        plain.close()
        raise Trouble("the proxy does not speak HTTP") from exc
    except BaseException:
        plain.close()
        raise
    if not 200 <= response.status < 300:
        plain.close()
        raise Trouble(f"the proxy answered {response.status}")


def _proxy_headers(proxy: str) -> dict[str, str]:
    parts = urlsplit(proxy)
    if parts.username is None:
        return {}
    pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
    return {"Proxy-Authorization": f"Basic {base64.b64encode(pair).decode()}"}
