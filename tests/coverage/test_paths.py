"""Paths in reports and in repositories: the same file under several names."""

import pytest

from ci_reporter.coverage.paths import best_match, path_from


@pytest.mark.parametrize(
    ("name", "roots", "there", "seen"),
    [
        ("a.py", [], [], "a.py"),
        ("./src/../a.py", [], [], "a.py"),
        ("/repo/src/a.py", [], [], "src/a.py"),
        ("a.py", ["/repo/src"], [], "src/a.py"),
        ("a.py", ["/repo/one", "/repo/two"], ["/repo/two/a.py"], "two/a.py"),
        ("a.py", ["/repo/one", "/repo/two"], [], "a.py"),
        ("a.py", ["."], [], "a.py"),
        ("a.py", ["/elsewhere"], [], "/elsewhere/a.py"),
        ("src\\a.cs", ["C:\\app\\"], [], "C:/app/src/a.cs"),
        ("/other/a.py", ["/repo"], [], "/other/a.py"),
        ("nul\0", ["/repo"], [], "nul\0"),
    ],
)
def test_located_below_the_root(name, roots, there, seen):
    assert path_from(name, roots, "/repo", exists=lambda path: path in there) == seen


@pytest.mark.parametrize(
    ("name", "candidates", "match"),
    [
        ("src/main/java/shop/Main.java", ["shop/Main.java"], "shop/Main.java"),
        ("cart/cart.go", ["example.com/shop/cart/cart.go"], "example.com/shop/cart/cart.go"),
        ("src/a.py", ["/build/x/src/a.py", "/build/x/lib/a.py"], "/build/x/src/a.py"),
        ("src/a.py", ["a.py"], "a.py"),
        ("one/src/a.py", ["x/src/a.py", "y/src/a.py"], None),
        ("one/a.py", ["two/a.py"], None),
        ("a.py", ["b.py"], None),
        ("xa.py", ["a.py"], None),
        ("a.py", [], None),
    ],
)
def test_matched_by_the_longest_common_end(name, candidates, match):
    assert best_match(name, candidates) == match
