"""The same alert by apprise, run by the Python that has it: `python by_apprise.py`, the vendors as JSON on stdin.

apprise has its vendors' addresses in its plug-ins; they are set to the local server's. Prints what it takes for
success.
"""

from __future__ import annotations

import importlib
import json
import sys
import time

import apprise


def main() -> None:
    """Send to each vendor by itself, then to all at once."""
    vendors = json.load(sys.stdin)
    for each in vendors:
        point(each)
    whole = apprise.Apprise()
    taken = {}
    for each in vendors:
        one = apprise.Apprise()
        one.add(each["address"])
        taken[each["name"]] = bool(one.notify(title="unit failed", body="3 of 200 tests failed"))
        whole.add(each["address"])
    begun = time.monotonic()
    whole.notify(title="unit failed", body="3 of 200 tests failed")
    print(json.dumps({"taken": taken, "seconds": time.monotonic() - begun, "version": apprise.__version__}))


def point(vendor: dict[str, str]) -> None:
    """Make a plug-in ask the local server, without its pause between messages."""
    if not vendor["plugin"]:
        return
    module, _, name = vendor["plugin"].rpartition(".")
    found = getattr(importlib.import_module(f"apprise.plugins.{module}"), name)
    if isinstance(found, dict):
        found.update(dict.fromkeys(found, vendor["at"]))
    else:
        setattr(found, vendor["attribute"], vendor["at"])


if __name__ == "__main__":
    main()
