"""Text from elsewhere inside Markdown: it calls nobody, refers to nothing and leads nowhere."""

import pytest
from markdown_it import MarkdownIt

from ci_reporter.system.markdown import escape

NOTHING = "\u200b"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("by @acme/all", f"by @{NOTHING}acme/all"),
        ("fixes #1", f"fixes #{NOTHING}1"),
        ("acme/shop!2", f"acme/shop!{NOTHING}2"),
        ("&3", f"&amp;{NOTHING}3"),
        ("see https://evil.example/", f"see https:{NOTHING}//evil.example/"),
        ("WWW.evil.example", f"WWW.{NOTHING}evil.example"),
        ("a & b, 3.12, ada@example", "a &amp; b, 3.12, ada@example"),
    ],
)
def test_a_reference_or_address_is_taken_apart(text, shown):
    """GitHub and GitLab look for them in what Markdown has become."""
    assert MarkdownIt("gfm-like", {"linkify": False}).renderInline(escape(text)) == shown
