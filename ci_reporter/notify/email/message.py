"""An alert as a mail: its headers, its plain part, and the page beside it.

The `email` package encodes headers and refuses line breaks in them. Messages about the same thing, by `dedup_key`, name
the same message that was never sent as the one they answer: a mail program shows them as one thread, also where the
first of them was deleted or went to other people.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from hashlib import sha256

from ci_reporter.model import uuid7
from ci_reporter.notify.alert import Alert, Level
from ci_reporter.notify.content import Content, content
from ci_reporter.notify.email.page import Picture, page
from ci_reporter.notify.fitting import fit_lines
from ci_reporter.notify.language import Language
from ci_reporter.notify.picture import NAME, description, picture
from ci_reporter.system.text import clip

_LONGEST_TEXT, _LARGEST_LISTING, _MOST_LINES = 10_000, 8000, 40
_CHART = "chart@ci-reporter.invalid"  # what the page calls the picture
_URGENT = (Level.CRITICAL,)


def message(alert: Alert, sender: str, to: Sequence[str], language: Language = Language.EN) -> EmailMessage:
    """The whole message."""
    shown = content(alert, language)
    made = EmailMessage(policy=policy.SMTP)
    made["Subject"] = shown.headline
    made["From"] = _address(sender, "ci-reporter")
    made["To"] = [_address(each) for each in to]
    made["Date"] = datetime.fromtimestamp(time.time() if alert.at_s is None else alert.at_s, UTC)
    for name, value in _headers(alert, sender.rpartition("@")[2]):
        made[name] = value
    _set_text(made, plain(shown))
    _set_page(made, shown, alert)
    made["Content-Language"] = language  # last: whatever sets the content removes all that is said of it
    return made


def _set_page(made: EmailMessage, shown: Content, alert: Alert) -> None:
    """The page, and its picture within the message: one that is loaded from elsewhere many programs do not show."""
    image = picture(alert.charts) if alert.charts else b""
    shot = Picture(address=f"cid:{_CHART}", description=description(alert.charts)) if image else None
    made.add_alternative(page(shown, shot), subtype="html", cte="base64")
    for part in [*made.iter_parts()][1:] if image else ():
        part.add_related(image, "image", "png", cid=f"<{_CHART}>", filename=NAME, disposition="inline")


def plain(shown: Content) -> str:
    """The part without markup; a signature's `-- ` lets a mail program leave the last line out of an answer."""
    return "\n".join([shown.headline, shown.when, *_sections(shown), "", "-- ", "ci-reporter", ""])


def _address(text: str, name: str = "") -> Address:
    """In its two halves: only so may the first have letters outside ASCII."""
    user, _, domain = text.rpartition("@")
    return Address(name, username=user, domain=domain)


def _headers(alert: Alert, domain: str) -> Iterator[tuple[str, str]]:
    """Who it is, what it answers, and that nobody wrote it: no vacation message may come back (RFC 3834)."""
    thread = f"<{sha256(alert.dedup_key.encode('utf-8', 'replace')).hexdigest()[:32]}@ci-reporter.invalid>"
    own = re.sub(r"[^0-9A-Za-z-]", "-", alert.alert_id) or uuid7()
    yield "Message-ID", f"<{own}@{domain}>"
    answered = alert.replies_to.get("email")
    if answered and re.fullmatch(r"<[!-;=?-~]{1,200}>", answered):
        yield "In-Reply-To", answered
        yield "References", f"{thread} {answered}" if alert.dedup_key else answered
    elif alert.dedup_key:
        yield "In-Reply-To", thread
        yield "References", thread
    yield "Auto-Submitted", "auto-generated"
    yield "X-Auto-Response-Suppress", "All"  # Exchange's word for the same
    if alert.level in _URGENT:
        yield "Importance", "high"


def _set_text(made: EmailMessage, text: str) -> None:
    """Readable in its source where most of it is ASCII; never 8 bits, which not every server takes."""
    mostly_ascii = len(text.encode()) < len(text) * 1.1
    made.set_content(text, cte="quoted-printable" if mostly_ascii else "base64")


def _sections(shown: Content) -> Iterator[str]:
    if shown.text:
        yield from ("", clip(shown.text, _LONGEST_TEXT))
    if shown.facts:
        yield ""
        yield from (f"{each.name}: {each.value}" for each in shown.facts[:_MOST_LINES])
    if shown.failed_tests:
        yield from ("", f"{shown.word('Failed tests')}:", *_bullets(shown.failed_tests, shown, "  - "))
    if shown.commit:
        yield from ("", f"{shown.word('Commit')}:", *_bullets((shown.commit, *shown.stat), shown, "  "))
    if shown.links:
        yield ""
        yield from (f"{each.text}: {each.url}" for each in shown.links[:_MOST_LINES])


def _bullets(lines: Sequence[str], shown: Content, before: str) -> list[str]:
    return fit_lines([f"{before}{each}" for each in lines], _LARGEST_LISTING, shown.language, most_lines=_MOST_LINES)
