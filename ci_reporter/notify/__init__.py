"""Alert → people: chat, mail, pagers, commit statuses, webhooks; a file a channel.

from ci_reporter.notify import Alert, Level, send

send(Alert(title="nightly import is late", level=Level.WARNING), to=["slack"], env=os.environ)
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ci_reporter.notify.alert import Alert as Alert
    from ci_reporter.notify.alert import Chart as Chart
    from ci_reporter.notify.alert import Commit as Commit
    from ci_reporter.notify.alert import Curve as Curve
    from ci_reporter.notify.alert import Field as Field
    from ci_reporter.notify.alert import Level as Level
    from ci_reporter.notify.alert import Link as Link
    from ci_reporter.notify.alert import State as State
    from ci_reporter.notify.channels import send as send
    from ci_reporter.notify.delivery import Sent as Sent
    from ci_reporter.notify.language import Language as Language

_MODULES = {
    "Alert": "alert",
    "Chart": "alert",
    "Commit": "alert",
    "Curve": "alert",
    "Field": "alert",
    "Language": "language",
    "Level": "alert",
    "Link": "alert",
    "Sent": "delivery",
    "State": "alert",
    "send": "channels",
}
__all__ = list(_MODULES)


def __getattr__(name: str) -> object:
    """Import what is asked for only then: a channel's settings are read before a command starts."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
