"""What a channel's no means: whether it may pass, in the channel's own words and with the way out."""

from __future__ import annotations

from ci_reporter.errors import DeliveryError, Rejected
from ci_reporter.system.text import one_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ci_reporter.http import Answer

_LONGEST = 200


def refusal(channel: str, answer: Answer, said: str, remedy: str = "") -> DeliveryError | None:
    """A no for good, in the channel's own words; None where the status alone says that it may pass."""
    if answer.status in (408, 429) or (answer.status >= 500 and answer.status != 501):  # 501: it has not got it
        return None
    words = one_line(said, _LONGEST) or answer.text(_LONGEST) or f"status {answer.status}"
    return Rejected(f"{channel} refused: {words}" + (f" ({remedy})" if remedy else ""), answer.status)


def temporary_refusal(channel: str, said: str, pause_s: float | None = None) -> DeliveryError:
    """A no that may pass, after a pause if the channel asks for one."""
    from ci_reporter.http import TryLaterError

    return TryLaterError(f"{channel} said: {one_line(said, _LONGEST)}", pause_s)
