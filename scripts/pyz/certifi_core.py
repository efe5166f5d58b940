"""certifi.core inside ci-reporter.pyz: the list of authorities is in the file, not on the disk."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__loader__: Any


def where() -> str:
    """Where the list is within the file: not a path that can be opened, see ci_reporter.http.authorities."""
    return f"{__loader__.archive}/certifi/cacert.pem"


def contents() -> str:
    """The list, as PEM."""
    text: str = __loader__.get_data(where()).decode("ascii")
    return text
