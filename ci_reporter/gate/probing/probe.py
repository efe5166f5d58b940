"""One probe: a request at its time, and what became of it, whatever that is. Reaches the network; never raises."""

from __future__ import annotations

import asyncio
import os
import re
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import urljoin, urlsplit

from ci_reporter import __version__
from ci_reporter.gate.probing.asserts import problem
from ci_reporter.gate.probing.target import Target
from ci_reporter.gate.recording import Probe
from ci_reporter.health.reply import revision_of
from ci_reporter.http.exchange import Connection, Order, Reply, Trouble, Unanswered, connect, exchange, origin
from ci_reporter.system.masking import Masking

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
    _context: ssl.SSLContext | None = None

    @property
    def context(self) -> ssl.SSLContext:
        """Whom to trust: the given certificates, else the system's."""
        if self._context is None:
            self._context = _trust(self.target.ca)
        return self._context

    def prepare(self) -> None:
        """Do what takes long the first time, so that no probe has to."""
        self.proxy(self.target.url)
        if self.target.url.startswith("https:"):
            try:
                _ = self.context
            except OSError:  # each probe says so
                pass

    def proxy(self, url: str) -> str | None:
        """The proxy for an address, as the environment names it."""
        if not self.proxies:
            return None
        from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]

        parts = urlsplit(url)
        bypass = {"no": self.proxies.get("no_proxy", "")}
        if proxy_bypass_environment(parts.netloc.rpartition("@")[2], bypass):
            return None
        found = self.proxies.get(f"{parts.scheme}_proxy") or self.proxies.get("all_proxy")
        return found if not found or "//" in found else f"http://{found}"


async def probe(line: Line, t: float, due: float) -> Probe:
    """Ask once. `due` is the loop's time when it was to begin: latency counts from there."""
    loop = asyncio.get_running_loop()
    target = line.target
    left_s = max(0.001, due + target.timeout_s - loop.time())
    stages = ["connecting"]
    try:
        async with asyncio.timeout(left_s):
            reply = await _answer(line, stages)
    except TimeoutError:
        return Probe(t=t, ok=False, reason=f"timed out after {target.timeout_s:g} s ({stages[-1]})")
    except (Trouble, OSError, asyncio.IncompleteReadError, ValueError) as exc:
        return Probe(t=t, ok=False, reason=_reason(exc))
    return _judged(target, reply, t, (loop.time() - due) * 1000)


async def _answer(line: Line, stages: list[str]) -> Reply:
    """The answer at the end of the redirects within the host."""
    order = _order(line.target)
    for _ in range(_MOST_REDIRECTS + 1):
        reply = await _once(line, order, stages)
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
    where = _plain(to.netloc.rpartition("@")[2])[:100]
    if to.hostname != from_.hostname or to.scheme not in ("http", "https"):
        raise Trouble(f"it redirects to another host: {where}")
    if origin(ours) != origin(theirs) and (from_.scheme, to.scheme) != ("http", "https"):
        raise Trouble(f"it redirects to another port, or away from TLS: {to.scheme}://{where}")


async def _once(line: Line, order: Order, stages: list[str]) -> Reply:
    proxy = line.proxy(order.url)
    kept = None if line.target.fresh else _kept(line, origin(order.url))
    if kept:
        try:
            return await _on(line, kept, order, proxy, stages)
        except Unanswered:  # it may have been closed just when we asked: that says nothing of the service
            if order.method not in _REPEATABLE:
                raise
    stages.append("connecting")
    connection = await connect(order, line.context if order.url.startswith("https") else None, proxy)
    return await _on(line, connection, order, proxy, stages)


def _kept(line: Line, there: str) -> Connection | None:
    """An idle connection to there that is still open; those that are not are let go."""
    for each in [each for each in line.idle if not each.open]:
        line.idle.remove(each)
        each.close()
    found = next((each for each in line.idle if each.origin == there), None)
    if found:
        line.idle.remove(found)
    return found


async def _on(line: Line, connection: Connection, order: Order, proxy: str | None, stages: list[str]) -> Reply:
    done = False
    try:
        reply = await exchange(order, connection, proxy, stages)
        done = reply.kept and not line.target.fresh and len(line.idle) < _MOST_IDLE
        return reply
    finally:
        if done:
            line.idle.append(connection)
        else:
            connection.close()


def _trust(ca: str | None) -> ssl.SSLContext:
    """Whom to trust: a file of certificates, a folder of them as OpenSSL has it, else the system's store."""
    if ca and os.path.isdir(ca):
        return ssl.create_default_context(capath=ca)
    return ssl.create_default_context(cafile=ca)


def _order(target: Target) -> Order:
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
    )


def _judged(target: Target, reply: Reply, t: float, latency_ms: float) -> Probe:
    reason = problem(target.expect, reply.status, reply.body)
    if reason:
        reason = _masking(target).mask(reason)
    return Probe(
        t=t,
        ok=reason is None,
        latency_ms=round(latency_ms, 3),
        status=reply.status,
        revision=revision_of(reply.body, reply.headers, target.revision),
        reason=reason,
        response=_excerpt(target, reply.body) if reason else None,
    )


def _excerpt(target: Target, body: bytes) -> str | None:
    """How the answer begins, on one line, without what we had sent as a secret."""
    text = _masking(target).mask(body[: 8 * _LONGEST_EXCERPT].decode("utf-8", "replace"))
    return _plain(text)[:_LONGEST_EXCERPT] or None


def _masking(target: Target) -> Masking:
    """Knows what was sent as a secret: headers whole, and the credentials behind their scheme."""
    return Masking(part for value in target.headers.values() for part in (value, value.rpartition(" ")[2]))


def _plain(text: str) -> str:
    return re.sub(r"[\x00-\x20\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+", " ", text).strip()


def _reason(error: BaseException) -> str:  # noqa: PLR0911  a table of causes
    """The failure in words people know."""
    match error:
        case Trouble():
            return str(error)
        case asyncio.IncompleteReadError():
            return "its answer broke off"
        case ssl.SSLCertVerificationError():
            return f"certificate is not trusted: {_plain(error.verify_message)}"
        case ssl.SSLError():
            return f"TLS failed: {(error.reason or str(error)).lower().replace('_', ' ')}"
        case socket.gaierror(errno=socket.EAI_AGAIN):
            return "name look-up failed for now"
        case socket.gaierror():
            return "name not known"
        case ConnectionRefusedError():
            return "connection refused"
        case ConnectionResetError() | BrokenPipeError():
            return "connection reset"
        case OSError(errno=int(number)) if number > 0:
            words = os.strerror(number)  # the error's own may be asyncio's, with addresses
            return words[:1].lower() + words[1:]
        case OSError() if "Connect call failed" in str(error):  # of several addresses, none
            return "connection refused"
        case _:
            return _plain(str(error))[:_LONGEST_EXCERPT] or type(error).__name__
