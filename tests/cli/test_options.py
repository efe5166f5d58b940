"""The options of `run`: our own reading of them, without click, is click's reading."""

import click
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ci_reporter.cli.options import parse, run_settings
from ci_reporter.cli.run import command, explicit_options
from ci_reporter.config import plugins

FLAGS = list(run_settings())
words = st.sampled_from(
    ["--", "-", "", "x", "a=b", "-x", "-qq", "-q=1", "--nam", "--help", "--=x", "---", "true", "5m"]
)
options = st.sampled_from(FLAGS)
arguments = st.lists(options | words | st.builds("{}={}".format, options, words) | st.text(max_size=3), max_size=8)


def by_click(given_arguments):
    """What click makes of them."""
    params = dict(command.make_context("run", list(given_arguments)).params)
    words = list(params.pop("command"))
    return explicit_options(params), words


@given(arguments)
@settings(max_examples=500, deadline=None)
def test_what_we_read_is_what_click_reads(given_arguments):
    ours = parse(given_arguments)
    if ours is not None:
        assert ours == by_click(given_arguments)


@given(arguments)
def test_what_we_leave_to_click_it_reads_or_reports(given_arguments):
    if parse(given_arguments) is None:
        try:
            by_click(given_arguments)
        except (click.UsageError, click.exceptions.Exit):
            pass


@pytest.mark.parametrize("flag", FLAGS)
def test_every_option_is_read_without_click(flag):
    setting = run_settings()[flag]
    value = [] if setting.is_flag else ["x"]
    expected = True if setting.is_flag else ["x"] if setting.many else "x"
    assert parse([flag, *value, "--", "true"]) == ({setting.option_field: expected}, ["true"])


@pytest.mark.parametrize(
    ("arguments", "read"),
    [
        (["true"], ({}, ["true"])),
        (["--", "-x", "--name", "y"], ({}, ["-x", "--name", "y"])),
        (["--name=a=b", "true"], ({"name": "a=b"}, ["true"])),
        (["--name", "--", "true"], ({"name": "--"}, ["true"])),
        (["--name=", "true"], ({"name": ""}, ["true"])),
        (["--name", "a", "--name", "b", "true"], ({"name": "b"}, ["true"])),
        (["--tag", "a=1", "--tag=b=2", "true"], ({"tags": ["a=1", "b=2"]}, ["true"])),
        (["-q", "--json", "true", "--quiet"], ({"quiet": True, "json": True}, ["true", "--quiet"])),
        (["--", ""], ({}, [""])),
    ],
    ids=str,
)
def test_options_end_where_the_command_begins(arguments, read):
    assert parse(arguments) == read == by_click(arguments)


@pytest.mark.parametrize("arguments", [[], ["--"], ["--name"], ["--help"], ["--nope", "x"], ["--json=1", "x"]], ids=str)
def test_help_and_mistakes_are_clicks(arguments):
    assert parse(arguments) is None


def test_help_names_every_option_with_its_variable(run_program):
    text = " ".join(run_program("run", "--help").stdout.split())
    assert [flag for flag in FLAGS if f"{flag} " not in text and f"{flag}," not in text] == []
    assert [each.variable for each in run_settings().values() if f"[{each.variable}]" not in text] == []


def test_help_names_every_setting_that_is_no_option(run_program):
    words = run_program("run", "--help").stdout.split()
    shown = plugins.settings(plugins.declarations("sinks"))
    wanted = {f"{each.variable}[_FILE]" if each.secret else each.variable for each in shown if not each.option}
    assert wanted - set(words) == set()
