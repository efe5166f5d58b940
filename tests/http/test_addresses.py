"""A name with several addresses: each is asked in turn, and one that does not answer is an error that names it."""

from __future__ import annotations

import errno
import socket

import pytest

from ci_reporter.http import addresses


@pytest.fixture
def listening():
    """Listen on addresses of this machine, all at one port: that port."""
    servers = []

    def start(*hosts):
        port = 0
        for host in hosts:
            server = socket.create_server((host, port))
            servers.append(server)
            port = server.getsockname()[1]
        return port

    yield start
    for server in servers:
        server.close()


def test_each_address_has_its_turn(listening):
    port = listening("127.0.0.1", "127.0.0.2")
    both = ["127.0.0.1", "127.0.0.2"]
    asked = []
    for turn in range(4):
        connection, address = addresses.connect_in_turn(both, port, turn, 2.0)
        asked.append((address, connection.getpeername()[0]))
        connection.close()
    assert asked == [(each, each) for each in both] * 2


def test_a_dead_address_is_an_error_that_names_it(listening):
    port = listening("127.0.0.1")
    with pytest.raises(ConnectionRefusedError) as caught:
        addresses.connect_in_turn(["127.0.0.1", "127.0.0.3"], port, 1, 2.0)
    assert caught.value.__notes__ == ["127.0.0.3"]


def test_the_only_address_is_not_named(listening):
    connection, address = addresses.connect_in_turn(["127.0.0.1"], listening("127.0.0.1"), 7, 2.0)
    connection.close()
    assert address is None


def test_a_machine_without_ipv6_asks_the_other_address(listening):
    port = listening("127.0.0.1")

    def without_ipv6(address, timeout):
        if ":" in address[0]:
            raise OSError(errno.ENETUNREACH, "Network is unreachable")
        return socket.create_connection(address, timeout)

    for turn in range(2):
        both = ["127.0.0.1", "2001:db8::1"]
        connection, address = addresses.connect_in_turn(both, port, turn, 2.0, connect=without_ipv6)
        connection.close()
        assert address == "127.0.0.1"


def test_addresses_are_sorted_and_each_is_there_once():
    assert addresses.resolve("127.0.0.1", 80) == ["127.0.0.1"]
    assert addresses.resolve("localhost", 80) == sorted(set(addresses.resolve("localhost", 80)))


def test_a_host_is_written_as_dns_knows_it():
    assert addresses.host_of("https://bücher.example:8443/x") == "xn--bcher-kva.example"
    assert addresses.host_of("http://[::1]:80/") == "::1"


def test_of_localhost_any_address_will_do(listening):
    port = listening("127.0.0.1")
    _, address = connected = addresses.connect_in_turn(["127.0.0.3", "127.0.0.1"], port, 0, 2.0, any_of=True)
    connected[0].close()
    assert address is None


@pytest.mark.parametrize(
    ("host", "local"), [("localhost", True), ("api.localhost", True), ("localhost.example", False)]
)
def test_localhost_is_known_by_its_name(host, local):
    assert addresses.is_local(host) is local
