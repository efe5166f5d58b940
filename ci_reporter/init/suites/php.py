"""PHP: PHPUnit by Composer."""

from __future__ import annotations

from ci_reporter.init.suites import Suite, within
from ci_reporter.init.tree import Tree


def suite(tree: Tree, folder: str) -> Suite | None:
    """The suite of a project that PHPUnit is configured for."""
    if not any(tree.has(within(folder, name)) for name in ("phpunit.xml", "phpunit.xml.dist")):
        return None
    return Suite(
        name="phpunit",
        command="vendor/bin/phpunit --log-junit junit.xml",
        image="composer:2",
        toolchain="php",
        folder=folder,
        install=("composer install --no-interaction --no-progress",),
        tests=("junit.xml",),
    )
