"""`ci-reporter inspect`: which commit and which run an artifact is from."""

from __future__ import annotations

import json
import sys

import click

from ci_reporter.cli import output
from ci_reporter.cli.reporting import reported
from ci_reporter.errors import CIReporterError
from ci_reporter.surfaces.terminal import plain

_WIDEST = 200


@click.command("inspect", epilog="Example:  ci-reporter inspect dist/shop-1.0-py3-none-any.whl")
@click.argument("artifacts", metavar="ARTIFACT...", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="One flat JSON object an artifact, one a line.")
@reported
def command(artifacts: tuple[str, ...], as_json: bool) -> None:
    """Read the stamp back that `ci-reporter stamp` wrote; exit 1 when an artifact has none.

    A stamp says what its writer knew. Nothing in it is proof: see the page on signing.
    """
    bad = [path for path in artifacts if not _inspected(path, as_json=as_json)]
    sys.exit(1 if bad else 0)


def _inspected(path: str, *, as_json: bool) -> bool:
    from ci_reporter.buildinfo import to_json
    from ci_reporter.stamp import inspect

    try:
        found = inspect(path)
    except CIReporterError as exc:
        output.say(f"ci-reporter: {plain(str(exc), 2 * _WIDEST)}")
        return False
    if found is None:
        output.say(f"ci-reporter: {plain(path, _WIDEST)}: bears no stamp")
        return False
    kind, info = found
    known = {"artifact": path, "kind": kind, **to_json(info)}
    output.result(json.dumps(known) if as_json else "\n".join(f"{key:14}  {_shown(known[key])}" for key in known))
    return True


def _shown(value: object) -> str:
    """A value of an artifact that may be anybody's."""
    return str(value).lower() if isinstance(value, bool) else plain(str(value), _WIDEST)
