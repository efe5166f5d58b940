"""What a health endpoint's reply says: a status in any framework's words, its checks, and the revision that answered.

Replies are a stranger's: what is too large, too deep or no text is passed over, never an error.
Sources: draft-inadarei-api-health-check-06, MicroProfile Health, Spring Boot Actuator, ASP.NET Core, NestJS Terminus.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from ci_reporter.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    Status = Literal["pass", "warn", "fail"]
    Search = Callable[[str, str], str | None]

_LARGEST = 1024 * 1024
_LONGEST = 200
_MOST_CHECKS = 100
_WORDS: dict[str, Status] = {
    **dict.fromkeys(("pass", "ok", "up", "healthy", "available", "success", "true", "running", "serving"), "pass"),
    **dict.fromkeys(("warn", "warning", "degraded"), "warn"),
    **dict.fromkeys(("fail", "failed", "error", "down", "unhealthy", "out_of_service", "critical"), "fail"),
    **dict.fromkeys(("unavailable", "false"), "fail"),
}
_STATUS_KEYS = ("status", "Status", "health", "healthy")
_REVISION_PATHS = (
    *("commit", "commit_sha", "commitSha", "git_commit", "gitCommit", "sha", "git_sha", "build_sha", "revision"),
    *("git.commit.id.full", "git.commit.id.abbrev", "git.commit.id", "git.commit", "build.commit", "build.revision"),
    *("vcs.revision", "version.sha", "releaseId"),
)
_REVISION_HEADERS = ("x-revision", "x-commit")
_DESCRIBED = re.compile(r"[+-]g([0-9a-f]{7,64})(?![0-9a-z])", re.IGNORECASE)
_REVISION = re.compile(r"[0-9a-f]{7,}", re.IGNORECASE)
# One step of a JSONPath (RFC 9535) that selects a single place: `.name`, `[0]` or `['name']`.
_JSON_STEP = re.compile(r"""\.([^.\[\]*?@()'"]+)|\[(\d+)\]|\['([^']+)'\]|\["([^"]+)"\]""")
_JSON_PATH = re.compile(rf"\$(?:{_JSON_STEP.pattern})+")


class SlowPattern(Exception):
    """A regular expression that takes too long on an answer."""

    def __init__(self, pattern: str, limit_s: float) -> None:
        super().__init__(f"the pattern /{pattern[:60]}/ takes longer than {limit_s:g} s on this answer (simplify it)")


def search(pattern: str, text: str) -> str | None:
    """The first group of the first match, or all of it where it has no group. Raises re.error."""
    found = re.search(pattern, text)
    return found and (found[1] if found.re.groups else found[0])


@dataclass(frozen=True, kw_only=True)
class Check:
    """One named check of a reply; `said` is what it tells of itself, and not every check is critical."""

    name: str
    status: Status | None
    said: str = ""
    critical: bool = True


def document_of(body: bytes) -> object:
    """The reply as JSON, else as text; None where it is neither or beyond 1 MiB."""
    if len(body) > _LARGEST:
        return None
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def status_of(document: object, http_status: int) -> Status | None:
    """What the reply says of the service; a status code from 400 on is always `fail`.

    A word nobody knows leaves it to the code: 2xx is `pass`, a redirect is unknown.
    """
    if http_status >= 400:
        return "fail"
    word = document
    if isinstance(document, Mapping):
        word = next((document[key] for key in _STATUS_KEYS if key in document), None)
    return _meaning(word) or ("pass" if 200 <= http_status < 300 else None)


def checks_of(document: object) -> tuple[Check, ...]:
    """The named checks of a reply, at most 100: RFC draft, MicroProfile, Spring, ASP.NET, Terminus."""
    return tuple(check for check, _ in zip(_checks(document), range(_MOST_CHECKS), strict=False))


def revision_of(
    body: bytes, headers: Mapping[str, str], configured: str | None = None, find: Search = search
) -> str | None:
    """The revision a reply tells: at the configured place, else at the first of the usual ones.

    `configured` is a path into the JSON (`git.commit.id`), `header:X-Foo` or `regex:…`, whose first group counts.
    A text that is not a commit (`unknown`, `7`) is returned only where no place has one. Raises UsageError when the
    regular expression is malformed, and what `find`, which matches it, raises.
    """
    document = document_of(body)
    lowered = {name.casefold(): value for name, value in headers.items()}
    if configured and (found := _text(_at_place(body, document, lowered, configured, find))):
        return found
    texts = [found for each in _usual(document, lowered) if (found := _text(each))]
    return next((text for text in texts if _REVISION.fullmatch(text)), texts[0] if texts else None)


def json_at(document: object, path: str) -> object:
    """The value at a path, `checks.0.status` or `$.checks[0].status`; None where there is none.

    Without brackets, the last key may hold dots itself, as in Spring's `git.commit.id.full`.
    """
    found = _at_dotted(document, path.removeprefix("$."))
    if found is None and path.startswith("$") and is_json_path(path):
        for step in _JSON_STEP.findall(path):
            document = _child(document, "".join(step))
        return document
    return found


def is_json_path(path: str) -> bool:
    """Whether a path leads to one place. One that begins with `$` has no wildcards, slices and filters then."""
    return not path.startswith("$") or _JSON_PATH.fullmatch(path) is not None


def _at_dotted(document: object, path: str) -> object:
    node, rest = document, path
    while rest:
        if isinstance(node, Mapping) and rest in node:
            return node[rest]
        head, _, rest = rest.partition(".")
        node = _child(node, head)
    return node


def _child(node: object, key: str) -> object:
    """The value of a key, or of a number in a list; None where there is none."""
    if isinstance(node, Mapping):
        return node.get(key)
    if isinstance(node, list) and key.isascii() and key.isdecimal() and len(key) < 10:
        return node[int(key)] if int(key) < len(node) else None
    return None


def is_revision(text: str) -> bool:
    """Whether it is a commit, or enough of one to be told from others."""
    return _REVISION.fullmatch(text.strip()) is not None


def same_revision(expected: str, served: str) -> bool | None:
    """Whether one begins with the other, in any case; None (unknown) unless both have 7 hex digits or more."""
    ours, theirs = expected.strip().casefold(), served.strip().casefold()
    if not (is_revision(ours) and is_revision(theirs)):
        return None
    return ours.startswith(theirs) or theirs.startswith(ours)


def _meaning(word: object) -> Status | None:
    if isinstance(word, bool):
        return "pass" if word else "fail"
    return _WORDS.get(word.strip().casefold()) if isinstance(word, str) and len(word) <= _LONGEST else None


def _at_place(body: bytes, document: object, headers: Mapping[str, str], place: str, find: Search) -> object:
    kind, colon, rest = place.partition(":")
    if colon and kind == "header":
        return headers.get(rest.strip().casefold())
    if colon and kind == "regex":
        return _search(rest, body[:_LARGEST].decode("utf-8", "replace"), find)
    found = json_at(document, place)
    return _of_object(found)


def _search(pattern: str, text: str, find: Search) -> str | None:
    try:
        return find(pattern, text)
    except re.error as exc:
        raise UsageError(f"revision: 'regex:{pattern}' is not a regular expression: {exc}") from exc


def _usual(document: object, headers: Mapping[str, str]) -> Iterator[object]:
    for path in _REVISION_PATHS:
        yield _of_object(json_at(document, path))
    version = json_at(document, "version")
    described = _DESCRIBED.search(version[:_LONGEST]) if isinstance(version, str) else None
    yield described and described[1]
    for name in _REVISION_HEADERS:
        yield headers.get(name)


def _of_object(found: object) -> object:
    """Spring tells the commit as an object in its full mode."""
    return found.get("full") or found.get("abbrev") if isinstance(found, Mapping) else found


def _text(found: object) -> str | None:
    if not isinstance(found, str) or len(found) > _LONGEST:
        return None
    stripped = found.strip()
    return stripped if stripped and stripped.isprintable() else None


def _checks(document: object) -> Iterator[Check]:
    if not isinstance(document, Mapping):
        return
    groups = [document.get(key) for key in ("checks", "components", "entries", "results", "details")]
    for group in groups:
        if isinstance(group, Mapping):
            for name, found in group.items():
                for each in found if isinstance(found, list) else [found]:
                    yield _check(str(name), each)
        elif isinstance(group, list):
            for each in group:
                if isinstance(each, Mapping):
                    yield _check(str(each.get("name", "")), each)


def _check(name: str, found: object) -> Check:
    if not isinstance(found, Mapping):
        return Check(name=name[:_LONGEST], status=_meaning(found))
    word = next((found[key] for key in _STATUS_KEYS if key in found), None)
    said = next((found[key] for key in ("output", "description", "message", "error") if key in found), None)
    text = said[:_LONGEST] if isinstance(said, str) else ""
    critical = found.get("critical") is not False
    return Check(name=name[:_LONGEST], status=_meaning(word), said=text, critical=critical)
