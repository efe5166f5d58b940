"""From nothing to the first recorded step: `make packages pyz && python -m benchmarks.install`.

Each way starts in an empty home folder (cold), and then as the next job that has only the caches of the first (warm).
Bytes are counted by a proxy on 127.0.0.1, so they hold what TLS adds; files are those left in the home folder after the
cold start. Later steps are measured apart, in turn, because they are short. Medians. Ways whose program is not here
are left out:

    pip install uv pipx    and Node.js with npx
"""

from __future__ import annotations

import argparse
import hashlib
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.install.relay import Relay
from benchmarks.install.ways import WAYS, Way

ROOT = Path(__file__).parents[2]
# What a machine may need to reach its registries.
PASSED_ON = ("PATH", "LANG", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "PIP_CERT")


COMPARED = ("ci-reporter.pyz", "pip install")  # the targets are held against these two


@dataclass(frozen=True, kw_only=True)
class Start:
    """A start from nothing: how long, how much was fetched, what is on the disk after it."""

    seconds: float
    fetched: int
    written: int
    files: int


def main() -> None:
    """Measure and print."""
    options = _options()
    wanted = {*options.only, *COMPARED} if options.only else {way.name for way in WAYS}
    ways = [way for way in WAYS if shutil.which(way.needs) and way.name in wanted]
    cold: dict[str, list[Start]] = {way.name: [] for way in ways}
    warm: dict[str, list[Start]] = {way.name: [] for way in ways}
    with tempfile.TemporaryDirectory() as folder:
        options.python = _bare(options.python, Path(folder, "bare"))
        options.release = _release(options.pyz, Path(folder, "release"))
        for number in range(options.rounds):
            for way in ways:
                home = Path(folder, f"{way.name} {number}")
                home.mkdir()
                cold[way.name].append(_start(way, home, options))
                _run(way.forget, way, home, options, None)
                warm[way.name].append(_start(way, home, options))
        last = [(way, Path(folder, f"{way.name} {options.rounds - 1}")) for way in ways if way.later]
        later = _later(last, options)
    _print(cold, warm, later, options)


def _bare(python: str, folder: Path) -> str:
    """A Python with nothing installed, as a job's image has it: what is installed for this one may slow its start."""
    subprocess.run([python, "-m", "venv", "--without-pip", folder], check=True)
    return str(folder / "bin/python")


def _release(pyz: Path, folder: Path) -> Path:
    """What `uses:` fetches of a release: the action with the one file and its checksum."""
    for name in ("scripts", "setup"):
        shutil.copytree(ROOT / name, folder / name)
    shutil.copy2(pyz, folder / "ci-reporter.pyz")
    digest = hashlib.sha256(pyz.read_bytes()).hexdigest()
    (folder / "ci-reporter.pyz.sha256").write_text(f"{digest}  ci-reporter.pyz\n")
    return folder


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--later", type=int, default=30, help="later steps of each way")
    parser.add_argument("--python", default=os.path.realpath(sys.executable), help="the interpreter of a new job")
    names = [way.name for way in WAYS]
    only = f"only this way and {' and '.join(COMPARED)}, of {', '.join(names)}; repeatable"
    parser.add_argument("--only", action="append", default=[], metavar="WAY", choices=names, help=only)
    parser.add_argument("--wheel", type=Path, default=next(ROOT.glob("dist/*.whl"), None), help="what is installed")
    parser.add_argument("--pyz", type=Path, default=ROOT / "dist/ci-reporter.pyz")
    options = parser.parse_args()
    if not options.wheel or not options.pyz.exists():
        parser.error("dist/ has no wheel or no ci-reporter.pyz: run `make packages pyz` first")
    return options


def _start(way: Way, home: Path, options: argparse.Namespace) -> Start:
    with Relay() as relay:
        seconds = _run(way.first, way, home, options, relay.url)
        paths = [path for path in home.rglob("*") if path.is_file() and not path.is_symlink()]
        written = sum(path.stat().st_size for path in paths)
        return Start(seconds=seconds, fetched=relay.fetched, written=written, files=len(paths))


def _run(script: str, way: Way, home: Path, options: argparse.Namespace, proxy: str | None) -> float:
    """Run a script of a way in its home folder; the seconds it took."""
    began = time.monotonic()
    done = subprocess.run(
        ["sh", "-c", script],
        check=False,
        cwd=home,
        env=_env(way, home, options, proxy),
        stdin=subprocess.DEVNULL,
        capture_output=True,
    )
    seconds = time.monotonic() - began
    if done.returncode:
        raise SystemExit(f"{way.name}: {script}\nended with {done.returncode}:\n{done.stderr.decode()[-2000:]}")
    return seconds


def _env(way: Way, home: Path, options: argparse.Namespace, proxy: str | None) -> Mapping[str, str]:
    env = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    env |= {"HOME": str(home), "PYTHON": options.python, "WHEEL": str(options.wheel.resolve())}
    env |= {"PYZ": str(options.pyz.resolve()), "ROOT": str(ROOT), "RELEASE": str(options.release)}
    if proxy:
        env |= {"HTTPS_PROXY": proxy, "https_proxy": proxy, "npm_config_https_proxy": proxy}
    return env | {name: value.replace("$HOME", str(home)) for name, value in way.env.items()}


def _later(homes: Sequence[tuple[Way, Path]], options: argparse.Namespace) -> Mapping[str, list[tuple[float, float]]]:
    """Seconds, and seconds of CPU, of steps that follow in the same job, the ways in turn."""
    found: dict[str, list[tuple[float, float]]] = {way.name: [] for way, _ in homes}
    for _ in range(options.later):
        for way, home in homes:
            before = _cpu_s()
            seconds = _run(way.later or way.first, way, home, options, None)
            found[way.name].append((seconds, _cpu_s() - before))
    return found


def _cpu_s() -> float:
    """Seconds of CPU that processes have used which we have waited for."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _print(
    cold: Mapping[str, Sequence[Start]],
    warm: Mapping[str, Sequence[Start]],
    later: Mapping[str, Sequence[tuple[float, float]]],
    options: argparse.Namespace,
) -> None:
    unit = statistics.median(each.seconds for each in cold["ci-reporter.pyz"])
    print(f"{options.rounds} rounds, {options.later} later steps, {os.cpu_count()} cores")
    print("\n| | cold | × the file | warm | fetched cold | fetched warm | on the disk | a later step |")
    print("|---|---|---|---|---|---|---|---|")
    for name, starts in cold.items():
        seconds = statistics.median(each.seconds for each in starts)
        again = statistics.median(each.seconds for each in warm[name])
        fetched, refetched = (statistics.median(each.fetched for each in found[name]) for found in (cold, warm))
        disk = f"{statistics.median(each.files for each in starts):,.0f} files, {starts[0].written / 1e6:.1f} MB"
        step = f"{_median(later[name], 0) * 1000:.0f} ms" if name in later else "as warm"
        cells = (f"{seconds:.2f} s", f"{seconds / unit:.1f}", f"{again:.2f} s")
        print(f"| {name} | {' | '.join(cells)} | {_size(fetched)} | {_size(refetched)} | {disk} | {step} |")
    wall, cpu = (_median(later["ci-reporter.pyz"], each) / _median(later["pip install"], each) for each in (0, 1))
    print(f"\nfrom nothing to the first step with the file at hand: {unit:.2f} s (target: at most 0.3)")
    print(f"a later step with the file takes {wall:.2f} of the installed program's time (target: at most 1.2),")
    print(f"and {cpu:.2f} of its CPU time, which a busy machine changes less")


def _median(steps: Sequence[tuple[float, float]], which: int) -> float:
    return statistics.median(step[which] for step in steps)


def _size(count: float) -> str:
    return f"{count / 1e6:.1f} MB" if count else "0"


if __name__ == "__main__":
    main()
