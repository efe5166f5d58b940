"""The strict walker: what a file may be, and what each mistake is told."""

import time

import pytest

from ci_reporter.config import values, yaml
from ci_reporter.errors import UsageError

DEEP = {
    "brackets": "a: " + "[" * 3000,
    "closed brackets": "a: " + "[" * 3000 + "]" * 3000,
    "brackets on lines of their own": "a: " + "[\n" * 3000,
    "braces": "a: " + "{a: " * 3000,
    "dashes": "a:\n  " + "- " * 3000 + "x",
    "blocks": "".join(f"{' ' * level}a:\n" for level in range(300)),
    "question marks": "? " * 3000,
}


def parse(text):
    return yaml.parse(text.encode(), "f.yml")


def told(text):
    with pytest.raises(UsageError) as error:
        parse(text)
    return str(error.value)


@pytest.mark.parametrize("text", DEEP.values(), ids=DEEP)
def test_deep_nesting_is_refused_at_once(text):
    before = time.process_time()
    assert told(text).endswith("is nested more than 32 levels deep")
    assert time.process_time() - before < 0.5


def test_twenty_levels_are_not_deep():
    assert parse("[" * 20 + "]" * 20)


def test_a_billion_laughs_is_refused_at_once():
    levels = [f"l{n}: &l{n} [*l{n - 1}, *l{n - 1}, *l{n - 1}]" for n in range(1, 25)]
    assert told("\n".join(["l0: &l0 [x]", *levels])).endswith("its aliases stand for too much (write the values out)")


def test_an_alias_stands_for_what_it_names():
    keys = yaml.mapping(parse("a: &x [1, 2]\nb: *x\n"))
    assert yaml.names(keys["b"]) == ("1", "2")


def test_an_alias_of_itself_is_refused():
    assert told("a: &x\n  b: *x\n") == "f.yml line 1: refers to itself by an alias (write the value out)"


def test_a_merge_key_is_told_what_to_do():
    with pytest.raises(UsageError, match=r"line 1: unknown key '<<' .merge keys are not read: repeat the lines"):
        yaml.mapping(parse("<<: {a: b}\n"), ("a",))


@pytest.mark.parametrize("written", ["on", "1:30", "08", "1e3", "2026-01-31", "0x1F", "~", "null"])
def test_a_scalar_stays_the_text_it_is(written):
    assert yaml.text(yaml.mapping(parse(f"a: {written}\n"))["a"]) == written


@pytest.mark.parametrize("text", ["", "# all commented out\n", "---\n", "\ufeff"])
def test_a_file_without_content_has_no_keys(text):
    assert yaml.mapping(parse(text)) == {}


def test_a_value_of_another_kind_names_line_key_value_and_the_way_out():
    node = yaml.mapping(parse("a: b\ntimeout: 1:30\n"))["timeout"]
    with pytest.raises(UsageError) as error:
        yaml.kind(values.duration_s)(node)
    assert str(error.value) == "f.yml line 2: timeout: '1:30' is not a duration (write 90s)"


def test_a_large_file_is_not_read(tmp_path):
    (tmp_path / "f.yml").write_text("a" * 2000)
    with pytest.raises(UsageError, match="is larger than 1 KiB"):
        yaml.load(str(tmp_path / "f.yml"), 1)
