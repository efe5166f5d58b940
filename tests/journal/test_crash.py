"""kill -9 of the wrapper at random instants, several at a time in one folder: no record is lost, none is doubled."""

import json
import random
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

RUNS = 90
SEED = 20260131


@dataclass(frozen=True, kw_only=True)
class Crashed:
    """What came of many killed wrappers: the program, and by step name the exit codes seen."""

    program: object
    codes: dict[str, int]

    def started(self):
        """Names of the steps whose command has begun."""
        return {path.name.removeprefix("began-") for path in self.program.folder.glob("began-*")}


@pytest.fixture
def crashed(run_program, free_port, eventually) -> Crashed:
    """A third lives; the others are killed before, while and after the command runs, however slow this machine is."""
    chance = random.Random(SEED)
    env = {"CI_REPORTER_PUSHGATEWAY": f"http://127.0.0.1:{free_port()}", "CI_RUN_ID": "crash"}
    # When to kill each, in lengths of a whole step.
    plan = {f"step-{number}": chance.choice([None, 1, 3]) for number in range(RUNS)}
    plan = {name: length and chance.uniform(0, length) for name, length in plan.items()}
    took_s = []  # of those that live: on a busy machine the last one knows best what a whole step takes

    def start(name, seconds=0.02):
        command = ("sh", "-c", f"touch began-{name}; sleep {seconds}")
        return run_program.start_fork("run", "--name", name, "--", *command, env=env)

    def run(name):
        begun = time.monotonic()
        process = start(name)
        if (lengths := plan.get(name)) is not None:
            time.sleep(lengths * took_s[-1])
            process.send_signal(signal.SIGKILL)
            return process.wait()[0]
        code, *_ = process.wait()
        took_s.append(time.monotonic() - begun)
        return code

    codes = {"first": run("first")}
    begun = start("begun", seconds=20)
    eventually((run_program.folder / "began-begun").exists, "the command to begin")
    begun.send_signal(signal.SIGKILL)
    codes["begun"], *_ = begun.wait()
    with ThreadPoolExecutor(4) as several:
        return Crashed(program=run_program, codes=codes | dict(zip(plan, several.map(run, plan), strict=True)))


@pytest.mark.slow
@pytest.mark.timeout(500)
def test_a_killed_wrapper_loses_no_record_and_leaves_nothing_to_trip_over(crashed):
    program = crashed.program
    ended = program("summary", "--all", "--json", env={"CI_REPORTER_PUSHGATEWAY": "http://127.0.0.1:9"})
    records = [json.loads(line) for line in ended.stdout.splitlines()]
    results = {each["step"]: each["result"] for each in records}
    assert (ended.returncode, ended.stderr) == (0, "")
    assert len(results) == len(records)  # none is doubled
    assert {name for name, code in crashed.codes.items() if code == 0} <= {
        n for n, r in results.items() if r == "success"
    }
    assert crashed.started() <= set(results)
    assert set(results.values()) == {"success", "cancellation"}  # or the instants were not random enough
    assert not list((program.state / "running").glob("*.json"))
    assert {each["report"]["report_id"] for each in program.spooled()} == {each["report_id"] for each in records}
    later = program("run", "--name", "later", "--", "true")
    assert (later.returncode, later.stderr.count("\n")) == (0, 1)
