"""Build ci-reporter.pyz: ci-reporter and all it needs, in one file. `make pyz` calls it.

The file is a zip of which Python runs `__main__.py` (launch.py here). It holds a pack of byte code for each Python that
`--python` names, and one of the sources, for all others; importer.py says what a pack is. Equal sources, built with
equal Pythons, give equal bytes.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import marshal
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from lean import lean

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
# Its packages are compiled ones, which no zip can hold; cli/hub says how to install it.
LEFT_OUT = "ci_reporter/hub/"
# Nothing imports these: other event loops and platforms, programs of their own, what tests are written with.
UNUSED = (
    "_yaml/",
    "certifi/__main__.py",
    "charset_normalizer/",
    "click/testing.py",
    "idna/__main__.py",
    "idna/cli.py",
    "idna/codec.py",
    "prometheus_client/aiohttp/",
    "prometheus_client/bridge/",
    "prometheus_client/django/",
    "prometheus_client/twisted/",
    "requests/help.py",
    "structlog/twisted.py",
    "urllib3/contrib/emscripten/",
    "urllib3/contrib/pyopenssl.py",
    "urllib3/contrib/socks.py",
    "urllib3/http2/connection.py",
)
# Tables, imported for nothing but a host name that is not ASCII: kept once, as source.
TABLES = ("idna/uts46data.py",)
_WINDOW = 32 * 1024
Modules = Mapping[str, bytes]  # path → code or source


def main() -> None:
    """Build, and say what came of it."""
    options = _options()
    with tempfile.TemporaryDirectory() as folder:
        wheels = options.wheels or _download(Path(folder, "wheels"))
        sources, data = _collect(wheels)
        packs = dict(_compiled(version, sources, Path(folder, "sources")) for version in options.python)
    packs["sources"] = _pack({path: lean(source) for path, source in sources.items()}, is_compiled=False)
    content = _archive(packs, data)
    _write(options.output, content)
    names = ", ".join(sorted(packs))
    print(f"{options.output}: {len(content) / 1e6:.2f} MB ({names}), sha256 {hashlib.sha256(content).hexdigest()}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=ROOT / "dist/ci-reporter.pyz")
    parser.add_argument("--python", action="append", default=[], help="3.12, or a path: compile for it; repeatable")
    parser.add_argument(
        "--wheels", type=Path, help="a folder with the wheels of requirements.txt; default: pip gets them"
    )
    return parser.parse_args()


def _download(folder: Path) -> Path:
    """Get the wheels, the same ones on any machine: those whose hashes requirements.txt has."""
    target = ("--platform=manylinux2014_x86_64", "--python-version=3.11", "--implementation=cp", "--abi=cp311")
    choice = ("--no-deps", "--require-hashes", "--only-binary=:all:", *target, "--abi=none")
    command = [sys.executable, "-m", "pip", "download", "--quiet", *choice]
    subprocess.run([*command, "-d", folder, "-r", HERE / "requirements.txt"], check=True)
    return folder


def _collect(wheels: Path) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """The modules, and the other files: the authorities of certifi, and everybody's licence."""
    folder = ROOT / "ci_reporter"
    ours = {path.relative_to(ROOT).as_posix(): path for path in folder.rglob("*.py")}
    sources = {name: path.read_bytes() for name, path in ours.items() if not name.startswith(LEFT_OUT)}
    data = {"LICENSE": (ROOT / "LICENSE").read_bytes()}
    for wheel in wheels.glob("*.whl"):
        _verify(wheel)
        with zipfile.ZipFile(wheel) as opened:
            for name in opened.namelist():
                if name.endswith(".py") and not name.startswith(UNUSED):
                    sources[name] = opened.read(name)
                elif name.endswith(".pem") or "LICENSE" in name or "NOTICE" in name:
                    data[name] = opened.read(name)
    sources["certifi/core.py"] = (HERE / "certifi_core.py").read_bytes()
    sources["charset_normalizer/__init__.py"] = (HERE / "charset_normalizer_stub.py").read_bytes()
    data |= {name: lean(sources.pop(name)) for name in TABLES}
    return sources, data


def _verify(wheel: Path) -> None:
    """Refuse a wheel that requirements.txt does not name."""
    if hashlib.sha256(wheel.read_bytes()).hexdigest() not in (HERE / "requirements.txt").read_text():
        raise SystemExit(f"{wheel}: scripts/pyz/requirements.txt has another hash for it, or none")


def _compiled(version: str, sources: Modules, folder: Path) -> tuple[str, bytes]:
    """The pack for one Python, and its name."""
    if not folder.exists():
        for name, source in {**sources, "importer.py": (HERE / "importer.py").read_bytes()}.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(source)
    command = [_python(version), "-s", "-S", "-X", "no_debug_ranges", HERE / "bytecode.py", folder]
    # Sets and interned strings come out in one order only under one seed.
    done = subprocess.run(command, env={"PYTHONHASHSEED": "0", "LC_ALL": "C.UTF-8"}, stdout=subprocess.PIPE, check=True)
    name, modules = marshal.loads(done.stdout)
    importer = modules.pop("importer.py")
    return name, _pack(modules, is_compiled=True, importer=importer)


def _python(version: str) -> str:
    """The Python of that version: `python3.12` on the PATH, or pyenv's."""
    if shutil.which(version):
        return version
    pyenv = Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser()
    candidates = [f"python{version}", *map(str, sorted(pyenv.glob(f"versions/{version}.*/bin/python")))]
    for candidate in filter(shutil.which, candidates):
        if subprocess.run([candidate, "-c", ""], stderr=subprocess.DEVNULL, check=False).returncode == 0:
            return candidate
    raise SystemExit(f"python{version} is not installed; name what there is: make pyz PYZ_PYTHONS='3.11 3.12'")


def _pack(modules: Modules, *, is_compiled: bool, importer: bytes | None = None) -> bytes:
    """The size of the head in 4 bytes, the head, the chunks."""
    index: dict[str, tuple[str, bool, str, int, int]] = {}
    raw: dict[str, bytearray] = {}
    for path, code in sorted(modules.items()):
        is_package = path.endswith("/__init__.py")
        name = path.removesuffix("/__init__.py").removesuffix(".py").replace("/", ".")
        chunk = _chunk(path)
        content = raw.setdefault(chunk, bytearray())
        index[name] = (path, is_package, chunk, len(content), len(code))
        content += code
    index |= {path.removesuffix(".py").replace("/", "."): (path, False, "", 0, 0) for path in TABLES}
    dictionary = _dictionary(raw)
    chunks, packed = _compressed(raw, dictionary)
    head = {"index": index, "chunks": chunks, "dictionary": dictionary, "is_compiled": is_compiled}
    importer = importer or (HERE / "importer.py").read_bytes()
    packed_head = zlib.compress(marshal.dumps((importer, head), 2), 9)
    return len(packed_head).to_bytes(4, "little") + packed_head + packed


def _chunk(path: str) -> str:
    """What is inflated together: a folder of ours, a whole package of others."""
    return path.rpartition("/")[0] if path.startswith("ci_reporter/") else path.partition("/")[0]


def _dictionary(raw: Mapping[str, bytearray]) -> bytes:
    """How modules of each chunk begin: what small chunks have in common, such as their imports, is there once (3 %).

    Source: zlib's manual, deflateSetDictionary; it looks no further back than 32 KiB.
    """
    return b"".join(bytes(raw[name][: _WINDOW // len(raw)]) for name in sorted(raw))


def _compressed(raw: Mapping[str, bytearray], dictionary: bytes) -> tuple[dict[str, tuple[int, int]], bytes]:
    packed = b""
    chunks = {}
    for name, content in sorted(raw.items()):
        deflate = zlib.compressobj(9, zdict=dictionary)
        compressed = deflate.compress(bytes(content)) + deflate.flush()
        chunks[name] = (len(packed), len(compressed))
        packed += compressed
    return chunks, packed


def _archive(packs: Mapping[str, bytes], data: Mapping[str, bytes]) -> bytes:
    """The zip, behind the line that makes it a program. The packs are compressed already."""
    found = io.BytesIO()
    found.write(b"#!/usr/bin/env python3\n")
    with zipfile.ZipFile(found, "a") as opened:
        for name, content, method in _entries(packs, data):
            info = zipfile.ZipInfo(name)  # of 1980, the first date that a zip has
            info.create_system = 3  # Unix, on whatever this is built
            info.external_attr = 0o644 << 16
            info.compress_type = method
            opened.writestr(info, content, compresslevel=9)
    return found.getvalue()


def _entries(packs: Mapping[str, bytes], data: Mapping[str, bytes]) -> Iterator[tuple[str, bytes, int]]:
    yield "__main__.py", (HERE / "launch.py").read_bytes(), zipfile.ZIP_STORED
    yield from ((name, content, zipfile.ZIP_STORED) for name, content in sorted(packs.items()))
    yield from ((name, content, zipfile.ZIP_DEFLATED) for name, content in sorted(data.items()))


def _write(path: Path, content: bytes) -> None:
    """Put it there whole, or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.{os.getpid()}")
    new.write_bytes(content)
    new.chmod(0o755)
    new.replace(path)


if __name__ == "__main__":
    main()
