"""Artifacts as build tools make them, and what of them a stamp may not change."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from ci_reporter.model import BuildInfo

FILES = {"shop-1.0/a.txt": b"hello\n" * 5000, "shop-1.0/sub/b.bin": bytes(range(256)) * 40}


@pytest.fixture
def info() -> BuildInfo:
    return BuildInfo(
        version="1.4.0",
        revision="c0ffee" + "0" * 34,
        branch="feature/ü \"$(x)\\' = : #",
        dirty=False,
        build_time="2026-01-31T12:00:00.000Z",
        builder="github/runner-1",
        ci_run_id="github-17012345678-1",
        run_url="https://github.com/acme/shop/actions/runs/17012345678",
        repository_url="https://github.com/acme/shop",
    )


@pytest.fixture(scope="session")
def go_env() -> dict[str, str]:
    """An environment in which Go does not optimise: with its cache empty it compiles its library first, for seconds."""
    return os.environ | {"GOFLAGS": "'-gcflags=all=-N -l -dwarf=false'"}


@pytest.fixture
def make_zip(tmp_path: Path) -> Callable[..., Path]:
    """Make a zip file; a mapping, or pairs where a name comes twice."""

    def make(files: Mapping[str, bytes] | list[tuple[str, bytes]] = FILES, name: str = "a.zip") -> Path:
        path = tmp_path / name
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for each, data in files.items() if isinstance(files, Mapping) else files:
                archive.writestr(each, data)
        return path

    return make


@pytest.fixture
def make_tar(tmp_path: Path) -> Callable[..., Path]:
    """Make a tar file, packed as its name says; bytes are a file, a text is where a symbolic link leads."""

    def make(
        files: Mapping[str, bytes | str] | list[tuple[str, bytes | str]] = FILES,
        name: str = "a.tar.gz",
        style: int = tarfile.PAX_FORMAT,
    ) -> Path:
        plain = io.BytesIO()
        packing = {"gz": "gz", "tgz": "gz", "xz": "xz", "bz2": "bz2"}.get(name.rpartition(".")[2], "")
        with tarfile.open(mode=f"w:{packing}", fileobj=plain, format=style) as archive:
            for each, data in files.items() if isinstance(files, Mapping) else files:
                member = tarfile.TarInfo(each)
                if isinstance(data, str):
                    member.type, member.linkname = tarfile.SYMTYPE, data
                member.size = 0 if isinstance(data, str) else len(data)
                archive.addfile(member, None if isinstance(data, str) else io.BytesIO(data))
        path = tmp_path / name
        path.write_bytes(zstd(plain.getvalue()) if name.endswith("zst") else plain.getvalue())
        return path

    return make


def zstd(content: bytes) -> bytes:
    program = shutil.which("zstd")
    assert program, "zstd is not installed: apt-get install zstd"
    return subprocess.run([program, "-qc"], input=content, stdout=subprocess.PIPE, check=True).stdout


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python project's folder with the wheel and the sdist that `python -m build` made, in `dist`."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "shop").mkdir()
    (folder / "shop/__init__.py").write_text("ANSWER = 42\n")
    (folder / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
        '[project]\nname = "shop"\nversion = "1.0"\ndescription = "A shop."\nreadme = "README.md"\n'
    )
    (folder / "README.md").write_text("# Shop\n")
    build = [sys.executable, "-m", "build", "--no-isolation", str(folder)]
    done = subprocess.run(build, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture
def wheel(project: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy2(next((project / "dist").glob("*.whl")), tmp_path))


@pytest.fixture
def sdist(project: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy2(next((project / "dist").glob("*.tar.gz")), tmp_path))
