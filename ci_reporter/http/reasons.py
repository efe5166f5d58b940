"""Why a request failed, in words people know: `connection refused`, not three nested reprs."""

from __future__ import annotations

import os

from ci_reporter.system.text import one_line
from ci_reporter.system.userinfo import mask_addresses

_LONGEST = 200


def reason(error: BaseException) -> str:
    """The innermost cause of a failed request of `requests`, in one line."""
    import requests

    cause = error
    while inner := _inner(cause):
        cause = inner
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        text = "its answer broke off"
    else:
        text = system_reason(cause) or _other_reason(cause)
    return one_line(mask_addresses(text), _LONGEST)


def system_reason(error: BaseException) -> str | None:  # noqa: PLR0911  a table of causes
    """What the network, TLS or the name look-up says; None for every other error."""
    import http.client
    import socket
    import ssl

    match error:
        case ssl.SSLCertVerificationError():
            return f"certificate is not trusted: {_lower_first(one_line(error.verify_message))}"
        case ssl.SSLError():
            return f"TLS failed: {(error.reason or str(error)).lower().replace('_', ' ')}"
        case socket.gaierror(errno=socket.EAI_AGAIN):
            return "name look-up failed for now"
        case socket.gaierror():
            return "name not known"
        case http.client.RemoteDisconnected():
            return "it closed the connection without an answer"
        case ConnectionRefusedError():
            return "connection refused"
        case ConnectionResetError() | BrokenPipeError():
            return "connection reset"
        case OSError(errno=int(number)) if number > 0:
            return _lower_first(os.strerror(number))  # the error's own words may be a library's, with addresses
        case TimeoutError():
            return "timed out"
    return None


def _other_reason(error: BaseException) -> str:
    import http.client

    import requests

    match error:
        case http.client.HTTPException():
            said = "".join(each for each in one_line(str(error), 200) if each.isprintable()).strip()
            return f"it does not speak HTTP: {said}" if said else "it does not speak HTTP"
        case requests.exceptions.RequestException() | UnicodeError():
            return _lower_first(str(error))
        case ValueError():  # its own words hold a piece of the address, perhaps of the password in it
            return "malformed address, ours or the proxy's (http_proxy, https_proxy)"
    return str(error) or type(error).__name__


def _lower_first(words: str) -> str:
    """The words as they go on in a sentence: `Connection refused` begins small, `IP address` does not."""
    return words if words[1:2].isupper() else words[:1].lower() + words[1:]


def _inner(error: BaseException) -> BaseException | None:
    candidates = (getattr(error, "reason", None), *error.args, error.__cause__, error.__context__)
    return next((each for each in candidates if isinstance(each, BaseException)), None)
