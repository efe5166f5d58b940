"""gRPC calls carry the run from a client to a server, of every kind, with threads and with asyncio."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from concurrent import futures

import grpc
import grpc.aio
import pytest

from ci_reporter import logs
from ci_reporter.logs.current import use

KINDS = ("unary_unary", "unary_stream", "stream_unary", "stream_stream")


def run_id():
    return (logs.context().ci_run_id or "none").encode()


def handlers(answer, answers):
    """A service with a method of each kind, which answers with the run it belongs to."""
    return grpc.method_handlers_generic_handler(
        "shop",
        {
            kind: getattr(grpc, f"{kind}_rpc_method_handler")(answers if kind.endswith("_stream") else answer)
            for kind in KINDS
        },
    )


def ask(channel, kind):
    """Call the method of that kind: a call, or a stream of answers."""
    request = iter([b"a", b"b"]) if kind.startswith("stream") else b"a"
    return getattr(channel, kind)(f"/shop/{kind}")(request)


@pytest.fixture
def sync_port():
    """A server with threads."""

    def answer(_request, _about):
        return run_id()

    def answers(_request, _about):
        for _ in range(2):
            yield run_id()

    server = grpc.server(futures.ThreadPoolExecutor(4), interceptors=[logs.grpc_server_interceptor()])
    server.add_generic_rpc_handlers((handlers(answer, answers),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield port
    server.stop(0).wait()


@pytest.mark.parametrize("kind", KINDS)
def test_the_run_reaches_the_server(sync_port, kind):
    with (
        grpc.insecure_channel(f"127.0.0.1:{sync_port}") as channel,
        use(logs.Context(ci_run_id="nightly-42")),
    ):
        answer = ask(grpc.intercept_channel(channel, logs.grpc_client_interceptor()), kind)
        got = list(answer) if kind.endswith("_stream") else [answer]
    assert set(got) == {b"nightly-42"}


def test_what_the_caller_has_set_stays(sync_port):
    with grpc.insecure_channel(f"127.0.0.1:{sync_port}") as channel, use(logs.Context(ci_run_id="nightly-42")):
        marked = grpc.intercept_channel(channel, logs.grpc_client_interceptor())
        call = marked.unary_unary("/shop/unary_unary")
        assert call(b"a", metadata=[("x-ci-run-id", "other-1")]) == b"other-1"


def test_a_stranger_gets_a_context_of_its_own():
    def answer(_request, _about):
        return run_id()

    server = grpc.server(
        futures.ThreadPoolExecutor(1), interceptors=[logs.grpc_server_interceptor(trust=lambda _: False)]
    )
    server.add_generic_rpc_handlers((handlers(answer, answer),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        got = channel.unary_unary("/shop/unary_unary")(b"a", metadata=[("x-ci-run-id", "nightly-42")])
    server.stop(0).wait()
    assert got == b"none"


def test_a_method_that_nobody_has_is_unimplemented(sync_port):
    with grpc.insecure_channel(f"127.0.0.1:{sync_port}") as channel, pytest.raises(grpc.RpcError) as caught:
        channel.unary_unary("/shop/nope")(b"a")
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED


@pytest.mark.parametrize("kind", KINDS)
def test_the_run_reaches_an_asyncio_server(kind):
    async def answer(_request, _about):
        return run_id()

    async def answers(_request, _about):
        for _ in range(2):
            yield run_id()

    async def call():
        server = grpc.aio.server(interceptors=[logs.grpc_aio_server_interceptor()])
        server.add_generic_rpc_handlers((handlers(answer, answers),))
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        interceptors = logs.grpc_aio_client_interceptors()
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}", interceptors=interceptors) as channel:
            with use(logs.Context(ci_run_id="nightly-42")):
                found = ask(channel, kind)
                got = [each async for each in found] if kind.endswith("_stream") else [await found]
        await server.stop(0)
        return got

    assert set(asyncio.run(call())) == {b"nightly-42"}


def test_a_service_without_grpc_can_import_the_rest():
    code = "import sys; sys.modules['grpc'] = None; from ci_reporter import logs; from ci_reporter.logs import grpc"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True).stderr == b""
