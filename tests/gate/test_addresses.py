"""The installed gate where a name has two addresses, by a hosts file of the test's own in a namespace of its own."""

import json
import shlex
import subprocess

import pytest

from tests.program import PROGRAM

NEW, OLD = "c0ffee1234567", "01dbeef234567"


@pytest.fixture
def gate(run_program, gate_yml, tmp_path):
    """Run the gate on `http://svc`, whose addresses are 127.0.0.1 and 127.0.0.2; exit code and verdict."""
    hosts = tmp_path / "hosts"
    hosts.write_text("127.0.0.1 svc\n127.0.0.2 svc\n")

    def run(port, converge="40s"):
        args = [
            "gate",
            f"http://svc:{port}/health",
            "--rules",
            gate_yml('if: "down for 2s"', converge=converge),
            "--watch",
            "5s",
        ]
        line = shlex.join([str(PROGRAM), *args, "--expect-revision", NEW, "--json"])
        inside = ["unshare", "-rm", "sh", "-c", f"mount --bind {hosts} /etc/hosts && exec {line}"]
        ended = subprocess.run(
            inside, cwd=run_program.folder, env=run_program.environment(), capture_output=True, timeout=180, check=False
        )
        return ended.returncode, json.loads(ended.stdout)

    return run


def test_both_addresses_are_probed(gate, backend):
    first = backend(NEW)
    second = backend(NEW, "127.0.0.2", first.port)
    code, found = gate(first.port)
    assert (code, found["verdict"]) == (0, "pass")
    assert min(first.asked, second.asked) > 40


def test_an_address_that_serves_the_old_revision_is_exit_4(gate, backend):
    first = backend(NEW)
    backend(OLD, "127.0.0.2", first.port)
    code, found = gate(first.port, "3s")
    assert code == 4
    assert f"{OLD[:12]} from 127.0.0.2" in found["converge"]["served"]


def test_an_address_that_is_dead_is_exit_4(gate, backend):
    code, found = gate(backend(NEW).port, "3s")
    assert code == 4
    assert "no answer from 127.0.0.2" in found["converge"]["served"]
    assert "× no answer from 127.0.0.2" in found["converge"]["statement"]
