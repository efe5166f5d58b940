"""The site: nginx in front of three replicas, all of it in the folder `$SITE`. What runs is in its replicas.json."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

SITE = Path(os.environ.get("SITE", "/tmp/redeploy-site"))  # noqa: S108  an example that runs in one place
SERVICE = Path(__file__).with_name("service.py")
REPLICAS = 3
START_WITHIN_S = 20
TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


class DeployError(Exception):
    """Why a deploy stopped."""


def running():
    """The replicas that the balancer knows: port, process id and revision of each."""
    path = SITE / "replicas.json"
    return json.loads(path.read_text()) if path.exists() else []


def replace(number, revision, bug=""):
    """Start a new replica, tell the balancer when it answers, and stop the old one; a rollout's single step."""
    new = start(revision, bug)
    replicas = running()
    old = replicas[number] if number < len(replicas) else None
    replicas[number : number + 1] = [new]
    (SITE / "replicas.json").write_text(json.dumps(replicas))
    balance(replicas)
    if old:
        stop(old)


def start(revision, bug=""):
    """Start a replica on a free port and wait until that is open."""
    port = free_port()
    with (SITE / "replicas.log").open("a") as log:
        command = [sys.executable, SERVICE, str(port), revision, bug]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
    until = time.monotonic() + START_WITHIN_S
    while not is_open(port):
        if process.poll() is not None:
            raise DeployError(f"the new replica ended with exit code {process.returncode}")
        if time.monotonic() > until:
            process.kill()
            raise DeployError(f"the new replica did not answer within {START_WITHIN_S} s")
        time.sleep(0.05)
    return {"port": port, "pid": process.pid, "revision": revision}


def stop(replica):
    """Ask a replica to end once it has answered what it has begun."""
    with suppress(ProcessLookupError):
        os.kill(replica["pid"], signal.SIGTERM)


def balance(replicas):
    """Write nginx's configuration, and have a running nginx take it over without dropping a connection."""
    write_configuration(replicas)
    with suppress(FileNotFoundError, ProcessLookupError):
        os.kill(int((SITE / "nginx.pid").read_text()), signal.SIGHUP)


def write_configuration(replicas):
    """By turns to each replica, and a dead one is not hidden: what a user sees is what the gate is to see."""
    servers = " ".join(f"server 127.0.0.1:{each['port']} max_fails=0;" for each in replicas)
    folders = " ".join(f"{name}_temp_path {SITE}/{name};" for name in TEMPORARY)
    (SITE / "nginx.conf").write_text(
        f"worker_processes 1; pid {SITE}/nginx.pid; error_log {SITE}/nginx.log;\n"
        "events { worker_connections 512; }\n"
        f"http {{ access_log off; {folders}\n"
        f"  upstream shop {{ {servers} }}\n"
        f"  server {{ listen 127.0.0.1:{os.environ['SITE_PORT']};\n"
        "    location / { proxy_pass http://shop; proxy_next_upstream off; } } }\n"
    )


def start_nginx():
    """Start nginx in front of what runs; Debian installs it where only root's PATH leads."""
    program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if not program:
        sys.exit("redeploy: nginx is not installed (apt-get install nginx-light)")
    return subprocess.Popen(
        [program, "-p", SITE, "-c", SITE / "nginx.conf", "-e", SITE / "nginx.log", "-g", "daemon off;"]
    )


def is_open(port):
    """Whether somebody listens there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", int(port))) == 0


def free_port():
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
