"""Names of files in archives: where they lead when somebody unpacks them."""

from __future__ import annotations


def check(name: str) -> None:
    """Raise ValueError for a name that leads out of the folder it is unpacked in."""
    parts = name.replace("\\", "/").split("/")
    if (not parts[0] and len(parts) > 1) or ".." in parts or parts[0][1:2] == ":" or "\0" in name:
        raise ValueError(f"{name!r:.100} leads out of it")
