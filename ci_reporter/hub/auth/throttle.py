"""How often sign-ins may fail: of one user from one address, from one address, and of one user from anywhere.

The last is a high number: nobody should lock out another by wrong passwords. Who has reached a limit is refused even
with the right password, else the limit would tell which one is right. Memory is bounded: beyond 10,000 counts the
oldest goes.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from ipaddress import ip_address

WINDOW_S = 300.0
_PAIR, _ADDRESS, _USER = 5, 30, 50
_MOST = 10_000


class Throttle:
    """The failures of the last five minutes. Each replica counts its own."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures: dict[tuple[str, str], tuple[int, float]] = {}

    def __len__(self) -> int:
        return len(self._failures)

    def wait_s(self, name: str, address: str) -> int:
        """For how many seconds this sign-in is refused unseen; 0 where it is not."""
        now_s = self._clock()
        waits = [0.0]
        for key, most in _keys(name, address):
            count, since_s = self._failures.get(key, (0, now_s))
            if count >= most:
                waits.append(since_s + WINDOW_S - now_s)
        return max(0, int(-(-max(waits) // 1)))

    def note_failure(self, name: str, address: str) -> None:
        """Count one that failed."""
        now_s = self._clock()
        for key, _ in _keys(name, address):
            count, since_s = self._failures.pop(key, (0, now_s))
            if now_s - since_s >= WINDOW_S:
                count, since_s = 0, now_s
            self._failures[key] = (count + 1, since_s)
        while len(self._failures) > _MOST:
            del self._failures[next(iter(self._failures))]

    def withdraw(self, name: str, address: str) -> None:
        """Take one failure back: it was counted before it was known, and was none."""
        for key, _ in _keys(name, address):
            count, since_s = self._failures.pop(key, (0, 0.0))
            if count > 1:
                self._failures[key] = (count - 1, since_s)

    def note_success(self, name: str, address: str) -> None:
        """Forget the failures of somebody who has mistyped a password; those of the address still count."""
        self._failures.pop((name, _network(address)), None)


def _keys(name: str, address: str) -> tuple[tuple[tuple[str, str], int], ...]:
    network = _network(address)
    return ((name, network), _PAIR), (("", network), _ADDRESS), ((name, ""), _USER)


def _network(address: str) -> str:
    """An address, and of IPv6 the network of 64 bits, which one customer of a provider has for himself."""
    try:
        found = ip_address(address)
    except ValueError:
        return "unknown"
    if found.version == 6 and found.ipv4_mapped:
        return str(found.ipv4_mapped)
    return f"{found.exploded[:19]}::/64" if found.version == 6 else str(found)
