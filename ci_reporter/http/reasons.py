"""Why a request failed, in words people know: `connection refused`, not three nested reprs."""

from __future__ import annotations

from ci_reporter.system.text import one_line
from ci_reporter.system.userinfo import mask_addresses

_LONGEST = 200


def reason(error: BaseException) -> str:
    """The innermost cause, in one line."""
    import http.client
    import socket
    import ssl

    import requests

    cause = error
    while inner := _inner(cause):
        cause = inner
    match cause:
        case ssl.SSLCertVerificationError():
            text = f"certificate is not trusted: {_lowered(cause.verify_message)}"
        case ssl.SSLError():
            text = f"TLS failed: {(cause.reason or str(cause)).lower().replace('_', ' ')}"
        case socket.gaierror(errno=socket.EAI_NONAME):
            text = "name not known"
        case http.client.RemoteDisconnected():
            text = "it closed the connection without an answer"
        case _ if isinstance(error, requests.exceptions.ChunkedEncodingError):
            text = "its answer broke off"
        case http.client.HTTPException():
            text = f"it does not speak HTTP: {cause}"
        case OSError(strerror=str(words)):
            text = _lowered(words)
        case requests.exceptions.RequestException() | UnicodeError():
            text = _lowered(str(cause))
        case ValueError():  # its own words hold a piece of the address, perhaps of the password in it
            text = "malformed address, ours or the proxy's (http_proxy, https_proxy)"
        case _:
            text = str(cause) or type(cause).__name__
    return one_line(mask_addresses(text), _LONGEST)


def _lowered(words: str) -> str:
    return words[:1].lower() + words[1:]


def _inner(error: BaseException) -> BaseException | None:
    candidates = (getattr(error, "reason", None), *error.args, error.__cause__, error.__context__)
    return next((each for each in candidates if isinstance(each, BaseException)), None)
