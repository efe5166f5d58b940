"""BuildInfo as labels of an image: OCI's own keys where OCI has one, keys of ours for the rest.

A base image's labels are inherited, `org.opencontainers.image.version` among them. `MARK` therefore names the fields
that a stamp gave; without it no label is taken for one. Keys: OCI image spec, "Annotations".
"""

from __future__ import annotations

from collections.abc import Mapping

from ci_reporter import buildinfo
from ci_reporter.model import BuildInfo
from ci_reporter.stamp.names import texts

_OCI = "org.opencontainers.image."
_OURS = "io.github.ci-reporter."
MARK = _OURS + "stamp"
KEYS: Mapping[str, str] = {
    "version": _OCI + "version",
    "revision": _OCI + "revision",
    "branch": _OURS + "branch",
    "dirty": _OURS + "dirty",
    "build_time": _OCI + "created",
    "builder": _OURS + "builder",
    "ci_run_id": _OURS + "ci-run-id",
    "run_url": _OCI + "url",
    "repository_url": _OCI + "source",
}


def labels(info: BuildInfo) -> dict[str, str]:
    """What is known, by key, and `MARK`."""
    known = texts(info)
    return {KEYS[name]: text for name, text in known.items()} | {MARK: " ".join(known)}


def merge(before: Mapping[str, str], info: BuildInfo) -> dict[str, str]:
    """`before` with the stamp in it; what an earlier stamp gave and this one does not know goes."""
    given = {KEYS[name] for name in before.get(MARK, "").split() if name in KEYS}
    return {key: value for key, value in before.items() if key not in given} | labels(info)


def from_labels(found: Mapping[str, str]) -> BuildInfo | None:
    """The stamp among an image's labels. Raises ValueError for a value that no stamp has."""
    if MARK not in found:
        return None
    known: dict[str, str | bool | None] = {name: found.get(KEYS[name]) for name in found[MARK].split() if name in KEYS}
    if "dirty" in known:
        known["dirty"] = known["dirty"] == "true"
    return buildinfo.from_json(known)
