"""What can go wrong upstream, as one sentence each.

UpstreamError          try again at the next look
├── RefusedError       the token or the address is wrong: nothing will change until somebody mends it
└── LimitedError       not before a certain time: the rate limit, or what is left of it is for others
"""

from __future__ import annotations

from ci_reporter.errors import CIReporterError


class UpstreamError(CIReporterError):
    """A CI system did not answer, or not as it should; `code` is the status, or a word such as `timeout`."""

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.code = code


class RefusedError(UpstreamError):
    """It understood and said no: 401, 403, 404."""


class LimitedError(UpstreamError):
    """It wants no more requests with this token before `wait_s` have passed."""

    def __init__(self, message: str, wait_s: float) -> None:
        super().__init__(message, "429")
        self.wait_s = wait_s
