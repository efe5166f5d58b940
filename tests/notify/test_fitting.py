"""Texts cut to bytes and lines: never half a character, never a line lost without being counted."""

from hypothesis import given
from hypothesis import strategies as st

from ci_reporter.notify.fitting import clip_bytes, fit_lines, size_bytes
from ci_reporter.notify.language import Language


@given(text=st.text(max_size=200), most=st.integers(0, 300))
def test_a_clipped_text_is_within_its_bytes_and_begins_as_it_did(text, most):
    cut = clip_bytes(text, most)
    whole = text.encode("utf-8", "replace").decode()
    assert size_bytes(cut) <= most
    assert cut == whole if size_bytes(whole) <= most else whole.startswith(cut.removesuffix("…"))


@given(
    lines=st.lists(st.text(st.characters(exclude_characters="\n"), max_size=30), max_size=30),
    most=st.integers(0, 400),
    most_lines=st.integers(0, 30),
)
def test_lines_that_do_not_fit_are_counted(lines, most, most_lines):
    shown = fit_lines(lines, most, most_lines=most_lines)
    assert size_bytes("\n".join(shown)) <= most
    if shown != lines and shown:
        assert shown[-1] == f"… {len(lines) - len(shown) + 1} more"
        assert shown[:-1] == lines[: len(shown) - 1]


def test_the_count_is_in_the_readers_language():
    assert fit_lines(["a", "b", "c"], 100, Language.ZH, most_lines=1) == ["a", "… 还有 2 项"]
