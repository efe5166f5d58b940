"""What a channel's no means: whether it may pass, in the channel's own words and with the way out."""

from __future__ import annotations

from ci_reporter.errors import DeliveryError, Rejected
from ci_reporter.notify.notifier import json_body
from ci_reporter.system.text import one_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ci_reporter.http import Answer

_LONGEST = 200
MOVED = "it leads to another address, where a message does not arrive; copy the channel's address again"


def refusal(channel: str, answer: Answer, said: str, remedy: str = "") -> DeliveryError | None:
    """A no for good, in the channel's own words; None where the status alone says that it may pass."""
    if answer.status in (408, 429) or (answer.status >= 500 and answer.status != 501):  # 501: it has not got it
        return None
    words = one_line(said, _LONGEST) or answer.text(_LONGEST) or f"status {answer.status}"
    remedy = remedy or (MOVED if 300 <= answer.status < 400 else "")
    return Rejected(f"{channel} refused: {words}" + (f" ({remedy})" if remedy else ""), answer.status)


def errcode(answer: Answer) -> tuple[str, str] | None:
    """The code and the words of a no, as DingTalk and WeCom say it; None for a yes.

    A yes is `"errcode": 0`: status 200 they say always.
    """
    body = json_body(answer)
    code, said = str(body.get("errcode", "")), str(body.get("errmsg", ""))
    return None if answer.status == 200 and code == "0" else (code, said)


def temporary_refusal(channel: str, said: str, pause_s: float | None = None) -> DeliveryError:
    """A no that may pass, after a pause if the channel asks for one."""
    from ci_reporter.http import TryLaterError

    return TryLaterError(f"{channel} said: {one_line(said, _LONGEST)}", pause_s)
