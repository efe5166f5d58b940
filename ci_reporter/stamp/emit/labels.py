"""Annotations for Kubernetes, as YAML; the keys are those of an image's labels."""

from __future__ import annotations

from ci_reporter.model import BuildInfo
from ci_reporter.stamp.oci import keys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def kubernetes(info: BuildInfo) -> str:
    """For `kubectl patch --patch-file`: the annotations of whatever is patched."""
    return _yaml({"metadata": {"annotations": _annotations(info)}})


def helm(info: BuildInfo) -> str:
    """For `helm upgrade --values`: `podAnnotations`, as charts made by `helm create` call them."""
    return _yaml({"podAnnotations": _annotations(info)})


def _annotations(info: BuildInfo) -> dict[str, str]:
    return {key: text for key, text in keys.labels(info).items() if key != keys.MARK}


def _yaml(tree: dict[str, Any]) -> str:
    """Every text in double quotes: no YAML of any age takes 1.10 for a number or `no` for false."""
    import yaml

    return yaml.safe_dump(tree, default_style='"', sort_keys=False, width=10_000)
