"""`POST /preferences`: the theme and the favourites, for who has no script; both are cookies and nothing else."""

from __future__ import annotations

from ci_reporter.hub.asgi import Message, Receive, Send
from ci_reporter.hub.auth import form
from ci_reporter.hub.auth.login import local_path
from ci_reporter.hub.page.view import cookies
from ci_reporter.hub.problem import Problem, respond

PATH = "/preferences"
_MOST_FAVOURITES = 200
_YEAR = "Path=/; Max-Age=31536000; SameSite=Lax"


async def preferences(scope: Message, receive: Receive, send: Send) -> None:
    """Set a cookie and lead back. Nothing is kept here, so a form of another site could do no more than a colour."""
    if scope["type"] != "http":
        return
    try:
        if scope["method"] != "POST":
            raise Problem(405, "what one prefers is sent by POST")
        given = await form.fields(scope, receive)
    except Problem as exc:
        await respond(exc, scope, send, *([(b"allow", b"POST")] if exc.status == 405 else []))
        return
    headers = [(b"location", local_path(given.get("back", "/")).encode()), (b"cache-control", b"no-store")]
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
