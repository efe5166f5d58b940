"""Compile the modules of ci-reporter.pyz with the Python that runs this: FOLDER → stdout, marshalled.

Run it with `-X no_debug_ranges`: the columns of each instruction would be a quarter of the byte code, and only serve
to underline expressions in tracebacks. Docstrings go for the same reason, and so does what only type checkers read:
`if TYPE_CHECKING:`, and annotations of functions, which nothing here asks for. Annotations of classes are fields; they
stay, as asserts do.
"""

import ast
import importlib.util
import marshal
import os
import sys

from statements import BLOCKS, is_documented, statements


def compiled(path: str, source: bytes) -> bytes:
    """A module's code, marshalled."""
    tree = ast.parse(source)
    for node in statements(tree):
        if is_documented(node):
            only = len(node.body) == 1
            node.body[:1] = [ast.copy_location(ast.Pass(), node.body[0])] if only else []
        remove_types(node)
    return marshal.dumps(compile(tree, f"ci-reporter.pyz/{path}", "exec", dont_inherit=True, optimize=0))


def remove_types(node: ast.AST) -> None:
    """Take out of a statement what only type checkers read."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        node.returns = None
        given = node.args
        for each in (*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg):
            if each:
                each.annotation = None
    for name in BLOCKS:
        if any(map(is_for_types, block := getattr(node, name, ()))):
            left = [each for one in block for each in (one.orelse if is_for_types(one) else [one])]
            block[:] = left or [ast.copy_location(ast.Pass(), block[0])]


def is_for_types(node: ast.AST) -> bool:
    """Whether it is `if TYPE_CHECKING:`."""
    return isinstance(node, ast.If) and getattr(node.test, "id", getattr(node.test, "attr", None)) == "TYPE_CHECKING"


def main(folder: str) -> None:
    """Print the pack's name for this Python and the code of every module under `folder`, by path."""
    found = {}
    for parent, folders, files in os.walk(folder):
        folders.sort()
        for name in sorted(files):
            path = os.path.join(parent, name)
            inside = os.path.relpath(path, folder).replace(os.sep, "/")
            if name.endswith(".py"):
                with open(path, "rb") as source:
                    found[inside] = compiled(inside, source.read())
    magic = int.from_bytes(importlib.util.MAGIC_NUMBER[:2], "little")
    sys.stdout.buffer.write(marshal.dumps((f"{sys.implementation.cache_tag}-{magic}", found), 2))


if __name__ == "__main__":
    main(sys.argv[1])
