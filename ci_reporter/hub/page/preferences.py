"""`POST /preferences`: the theme and the favourites, for who has no script; both are cookies and nothing else."""

from __future__ import annotations

from urllib.parse import parse_qsl

from ci_reporter.hub.asgi import Message, Receive, Send
from ci_reporter.hub.page.view import cookies

PATH = "/preferences"
_MOST_BYTES = 8192
_MOST_FAVOURITES = 200
_YEAR = "Path=/; Max-Age=31536000; SameSite=Lax"


async def preferences(scope: Message, receive: Receive, send: Send) -> None:
    """Set a cookie and lead back. Nothing is kept here, so a form of another site could do no more than a colour."""
    if scope["type"] != "http":
        return
    body = b""
    while scope["method"] == "POST" and len(body) <= _MOST_BYTES:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    try:
        given = dict(parse_qsl(body[:_MOST_BYTES].decode("ascii"), max_num_fields=10))
    except ValueError:
        given = {}
    headers = [(b"location", _back(given.get("back", "/")).encode("ascii")), (b"cache-control", b"no-store")]
    headers += [(b"set-cookie", f"{name}={value}; {_YEAR}".encode()) for name, value in _chosen(given, cookies(scope))]
    await send({"type": "http.response.start", "status": 303, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


def _chosen(given: dict[str, str], known: dict[str, str]) -> list[tuple[str, str]]:
    chosen = []
    if given.get("theme") in ("dark", "light"):
        chosen.append(("theme", given["theme"]))
    card = given.get("card", "")
    if card.isascii() and card.isalnum() and len(card) <= 20:
        marked = [each for each in known.get("favourites", "").split(".") if each.isalnum() and each.isascii()]
        marked = [each for each in marked if each != card] if card in marked else [*marked, card]
        chosen.append(("favourites", ".".join(marked[-_MOST_FAVOURITES:])))
    return chosen


def _back(address: str) -> str:
    """An address of this hub: whatever names another host leads to the wall."""
    is_ours = address.startswith("/") and not address.startswith(("//", "/\\")) and address.isascii()
    return address if is_ours and address.isprintable() else "/"
