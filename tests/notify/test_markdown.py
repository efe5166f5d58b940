"""Text of others in Markdown: a real renderer shows it as it was written, whatever it is."""

import re
from html import unescape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from ci_reporter.notify import dingtalk, discord, mattermost
from ci_reporter.notify.alert import Alert
from ci_reporter.notify.content import content
from tests.notify.makers import HOSTILE, hostile_alert, huge_alert

RENDERER = MarkdownIt("commonmark", {"breaks": True}).enable(["strikethrough", "table"])
CHANNELS = {"dingtalk": dingtalk.escape, "discord": discord.escape, "mattermost": mattermost.escape}
PIECES = st.sampled_from([*"\\`*_[]()<>#+-=!|~&;:.1a \n", "](", "~~", "```", "&lt;", "<b>", "1. ", "- ", "---", "> "])


def shown(marked_up):
    """What one reads, and the tags that are used."""
    found = RENDERER.render(marked_up)
    return unescape(re.sub(r"<[^>]*>", "", found)).replace("\u200b", "").strip(), set(re.findall(r"<(\w+)", found))


@pytest.mark.parametrize("channel", CHANNELS)
@settings(max_examples=150, deadline=None)
@given(text=st.lists(PIECES, max_size=30).map("".join))
def test_text_is_shown_as_it_is(channel, text):
    clean = content(Alert(title="x", text=text)).text  # as a channel gets it: without blanks at the ends of lines
    read, tags = shown(CHANNELS[channel](clean))
    assert re.sub(r"\n+", "\n", read) == re.sub(r"\n+", "\n", clean)
    assert tags <= {"p", "br"}


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_hostile_line_is_shown_as_it_is(channel):
    clean = content(Alert(title=HOSTILE)).title
    assert shown(CHANNELS[channel](clean)) == (clean, {"p"})


@pytest.mark.parametrize("alert", [hostile_alert(), huge_alert()], ids=["hostile", "huge"])
def test_a_whole_message_has_no_link_and_no_tag_but_ours(alert):
    found = RENDERER.render(dingtalk.payload(content(alert))["markdown"]["text"])
    assert set(re.findall(r"<(\w+)", found)) <= {"h3", "p", "br", "strong", "ul", "li", "a"}
    assert all(each.startswith("dingtalk://") for each in re.findall(r'href="([^"]*)"', found))
