"""The statements of a module, at any depth, without a look at their expressions, which are nine tenths of a tree."""

from __future__ import annotations

import ast
from collections.abc import Iterator

DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
BLOCKS = ("body", "orelse", "handlers", "finalbody", "cases")


def statements(tree: ast.AST) -> Iterator[ast.AST]:
    """The tree itself, its statements, handlers and cases; whoever changes one's blocks does so before the next."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        for name in BLOCKS:
            waiting += getattr(node, name, ())


def is_documented(node: ast.AST) -> bool:
    """Whether its first statement is a docstring."""
    return isinstance(node, DOCUMENTED) and ast.get_docstring(node, clean=False) is not None
