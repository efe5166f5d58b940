"""What is run and hit: a command, a gateway, options, and signals at random instants."""

from __future__ import annotations

import random
import signal
from collections.abc import Mapping
from dataclasses import dataclass

KILL, SIGNALS, TERMINAL = KINDS = ("kill -9", "INT, TERM, HUP", "^C in a terminal")
CODE = 3
PLAIN = f"echo $$ > began; sleep 0.15; echo > ended; exit {CODE}"
STUBBORN = f"trap '' INT TERM HUP; {PLAIN}"
_NUMBERS = {
    KILL: (signal.SIGKILL,),
    SIGNALS: (signal.SIGINT, signal.SIGTERM, signal.SIGHUP),
    TERMINAL: (signal.SIGINT,),
}


@dataclass(frozen=True, kw_only=True)
class Plan:
    """One run; of each signal, how many seconds after the one before it is sent."""

    kind: str
    number: int
    gateway: str
    url: str
    script: str = PLAIN
    options: tuple[str, ...] = ()
    signals: tuple[tuple[float, int], ...] = ()

    @property
    def name(self) -> str:
        """The step's name, and its folder's."""
        return "".join(each if each.isalnum() else "-" for each in f"{self.kind} {self.gateway} {self.number}")


def random_plan(
    kind: str, number: int, chance: random.Random, gateways: Mapping[str, str], lasts_s: Mapping[str, float]
) -> Plan:
    """A run that is hit at a random instant from its start until after its end, half of them near the start."""
    gateway = sorted(gateways)[number % len(gateways)]
    first = (chance.uniform(0, lasts_s[gateway] * chance.choice((0.4, 1.25))), chance.choice(_NUMBERS[kind]))
    second = (chance.uniform(0, 0.1), chance.choice(_NUMBERS[kind]))
    return Plan(
        kind=kind,
        number=number,
        gateway=gateway,
        url=gateways[gateway],
        script=chance.choice((PLAIN, STUBBORN)),
        options=chance.choice(((), (), ("--tail", "1K"))),
        signals=(first,) if kind == KILL or chance.random() < 0.5 else (first, second),
    )
