"""An adapter of `requests` before another: it marks each request on its way, also after a redirect."""

from __future__ import annotations

from collections.abc import Callable

import requests
from requests.adapters import BaseAdapter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Porter(BaseAdapter):
    """Sends by `adapter` a copy of each request, marked; the original is what a redirect is made from."""

    def __init__(self, adapter: BaseAdapter, mark: Callable[[requests.PreparedRequest], None]) -> None:
        super().__init__()
        self._adapter = adapter
        self._mark = mark

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        """Mark and send."""
        marked = request.copy()
        self._mark(marked)
        return self._adapter.send(marked, *args, **kwargs)

    def close(self) -> None:
        """Close the other one."""
        self._adapter.close()
