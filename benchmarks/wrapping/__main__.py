"""Whether a signal at any instant costs a record or the exit code: `python -m benchmarks.wrapping`.

A step is run again and again, and at a random instant, from before Python has started until after the push, it is hit:
by `kill -9` in one half of the runs, by one or two of INT, TERM and HUP in the other. The gateway is in turn a real
Pushgateway, a port that refuses, and one that takes the connection and never answers. Then, each time:

- the exit code is the command's own, or 128+N where the signal N ended it or kept it from starting; -N is right only
  for a reporter that had not begun to run yet, and for `kill -9`;
- there is exactly one record of a command that has begun, with that code; after `kill -9` the next call writes it;
- the record is on the gateway or in the spool, and `flush` brings it from there to the gateway;
- the command does not run any more.

    apt-get install prometheus-pushgateway
    python -m benchmarks.wrapping --runs 300
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

PROGRAM = str(Path(sys.executable).with_name("ci-reporter"))
CODE = 3
PLAIN = "echo $$ > began; sleep 0.15; echo > ended; exit 3"
STUBBORN = f"trap '' INT TERM HUP; {PLAIN}"
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
BUDGET_S = 0.5
PHASES = ("before the command", "while it ran", "after it", "not at all")


@dataclass(frozen=True, kw_only=True)
class Plan:
    """One run: the command, the gateway, and after how many seconds each signal is sent."""

    number: int
    gateway: str
    url: str
    script: str
    signals: tuple[tuple[float, int], ...]

    @property
    def kills(self) -> bool:
        """Whether the signal is KILL."""
        return signal.SIGKILL in dict(map(reversed, self.signals))


@dataclass(frozen=True, kw_only=True)
class Done:
    """What came of one run; `records` are those after the next call, `phase` is where the first signal hit."""

    plan: Plan
    code: int
    began: bool
    lives: bool
    phase: str
    lasted_s: float
    stderr: str
    records: list[dict[str, object]]
    running: list[str]
    spooled: list[str]


def main() -> None:
    """Run, judge, print; exit 1 when something is wrong or lost."""
    options = _options()
    chance = random.Random(options.seed)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        gateways = _gateways(stack, folder)
        lasts_s = {name: _lasts_s(folder, name, url) for name, url in gateways.items()}
        plans = [_plan(number, chance, gateways, lasts_s, kills=kills) for kills in (True, False)
                 for number in range(options.runs)]  # fmt: skip
        with ThreadPoolExecutor(options.jobs) as pool:
            done = list(pool.map(lambda plan: _run(folder / f"{plan.number}-{plan.kills}", plan), plans))
        faults = [(each, fault) for each in done for fault in _faults(each, gateways.get("real"))]
    print(f"seed {options.seed}; a step lasts " + ", ".join(f"{s:.2f} s ({name})" for name, s in lasts_s.items()))
    for kills, name in ((True, "kill -9"), (False, "INT, TERM, HUP")):
        _print_table(name, [each for each in done if each.plan.kills is kills], faults)
    for each, fault in faults:
        print(f"{fault}: {each}")
    sys.exit(bool(faults))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=300, help="of kill -9, and again as many of the other signals")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="runs at a time")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    return parser.parse_args()


def _gateways(stack: ExitStack, folder: Path) -> dict[str, str]:
    hole = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=1000))
    found = {
        "refused": f"http://127.0.0.1:{_free_port()}",
        "black hole": f"http://127.0.0.1:{hole.getsockname()[1]}",
    }
    if program := shutil.which("prometheus-pushgateway"):
        found["real"] = stack.enter_context(_pushgateway(program, folder))
    return found


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _pushgateway(program: str, folder: Path) -> Iterator[str]:
    port = _free_port()
    flags = (f"--web.listen-address=127.0.0.1:{port}", f"--persistence.file={folder / 'gateway.data'}")
    with subprocess.Popen((program, *flags), stderr=subprocess.DEVNULL) as process:
        url = f"http://127.0.0.1:{port}"
        while True:
            try:
                urllib.request.urlopen(f"{url}/-/ready", timeout=1).close()
                break
            except OSError:
                time.sleep(0.05)
        yield url
        process.terminate()


def _lasts_s(folder: Path, name: str, url: str) -> float:
    """How long a step takes that nobody disturbs."""
    plans = [Plan(number=n, gateway=name, url=url, script=PLAIN, signals=()) for n in range(5)]
    undisturbed = [_run(folder / f"calibration-{name.replace(' ', '-')}-{plan.number}", plan) for plan in plans]
    return statistics.median(each.lasted_s for each in undisturbed)


def _plan(
    number: int, chance: random.Random, gateways: dict[str, str], lasts_s: dict[str, float], *, kills: bool
) -> Plan:
    name = sorted(gateways)[number % len(gateways)]
    first_s = chance.uniform(0, lasts_s[name] * chance.choice((0.4, 1.25)))  # half of them near the start
    hits: tuple[tuple[float, int], ...] = ((first_s, signal.SIGKILL),)
    if not kills:
        second = ((chance.uniform(0, 0.1), chance.choice(SIGNALS)),) if chance.random() < 0.5 else ()
        hits = ((first_s, chance.choice(SIGNALS)), *second)
    script = chance.choice((PLAIN, STUBBORN))
    return Plan(number=number, gateway=name, url=gateways[name], script=script, signals=hits)


def _run(folder: Path, plan: Plan) -> Done:
    folder.mkdir()
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), "CI_RUN_ID": "run", "CI_REPORTER_BUDGET": f"{BUDGET_S}s"}
    env |= {"CI_REPORTER_PUSHGATEWAY": plan.url, "CI_REPORTER_NAME": folder.name}
    started = time.monotonic()
    with (folder / "stderr").open("wb") as stderr:
        line = (PROGRAM, "run", "--", "sh", "-c", plan.script)
        process = subprocess.Popen(line, cwd=folder, env=env, stderr=stderr, start_new_session=True)
        hit = _hit(process, plan)
        code = process.wait(30)
    lasted_s = time.monotonic() - started
    began = _pid(folder)
    lives = bool(began) and not _ends(began)
    running = [path.name for path in (folder / ".ci-reporter" / "running").glob("*.json")]
    said = subprocess.run(
        (PROGRAM, "summary", "--all", "--json"), check=False, cwd=folder, env=env, capture_output=True
    )
    return Done(
        plan=plan,
        code=code,
        began=bool(began),
        lives=lives,
        phase=_phase(folder, hit),
        lasted_s=lasted_s,
        stderr=(folder / "stderr").read_text(errors="replace") + said.stderr.decode(),
        records=[json.loads(each) for each in said.stdout.splitlines() if each.startswith(b"{")],
        running=running,
        spooled=[path.name for path in (folder / ".ci-reporter" / "spool").glob("*.json")],
    )


def _hit(process: subprocess.Popen[bytes], plan: Plan) -> float | None:
    """Send the signals; when the first one was sent, None where the program had ended before."""
    first: float | None = None
    for pause_s, number in plan.signals:
        time.sleep(pause_s)
        if process.poll() is None:
            first = first or time.time()
            process.send_signal(number)
    return first


def _phase(folder: Path, hit: float | None) -> str:
    """Where a signal hit, by the files that the command writes when it begins and when it ends."""
    if hit is None:
        return PHASES[3]
    for phase, name in zip(PHASES, ("began", "ended"), strict=False):
        path = folder / name
        if not path.exists() or path.stat().st_mtime > hit:
            return phase
    return PHASES[2]


def _pid(folder: Path) -> int:
    try:
        return int((folder / "began").read_text() or 0)
    except OSError:
        return 0


def _ends(pid: int, within_s: float = 4.0) -> bool:
    """Whether a command is gone in time; after `kill -9` the guard gives it a second between TERM and KILL."""
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        try:
            if b") Z " in Path(f"/proc/{pid}/stat").read_bytes():
                return True
        except OSError:
            return True
        time.sleep(0.02)
    return False


def _faults(done: Done, real: str | None) -> Iterator[str]:
    """What is wrong with a run, or lost."""
    plan, codes = done.plan, [each["exit_code"] for each in done.records]
    if done.code not in _right_codes(done):
        yield f"wrong code {done.code}"
    if len(codes) != 1 and (done.began or done.code >= 0):
        yield f"lost: {len(codes)} records"
    if len(codes) > 1:
        yield "doubled"
    if done.code >= 0 and codes != [done.code]:
        yield f"wrong record {codes}"
    if done.code >= 0 and done.running:
        yield "wrong: a running file is left"
    if done.lives:
        yield "wrong: the command lives on"
    if done.code >= 0 and "Traceback" in done.stderr:
        yield "wrong: a traceback"
    if codes and plan.gateway != "real" and len(done.spooled) != 1:
        yield "lost: not in the spool"
    if codes and plan.gateway == "real" and real and not _delivered(done, real):
        yield "lost: neither delivered nor in the spool"


def _right_codes(done: Done) -> set[int]:
    numbers = {number for _, number in done.plan.signals}
    if not done.began:
        return {-number for number in numbers} | {128 + number for number in numbers}
    if done.plan.kills:
        return {CODE, -signal.SIGKILL}
    return {CODE} if done.plan.script == STUBBORN else {CODE} | {128 + number for number in numbers}


def _delivered(done: Done, real: str) -> bool:
    if done.spooled:
        return True
    step = f"{done.plan.number}-{done.plan.kills}"
    with urllib.request.urlopen(f"{real}/api/v1/metrics", timeout=10) as answer:
        return any(group["labels"].get("step") == step for group in json.load(answer)["data"])


def _print_table(name: str, done: list[Done], faults: list[tuple[Done, str]]) -> None:
    mine = [fault for each, fault in faults if each in done]
    lost = sum(fault.startswith("lost") for fault in mine)
    print(f"\n{name}: {len(done)} runs, {len(mine) - lost} wrong, {lost} lost")
    print("".join(f"{title:>20}" for title in ("gateway", *PHASES, "in the spool")))
    for gateway in sorted({each.plan.gateway for each in done}):
        those = [each for each in done if each.plan.gateway == gateway]
        hit = Counter(each.phase for each in those)
        cells = (gateway, *(hit[phase] for phase in PHASES), sum(bool(each.spooled) for each in those))
        print("".join(f"{cell:>20}" for cell in cells))


if __name__ == "__main__":
    main()
