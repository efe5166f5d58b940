"""The wheel and the sdist: what is in them, what they need, whether they work in a new environment."""

from __future__ import annotations

import email
import re
import subprocess
import sys
import tarfile
import venv
import zipfile
from collections.abc import Iterable
from pathlib import Path

import pytest

CORE = {"click", "requests", "structlog", "prometheus-client", "pyyaml"}  # DESIGN §10
REGISTRIES = ("pypi", "pythonhosted", "npmjs", "yarnpkg", "crates", "debian", "golang", "maven")


@pytest.fixture(scope="session")
def inside(wheel: Path) -> list[str]:
    """Names of the wheel's files."""
    return zipfile.ZipFile(wheel).namelist()


@pytest.mark.parametrize("name", ["ci_reporter/py.typed", "LICENSE"])
def test_wheel_has(inside: list[str], name: str) -> None:
    assert any(each == name or each.endswith(f"/{name}") for each in inside)


def test_wheel_has_the_package_and_its_metadata_only(inside: list[str]) -> None:
    assert {re.sub(r"^ci_reporter-[^/]+", "metadata", each.split("/")[0]) for each in inside} == {
        "ci_reporter",
        "metadata",
    }


def test_core_needs_five_packages(wheel: Path, inside: list[str]) -> None:
    metadata = next(each for each in inside if each.endswith("METADATA"))
    needed = email.message_from_bytes(zipfile.ZipFile(wheel).read(metadata)).get_all("Requires-Dist", [])
    assert core(needed) == CORE


def core(requirements: Iterable[str]) -> set[str]:
    """Names of what is needed without any extra."""
    return {re.split(r"[^\w.-]", each)[0].lower() for each in requirements if "extra ==" not in each}


def test_sdist_builds_the_same_package(dist: Path, inside: list[str]) -> None:
    with tarfile.open(next(dist.glob("*.tar.gz"))) as sdist:
        names = {name.partition("/")[2] for name in sdist.getnames()}
    assert {each for each in inside if each.startswith("ci_reporter/")} <= names


def test_installed_wheel_works_on_its_own(tmp_path: Path, wheel: Path) -> None:
    venv.create(tmp_path / "venv")
    bin_ = tmp_path / "venv/bin"
    pip = [sys.executable, "-m", "pip", "--python", bin_ / "python", "--disable-pip-version-check"]
    subprocess.run([*pip, "install", "--quiet", wheel], check=True)
    subprocess.run([*pip, "check"], check=True)
    said = subprocess.run([bin_ / "ci-reporter", "--version"], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert wheel.name.split("-")[1] in said.stdout


def test_no_file_names_a_package_registrys_host(root: Path, files: list[Path]) -> None:
    host = re.compile(rb"//[\w.-]*\b(" + "|".join(REGISTRIES).encode() + rb")[\w-]*\.(org|com|io|net)")
    assert not [str(name) for name in files if host.search((root / name).read_bytes())]
