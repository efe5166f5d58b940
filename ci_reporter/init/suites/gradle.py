"""Gradle: the `check` task; JUnit files of every test task, and JaCoCo's XML where the build asks for it."""

from __future__ import annotations

from ci_reporter.init.suites import Suite, within
from ci_reporter.init.tree import Tree

_FILES = ("build.gradle", "build.gradle.kts", "settings.gradle", "settings.gradle.kts")


def suite(tree: Tree, folder: str) -> Suite | None:
    """The suite of a Gradle build."""
    if not any(tree.has(within(folder, name)) for name in _FILES):
        return None
    builds = [path for name in _FILES for path in tree.files_like(name, folder)][:20]
    text = "\n".join(map(tree.text, builds))
    jacoco = "jacoco" in text
    gradle = "./gradlew" if tree.has(within(folder, "gradlew")) else "gradle"
    return Suite(
        name="gradle check",
        command=f"{gradle} check{' jacocoTestReport' if jacoco else ''}",
        image="gradle:8-jdk21",
        toolchain="java",
        folder=folder,
        tests=("**/build/test-results/**/TEST-*.xml",),
        coverage=("**/build/reports/jacoco/**/*.xml",) if jacoco else (),
    )
