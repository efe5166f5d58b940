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

DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def compiled(path: str, source: bytes) -> bytes:
    """A module's code, marshalled."""
    tree = _Untyped().visit(ast.parse(source))
    for node in ast.walk(tree):
        if isinstance(node, DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
            only = len(node.body) == 1
            node.body[:1] = [ast.copy_location(ast.Pass(), node.body[0])] if only else []
    return marshal.dumps(compile(tree, f"ci-reporter.pyz/{path}", "exec", dont_inherit=True, optimize=0))


class _Untyped(ast.NodeTransformer):
    """Takes out of a module what only type checkers read."""

    def visit_arg(self, node: ast.arg) -> ast.arg:
        """Leave the name of a parameter."""
        node.annotation = None
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        """Leave out what a function returns."""
        node.returns = None
        return self.generic_visit(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        """Leave out what it returns."""
        node.returns = None
        return self.generic_visit(node)

    def visit_If(self, node: ast.If) -> ast.AST | list[ast.stmt]:
        """Leave of `if TYPE_CHECKING:` what else it does."""
        self.generic_visit(node)
        name = getattr(node.test, "id", getattr(node.test, "attr", None))
        return node if name != "TYPE_CHECKING" else node.orelse or ast.copy_location(ast.Pass(), node)


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
