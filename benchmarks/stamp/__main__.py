"""What stamping a large artifact costs beside copying it: `python -m benchmarks.stamp` (about ten minutes).

A zip and a tar.gz of 1 GB of random bytes, always the same, and a fifth of it as tar.xz, tar.bz2 and tar.zst, which
take longer to make. Each case starts with a fresh copy of the artifact that is on the disk, and ends when its own
result is there too. Rounds are interleaved, medians. The yardstick, `cp in its place`, is a copy that takes the
artifact's place, as a stamped one does. Stamping includes the interpreter's start. The rivals are `zip` adding a file,
where it is there (apt-get install zip), and the packing's own program unpacking the file.
"""

from __future__ import annotations

import argparse
import bz2
import gzip
import lzma
import os
import random
import shutil
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

PROGRAM = str(Path(sys.executable).with_name("ci-reporter"))
MEGABYTE = 1_000_000
Case = Callable[[Path], None]
SHARES = {"shop.zip": 1, "shop.tar.gz": 1, "shop.tar.xz": 5, "shop.tar.bz2": 5, "shop.tar.zst": 5}


def write_zip(path: Path, megabytes: int) -> None:
    """Write entries of 10 MB."""
    chance = random.Random(1)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for number in range(megabytes // 10):
            archive.writestr(f"shop/{number}.bin", chance.randbytes(10 * MEGABYTE))


def write_tar(path: Path, megabytes: int) -> None:
    """Write entries of 10 MB, packed as the name says, as little as its packer can."""
    chance = random.Random(1)
    with PACKERS[path.suffix](path) as packed, tarfile.open(fileobj=packed, mode="w|") as archive:
        for number in range(megabytes // 10):
            entry = tarfile.TarInfo(f"shop/{number}.bin")
            entry.size = 10 * MEGABYTE
            with tempfile.TemporaryFile() as content:
                content.write(chance.randbytes(entry.size))
                content.seek(0)
                archive.addfile(entry, content)


@contextmanager
def zstd(path: Path) -> Iterator[BinaryIO]:
    """The program, for Python has it from 3.14 on."""
    with (
        path.open("wb") as file,
        subprocess.Popen(["zstd", "-1qc", "--check"], stdin=subprocess.PIPE, stdout=file) as process,
    ):
        assert process.stdin
        yield process.stdin
        process.stdin.close()


PACKERS: Mapping[str, Callable[[Path], Any]] = {
    ".gz": partial(gzip.open, mode="wb", compresslevel=1),
    ".xz": partial(lzma.open, mode="wb", preset=0),
    ".bz2": partial(bz2.open, mode="wb", compresslevel=1),
    ".zst": zstd,
}
UNPACKERS = {".gz": "gzip", ".xz": "xz", ".bz2": "bzip2", ".zst": "zstd"}


def unpack(path: Path) -> None:
    """Let the packing's own program read all of it."""
    subprocess.run([UNPACKERS[path.suffix], "-dc", path], check=True, stdout=subprocess.DEVNULL)


def copy(path: Path) -> None:
    """Copy it by reading and writing, and wait until the copy is on the disk."""
    with path.open("rb") as source, path.with_suffix(".copy").open("wb") as target:
        shutil.copyfileobj(source, target, 1024 * 1024)
        target.flush()
        os.fsync(target.fileno())


def copy_in_kernel(path: Path) -> None:
    """Let `cp` copy it, and wait until the copy is on the disk."""
    subprocess.run(["cp", path, path.with_suffix(".copy")], check=True)
    subprocess.run(["sync", path.with_suffix(".copy")], check=True)


def copy_in_its_place(path: Path) -> None:
    """Let `cp` copy it, wait until the copy is on the disk, and let it take the place of the artifact."""
    copy_in_kernel(path)
    path.with_suffix(".copy").replace(path)


def stamp(path: Path) -> None:
    """Stamp it."""
    _quietly(PROGRAM, "stamp", "--reproducible", "--version", "1.4.0", str(path))


def inspect(path: Path) -> None:
    """Read the stamp, or that there is none."""
    subprocess.run([PROGRAM, "inspect", str(path)], check=False, capture_output=True)


def zip_adds(path: Path) -> None:
    """Let Info-ZIP add one small file, and wait until it is on the disk."""
    added = path.with_name("build-info.json")
    added.write_text("{}")
    _quietly("zip", "-q", "-j", str(path), str(added))
    subprocess.run(["sync", path], check=True)


def _quietly(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, cwd="/")


def timed(case: Case, original: Path) -> float:
    """Seconds for a fresh copy; what the round leaves behind goes."""
    with tempfile.TemporaryDirectory(dir=original.parent) as folder:
        path = Path(folder) / original.name
        shutil.copyfile(original, path)
        subprocess.run(["sync", path], check=True)
        began = time.perf_counter()
        case(path)
        return time.perf_counter() - began


def compare(original: Path, cases: Mapping[str, Case], rounds: int) -> None:
    """Print medians and their ratio to the first case's."""
    seconds: dict[str, list[float]] = {name: [] for name in cases}
    names = list(cases)
    for number in range(rounds):
        first = number % len(names)  # whoever comes first in a round pays for what the disk still has to do
        for name in names[first:] + names[:first]:
            seconds[name].append(timed(cases[name], original))
    yardstick = statistics.median(next(iter(seconds.values())))
    print(f"\n{original.name}, {original.stat().st_size / 1e6:.0f} MB, {rounds} rounds")
    print(f"{'':24}{'time s':>8}{'ratio':>8}{'least':>8}{'most':>8}")
    for name, row in seconds.items():
        median = statistics.median(row)
        print(f"{name:24}{median:8.2f}{median / yardstick:8.2f}{min(row):8.2f}{max(row):8.2f}", flush=True)


def main() -> None:
    """Measure, and print tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--megabytes", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", help="where the artifacts are written (default: the system's temporary folder)")
    parser.add_argument("--only", nargs="*", default=list(SHARES), choices=SHARES, help="these artifacts")
    options = parser.parse_args()
    cases: dict[str, Case] = {
        "cp in its place": copy_in_its_place,
        "cp": copy_in_kernel,
        "read and write": copy,
        "ci-reporter stamp": stamp,
    }
    others: dict[str, Case] = {"zip adds a file": zip_adds} if shutil.which("zip") else {}
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        for name in options.only:
            path = Path(folder) / name
            write, more = (write_zip, others) if name == "shop.zip" else (write_tar, {"unpack": unpack})
            write(path, options.megabytes // SHARES[name])
            compare(path, {**cases, **more, "ci-reporter inspect": inspect}, options.rounds)
            path.unlink()


if __name__ == "__main__":
    main()
