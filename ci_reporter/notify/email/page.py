"""The HTML part of a mail: one page without anything that is loaded from elsewhere, readable on a phone and at night.

Mail programs know little: tables for the layout, styles at each element, and a style sheet, which some drop, for what
differs in the dark. Colours have a contrast of at least 4.5 : 1 in both. Gmail cuts a page after 102 KB.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from ci_reporter.frozen import Frozen
from ci_reporter.notify.content import Content
from ci_reporter.notify.fitting import fit_lines
from ci_reporter.notify.layout import excerpt
from ci_reporter.system.text import clip

_MOST_FACTS, _MOST_LINKS, _LONGEST_FACT, _LONGEST_ADDRESS = 40, 12, 300, 2000
_LARGEST_LISTING, _MOST_LINES, _LONGEST_PREHEADER = 8000, 30, 120
_FONT = "-apple-system,BlinkMacSystemFont,'Segoe UI','Noto Sans CJK SC','Microsoft YaHei',Helvetica,Arial,sans-serif"
_MONO = "ui-monospace,SFMono-Regular,Menlo,Consolas,monospace"
_DARK = """
:root{color-scheme:light dark;supported-color-schemes:light dark}
@media (prefers-color-scheme:dark){
.page{background:#0d1117!important}
.card{background:#161b22!important;border-color:#30363d!important}
.text{color:#e6edf3!important}
.quiet{color:#9da7b3!important}
.code{background:#0d1117!important;color:#e6edf3!important}
.button{background:#1f5fc4!important}
}
"""


class Picture(Frozen):
    """What the page shows: where it is, and what it says to who cannot see it."""

    address: str
    description: str


def page(shown: Content, picture: Picture | None = None) -> str:
    """The whole page."""
    inner = "\n".join(_rows(shown, picture))
    return f"""<!DOCTYPE html>
<html lang="{shown.language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>{escape(shown.headline)}</title>
<style>{_DARK}</style>
</head>
<body class="page" style="margin:0;padding:0;background:#f3f5f7;font-family:{_FONT}">
<div style="display:none;max-height:0;overflow:hidden">{escape(_preheader(shown))}</div>
<table role="presentation" width="100%" cellpadding="0" cellspacing="0"><tr><td align="center" style="padding:16px 8px">
<table role="presentation" class="card" cellpadding="0" cellspacing="0" style="width:100%;max-width:640px;\
table-layout:fixed;background:#ffffff;border:1px solid #d1d9e0;border-radius:8px;border-collapse:separate;\
overflow-wrap:anywhere;word-break:break-word">
<tr><td style="height:6px;font-size:0;background:{shown.colour};border-radius:7px 7px 0 0">&nbsp;</td></tr>
{inner}
</table>
</td></tr></table>
</body>
</html>
"""


def _preheader(shown: Content) -> str:
    """What the list of messages shows behind the subject."""
    facts = " · ".join(f"{each.name}: {each.value}" for each in shown.facts[:3])
    return clip(shown.text.partition("\n")[0] or facts, _LONGEST_PREHEADER)


def _rows(shown: Content, picture: Picture | None) -> Iterator[str]:
    when = f'<div class="quiet" style="color:#59636e;font-size:13px;margin-top:4px">{escape(shown.when)}</div>'
    title = '<h1 class="text" style="margin:0;font-size:20px;line-height:1.3;color:#1f2328">{}</h1>'
    yield _row(title.format(escape(shown.headline)) + (when if shown.when else ""), top=20)
    if text := excerpt(shown):
        yield _row(f'<div class="text" style="color:#1f2328;font-size:15px;line-height:1.5">{_with_breaks(text)}</div>')
    if shown.facts:
        yield _row(_facts(shown))
    if picture:
        yield _row(_image(picture))
    if shown.failed_tests:
        yield _row(_listing(shown.word("Failed tests"), shown.failed_tests, shown))
    if shown.commit:
        yield _row(_listing(shown.word("Commit"), (shown.commit, *shown.stat), shown))
    if links := [each for each in shown.links if len(each.url) <= _LONGEST_ADDRESS][:_MOST_LINKS]:
        yield _row(" ".join(_button(each.text, each.url) for each in links))
    yield _row('<div class="quiet" style="color:#59636e;font-size:12px">ci-reporter</div>', bottom=20)


def _row(inner: str, top: int = 14, bottom: int = 0) -> str:
    return f'<tr><td style="padding:{top}px 20px {bottom}px">{inner}</td></tr>'


def _facts(shown: Content) -> str:
    name = 'class="quiet" style="color:#59636e;font-size:14px;padding:3px 12px 3px 0;width:34%;vertical-align:top"'
    value = 'class="text" style="color:#1f2328;font-size:14px;padding:3px 0;vertical-align:top"'
    rows = "".join(
        f"<tr><td {name}>{escape(clip(each.name, 60))}</td>"
        f"<td {value}>{escape(clip(each.value, _LONGEST_FACT))}</td></tr>"
        for each in shown.facts[:_MOST_FACTS]
    )
    return f'<table role="presentation" width="100%" cellpadding="0" cellspacing="0">{rows}</table>'


def _image(picture: Picture) -> str:
    return (
        f'<img src="{escape(picture.address)}" alt="{escape(clip(picture.description, 300))}" width="600"'
        ' style="display:block;width:100%;max-width:600px;height:auto;border:0;border-radius:6px">'
    )


def _listing(heading: str, lines: Sequence[str], shown: Content) -> str:
    """Lines as they are, under a heading."""
    fitting = fit_lines([clip(each, 250) for each in lines], _LARGEST_LISTING, shown.language, most_lines=_MOST_LINES)
    head = "color:#1f2328;font-size:14px;font-weight:600;margin-bottom:6px"
    body = (
        "background:#f3f5f7;color:#1f2328;border-radius:6px;padding:10px 12px;font-size:13px;line-height:1.5;"
        f"font-family:{_MONO}"
    )
    return (
        f'<div class="text" style="{head}">{escape(heading)}</div>'
        f'<div class="code" style="{body}">{_with_breaks(chr(10).join(fitting))}</div>'
    )


def _button(text: str, url: str) -> str:
    return (
        f'<a class="button" href="{escape(url)}" style="display:inline-block;background:#0a5bc4;color:#ffffff;'
        'text-decoration:none;font-size:14px;font-weight:600;padding:8px 14px;border-radius:6px;margin:0 4px 8px 0">'
        f"{escape(text)}</a>"
    )


def _with_breaks(text: str) -> str:
    """Text of others, with its line breaks."""
    return escape(text).replace("\n", "<br>\n")
