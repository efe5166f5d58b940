"""User information in addresses (`https://deploy:hunter2@host/`): found by its place, whatever it is.

Sources: RFC 3986, 3.2 "Authority"; WHATWG URL Standard: the authority ends at the first `/`, `?` or `#`, and the user
information at the last `@` in it. So `https://host/@user` holds none, and `git@host:path` and `me@example.org` are no
addresses of this kind.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

HIDDEN = "***"
# Each search begins at `://` (`:\/\/` in some JSON) and stops before the next one; possessive quantifiers and atomic
# groups give nothing back: a text is read once, however many half addresses are in it.
_SLASHES = r"(?:\\?/){2}"
# user:password@, or a token alone: https://ghp_xxx@github.com
_STRICT = r"(?!@)(?>(?:[^\s/?#\"<>\\`@]*+@)+)"
# user:pass/word@: a password that should have been percent-encoded. A port is not one: http://host:80/@user
_LENIENT = rf"[^\s/?#\"<>\\`@:\[]*+:(?!\d*(?:[/?#\\]|$))(?>(?:(?>(?:[^\s\"<>@:]++|:(?!{_SLASHES}))*)@)+)"
_USERINFO = re.compile(rf"(:{_SLASHES})({_STRICT}|{_LENIENT})")
# //user:password@host, an address that takes its scheme from where it stands; `a//b:c@d` is a path
_NO_SCHEME = re.compile(r"(?<![^\s\"'`(=,])(//)[^\s/?#\"<>\\`@:]*+:[^\s/?#\"<>\\`@]*+@")
# https%3A%2F%2Fuser%3Apassword%40host, an address in a parameter of another
_ENCODED = re.compile(r"(%3A(?:%2F|/){2})(?>(?:(?!%(?:2F|3F|23|40))[^\s/?#&\"<>\\`@])+)(%40|@)", re.IGNORECASE)
# jdbc:oracle:thin:user/password@host
_ORACLE = re.compile(r"(jdbc:oracle:[a-z0-9]{1,10}:)[^\s/@\"]{1,128}/[^\s@\"]{1,128}@")
# ?user=u&password=p, ;password=p, #access_token=t, and the signed addresses of object stores
_PARAMETER = re.compile(r"([?&;#])([\w.-]{1,60})=([^&;#\s\"'<>\\]+)")
_SECRET_PARAMETER = re.compile(r"password|passwd|pwd|secret|token|api_?key|signature|credential|^sig$", re.IGNORECASE)
_SHORTEST_TOKEN = 20
_NO_PASSWORD_SCHEMES = ("ssh", "sftp", "scp", "rsync")  # a user alone is a name there, most often `git`


def mask_addresses(text: str) -> str:
    """The text with the user information of every address in it, and secret parameters, as `***`."""
    if "//" in text and "@" in text:
        text = _NO_SCHEME.sub(rf"\1{HIDDEN}@", text)
    if ":" in text and "@" in text:
        text = _USERINFO.sub(_without_user, text)
        text = _ORACLE.sub(rf"\1{HIDDEN}@", text)
    if "%3" in text:
        text = _ENCODED.sub(rf"\1{HIDDEN}\2", text)
    return _PARAMETER.sub(_without_value, text) if "=" in text else text


def mask_malformed(text: str) -> str:
    """The same for a value that should be an address and is not: all that may be user information is masked."""
    return re.sub(r"//.*@", f"//{HIDDEN}@", text, flags=re.DOTALL)


def userinfo(text: str) -> Iterator[tuple[str, str]]:
    """User and password of every address in a text, as they are written."""
    for found in _USERINFO.finditer(text):
        user, _, password = found[2].removesuffix("@").partition(":")
        yield user, password


def secrets_in(text: str) -> Iterator[str]:
    """The passwords in the addresses of a text, as written and percent-decoded, and what must be a token.

    A user is a token where it is too long to be anybody's name: `https://ghp_…@github.com`.
    """
    for user, password in userinfo(text):
        token = user if len(user) >= _SHORTEST_TOKEN else ""
        yield from filter(None, (password, _decode(password), token))


def _decode(text: str) -> str:
    if "%" not in text:
        return text
    from urllib.parse import unquote  # most steps have no such password and need not wait for it

    return unquote(text)


def _without_user(found: re.Match[str]) -> str:
    begin, user = found[1], found[2]
    before = found.string[max(0, found.start() - 6) : found.start()].lower()
    if ":" not in user and before.endswith(_NO_PASSWORD_SCHEMES):
        return found[0]
    return f"{begin}{HIDDEN}@"


def _without_value(found: re.Match[str]) -> str:
    before, name, _ = found.groups()
    return f"{before}{name}={HIDDEN}" if _SECRET_PARAMETER.search(name) else found[0]
