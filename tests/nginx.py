"""A real nginx, for the tests of what stands behind one."""

from __future__ import annotations

import shutil
import signal
import subprocess
from pathlib import Path


class Nginx:
    """A real nginx in the foreground, all of it in one folder."""

    def __init__(self, folder: Path, port: int, server: str, outside: str) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{self.port}"
        self._folder = folder
        self._config = folder / "nginx.conf"
        self._write(server, outside)
        program = shutil.which("nginx") or "/usr/sbin/nginx"
        self._command = [program, "-p", str(folder), "-c", str(self._config), "-e", str(folder / "error.log")]
        self._process = subprocess.Popen([*self._command, "-g", "daemon off;"])

    def reload(self, server: str, outside: str = "") -> None:
        """Take another configuration, without dropping a connection."""
        self._write(server, outside)
        self._process.send_signal(signal.SIGHUP)

    def stop(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait(10)

    def _write(self, server: str, outside: str) -> None:
        paths = "\n".join(
            f"{kind}_temp_path {self._folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        self._config.write_text(
            f"worker_processes 1; pid {self._folder}/nginx.pid; events {{ worker_connections 512; }}\n"
            f"http {{ access_log off; {paths}\n{outside}\n"
            f"server {{ listen 127.0.0.1:{self.port}; {server} }} }}\n"
        )
