"""How often the kernel has killed for memory in our control group. Source: kernel docs, cgroup-v2 `memory.events`."""

from __future__ import annotations


def kills(root: str = "/sys/fs/cgroup", own: str = "/proc/self/cgroup") -> int | None:
    """The group's `oom_kill` counter, of version 2 or 1; None where there is none to read."""
    for line in _lines(own):
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            names = (f"{root}{path}/memory.events", f"{root}/memory.events")
        elif "memory" in controllers.split(","):
            names = (f"{root}/memory{path}/memory.oom_control", f"{root}/memory/memory.oom_control")
        else:
            continue
        for name in names:  # in a container the path is the host's, and our group is the root of what we see
            for key, _, value in (entry.partition(" ") for entry in _lines(name)):
                if key == "oom_kill" and value.isdigit():
                    return int(value)
    return None


def _lines(path: str) -> list[str]:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return [line for line in file.read().splitlines() if line.count(":") >= 2 or " " in line]
    except OSError:
        return []
