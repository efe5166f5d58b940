"""Blocks of a service of known latency and errors, from a seed."""

import random
from math import exp, inf

from ci_reporter.gate.statistics.blocks import Block


def block(*latencies, bad=0):
    """A block of these latencies, and of so many probes that failed."""
    return Block(latencies=[*sorted(latencies), *[inf] * bad], bad=bad, total=len(latencies) + bad)


def counted(*bad, total=100):
    """Blocks of counts: so many bad ones each."""
    return [Block(bad=each, total=total) for each in bad]


def make_blocks(number, slower=1.0, seed=1, per=25, bad=0):
    """Blocks of a service with a median of 120 ms, every answer `slower` times that."""
    chance = random.Random(seed)
    return [block(*(120 * exp(chance.gauss(0, 0.45)) * slower for _ in range(per)), bad=bad) for _ in range(number)]
