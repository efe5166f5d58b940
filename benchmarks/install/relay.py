"""A proxy on 127.0.0.1 that counts what it hands back: how many bytes a program fetches."""

from __future__ import annotations

import socket
import threading
from types import TracebackType


class Relay:
    """Relays CONNECT, which is how pip, uv, pipx and npm reach their registries through a proxy. A context manager."""

    def __init__(self) -> None:
        self.fetched = 0
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._server.getsockname()[1]}"
        self._count = threading.Lock()

    def __enter__(self) -> Relay:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:  # closed
                return
            threading.Thread(target=self._relay, args=(client,), daemon=True).start()

    def _relay(self, client: socket.socket) -> None:
        with client:
            head = b""
            while b"\r\n\r\n" not in head and (piece := client.recv(4096)):
                head += piece
            method, _, rest = head.partition(b" ")
            host, _, port = rest.partition(b" ")[0].decode().rpartition(":")
            if method != b"CONNECT":
                client.sendall(b"HTTP/1.1 405 CONNECT only\r\n\r\n")
                return
            with socket.create_connection((host, int(port))) as server:
                client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                threading.Thread(target=_copy, args=(client, server), daemon=True).start()
                self._copy_counting(server, client)

    def _copy_counting(self, server: socket.socket, client: socket.socket) -> None:
        try:
            while piece := server.recv(65536):
                with self._count:
                    self.fetched += len(piece)
                client.sendall(piece)
        except OSError:  # the client has what it wanted
            pass


def _copy(source: socket.socket, target: socket.socket) -> None:
    try:
        while piece := source.recv(65536):
            target.sendall(piece)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass
