"""The parts of a message, made to fit: each channel renders them its own way, as text or as pieces of a card.

A part is never cut after it was escaped: what is too long is rendered again with fewer lines or fewer characters.

A reader sees title, mentions, text, facts, failed tests, commit, links and time, in this order. Room is given in
another one. Title, mentions and time always fit; of what is left, links take at most 20 %, of what is left then, facts
at most 30 %, and so on; the text takes the rest. So a long text never pushes out the link to the run.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence

from ci_reporter.frozen import Frozen, replace
from ci_reporter.notify.alert import Field, Link
from ci_reporter.notify.content import Content
from ci_reporter.notify.language import Language, more
from ci_reporter.system.text import clip

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_MOST_LINES, _LONGEST_LINE = 20, 200
_MOST_TEXT_LINES, _LONGEST_TEXT = 40, 3000  # more is for the log, and not for a chat
_MOST_FACTS, _MOST_LINKS, _LONGEST_URL = 25, 5, 1500
_ENDS_A_LINK = "()<>[]\"'`\\|*"


class Layout(Frozen):
    """How a channel renders the parts of a message; each function takes plain text and escapes it.

    `facts` takes facts and how many more there are (`… 3 more`, or nothing), `listing` a heading and the lines below
    it. `size` is how long what they give is for the channel, in bytes or in characters.
    """

    text: Callable[[str], Any]
    facts: Callable[[Sequence[Field], str], Any]
    listing: Callable[[str, Sequence[str]], Any]
    links: Callable[[Sequence[Link]], Any]
    size: Callable[[Any], int]


class _Part(Frozen):
    """A part of the message: `render(n)` shows `n` of its `count` lines or characters.

    It takes at most `share` of the room that is left when its turn comes; `place` is its place for the reader.
    """

    place: int
    share: float
    count: int
    render: Callable[[int], Any]


def document(shown: Content, layout: Layout, most: int, head: Sequence[str], gap: str = "\n\n") -> str:
    """The whole message as one text; `head` is what stands above it, marked up already."""
    above = gap.join(each for each in head if each)
    room = most - layout.size(above) - 6 * layout.size(gap)
    return gap.join([above, *fit(shown, layout, room)])


def fit(shown: Content, layout: Layout, room: int) -> list[Any]:
    """The parts as the channel renders them, in the reader's order, all of them together at most `room` long."""
    found = {}
    for part in _parts(shown, layout):
        rendered = longest(part.render, part.count, int(room * part.share), layout.size)
        if rendered is not None:
            found[part.place] = rendered
            room -= layout.size(rendered)
    return [found[place] for place in sorted(found)]


def longest(render: Callable[[int], Any], count: int, most: int, size: Callable[[Any], int] = len) -> Any:
    """`render(count)`, or the version of it with the most lines or characters that fits; None if none does."""
    whole = render(count)
    if size(whole) <= most:
        return whole
    fitting = bisect_right(range(count), most, key=lambda number: size(render(number))) - 1
    return render(fitting) if fitting > 0 else None


def excerpt(shown: Content) -> str:
    """As much of the text as one reads in a chat."""
    lines = shown.text.split("\n")
    left_out = len(lines) - _MOST_TEXT_LINES
    if left_out > 0:
        lines = [*lines[:_MOST_TEXT_LINES], more(left_out, shown.language)]
    return clip("\n".join(lines), _LONGEST_TEXT)


def links(shown: Content) -> list[Link]:
    """The first links, without those that are too long, their addresses such that they can stand in markup."""
    found = [each for each in shown.links if len(each.url) <= _LONGEST_URL]
    return [replace(each, url=_encode(each.url)) for each in found[:_MOST_LINKS]]


def _parts(shown: Content, layout: Layout) -> Iterator[_Part]:
    """The parts that the message has, those that get their room first at the beginning."""
    if found := links(shown):
        yield _Part(place=4, share=0.2, count=len(found), render=lambda number: layout.links(found[:number]))
    if shown.facts:
        facts = [Field(name=each.name, value=clip(each.value, _LONGEST_LINE)) for each in shown.facts]
        yield _Part(
            place=1,
            share=0.3,
            count=min(len(facts), _MOST_FACTS),
            render=lambda number: layout.facts(facts[:number], _rest(facts, number, shown.language)),
        )
    if shown.commit:
        yield _listing(3, 0.2, (shown.word("Commit"), (shown.commit, *shown.stat)), shown.language, layout)
    if shown.failed_tests:
        yield _listing(2, 0.4, (shown.word("Failed tests"), shown.failed_tests), shown.language, layout)
    if text := excerpt(shown):
        yield _Part(place=0, share=1.0, count=len(text), render=lambda number: layout.text(clip(text, number)))


def _listing(place: int, share: float, listed: tuple[str, Sequence[str]], language: Language, layout: Layout) -> _Part:
    """Lines under a heading, none of them too long to read."""
    heading, lines = listed

    def render(number: int) -> Any:
        found = [clip(each, _LONGEST_LINE) for each in lines[:number]]
        rest = _rest(lines, number, language)
        return layout.listing(heading, [*found, rest] if rest else found)

    return _Part(place=place, share=share, count=min(len(lines), _MOST_LINES), render=render)


def _rest(lines: Sequence[object], number: int, language: Language) -> str:
    """How many of the lines are not among the first ones."""
    return more(len(lines) - number, language) if len(lines) > number else ""


def _encode(url: str) -> str:
    """What would end a link in markup, percent-encoded."""
    return "".join(f"%{ord(each):02X}" if each in _ENDS_A_LINK else each for each in url)
