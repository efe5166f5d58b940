"""The one way out: one function that sends one request within one deadline.

`requests` limits each wait of a socket, not their sum, and cannot limit a name lookup; so the request runs in a thread
of its own, and when the deadline comes nobody waits for it any longer. Importing this module is cheap; `prepare` loads
the rest.
"""

from __future__ import annotations

import base64
import random
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ci_reporter import __version__
from ci_reporter.errors import DeliveryError, Rejected

TYPE_CHECKING = False
if TYPE_CHECKING:
    import requests

_LARGEST_ANSWER = 64 * 1024
_PAUSE_S = (0.1, 0.3)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")


class Deadline:
    """A point in time that everything sent shares."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.seconds = seconds
        self._clock = clock
        self._until = clock() + seconds

    def left_s(self) -> float:
        """Seconds until then; 0 when it has passed."""
        return max(0.0, self._until - self._clock())


@dataclass(frozen=True, kw_only=True)
class Access:
    """How to be let in: basic or bearer authentication, and whom to trust (a path, else the system's store)."""

    username: str | None = None
    password: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)
    ca: str | None = None

    def header(self) -> str | None:
        """The Authorization header's value."""
        if self.token:
            return f"Bearer {self.token}"
        if self.username is None and self.password is None:
            return None
        pair = f"{self.username or ''}:{self.password or ''}".encode()
        return f"Basic {base64.b64encode(pair).decode()}"


@dataclass(frozen=True, kw_only=True)
class Request:
    """What to send. An answer longer than `limit` bytes is cut there."""

    method: str
    url: str
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    access: Access = field(default_factory=Access)
    limit: int = _LARGEST_ANSWER


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)

    def text(self, most: int = 400) -> str:
        """The body for a message: one line, cut, no control characters."""
        return _CONTROL.sub(" ", self.body.decode("utf-8", "replace")).strip()[:most]


def prepare() -> None:
    """Load what sending needs, while there is time."""
    import requests  # noqa: F401


def send(request: Request, deadline: Deadline, retries: int = 1) -> Answer:
    """Send it, once more after a failure that may pass, and give a 2xx answer.

    Raises DeliveryError when there is none in time (also 429 and 5xx), Rejected for any other status; redirects are
    not followed: a POST would arrive as a GET.
    """
    for attempt in range(retries + 1):
        try:
            return _checked(request, _in_time(request, deadline))
        except Rejected:
            raise
        except DeliveryError:
            pause = random.uniform(*_PAUSE_S)  # noqa: S311
            if attempt == retries or deadline.left_s() <= pause * 2:
                raise
            time.sleep(pause)
    raise AssertionError("unreachable")


def shown(url: str) -> str:
    """An address as it may be printed: without user and password."""
    return re.sub(r"//[^/@]*@", "//", url)


def _where(url: str) -> str:
    """The server alone: a group's address is long, and base64."""
    return "/".join(shown(url).split("/", 3)[:3])


def _checked(request: Request, answer: Answer) -> Answer:
    if 200 <= answer.status < 300:
        return answer
    said = answer.text()
    if 300 <= answer.status < 400:
        said = f"it redirects to {shown(answer.headers.get('location', 'nowhere'))[:200]}; set that address instead"
    kind = DeliveryError if answer.status >= 500 or answer.status in (408, 429) else Rejected
    raise kind(f"{_where(request.url)} answered {answer.status}" + (f": {said}" if said else ""))


def _in_time(request: Request, deadline: Deadline) -> Answer:
    """Send in a thread and wait for it until the deadline, whatever it hangs on."""
    import threading

    done: list[Answer | DeliveryError] = []
    thread = threading.Thread(target=lambda: done.append(_caught(request, deadline)), daemon=True)
    thread.start()
    thread.join(deadline.left_s())
    if not done:
        raise DeliveryError(f"no answer from {_where(request.url)} within {deadline.seconds:g} s")
    if isinstance(done[0], DeliveryError):
        raise done[0]
    return done[0]


def _caught(request: Request, deadline: Deadline) -> Answer | DeliveryError:
    import requests

    try:
        return _exchange(request, deadline)
    except requests.exceptions.Timeout:
        return DeliveryError(f"no answer from {_where(request.url)} within {deadline.seconds:g} s")
    except (requests.exceptions.RequestException, OSError, ValueError) as exc:
        error = DeliveryError(f"cannot reach {_where(request.url)}: {_reason(exc)}")
        error.__cause__ = exc
        return error


def _exchange(request: Request, deadline: Deadline) -> Answer:
    import requests

    def authorize(prepared: requests.PreparedRequest) -> requests.PreparedRequest:
        if value := request.access.header():
            prepared.headers["Authorization"] = value
        return prepared  # having a say at all keeps ~/.netrc out of it

    with requests.Session() as session:
        response = session.request(
            request.method,
            request.url,
            data=request.body,
            headers={"User-Agent": f"ci-reporter/{__version__}", "Accept-Encoding": "identity", **request.headers},
            auth=authorize,
            timeout=max(0.01, deadline.left_s()),
            verify=request.access.ca or True,
            allow_redirects=False,
            stream=True,
        )
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Answer(status=response.status_code, body=_body(response, request.limit), headers=headers)


def _body(response: requests.Response, limit: int) -> bytes:
    kept = bytearray()
    for chunk in response.iter_content(16 * 1024):
        kept += chunk
        if len(kept) >= limit:
            break
    return bytes(kept[:limit])


def _reason(error: BaseException) -> str:
    """The innermost cause in the words of the system: `connection refused`, not three nested reprs."""
    seen: BaseException = error
    while inner := _inner(seen):
        seen = inner
    if isinstance(seen, OSError) and seen.strerror:
        return seen.strerror[0].lower() + seen.strerror[1:]
    return _CONTROL.sub(" ", str(seen)).split(": ", 1)[-1][:200] or type(seen).__name__


def _inner(error: BaseException) -> BaseException | None:
    candidates = (getattr(error, "reason", None), *error.args, error.__cause__, error.__context__)
    return next((each for each in candidates if isinstance(each, BaseException)), None)
