"""Whatever the backend does: the command's code wins, the wait is bounded, the record is kept, said and sent later."""

from __future__ import annotations

import json
import socket
from contextlib import ExitStack, contextmanager

import pytest

BUDGET_S = 1.5
LONG_S = 20.0
SECRET = "s3cret-pass"


def drip_head(connection, over):
    for byte in b"HTTP/1.1 200 OK\r\nX-Filler: " + b"x" * 9999:
        if over.wait(0.02):
            return
        connection.sendall(bytes([byte]))


def drip_body(connection, over):
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n")
    while not over.wait(0.02):
        connection.sendall(b".")


def flood(connection, over):
    connection.sendall(b"HTTP/1.1 500 -\r\n\r\n")
    while not over.is_set():
        connection.sendall(b"x" * 65536)


def flood_head(connection, over):
    connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
    while not over.is_set():
        connection.sendall(b"x" * 65536)


def reset(connection, _):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")


# name: what the backend does, what is said of it; only who is never done has to be given up after a short budget
FAULTS = {
    "500": (lambda answer: answer(500, b"disk full"), "answered 500: disk full"),
    "503 with a page": (lambda answer: answer(503, b"<html><title>Sorry</title>"), "answered 503: a web page: Sorry"),
    "400": (lambda answer: answer(400, b"text format parsing error"), "answered 400: text format parsing error"),
    "301": (lambda answer: answer(301, Location="https://gw.example/"), "it redirects to https://gw.example/"),
    "404": (lambda answer: answer(404), "answered 404"),
    "429 with Retry-After": (lambda answer: answer(429, b"slow down", Retry_After="60"), "answered 429: slow down"),
    "200 with a page": (lambda answer: answer(200, b"<!doctype html>"), "that is not a Pushgateway"),
    "no answer": (lambda answer: lambda _, over: over.wait(30), "no answer from"),
    "head byte by byte": (lambda answer: drip_head, "no answer from"),
    "body byte by byte": (lambda answer: drip_body, "no answer from"),
    "closed": (lambda answer: b"", "it closed the connection without an answer"),
    "reset": (lambda answer: reset, "connection reset"),
    "garbage": (lambda answer: b"\x00\x01 220 smtp ready\r\n\r\n", "it does not speak HTTP"),
    "endless body": (lambda answer: flood, "answered 500: xxx"),
    "endless head": (lambda answer: flood_head, "it does not speak HTTP"),
}


@pytest.fixture(params=FAULTS, ids=list(FAULTS))
def fault(request, vendor, answer):
    """The address of a faulty backend, what is said of it, and the budget to ask it with."""
    act, said = FAULTS[request.param]
    return vendor(act(answer)).url, said, BUDGET_S if said == "no answer from" else LONG_S


def settings(url, budget_s=BUDGET_S):
    return {"CI_REPORTER_PUSHGATEWAY": url.replace("://", f"://me:{SECRET}@"), "CI_REPORTER_BUDGET": f"{budget_s}s"}


def test_the_code_wins_the_wait_is_bounded_and_the_record_kept(run_program, fault, ours_s):
    url, said, budget_s = fault
    ended = run_program("run", "--name", "s", "--", "sh", "-c", "exit 7", env=settings(url, budget_s))
    assert ended.returncode == 7
    assert ended.seconds < budget_s + ours_s()
    assert [each["exit_code"] for each in run_program.records()] == [7]
    (kept,) = run_program.spooled()
    assert said in kept["reason"]
    assert [line for line in ended.stderr.splitlines() if "warning" in line] == [
        f"ci-reporter: warning: not delivered: {kept['reason']}; 'ci-reporter flush' sends it again"
    ]
    assert ended.stderr.splitlines()[-1].endswith(" · not delivered")


@pytest.mark.services
def test_a_flush_delivers_it_later(run_program, fault, pushgateway, values):
    run_program("run", "--name", "s", "--", "sh", "-c", "exit 7", env=settings(fault[0], fault[2]))
    ended = run_program("flush", "--strict", "--pushgateway", pushgateway.url)
    assert (ended.returncode, run_program.spooled()) == (0, [])
    assert "1 of 1 waiting reports delivered, 0 left" in ended.stderr
    assert values(pushgateway)["ci_step_exit_code"] == 7


def test_no_secret_is_said_or_kept(run_program, fault):
    ended = run_program("run", "--json", "--", "true", env=settings(fault[0], fault[2]))
    assert SECRET not in ended.stderr + ended.stdout + every_file(run_program.state)
    assert "bWU6czNjcmV0" not in ended.stderr + ended.stdout + every_file(run_program.state)


def every_file(folder):
    return "".join(path.read_text() for path in folder.rglob("*") if path.is_file())


@contextmanager
def unaccepting():
    """A port whose queue of connections is full: to connect takes for ever."""
    with ExitStack() as stack:
        silent = stack.enter_context(socket.socket())
        silent.bind(("127.0.0.1", 0))
        silent.listen(0)
        for _ in range(3):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(silent.getsockname())
        yield f"http://127.0.0.1:{silent.getsockname()[1]}"


def test_a_backend_that_never_accepts_costs_the_budget_and_no_more(run_program, ours_s):
    with unaccepting() as url:
        ended = run_program("run", "--", "true", env=settings(url))
    assert (ended.returncode, f"no answer from {url} within 1.5 s" in ended.stderr) == (0, True)
    assert BUDGET_S < ended.seconds < BUDGET_S + ours_s()


def test_the_default_budget_is_five_seconds(run_program, ours_s):
    with unaccepting() as url:
        ended = run_program("run", "--", "sh", "-c", "exit 3", env={"CI_REPORTER_PUSHGATEWAY": url})
    assert (ended.returncode, f"no answer from {url} within 5 s" in ended.stderr) == (3, True)
    assert 5 < ended.seconds < 5 + ours_s()


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://name.invalid:9091", "cannot reach http://name.invalid:9091: "),
        (f"http://{'a' * 70}.example", "label empty or too long"),
        ("http://[::1]:1", "cannot reach http://[::1]:1: "),
    ],
    ids=["unknown name", "no name", "IPv6"],
)
def test_an_address_without_a_server_is_said(run_program, url, said, ours_s):
    ended = run_program("run", "--", "true", env={"CI_REPORTER_PUSHGATEWAY": url})
    assert (ended.returncode, said in ended.stderr, len(run_program.spooled())) == (0, True, 1)
    assert ended.seconds < 5 + ours_s()


@pytest.mark.parametrize(("command", "code"), [("exit 0", 70), ("exit 7", 7), ("kill -9 $$", 137)])
def test_strict_ends_with_70_only_where_the_command_succeeded(run_program, free_port, command, code):
    ended = run_program("run", "--strict", "--", "sh", "-c", command, env=settings(f"http://127.0.0.1:{free_port()}"))
    assert ended.returncode == code


def test_strict_is_about_this_step(run_program, vendor, answer, free_port):
    run_program("run", "--name", "earlier", "--", "true", env=settings(f"http://127.0.0.1:{free_port()}"))
    half_well = vendor(answer(200), answer(403))
    ended = run_program("run", "--strict", "--name", "this", "--", "true", env=settings(half_well.url))
    assert (ended.returncode, [each["report"]["step"] for each in run_program.spooled()]) == (0, ["earlier"])
    assert ended.stderr.endswith(" · pushed\n")


def test_on_github_it_is_an_annotation(run_program, free_port):
    env = settings(f"http://127.0.0.1:{free_port()}") | {"GITHUB_ACTIONS": "true"}
    ended = run_program("run", "--", "true", env=env)
    assert ended.stderr.startswith("::warning title=ci-reporter::not delivered: cannot reach http://127.0.0.1:")


def test_a_dead_backend_is_asked_once_whatever_waits(run_program, vendor, answer):
    server = vendor(answer(404))
    for _ in range(3):
        run_program("run", "--", "true", env=settings(server.url))
    assert len(server.seen) == 3
    assert len(run_program.spooled()) == 3


def test_no_answer_of_the_backend_gets_into_the_record(run_program, vendor, answer):
    run_program("run", "--", "true", env=settings(vendor(answer(500, b"boom")).url))
    assert "boom" not in json.dumps(run_program.records())
