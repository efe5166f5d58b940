"""The ledger: an action runs as often in one CI run as it may, whatever is retried or killed."""

import subprocess
import sys
import threading

import pytest

from ci_reporter.errors import StateError
from ci_reporter.gate.rules.ruleset import Action
from ci_reporter.gate.run.ledger import Ledger


def rollback(run, **more):
    return Action(name="rollback", run=run, **more)


def test_an_action_is_claimed_as_often_as_its_most(tmp_path):
    ledger = Ledger(str(tmp_path / "acted"), "run-1")
    assert [ledger.claim(rollback("true", most=2)) for _ in range(4)] == [True, True, False, False]


def test_another_run_and_another_action_have_their_own_claim(tmp_path):
    ledger = Ledger(str(tmp_path), "run-1")
    assert ledger.claim(rollback("true"))
    assert ledger.claim(Action(name="scale", run="true"))
    assert Ledger(str(tmp_path), "run-2").claim(rollback("true"))
    assert not Ledger(str(tmp_path), "run-1").claim(rollback("true"))


def test_a_claim_outlives_kill_9(tmp_path):
    claim = f"Ledger({str(tmp_path)!r}, 'run-1').claim(Action(name='rollback', run='true'))"
    rooms = "from ci_reporter.gate.rules.ruleset import Action\nfrom ci_reporter.gate.run.ledger import Ledger"
    code = f"import os\n{rooms}\nif {claim}: os.kill(os.getpid(), 9)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == -9
    assert not Ledger(str(tmp_path), "run-1").claim(rollback("true"))


def test_of_many_at_once_one_acts(tmp_path):
    claimed = []
    threads = [
        threading.Thread(target=lambda: claimed.append(Ledger(str(tmp_path), "run-1").claim(rollback("true"))))
        for _ in range(16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(claimed) == [False] * 15 + [True]


def test_no_run_id_leaves_the_folder(tmp_path):
    folder = tmp_path / "acted"
    Ledger(str(folder), "../../../tmp/x\0").claim(rollback("true"))
    assert [path.name for path in folder.iterdir()] == ["---------tmp-x-.rollback.1"]


def test_a_folder_that_cannot_be_is_said(tmp_path):
    (tmp_path / "acted").write_text("")
    with pytest.raises(StateError, match=r"cannot note in .*acted that 'rollback' runs: "):
        Ledger(str(tmp_path / "acted"), "run-1").claim(rollback("true"))
