"""Import what is inside ci-reporter.pyz, without unpacking it: no cache folder, so nothing to share, guard or clean.

A pack is an index and chunks. A chunk is the modules of one folder, one after the other, compressed with zlib; it is
inflated when the first of them is imported. That takes about as long as finding and reading the same modules as files.
A module that is in no chunk is source, an entry of the zip like any other.
"""

from __future__ import annotations

import marshal
import os
import sys
import zlib
from _frozen_importlib import ModuleSpec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import CodeType, ModuleType
    from typing import Any


class Importer:
    """Finds and loads the modules of a pack. `archive` is the path of the file, as a `zipimporter` has it."""

    def __init__(
        self,
        archive: str,
        packed: memoryview,
        *,
        index: Mapping[str, tuple[str, bool, str, int, int]],
        chunks: Mapping[str, tuple[int, int]],
        dictionary: bytes,
        is_compiled: bool,
    ) -> None:
        self.archive = archive
        self._packed = packed
        self._index = index  # module → path, whether it is a package, chunk (or ""), and where in it
        self._chunks = chunks  # chunk → where in `packed`
        self._dictionary = dictionary  # what chunks have in common
        self._is_compiled = is_compiled
        self._inflated: dict[str, memoryview] = {}

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:  # noqa: ARG002
        """Find a module of ours by its full name."""
        if name not in self._index:
            return None
        file, is_package, *_ = self._index[name]
        origin = f"{self.archive}/{file}"
        spec = ModuleSpec(name, self, origin=origin, is_package=is_package)
        spec.has_location = True
        if is_package:
            spec.submodule_search_locations = [origin.rpartition("/")[0]]
        return spec

    def create_module(self, spec: ModuleSpec) -> None:
        """Leave it to Python."""

    def exec_module(self, module: ModuleType) -> None:
        """Run the module's code."""
        exec(self.get_code(module.__name__), module.__dict__)  # noqa: S102

    def get_code(self, name: str) -> CodeType:
        """The module's code; compiled here where the file has no byte code for this Python."""
        file, _, chunk, at, size = self._index[name]
        if not chunk:
            return self._compile(file, self.get_data(f"{self.archive}/{file}"))
        if chunk not in self._inflated:
            start, length = self._chunks[chunk]
            inflate = zlib.decompressobj(zdict=self._dictionary)
            self._inflated[chunk] = memoryview(inflate.decompress(self._packed[start : start + length]))
        packed = self._inflated[chunk][at : at + size]
        if self._is_compiled:
            code: CodeType = marshal.loads(packed)
            return code
        return self._compile(file, bytes(packed))

    def _compile(self, file: str, source: bytes) -> CodeType:
        return compile(source, f"ci-reporter.pyz/{file}", "exec", dont_inherit=True)

    def get_data(self, path: str) -> bytes:
        """A file beside the modules, by its whole path, such as certifi's list of authorities."""
        from zipimport import ZipImportError, zipimporter

        try:
            return zipimporter(self.archive).get_data(path)
        except (ZipImportError, EOFError):
            pass  # a step may remove or replace the file while we run it; what zipimport says of it helps nobody
        raise OSError(f"{self.archive} has gone or changed since it was started")


def start(archive: str, packed: memoryview, **head: Any) -> None:
    """Import from the pack from here on, and run the program, or what `-m` names (see ci_reporter.system.python)."""
    if sys.path[:1] == [archive]:
        del sys.path[0]  # every import would ask zipimport first
    try:
        archive = os.path.abspath(archive)
    except OSError:  # the working folder has been deleted
        pass
    sys.meta_path.insert(0, Importer(archive, packed, **head))
    module = "ci_reporter.cli"
    if sys.argv[1:2] == ["-m"]:
        module = sys.argv[2]
        del sys.argv[1:3]
    __import__(module)
    sys.modules[module].main()
