"""A rollout that converged has to stay so: an old answer begins it anew, and too many of them end it."""

import itertools
import re
import threading
import time

import pytest

from ci_reporter.gate.run.gate import run_gate
from ci_reporter.gate.run.options import GateOptions, plan_gate
from ci_reporter.gate.run.progress import Silent
from ci_reporter.gate.run.world import World

pytestmark = pytest.mark.slow

NEW, OLD = "c0ffee1234567", "01dbeef234567"
RULES = """
gate:
  timeout: 1s
  warmup: 0
  rate: 20/s
  converge: { timeout: TIMEOUT, old_share: 40%, confidence: 90%, rate: 20/s }
rules: [ { name: down, if: "down for 2s" } ]
"""


class Log(Silent):
    """A progress that remembers what was said."""

    def __init__(self):
        self.sentences = []

    def say(self, sentence):
        self.sentences.append(sentence)


@pytest.fixture
def gate(tmp_path):
    """Run a gate on a service that serves the revision `revision_at(n)` at its n-th answer."""

    def run(service, revision_at, timeout="20s", watch_s=5.0):
        turn, numbers = threading.Lock(), itertools.count(1)

        def act(handler):
            with turn:  # requests come at the same time: each has a number of its own, and its own answer
                service.revision = revision_at(next(numbers))
                service.answer(handler)

        service.act = act
        path, log = tmp_path / "gate.yml", Log()
        path.write_text(RULES.replace("TIMEOUT", timeout))
        options = GateOptions(url=service.url, rules=str(path), expect_revision=NEW, watch_s=watch_s)
        world = World(progress=log)
        return run_gate(plan_gate(options, world), world), log.sentences

    return run


def test_a_rollout_that_stays_counts_its_answers(gate, backend):
    service = backend(NEW)
    outcome, _ = gate(service, lambda _: NEW)
    assert outcome.exit_code == 0
    counted = re.search(r"answered 6 times in a row .*; 0 of (\d+) answers were old$", outcome.statement)
    assert 6 + 0.8 * 5 * 20 <= int(counted[1]) <= service.asked


def test_one_old_answer_makes_it_converge_again(gate, backend):
    outcome, said = gate(backend(NEW), lambda count: OLD if count == 30 else NEW)
    assert outcome.exit_code == 0
    assert "; 1 of " in outcome.statement
    (relapse,) = (sentence for sentence in said if "converging again" in sentence)
    assert relapse.startswith("after converging, revision 01dbeef23456 answered 1 s into the watch, for the first time")


def test_a_revert_in_the_watch_never_passes(gate, backend):
    outcome, _ = gate(backend(NEW), lambda count: NEW if count < 30 else OLD, timeout="6s")
    assert (outcome.exit_code, outcome.verdict, outcome.converged) == (4, None, False)
    assert re.match(
        r"after converging, revision 01dbeef23456 answered 1 s into the watch, for the first time; then not converged",
        outcome.statement,
    )


def test_a_third_relapse_ends_it(gate, backend):
    outcome, said = gate(backend(NEW), lambda count: OLD if count % 40 == 0 else NEW)
    assert outcome.exit_code == 4
    assert "for the third time: the rollout does not hold; 3 of " in outcome.statement
    assert sum("converging again" in sentence for sentence in said) == 2


def once_after(seconds):
    """A question whose answer is yes one time: the first time it is asked so long after it was first asked."""
    begun, done = [], []

    def asked():
        begun.append(time.monotonic())
        if done or begun[-1] - begun[0] < seconds:
            return False
        done.append(True)
        return True

    return asked


def test_a_relapse_after_the_timeout_of_converging_ends_it(gate, backend):
    late = once_after(2.5)
    outcome, _ = gate(backend(NEW), lambda _: OLD if late() else NEW, timeout="2s")
    assert outcome.exit_code == 4
    assert "after converge.timeout of 2 s" in outcome.statement


def test_an_answer_that_names_no_revision_is_a_relapse_too(gate, backend):
    outcome, said = gate(backend(NEW), lambda count: "" if count == 30 else NEW)
    assert outcome.exit_code == 0
    assert any("after converging, an answer named no revision" in sentence for sentence in said)
