"""One probe: a request at its time, and what became of it, whatever that is. Reaches the network; never raises."""

from __future__ import annotations

import os
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import urljoin, urlsplit

from ci_reporter.gate.probing.asserts import number_at, problem
from ci_reporter.gate.probing.target import Target
from ci_reporter.gate.recording import Probe
from ci_reporter.health.reply import SlowPattern, revision_of, search
from ci_reporter.http.proxies import proxy_for
from ci_reporter.http.reasons import system_reason
from ci_reporter.http.timed import Call, Connection, Order, Reply, Trouble, Unanswered, connect, exchange, origin
from ci_reporter.system.masking import Masking
from ci_reporter.system.text import one_line
from ci_reporter.version import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ci_reporter.health.reply import Search

_MOST_REDIRECTS = 5
_LONGEST_EXCERPT = 200
_MOST_IDLE = 8
_REDIRECTS = (301, 302, 303, 307, 308)
_REPEATABLE = ("GET", "HEAD", "OPTIONS")


@dataclass(kw_only=True)
class Line:
    """The way to one target: trust, proxy, and connections that were kept."""

    target: Target
    proxies: Mapping[str, str] = field(default_factory=dict, repr=False)
    idle: list[Connection] = field(default_factory=list)
    find: Search = search
    _context: ssl.SSLContext | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def take(self, there: str) -> Connection | None:
        """An idle connection to there that is still open; those that are not are let go."""
        with self._lock:
            for each in [each for each in self.idle if not each.open]:
                self.idle.remove(each)
                each.close()
            found = next((each for each in self.idle if each.origin == there), None)
            if found:
                self.idle.remove(found)
            return found

    def give_back(self, connection: Connection) -> bool:
        """Keep a connection for a later probe; False where there are enough."""
        with self._lock:
            if len(self.idle) >= _MOST_IDLE:
                return False
            self.idle.append(connection)
            return True

    @property
    def context(self) -> ssl.SSLContext:
        """Whom to trust: the given certificates, else the system's."""
        if self._context is None:
            self._context = _trust(self.target)
        return self._context

    def prepare(self) -> None:
        """Do what takes long the first time, so that no probe has to."""
        self.proxy(self.target.url)
        if self.target.url.startswith("https:"):
            try:
                _ = self.context
            except (OSError, ValueError):  # each probe says so
                pass

    def proxy(self, url: str) -> str | None:
        """The proxy for an address, as the environment names it."""
        return proxy_for(url, self.proxies)


def probe(line: Line, t: float, call: Call, due: float, turn: int = 0) -> Probe:
    """Ask once. `due` is the monotonic time when it was to begin: latency counts from there, not from when it did."""
    target = line.target
    try:
        reply = _answer(line, call, turn)
    except (Trouble, OSError, ValueError) as exc:
        call.address = call.address or next(iter(getattr(exc, "__notes__", ())), None)  # of the one not connected to
        if time.monotonic() >= call.until:
            return timed_out(target, t, call)
        return Probe(t=t, ok=False, reason=f"{reason_of(exc)}{_where(call)}", address=call.address)
    if time.monotonic() >= call.until:  # a body that ends with the connection looks whole when that was cut
        return timed_out(target, t, call)
    return _probe_of(line, reply, t, (time.monotonic() - due) * 1000, call.address)


def timed_out(target: Target, t: float, call: Call) -> Probe:
    """The probe whose answer did not come in time."""
    where = f" {call.address}" if call.address else ""
    reason = f"timed out after {target.timeout_s:g} s ({call.stage}{where})"
    return Probe(t=t, ok=False, reason=reason, address=call.address)


def _where(call: Call) -> str:
    """The address that did not answer, of a name that has several."""
    return f" ({call.address})" if call.address else ""


def _answer(line: Line, call: Call, turn: int) -> Reply:
    """The answer at the end of the redirects within the host."""
    order = _order(line.target, turn)
    for _ in range(_MOST_REDIRECTS + 1):
        reply = _once(line, order, call)
        there = reply.headers.get("location")
        if reply.status not in _REDIRECTS or not there:
            return reply
        url = urljoin(order.url, there)
        _check_way(order.url, url)
        same = order.method in ("GET", "HEAD") or reply.status in (307, 308)
        order = replace(order, url=url) if same else replace(order, url=url, method="GET", body=None)
    raise Trouble(f"it redirects more than {_MOST_REDIRECTS} times")


def _check_way(ours: str, theirs: str) -> None:
    """Raise Trouble where a redirect leads where our headers, which may be secret, must not go."""
    from_, to = urlsplit(ours), urlsplit(theirs)
    where = one_line(to.netloc.rpartition("@")[2], 100)
    if to.hostname != from_.hostname or to.scheme not in ("http", "https"):
        raise Trouble(f"it redirects to another host: {where}")
    if origin(ours) != origin(theirs) and (from_.scheme, to.scheme) != ("http", "https"):
        raise Trouble(f"it redirects to another port, or away from TLS: {to.scheme}://{where}")


def _once(line: Line, order: Order, call: Call) -> Reply:
    proxy = line.proxy(order.url)
    idle = None if line.target.fresh else line.take(origin(order.url))
    if idle:
        try:
            return _on(line, idle, order, call)
        except Unanswered:  # it may have been closed just when we asked: that says nothing of the service
            if order.method not in _REPEATABLE:
                raise
    call.stage = "connecting"
    return _on(line, connect(order, line.context if order.url.startswith("https") else None, proxy, call), order, call)


def _on(line: Line, connection: Connection, order: Order, call: Call) -> Reply:
    done = False
    try:
        reply = exchange(order, connection, line.proxy(order.url), call)
        done = reply.reusable and not line.target.fresh
        return reply
    finally:
        if not done or not line.give_back(connection):
            connection.close()


def _trust(target: Target) -> ssl.SSLContext:
    """Whom to trust: certificates, or a folder of them as OpenSSL has it, else the system's store; and who we are."""
    ca = target.ca
    folder = bool(ca) and os.path.isdir(ca or "")
    context = ssl.create_default_context(capath=ca) if folder else ssl.create_default_context(cafile=ca)
    if target.cert:
        context.load_cert_chain(target.cert, target.key, password=_no_password)
    return context


def _no_password() -> str:
    """OpenSSL would ask the terminal."""
    raise ValueError("the key of the client's certificate has a password; give one without")


def _order(target: Target, turn: int) -> Order:
    url = target.url.partition("#")[0]
    if target.cache_bust:
        url += f"{'&' if '?' in url else '?'}ci-reporter={os.urandom(6).hex()}"
    usual = {
        "User-Agent": f"ci-reporter/{__version__}",
        "Accept": "*/*",
        "Accept-Encoding": "identity",
        "Cache-Control": "no-cache",
        "Connection": "close" if target.fresh else "keep-alive",
    }
    named = {name.lower() for name in target.headers}
    return Order(
        method=target.method,
        url=url,
        headers={name: value for name, value in usual.items() if name.lower() not in named} | dict(target.headers),
        body=target.body,
        limit_bytes=target.limit_bytes,
        family=target.family,
        turn=turn,
    )


def _probe_of(line: Line, reply: Reply, t: float, latency_ms: float, address: str | None) -> Probe:
    target = line.target
    value: float | None = None
    try:
        reason = problem(target.expect, reply.status, reply.body, line.find)
        if target.value and not reason:
            value, reason = number_at(reply.body, target.value)
        revision = revision_of(reply.body, reply.headers, target.revision, line.find)
    except SlowPattern as exc:
        reason, revision = str(exc), None
    return Probe(
        t=t,
        ok=reason is None,
        latency_ms=round(latency_ms, 3),
        status=reply.status,
        revision=revision,
        reason=reason and _masking(target).mask(reason),
        response=_excerpt(target, reply.body) if reason else None,
        address=address,
        value=value,
    )


def _excerpt(target: Target, body: bytes) -> str | None:
    """How the answer begins, on one line, without what we had sent as a secret."""
    text = _masking(target).mask(body[: 8 * _LONGEST_EXCERPT].decode("utf-8", "replace"))
    return one_line(text, _LONGEST_EXCERPT) or None


def _masking(target: Target) -> Masking:
    """Knows what was sent as a secret: headers whole, and the credentials behind their scheme."""
    return Masking(part for value in target.headers.values() for part in (value, value.rpartition(" ")[2]))


def reason_of(error: BaseException) -> str:
    """The failure in words people know."""
    said = str(error) if isinstance(error, Trouble) else system_reason(error)
    return said or one_line(str(error), _LONGEST_EXCERPT) or type(error).__name__
