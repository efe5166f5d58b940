"""A message as one text in a channel's own markup, cut to the size that the channel takes.

A text is never cut after it was escaped: what is too long is rendered again with fewer lines or fewer characters.

A reader sees title, mentions, text, facts, failed tests, commit, links and time, in this order. Room is given in
another one. Title, mentions and time always fit; of what is left, links take at most 20 %, of what is left then, facts
at most 30 %, and so on; the text takes the rest. So a long text never pushes out the link to the run.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from ci_reporter.frozen import Frozen
from ci_reporter.notify.alert import Link
from ci_reporter.notify.content import Content
from ci_reporter.notify.language import Language, more
from ci_reporter.system.text import clip

MOST_LINES, LONGEST_LINE = 20, 200
_MOST_TEXT_LINES, _LONGEST_TEXT = 40, 3000  # more is for the log, and not for a chat
_MOST_FACTS, _MOST_LINKS, _LONGEST_URL = 25, 8, 1500


class Markup(Frozen):
    """How a channel writes the parts of a message; each function takes plain text and escapes it.

    `listing` takes a heading and the lines below it, `link` a text and an address, `fact` a name and a value. `size` is
    how long a text is for the channel, in bytes or in characters; `gap` stands between two parts, `newline` between
    two lines of one.
    """

    title: Callable[[str], str]
    text: Callable[[str], str]
    fact: Callable[[str, str], str]
    listing: Callable[[str, Sequence[str]], str]
    link: Callable[[str, str], str]
    note: Callable[[str], str]
    size: Callable[[str], int]
    newline: str = "\n"
    gap: str = "\n\n"
    between_links: str = " · "


class _Part(Frozen):
    """A part of the message: `render(n)` shows `n` of its `count` lines or characters.

    It takes at most `share` of the room that is left when its turn comes.
    """

    name: str
    share: float
    count: int
    render: Callable[[int], str]


_ENDS_A_LINK = "()<>[]\"'`\\|*"
_READ = ("text", "facts", "failed tests", "commit", "links")


def document(shown: Content, markup: Markup, most: int, mentions: str = "") -> str:
    """The whole message, at most `most` in the channel's size; `mentions` is marked up already."""
    head = [each for each in (markup.title(shown.headline), mentions) if each]
    tail = [markup.note(shown.when)] if shown.when else []
    room = most - markup.size(markup.gap.join([*head, *tail])) - (len(_READ) + 1) * markup.size(markup.gap)
    found = {}
    for part in _parts(shown, markup):
        found[part.name] = longest(part.render, part.count, int(room * part.share), markup.size)
        room -= markup.size(found[part.name])
    body = [found[name] for name in _READ if found.get(name)]
    return markup.gap.join([*head, *body, *tail])


def longest(render: Callable[[int], str], count: int, most: int, size: Callable[[str], int] = len) -> str:
    """`render(count)`, or the version of it with the most lines or characters that fits; nothing if none does."""
    whole = render(count)
    if size(whole) <= most:
        return whole
    fitting = bisect_right(range(count), most, key=lambda number: size(render(number))) - 1
    return render(fitting) if fitting > 0 else ""


def _parts(shown: Content, markup: Markup) -> Iterator[_Part]:
    """The parts that the message has, those that get their room first at the beginning."""
    if links := [each for each in shown.links if len(each.url) <= _LONGEST_URL][:_MOST_LINKS]:
        yield _Part(name="links", share=0.2, count=len(links), render=partial(_links, links, markup))
    if shown.facts:
        count = min(len(shown.facts), _MOST_FACTS)
        yield _Part(name="facts", share=0.3, count=count, render=partial(_facts, shown, markup))
    if shown.commit:
        yield _listing("commit", 0.2, shown.word("Commit"), (shown.commit, *shown.stat), (shown, markup))
    if shown.failed_tests:
        yield _listing("failed tests", 0.4, shown.word("Failed tests"), shown.failed_tests, (shown, markup))
    if text := excerpt(shown):
        yield _Part(name="text", share=1.0, count=len(text), render=lambda number: markup.text(clip(text, number)))


def _links(links: Sequence[Link], markup: Markup, number: int) -> str:
    return markup.between_links.join(markup.link(each.text, web_address(each.url)) for each in links[:number])


def _facts(shown: Content, markup: Markup, number: int) -> str:
    lines = [markup.fact(each.name, clip(each.value, LONGEST_LINE)) for each in shown.facts[:number]]
    left_out = len(shown.facts) - number
    return markup.newline.join([*lines, markup.note(more(left_out, shown.language))] if left_out else lines)


def _listing(name: str, share: float, heading: str, lines: Sequence[str], at: tuple[Content, Markup]) -> _Part:
    """Lines as they are, under a heading."""
    shown, markup = at

    def render(number: int) -> str:
        return markup.listing(heading, shortened(lines, number, shown.language))

    return _Part(name=name, share=share, count=min(len(lines), MOST_LINES), render=render)


def excerpt(shown: Content) -> str:
    """As much of the text as one reads in a chat."""
    lines = shown.text.split("\n")
    left_out = len(lines) - _MOST_TEXT_LINES
    if left_out > 0:
        lines = [*lines[:_MOST_TEXT_LINES], more(left_out, shown.language)]
    return clip("\n".join(lines), _LONGEST_TEXT)


def shortened(lines: Sequence[str], number: int, language: Language) -> list[str]:
    """The first lines, none of them too long to read, and how many more there are."""
    found = [clip(each, LONGEST_LINE) for each in lines[:number]]
    return [*found, more(len(lines) - number, language)] if len(lines) > number else found


def web_address(url: str) -> str:
    """An address that can stand in markup: what would end a link there is percent-encoded."""
    return "".join(f"%{ord(each):02X}" if each in _ENDS_A_LINK else each for each in url)
