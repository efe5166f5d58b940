"""Maven: Surefire's and Failsafe's reports, and JaCoCo's where the POM has it."""

from __future__ import annotations

from ci_reporter.init.suites import Suite, within
from ci_reporter.init.tree import Tree


def suite(tree: Tree, folder: str) -> Suite | None:
    """The suite of a Maven project."""
    if not tree.has(within(folder, "pom.xml")):
        return None
    poms = [within(folder, "pom.xml"), *tree.files_like("pom.xml", folder)][:20]
    jacoco = any("jacoco-maven-plugin" in tree.text(path) for path in poms)
    wrapper = tree.has(within(folder, "mvnw"))
    return Suite(
        name="mvn verify",
        command=f"{'./mvnw' if wrapper else 'mvn'} --batch-mode verify",
        image="maven:3-eclipse-temurin-21",
        toolchain="java",
        folder=folder,
        tests=("**/target/surefire-reports/TEST-*.xml", "**/target/failsafe-reports/TEST-*.xml"),
        coverage=("**/target/site/jacoco/jacoco.xml",) if jacoco else (),
    )
