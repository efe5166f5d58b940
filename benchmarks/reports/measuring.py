"""How the report readers are compared: one process each, every reader once a round, rounds interleaved, medians."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

BARE = "pass"
EMPTY_LOOP = """
from xml.etree.ElementTree import iterparse
for _, element in iterparse(PATH):
    element.clear()
"""
FRAME = """
import json, re, sys, time
PATH = {path!r}
began = time.perf_counter()
{body}
seconds = time.perf_counter() - began
peak_kib = int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])
print(json.dumps([seconds, peak_kib / 1024]))
"""


@dataclass(frozen=True, kw_only=True)
class Reader:
    """One way to read a file: an interpreter, and what it runs."""

    name: str
    body: str
    python: str = sys.executable


def measure(reader: Reader, path: Path) -> tuple[float, float]:
    """Seconds and peak MiB of one process."""
    program = FRAME.format(path=str(path), body=reader.body)
    done = subprocess.run(
        [reader.python, "-c", program], check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    seconds, peak = json.loads(done.stdout)
    return seconds, peak


def compare(path: Path, readers: list[Reader], rounds: int) -> Iterator[str]:
    """Medians, against the bare interpreter (the first reader) and the yardstick (the second)."""
    samples = {reader.name: [] for reader in readers}
    for _ in range(rounds):
        for reader in readers:
            samples[reader.name].append(measure(reader, path))
    found = {name: [statistics.median(column) for column in zip(*rows, strict=True)] for name, rows in samples.items()}
    bare, yardstick = found[readers[0].name][1], found[readers[1].name][0]
    yield f"\n{path.name}, {path.stat().st_size / 1e6:.0f} MB, {rounds} rounds"
    yield f"{'':24}{'time s':>8}{'ratio':>8}{'peak MiB':>10}{'over bare':>11}"
    for name, (seconds, peak) in found.items():
        yield f"{name:24}{seconds:8.2f}{seconds / yardstick:8.2f}{peak:10.1f}{peak - bare:11.1f}"
