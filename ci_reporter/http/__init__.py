"""The one way out: `send` wants a 2xx answer, `exchange` gives any; each within one deadline.

`requests` limits each wait of a socket, not their sum, and cannot limit a name lookup; so the request runs in a thread
of its own, and at the deadline the caller stops waiting for it. Importing this module is cheap; `prepare` loads
the rest.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping

from ci_reporter.errors import DeliveryError, Rejected
from ci_reporter.frozen import EMPTY, Frozen
from ci_reporter.http.authorities import on_disk
from ci_reporter.http.reasons import reason
from ci_reporter.system.addresses import public_url
from ci_reporter.system.deadline import Deadline
from ci_reporter.system.masking import Masking
from ci_reporter.system.parallel import run_until
from ci_reporter.system.text import one_line
from ci_reporter.version import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeVar

    import requests

    T = TypeVar("T")

_LARGEST_ANSWER = 64 * 1024
_LARGEST_REFUSAL = 4 * 1024
_PAUSE_S = (0.1, 0.3)
_PASSING = (408, 429)  # beside 5xx: statuses that say "not now"


class Access(Frozen):
    """How to be let in: basic or bearer authentication, and whom to trust (a path, else the system's store).

    `hidden` are secrets that are sent in other headers.
    """

    username: str | None = None
    password: str | None = None
    token: str | None = None
    ca: str | None = None
    hidden: frozenset[str] = frozenset()

    def __repr__(self) -> str:
        return f"Access(username={self.username!r}, ca={self.ca!r}, password and token hidden)"

    def header(self) -> str | None:
        """The Authorization header's value."""
        if self.token:
            return f"Bearer {self.token}"
        if self.username is None and self.password is None:
            return None
        import base64

        pair = f"{self.username or ''}:{self.password or ''}".encode()
        return f"Basic {base64.b64encode(pair).decode()}"

    def mask(self, text: str) -> str:
        """The text without our secrets: a server may say what it was sent."""
        sent = (self.header() or "").partition(" ")[2]
        return Masking(filter(None, (sent, self.token, self.password, *self.hidden))).mask(text)


class Request(Frozen):
    """What to send. Messages name `base`, the address as it was set.

    A 2xx answer is cut after `limit` bytes, any other after `refusal_limit`.
    """

    method: str
    url: str
    base: str = ""
    body: bytes | None = None
    headers: Mapping[str, str] = EMPTY
    access: Access = Access()
    limit: int = _LARGEST_ANSWER
    refusal_limit: int = _LARGEST_REFUSAL


class Answer(Frozen):
    """What came back; `expires_at_s` is the end of the server's certificate, in seconds since the epoch."""

    status: int
    body: bytes
    headers: Mapping[str, str] = EMPTY
    expires_at_s: float | None = None

    @property
    def is_page(self) -> bool:
        """Whether it is a web page, made for people."""
        kind = self.headers.get("content-type", "").lower()
        return kind.startswith("text/html") or self.body.lstrip()[:9].lower().startswith((b"<!doctype", b"<html"))

    def text(self, most: int = 400) -> str:
        """The body for a message: one line, cut, no control characters; of a web page its title."""
        said = self.body.decode("utf-8", "replace")
        if self.is_page:
            title = re.search(r"<title[^>]*>([^<]*)", said, re.IGNORECASE)
            said = f"a web page: {title[1].strip()}" if title and title[1].strip() else "a web page"
        return one_line(said, most)


def prepare() -> None:
    """Load what sending needs, while there is time."""
    import requests  # noqa: F401


class TryLaterError(DeliveryError):
    """A failure that may pass: worth another try after `pause_s`, which the server may have asked for."""

    def __init__(self, message: str, pause_s: float | None = None) -> None:
        import random

        super().__init__(message)
        # Random, so that the jobs of a matrix, which end together, do not all come back together.
        self.pause_s = random.uniform(*_PAUSE_S) if pause_s is None else pause_s  # noqa: S311


def send(
    request: Request,
    deadline: Deadline,
    retries: int = 1,
    problem: Callable[[Answer], DeliveryError | None] = lambda answer: None,  # noqa: ARG005
) -> Answer:
    """Send it, once more after a failure that may pass, and give a 2xx answer.

    `problem` is asked first what is wrong with an answer, for servers that say no in a body; a `TryLaterError` of it
    is worth another try. Raises DeliveryError when there is no good answer in time (also 408, 429 and 5xx), Rejected
    for any other status; redirects are not followed: a POST would arrive as a GET.
    """

    def once() -> Answer:
        answer = _in_time(request, deadline)
        if error := problem(answer):
            raise error
        return _success(request, answer)

    return persist(once, deadline, retries)


def persist(call: Callable[[], T], deadline: Deadline, retries: int) -> T:
    """What the call gives, in a later try where it fails with TryLaterError and there is time left."""
    for left in reversed(range(retries + 1)):
        try:
            return call()
        except TryLaterError as exc:
            # A server may ask for `Retry-After: 120`: beyond the deadline the report waits in the spool instead.
            if not left or deadline.left_s() <= exc.pause_s:
                raise
            time.sleep(exc.pause_s)
    raise AssertionError("unreachable")


def exchange(request: Request, deadline: Deadline) -> Answer:
    """Send it once and give whatever answer comes, also one that says no. Raises DeliveryError when none does."""
    return _in_time(request, deadline)


def _where(request: Request) -> str:
    """The server alone: a group's address is long, and base64."""
    return public_url(request.base) or "/".join(public_url(request.url).split("/", 3)[:3])


def _success(request: Request, answer: Answer) -> Answer:
    if 200 <= answer.status < 300:
        return answer
    said = _redirect(request, answer) if 300 <= answer.status < 400 else request.access.mask(answer.text())
    message = f"{_where(request)} answered {answer.status}" + (f": {said}" if said else "")
    if answer.status >= 500 or answer.status in _PASSING:
        raise TryLaterError(message, retry_after_s(answer))
    raise Rejected(message, answer.status)


def _redirect(request: Request, answer: Answer) -> str:
    """Where it wants us to go, as an address to set: without what we had put behind ours."""
    from urllib.parse import urljoin

    if "location" not in answer.headers:
        return ""
    try:
        target = urljoin(request.url, answer.headers["location"]).partition("?")[0]
    except ValueError:
        return "it redirects to something that is not an address"
    target = public_url(target).removesuffix(public_url(request.url).removeprefix(_where(request)))
    return f"it redirects to {one_line(target, 200)}; set that address instead"


def retry_after_s(answer: Answer) -> float | None:
    """Seconds the server asks to wait, given as such or as a date. Source: RFC 9110, 10.2.3."""
    from email.utils import parsedate_to_datetime

    text = answer.headers.get("retry-after", "").strip()
    try:
        return max(0.0, float(text) if text.isdecimal() else parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None


def _in_time(request: Request, deadline: Deadline) -> Answer:
    """Send in a thread and wait for it until the deadline, whatever it hangs on."""
    if not deadline.left_s():
        raise DeliveryError(f"no time left for {_where(request)} (of {deadline.seconds:g} s)")
    done = run_until(deadline, lambda: _answer_or_error(request, deadline))
    if not done:
        raise DeliveryError(f"no answer from {_where(request)} within {deadline.seconds:g} s")
    if isinstance(done[0], DeliveryError):
        raise done[0]
    return done[0]


def _answer_or_error(request: Request, deadline: Deadline) -> Answer | DeliveryError:
    import requests

    try:
        return _exchange(request, deadline)
    except requests.exceptions.Timeout:
        return DeliveryError(f"no answer from {_where(request)} within {deadline.seconds:g} s")
    except (requests.exceptions.RequestException, OSError, ValueError) as exc:
        hop = "the proxy: " if isinstance(exc, requests.exceptions.ProxyError) else ""
        message = f"cannot reach {_where(request)}: {hop}{reason(exc)}"
        final = isinstance(exc, requests.exceptions.SSLError) or not isinstance(
            exc, requests.exceptions.ConnectionError
        )
        error = DeliveryError(message) if final else TryLaterError(message)
        error.__cause__ = exc
        return error


def _exchange(request: Request, deadline: Deadline) -> Answer:
    """One request, one answer.

    It goes to the adapter itself: a session would read the whole body of a redirect that it is told not to follow.
    """
    import requests

    def authorize(prepared: requests.PreparedRequest) -> requests.PreparedRequest:
        if value := request.access.header():
            prepared.headers["Authorization"] = value.encode()  # type: ignore[assignment]  # bytes hold any token
        return prepared  # having a say at all keeps ~/.netrc out of it

    headers = {"User-Agent": f"ci-reporter/{__version__}", "Accept-Encoding": "identity", **request.headers}
    with requests.Session() as session:
        prepared = session.prepare_request(
            requests.Request(request.method, request.url, data=request.body, headers=headers, auth=authorize)
        )
        url = prepared.url or request.url
        settings = session.merge_environment_settings(url, {}, True, request.access.ca or True, None)
        with (
            on_disk(url, settings["verify"] or True) as verify,
            session.get_adapter(url).send(
                prepared,
                stream=True,
                timeout=max(0.01, deadline.left_s()),
                verify=verify,
                proxies=settings["proxies"],
            ) as response,
        ):
            found = {name.lower(): value for name, value in response.headers.items()}
            expires_at_s = _expires_at_s(response) if url.startswith("https:") else None
            # The limit cuts an answer that never ends; one that drips is abandoned at the deadline, see `_in_time`.
            if 200 <= response.status_code < 300:
                body = b"".join(_pieces(response, request.limit, 16 * 1024))
            else:  # who refuses often hangs up at once: what came before that is what there is to say
                body = b"".join(_until_it_breaks(_pieces(response, request.refusal_limit, 1)))
            return Answer(status=response.status_code, body=body, headers=found, expires_at_s=expires_at_s)


def _expires_at_s(response: requests.Response) -> float | None:
    """When the certificate of this very connection ends; a connection that is closing has left its socket behind."""
    import ssl

    kept = getattr(getattr(response.raw, "connection", None), "sock", None)
    left = getattr(getattr(getattr(getattr(response.raw, "_fp", None), "fp", None), "raw", None), "_sock", None)
    found = next((each for each in (kept, left) if isinstance(each, ssl.SSLSocket)), None)
    certificate = found and found.getpeercert()
    return ssl.cert_time_to_seconds(str(certificate["notAfter"])) if certificate else None


def _pieces(response: requests.Response, limit: int, size: int) -> Iterator[bytes]:
    """The body piece by piece, cut after `limit` bytes."""
    left = limit
    for piece in response.iter_content(size):
        yield piece[:left]
        left -= len(piece)
        if left <= 0:
            return


def _until_it_breaks(pieces: Iterator[bytes]) -> Iterator[bytes]:
    import requests

    try:
        yield from pieces
    except requests.exceptions.RequestException:
        return
