#!/usr/bin/env python3
"""Deploy a real service twenty times, ten of them bad, each behind a gate, and print what the gate said and when.

It exits with 1 where the gate said something else than it should have. Needs nginx; everything is on 127.0.0.1.
"""

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import replicas

HERE = Path(__file__).resolve().parent
MARKS = ("<!-- table -->\n", "<!-- end of table -->\n")
COLUMNS = ("#", "deploy", "expected", "verdict", "exit code", "decided after", "took", "what the gate said")
LONGEST = 240


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of deploy and what the gate has to say of it: a verdict, an exit code, and words that it has to use."""

    name: str
    bug: str = ""
    verdict: str = "fail"
    exit_code: int = 5
    words: str = ""


GOOD = Kind(name="good", verdict="pass", exit_code=0, words="answers were old")
COLD = Kind(name="good, with a cold start", bug="cold", verdict="pass", exit_code=0, words="answers were old")
STUCK = "not converged"
BAD = (
    Kind(name="three times slower", bug="slow", words="slow"),
    Kind(name="slower from the middle of the watch on", bug="slow later", words="slow"),
    Kind(name="20 % errors", bug="errors", words="errors"),
    Kind(name="one of three replicas dies", bug="dies", words="errors"),
    Kind(name="one replica stuck at the old revision", bug="stuck", verdict=STUCK, words="not converged"),
    Kind(name="taken back by the orchestrator", bug="reverted", verdict=STUCK, words="after converging"),
    Kind(name="/health says 503", bug="unhealthy", verdict=STUCK, words="database"),
    Kind(name="crashes on start", bug="crash", verdict="deploy failed", exit_code=7, words="deploy command failed"),
    Kind(name="an error in the body of a 200", bug="error body", words="errors"),
    Kind(name="a queue that grows", bug="backlog", words="backlog"),
)
DEPLOYS = tuple(kind for bad in BAD for kind in (COLD if bad.bug in ("errors", "unhealthy") else GOOD, bad))
KINDS = {kind.name: kind for kind in DEPLOYS}
QUICK = ("good", "three times slower", "crashes on start")


@dataclass(frozen=True, kw_only=True)
class Gated:
    """A deploy, and what the gate made of it; `said` is its verdict as JSON."""

    number: int
    kind: Kind
    exit_code: int
    seconds: float
    said: dict

    @property
    def verdict(self):
        """The verdict, or why there is none."""
        if self.exit_code == 7:
            return "deploy failed"
        converged = (self.said.get("converge") or {}).get("converged")
        return self.said.get("verdict", "none") if converged else STUCK

    @property
    def statement(self):
        """What the gate said: the rule that failed, else what came of the rollout."""
        failed = [
            f"{rule['name']}: {rule['reason']}" for rule in self.said.get("rules", ()) if rule["verdict"] == "fail"
        ]
        if self.verdict == "deploy failed":
            return "the deploy command failed, so nothing was watched"
        rollout = (self.said.get("converge") or {}).get("statement") or "nothing"
        return "; ".join(failed) or (rollout.rpartition("; ")[2] if self.verdict == "pass" else rollout)

    @property
    def is_as_expected(self):
        """Whether the gate did what it should have."""
        expected = (self.kind.verdict, self.kind.exit_code)
        return (self.verdict, self.exit_code) == expected and self.kind.words in self.statement

    def row(self):
        """The cells of its line in the table."""
        decided_s = self.said.get("decided_at_s")
        wanted = f"{self.kind.verdict}, {self.kind.exit_code}" + ("" if self.is_as_expected else " ✗")
        when = f"{decided_s:.0f} s of watch" if decided_s is not None else "–"
        statement = self.statement if len(self.statement) <= LONGEST else f"{self.statement[:LONGEST]}…"
        cells = (
            self.number,
            self.kind.name,
            wanted,
            self.verdict,
            self.exit_code,
            when,
            f"{self.seconds:.0f} s",
            statement,
        )
        return [str(cell).replace("|", "/") for cell in cells]


def main():
    options = arguments()
    os.environ |= {"SITE": str(options.folder), "SITE_PORT": str(replicas.free_port())}
    replicas.SITE = options.folder
    with running_site():
        rows = [gated(number, kind, options) for number, kind in enumerate(wanted(options), 1)]
    text = table(rows)
    print(text, end="")
    if options.write:
        write_between_marks(options.write, text)
    wrong = [row for row in rows if not row.is_as_expected]
    print(
        f"{len(rows)} deploys, {len(wrong)} of them not as expected; the gates' logs: {options.folder}", file=sys.stderr
    )
    return 1 if wrong else 0


def arguments():
    """The options, read."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", action="append", default=[], metavar="KIND", help="this kind of deploy; repeatable")
    parser.add_argument(
        "--quick", action="store_true", help="three deploys and watches of seconds, with plain thresholds"
    )
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the table into this file, between its marks")
    parser.add_argument("--folder", type=Path, default=None, help="where the site and the logs are; a new folder")
    options = parser.parse_args()
    unknown = [name for name in options.only if name not in KINDS]
    if unknown:
        parser.error(f"no kind {unknown[0]!r} (known: {', '.join(KINDS)})")
    options.folder = options.folder or Path(tempfile.mkdtemp(prefix="redeploy-"))
    options.folder.mkdir(parents=True, exist_ok=True)
    return options


def wanted(options):
    """The deploys to make."""
    return [KINDS[name] for name in options.only or (QUICK if options.quick else ())] or DEPLOYS


@contextmanager
def running_site():
    """The service in its first revision, for as long as it is needed."""
    replicas.write_configuration([])
    for number in range(replicas.REPLICAS):
        replicas.replace(number, revision_of(0))
    nginx = replicas.start_nginx()
    try:
        while not replicas.is_open(os.environ["SITE_PORT"]):
            time.sleep(0.05)
        yield
    finally:
        nginx.terminate()
        nginx.wait()
        for each in replicas.running():
            replicas.stop(each)


def gated(number, kind, options):
    """Deploy behind a gate, tell how it went, and give it back."""
    begun = time.monotonic()
    log = options.folder / f"gate-{number}.log"
    with log.open("wb") as said:
        ended = subprocess.run(
            command(number, kind, options),
            check=False,
            cwd=HERE,
            env=environment(number),
            stdout=subprocess.PIPE,
            stderr=said,
        )
    lines = ended.stdout.splitlines()
    found = Gated(
        number=number,
        kind=kind,
        exit_code=ended.returncode,
        seconds=time.monotonic() - begun,
        said=json.loads(lines[-1]) if lines else {},
    )
    print(f"{number}: {kind.name}: {found.verdict}, exit code {ended.returncode}, {found.statement}", file=sys.stderr)
    return found


def command(number, kind, options):
    """A gate around one deploy, as a pipeline would have it."""
    program = shutil.which("ci-reporter", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    url = f"http://127.0.0.1:{os.environ['SITE_PORT']}/health"
    rules = "quick.yml" if options.quick else "gate.yml"
    gate = [program or "ci-reporter", "gate", "around", url, "--rules", rules, "--json"]
    return [*gate, "--expect-revision", revision_of(number), "--", "./deploy.py", revision_of(number), kind.bug]


def environment(number):
    """That of a CI run of its own: a rollback runs once in each."""
    state = os.path.join(os.environ["SITE"], "state")
    return os.environ | {"CI_RUN_ID": f"redeploy-{number}", "CI_REPORTER_DIR": state}


def revision_of(number):
    """The commit of the deploy of that number."""
    return hashlib.sha256(f"shop {number}".encode()).hexdigest()[:40]


def table(rows):
    """What was deployed and what the gate said, as Markdown."""
    lines = [COLUMNS, ["---"] * len(COLUMNS), *(row.row() for row in rows)]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def write_between_marks(path, text):
    """Put the table into a page, in place of the one that is there."""
    before, _, rest = path.read_text().partition(MARKS[0])
    path.write_text(f"{before}{MARKS[0]}{text}{MARKS[1]}{rest.partition(MARKS[1])[2]}")


if __name__ == "__main__":
    sys.exit(main())
