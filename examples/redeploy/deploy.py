#!/usr/bin/env python3
"""Replace the replicas one by one: `deploy REVISION [BUG]`. `stuck` and `reverted` are bugs of the deploy itself."""

import os
import subprocess
import sys
import time
import urllib.request

import replicas

REVERT_AFTER = 60  # orders that the first replica has answered when the orchestrator takes the deploy back


def deploy(revision, bug=""):
    for number in range(replicas.REPLICAS - (bug == "stuck")):
        replicas.replace(number, revision, bug if number == 0 or bug != "dies" else "")
        print(f"replica {number + 1} serves {revision[:12]}", file=sys.stderr)


def revert_later(revision):
    """Leave somebody behind who brings the old revision back, as an orchestrator may without telling the job."""
    subprocess.Popen(
        [sys.executable, __file__, "--revert-to", revision],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def revert(revision):
    """Bring a revision back once the deploy has served for a while; give up when something else is deployed."""
    serving = replicas.running()
    while orders() < REVERT_AFTER:
        if replicas.running() != serving:
            return
        time.sleep(0.1)
    deploy(revision)


def orders():
    """How many orders the site has answered since the deploy, by one of its replicas."""
    with urllib.request.urlopen(f"http://127.0.0.1:{os.environ['SITE_PORT']}/stats", timeout=5) as answer:
        return int(answer.read().split(b'"orders": ')[1].split(b",")[0])


def main(arguments):
    if arguments[0] == "--revert-to":
        revert(arguments[1])
        return
    before = replicas.running()
    try:
        deploy(*arguments)
    except replicas.DeployError as exc:
        sys.exit(f"deploy: {exc}; what served before still serves")
    if arguments[1:] == ["reverted"]:
        revert_later(before[0]["revision"])


main(sys.argv[1:])
