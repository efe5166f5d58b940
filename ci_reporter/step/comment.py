"""The comment of a run on its change: written once, and given a new text by every later run.

Ours is known by a hidden marker at its beginning and by its author: anybody can write a comment with our marker, and
what we put there they could change.

Two jobs that find none at the same time write one each. So who has written one looks again: of several the oldest
stays, and each job deletes the younger ones, whoever of them comes first.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum

from ci_reporter.errors import Rejected
from ci_reporter.frozen import Frozen
from ci_reporter.model import Run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Protocol

    from ci_reporter.http.upstream import Comment
    from ci_reporter.system.deadline import Deadline

    class Comments(Protocol):
        """The comments on the changes of a repository; see `http.github` and `http.gitlab`."""

        def comments(self, change: str, deadline: Deadline) -> Iterable[Comment]:
            """All of them."""

        def create_comment(self, change: str, body: str, deadline: Deadline) -> Comment:
            """Write one."""

        def update_comment(self, change: str, number: int, body: str, deadline: Deadline) -> None:
            """Give one another text."""

        def delete_comment(self, change: str, number: int, deadline: Deadline) -> None:
            """Delete one."""

        def author(self, deadline: Deadline) -> str:
            """Who we are there."""


_FENCE = "```"
_COMMAND = re.compile(r"^(\s*)/(?=\w)")
_NOTHING = "&#8203;"  # a space without width
_RUN = re.compile(r"<!-- ci-reporter-run:(\d{1,18})-(\d{1,6}) -->")


class Fate(StrEnum):
    """What became of the comment."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    NEWER = "newer"


class Body(Frozen):
    """A comment's text, the marker that it begins with, and the run that it is of, as (number, attempt)."""

    marker: str
    text: str
    run: tuple[int, int] | None = None


def body(markdown: str, key: str, run: Run) -> Body:
    """A comment of this Markdown, with the marker of the key and the number of the run."""
    marker = f"<!-- ci-reporter:{key} -->"
    number = (int(run.pipeline_id or ""), int(run.attempt or "1")) if _has_number(run) else None
    of_run = f"<!-- ci-reporter-run:{number[0]}-{number[1]} -->" if number else ""
    text = "\n".join([marker + of_run, *_without_commands(markdown.rstrip().split("\n"))])
    return Body(marker=marker, text=f"{text}\n", run=number)


def key_of(name: str) -> str:
    """A key made of a name, such as the pipeline's: a marker is a comment of HTML, in which `--` ends it."""
    return re.sub(r"[^A-Za-z0-9._]+", "-", name)[:100].strip("-.") or "default"


def write_comment(api: Comments, change: str, new: Body, deadline: Deadline) -> Fate:
    """Create it, or give the one that is there the new text, unless a newer run has. Raises DeliveryError, Rejected."""
    ours = _ours(api, change, new.marker, deadline)
    if ours:
        return _settle(api, change, ours, new, deadline)
    made = api.create_comment(change, new.text, deadline)
    again = _ours(api, change, new.marker, deadline, author=made.author)
    if not again or again == [made]:
        return Fate.CREATED
    fate = _settle(api, change, again, new, deadline)
    return Fate.CREATED if again[0].id == made.id else fate


def _ours(api: Comments, change: str, marker: str, deadline: Deadline, author: str = "") -> list[Comment]:
    """Our comments with this marker, the oldest first. Who we are is asked only where somebody has written one."""
    marked = [each for each in api.comments(change, deadline) if each.body.lstrip().startswith(marker)]
    if not marked:
        return []
    us = author or api.author(deadline)
    return sorted((each for each in marked if each.author == us), key=lambda each: each.id)


def _settle(api: Comments, change: str, ours: Sequence[Comment], new: Body, deadline: Deadline) -> Fate:
    """One of ours stays, the oldest, with the text of the newest run."""
    for each in ours[1:]:
        _delete(api, change, each.id, deadline)
    oldest = ours[0]
    if _is_newer(oldest, new):
        return Fate.NEWER
    if _plain(oldest.body) == _plain(new.text):
        return Fate.UNCHANGED
    api.update_comment(change, oldest.id, new.text, deadline)
    return Fate.UPDATED


def _delete(api: Comments, change: str, number: int, deadline: Deadline) -> None:
    try:
        api.delete_comment(change, number, deadline)
    except Rejected:  # the job that wrote at the same time was quicker; or it stays, as the next call deletes it
        pass


def _is_newer(there: Comment, new: Body) -> bool:
    """Whether a later run, or a later attempt, has written it: an old run that ends late must not undo that."""
    match = _RUN.search(there.body[:1000])
    return bool(match and new.run and (int(match[1]), int(match[2])) > new.run)


def _has_number(run: Run) -> bool:
    return bool(re.fullmatch(r"\d{1,18}", run.pipeline_id or "") and re.fullmatch(r"\d{1,6}", run.attempt or "1"))


def _plain(text: str) -> str:
    """The text without what servers change in it."""
    return text.replace("\r\n", "\n").strip()


def _without_commands(lines: Sequence[str]) -> list[str]:
    """The lines, none of which is an order to GitLab: `/close` at the beginning of a line is a quick action there."""
    found, in_code = [], False
    for line in lines:
        in_code ^= line.lstrip().startswith(_FENCE)
        found.append(line if in_code else _COMMAND.sub(rf"\1{_NOTHING}/", line))
    return found
