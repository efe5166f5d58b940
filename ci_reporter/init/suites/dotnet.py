""".NET: `dotnet test` with TRX files, and Cobertura where a project has coverlet's collector."""

from __future__ import annotations

from ci_reporter.init.suites import Suite
from ci_reporter.init.tree import Tree


def suite(tree: Tree, folder: str) -> Suite | None:
    """The suite of a solution, or of a project without one."""
    solutions = ("*.sln", "*.slnx", "*.csproj", "*.fsproj")
    if not any(True for like in solutions for _ in tree.files_like(like, folder, deep=False)):
        return None
    projects = [*tree.files_like("*.csproj", folder), *tree.files_like("*.fsproj", folder)][:50]
    collects = any("coverlet.collector" in tree.text(path) for path in projects)
    collect = ' --collect "XPlat Code Coverage"' if collects else ""
    return Suite(
        name="dotnet test",
        command=f"dotnet test --logger trx{collect}",
        image="mcr.microsoft.com/dotnet/sdk:9.0",
        toolchain="dotnet",
        folder=folder,
        tests=("**/TestResults/*.trx",),
        coverage=("**/TestResults/**/coverage.cobertura.xml",) if collects else (),
    )
