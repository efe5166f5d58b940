"""A gate that is told to stop, in each of its phases: the exit code of the signal, its record, what was recorded."""

import json
import signal

import pytest

pytestmark = pytest.mark.slow

NEW, OLD = "c0ffee1234567", "01dbeef234567"
ALWAYS = 'if: "down for 2s"'
EACH_SIGNAL = pytest.mark.parametrize(
    "number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=["INT", "TERM", "HUP"]
)


@pytest.fixture
def interrupt(run_program, eventually):
    """Start the program, send it a signal once `ready` is true, and wait for its end; exit code, stdout, stderr."""

    def run(number, ready, *args):
        process = run_program.start_fork(*args)
        eventually(ready, what="the phase to begin")
        process.send_signal(number)
        code, out, err = process.wait()
        return code, out.decode(), err.decode()

    return run


def cancelled(record, number):
    name = signal.Signals(number).name
    found = (record["result"], record["signal"], record["exit_code"], record["reason"])
    return found == ("cancellation", name.removeprefix("SIG"), 128 + number, f"told to stop by {name}")


@EACH_SIGNAL
def test_a_baseline_writes_what_it_has(interrupt, run_program, backend, number):
    service = backend(OLD)
    args = ("gate", "baseline", service.url, "--window", "10m", "--out", "before.ndjson")
    code, _, _ = interrupt(number, lambda: service.asked > 3, *args)
    assert code == 128 + number
    assert len((run_program.folder / "before.ndjson").read_text().splitlines()) > 1
    (record,) = run_program.records()
    assert (record["step"], cancelled(record, number)) == ("baseline", True)


@EACH_SIGNAL
def test_around_ends_in_its_baseline_without_a_deploy(interrupt, run_program, backend, number):
    service = backend(OLD)
    args = ("gate", "around", service.url, "--expect-revision", NEW, "--window", "10m", "--", "touch", "deployed")
    code, out, _ = interrupt(number, lambda: service.asked > 3, *args)
    assert code == 128 + number
    assert f"gate: inconclusive: interrupted by {signal.Signals(number).name}" in out
    assert not (run_program.folder / "deployed").exists()
    (record,) = run_program.records()
    assert cancelled(record, number)
    kept = next(each for each in (run_program.state / "gate").iterdir() if each.name != "acted")
    assert {each.name for each in kept.iterdir()} == {"baseline.ndjson", "summary.md", "verdict.json"}


@EACH_SIGNAL
def test_around_ends_with_its_deploy(interrupt, run_program, backend, gate_yml, number):
    service, rules = backend(OLD), gate_yml(ALWAYS)
    (run_program.folder / "deploy.sh").write_text("touch begun; sleep 60 & wait\n")
    args = ("gate", "around", service.url, "--rules", rules, "--expect-revision", NEW, "--window", "1s")
    begun = run_program.folder / "begun"
    code, _, _ = interrupt(number, begun.exists, *args, "--", "sh", "deploy.sh")
    assert code == 128 + number
    assert [(each["step"], cancelled(each, number)) for each in run_program.records()] == [
        ("deploy", True),
        ("gate", True),
    ]


@EACH_SIGNAL
def test_a_deploy_that_cleans_up_before_it_ends_is_told_by_the_signal(
    interrupt, run_program, backend, gate_yml, number
):
    service, rules = backend(OLD), gate_yml(ALWAYS)
    (run_program.folder / "deploy.sh").write_text("trap 'exit 9' INT TERM HUP; touch begun; sleep 60 & wait\n")
    args = ("gate", "around", service.url, "--rules", rules, "--expect-revision", NEW, "--window", "1s")
    begun = run_program.folder / "begun"
    code, out, _ = interrupt(number, begun.exists, *args, "--", "sh", "deploy.sh")
    assert code == 128 + number
    assert f"interrupted by {signal.Signals(number).name}" in out
    deploy, gate = run_program.records()
    assert (deploy["exit_code"], cancelled(gate, number)) == (9, True)


@EACH_SIGNAL
def test_converging_ends_at_once(interrupt, run_program, backend, number):
    service = backend(OLD)
    args = ("gate", service.url, "--expect-revision", NEW, "--json")
    code, out, _ = interrupt(number, lambda: service.asked > 3, *args)
    found = json.loads(out)
    assert (code, found["verdict"], found["converge"]["converged"]) == (128 + number, "inconclusive", False)
    assert cancelled(run_program.records()[0], number)


@EACH_SIGNAL
@pytest.mark.parametrize("warmup", ["0", "10m"], ids=["watch", "warm-up"])
def test_watching_writes_what_it_has(interrupt, run_program, backend, gate_yml, number, warmup):
    service = backend(NEW)
    rules = gate_yml(ALWAYS)
    args = ("gate", service.url, "--rules", rules, "--expect-revision", NEW, "--watch", "10m", "--warmup", warmup)
    outputs = ("--out", "watch.ndjson", "--junit", "gate.xml", "--json")
    code, out, _ = interrupt(number, lambda: service.asked > 40, *args, *outputs)
    found = json.loads(out)
    assert (code, found["verdict"], found["converge"]["converged"]) == (128 + number, "inconclusive", True)
    samples = (run_program.folder / "watch.ndjson").read_text().splitlines()[1:]
    assert bool(samples) == (warmup == "0")
    assert "interrupted by" in (run_program.folder / "gate.xml").read_text()
    assert cancelled(run_program.records()[0], number)


@EACH_SIGNAL
def test_a_signal_while_the_rollback_is_verified_leaves_verdict_and_recording(
    eventually, run_program, backend, gate_yml, number
):
    service = backend(NEW)
    service.act = lambda handler: handler.send_error(503) if service.asked > 20 else service.answer(handler)
    more = 'actions: { rollback: { run: "touch rolled", verify: true } }'
    rules = gate_yml('if: "down for 1s", then: rollback', more=more)
    args = (
        "gate",
        "watch",
        service.url,
        "--rules",
        rules,
        "--expect-revision",
        NEW,
        "--watch",
        "10m",
        "--out",
        "w.ndjson",
    )
    rolled = run_program.folder / "rolled"
    process = run_program.start(*args, "--converge-timeout", "10m", "--json", env={"CI_REPORTER_LAST_GOOD": OLD})
    eventually(rolled.exists, what="the rollback")
    asked = service.asked
    eventually(lambda: service.asked > asked + 5, what="the look at the old revision")
    process.send_signal(number)
    out, _ = process.communicate(timeout=280)
    found = json.loads(out)
    assert (process.returncode, found["verdict"], found["rollback"]["verified"]) == (128 + number, "fail", False)
    assert (run_program.folder / "w.ndjson").exists()
    assert cancelled(run_program.records()[0], number)
