"""With `--tail` and `--wrap-logs` the output goes through us: what a full disk does not take is said."""

import pytest


@pytest.mark.parametrize("option", [("--tail", "1K"), ("--wrap-logs",)], ids=["tail", "wrap"])
def test_output_that_a_full_disk_does_not_take_is_said(run_program, option):
    line = ("run", *option, "--", "sh", "-c", "echo lost; exit 3")
    with open("/dev/full", "w") as full, run_program.start(*line, stdout=full) as process:
        _, said = process.communicate(timeout=60)
    assert process.returncode == 3
    assert b"the command's output did not all arrive: stdout could not take it (No space left on device)" in said


def test_a_reader_that_has_gone_is_not_a_loss(run_program):
    line = ("run", "--tail", "1K", "--", "sh", "-c", "yes | head -100000; exit 3")
    with run_program.start(*line) as process:
        process.stdout.close()
        said = process.stderr.read()
        process.wait(60)
    assert b"did not all arrive" not in said
