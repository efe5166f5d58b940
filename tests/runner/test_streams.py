"""stdin, stdout and stderr are the command's own: byte-exact, nothing copied, nobody kept waiting."""

import hashlib
import os
import subprocess
import sys

import pytest

TEN_MEGABYTES = "import sys; sys.stdout.write('x' * 10_000_000)"


def test_a_line_of_ten_megabytes_without_newline_comes_through(wrapped):
    assert wrapped("-q", "--", sys.executable, "-c", TEN_MEGABYTES).stdout == b"x" * 10_000_000


@pytest.mark.parametrize("options", [(), ("--tail", "1K")], ids=["plain", "tail"])
def test_binary_output_is_not_altered(wrapped, options):
    (wrapped.folder / "blob").write_bytes(blob := os.urandom(3_000_000))
    out = wrapped("-q", *options, "--", "cat", "blob").stdout
    assert hashlib.sha256(out).digest() == hashlib.sha256(blob).digest()


@pytest.mark.parametrize("options", [(), ("--tail", "1K")], ids=["plain", "tail"])
def test_stdin_is_piped_through(wrapped, options):
    blob = os.urandom(1_000_000)
    assert wrapped("-q", *options, "--", "cat", stdin=blob).stdout == blob


@pytest.mark.parametrize("options", [(), ("--tail", "1K")], ids=["plain", "tail"])
def test_stderr_stays_stderr(wrapped, options):
    done = wrapped("-q", *options, "--", "sh", "-c", "echo out; echo err >&2")
    assert (done.stdout, done.stderr) == (b"out\n", b"err\n")


@pytest.mark.parametrize("options", [(), ("--tail", "1K")], ids=["plain", "tail"])
def test_a_command_that_closes_its_stdout_goes_on(wrapped, options):
    done = wrapped("-q", *options, "--", "sh", "-c", "exec >&-; sleep 0.2; touch done; exit 4")
    assert done.returncode == 4
    assert (wrapped.folder / "done").exists()


@pytest.mark.parametrize("options", [(), ("--tail", "1K")], ids=["plain", "tail"])
def test_a_background_process_that_keeps_stdout_open_does_not_keep_us(wrapped, options):
    process = wrapped.start("-q", *options, "--", "sh", "-c", "sleep 300 & echo hello")
    assert process.stdout.readline() == b"hello\n"
    assert process.wait(timeout=60) == 0
    process.stdout.close()
    process.stderr.close()


def test_the_background_process_lives_on(wrapped, alive):
    wrapped("-q", "--", "sh", "-c", "sleep 300 >/dev/null 2>&1 & echo $! > pid")
    assert alive(wrapped.file("pid").strip())


@pytest.mark.parametrize("options", [(), ("--tail", "1K")], ids=["plain", "tail"])
def test_a_reader_that_goes_ends_the_command_by_sigpipe(wrapped, options):
    process = wrapped.start(*options, "--", "sh", "-c", "exec yes")
    process.stdout.read(10)
    process.stdout.close()
    assert process.wait(timeout=60) == 141
    process.stderr.close()


def test_the_tail_is_the_last_bytes_of_both_streams(wrapped):
    wrapped("-q", "--tail", "8", "--", "sh", "-c", "echo 1234567890; sleep 0.1; echo end >&2")
    assert wrapped.record()["output_tail"] == "890\nend\n"


def test_a_flood_with_a_tail_neither_blocks_nor_grows(wrapped):
    done = wrapped("--tail", "64K", "--", "sh", "-c", "head -c 100000000 /dev/zero")
    assert len(done.stdout) == 100_000_000
    assert len(wrapped.record()["output_tail"]) == 65536


def test_without_a_tail_no_output_is_kept(wrapped):
    wrapped("--", "echo", "private")
    assert "private" not in str(wrapped.record())


@pytest.mark.parametrize("closed", [0, 1, 2])
def test_a_stream_that_is_closed_before_us_is_no_reason_to_fail(wrapped, closed):
    redirect = {0: "<&-", 1: ">&-", 2: "2>&-"}[closed]
    program = wrapped.program
    script = f"{program} run --json -- sh -c 'exit 6' {redirect}"
    done = subprocess.run(["sh", "-c", script], cwd=wrapped.folder, env=wrapped.env, capture_output=True, timeout=60)
    assert done.returncode == 6
    assert wrapped.record()["exit_code"] == 6


def test_our_one_line_is_on_stderr(wrapped):
    done = wrapped("--name", "unit", "--", "echo", "hello")
    assert done.stdout == b"hello\n"
    assert done.stderr.startswith(b"ci-reporter: unit \xc2\xb7 success")
    assert done.stderr.count(b"\n") == 1


def test_quiet_says_nothing(wrapped):
    assert wrapped("--quiet", "--", "true").stderr == b""
