"""Every setting comes from its option, its variable and its key in the file, the stronger over the weaker."""

import json
from pathlib import Path

import pytest

from ci_reporter import registry
from ci_reporter.config import Config, plugins
from ci_reporter.config.file import read
from ci_reporter.config.load import given_values, load
from ci_reporter.config.sources import Sources
from ci_reporter.config.values import OneOf
from ci_reporter.notify.email.address import Server

ASKED_FOR = [  # of the first release
    *("name", "timeout", "grace", "retries", "shell", "tail", "tag", "measure", "environment", "json", "quiet"),
    *("strict", "record_command", "pushgateway", "dry_run"),
]
TEXTS = {  # of each kind two texts and their values, none of them a default
    "text": ("one", "one", "two", "two"),
    "flag": ("true", True, "yes", True),
    "duration_s": ("90s", 90.0, "2m", 120.0),
    "count": ("17", 17, "18", 18),
    "percent": ("80", 80.0, "90", 90.0),
    "tail_bytes": ("4K", 4096, "100", 100),
    "url": ("http://a:9091", "http://a:9091", "https://b/push/", "https://b/push"),
    "endpoint": ("env", "env", "https://b/otlp/", "https://b/otlp"),
    "pair": ("a=x", {"a": "x"}, "b=y", {"b": "y"}),
    "measure": ("a=1", {"a": 1.0}, "b=2.5", {"b": 2.5}),
    "page_url": ("http://a/?x=1", "http://a/?x=1", "https://b/", "https://b/"),
    "ci_summary": ("no", "none", "job", "job"),
    # of one channel each
    "responder": ("team:a", ("team", "a"), "user:b", ("user", "b")),
    "label": ("a=x", {"a": "x"}, "b=y", {"b": "y"}),
    "webhook_secrets": ("whsec_" + "QUJD" * 8, "whsec_" + "QUJD" * 8, "whsec_" + "REVG" * 8, "whsec_" + "REVG" * 8),
    "address": ("ada@a.example", "ada@a.example", "bob@b.example", "bob@b.example"),
    "server": ("a", Server(host="a"), "b:465", Server(host="b", port=465)),
    "deployment": ("17", "17", "create", "create"),
}
SETTINGS = [each for each in plugins.all_settings() if each.field != "config"]
IN_FILES = [each for each in SETTINGS if not each.secret]
OPTIONS = [each for each in SETTINGS if each.option]


def name(setting):
    return setting.file_key


def value_of(setting, options, env, folder=None):
    """The value of a setting, that of a sink as its sink would be switched on."""
    if setting.group in registry.NOTIFIERS:  # what switches a channel on, and what it takes together, is its own affair
        file = read(f"{folder}/.ci-reporter.yml") if folder else None
        kind = plugins.declaration("notifiers", setting.group)
        return given_values(kind, Sources(options=options, env=env, file=file))[setting.field]
    config = load(options, needed(setting) | env, (folder,) if folder else ())
    if not setting.group:
        return getattr(config, setting.field)
    return getattr(config.prometheus if setting.group == "prometheus" else config.sinks[setting.group], setting.field)


def needed(setting):
    """The variables that a setting needs beside itself: its sink is switched on, and a user has a password."""
    if not setting.group:
        return {}
    prefix = f"CI_REPORTER_{setting.group.upper()}"
    address = {} if setting.main else {prefix: "http://h:1"}
    other = {"username": "PASSWORD", "password": "USERNAME"}.get(setting.key)
    return address | ({f"{prefix}_{other}": "x"} if other else {})


def texts(setting, tmp_path):
    """Two texts for a setting, and their values."""
    if setting.key == "ca":
        pems = [str(tmp_path / "a.pem"), str(tmp_path / "b.pem")]
        for pem in pems:
            Path(pem).write_text("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n")
        return pems[0], pems[0], pems[1], pems[1]
    if setting.default is True:
        weak, first, strong, second = "no", False, "yes", True
    elif isinstance(setting.parse, OneOf):
        weak, strong = (word for word in setting.parse.words[-2:])
        first, second = weak, strong
    else:
        weak, first, strong, second = TEXTS[setting.parse.__name__]
    return (weak, (first,), strong, (second,)) if setting.many and not setting.pairs else (weak, first, strong, second)


@pytest.fixture
def file(tmp_path: Path):
    """Write a configuration file; its folder."""

    def write(setting, text):
        pair = dict([text.split("=", 1)]) if setting.pairs else text
        (tmp_path / ".ci-reporter.yml").write_text(json.dumps({setting.file_key: pair}))
        return str(tmp_path)

    return write


def option(setting, text):
    return {setting.option_field: True if setting.is_flag else [text] if setting.many else text}


def test_what_was_asked_for_is_an_option():
    assert set(ASKED_FOR) <= {each.name for each in OPTIONS}


@pytest.mark.parametrize("setting", SETTINGS, ids=name)
def test_a_variable_gives_the_setting(setting, tmp_path):
    text, value, *_ = texts(setting, tmp_path)
    assert value_of(setting, {}, {setting.variable: text}) == value


@pytest.mark.parametrize("setting", IN_FILES, ids=name)
def test_the_file_gives_the_setting(setting, tmp_path, file):
    text, value, *_ = texts(setting, tmp_path)
    assert value_of(setting, {}, {}, file(setting, text)) == value


@pytest.mark.parametrize("setting", OPTIONS, ids=name)
def test_an_option_gives_the_setting(setting, tmp_path):
    text, value, *_ = texts(setting, tmp_path)
    assert value_of(setting, option(setting, text), {}) == value


@pytest.mark.parametrize("setting", [each for each in IN_FILES if not each.pairs and not each.is_flag], ids=name)
def test_a_variable_is_stronger_than_the_file(setting, tmp_path, file):
    weak, _, strong, value = texts(setting, tmp_path)
    assert value_of(setting, {}, {setting.variable: strong}, file(setting, weak)) == value


@pytest.mark.parametrize("setting", [each for each in OPTIONS if not each.pairs and not each.is_flag], ids=name)
def test_an_option_is_stronger_than_a_variable(setting, tmp_path):
    weak, _, strong, value = texts(setting, tmp_path)
    assert value_of(setting, option(setting, strong), {setting.variable: weak}) == value


@pytest.mark.parametrize("setting", [each for each in IN_FILES if each.is_flag], ids=name)
def test_a_variable_can_say_no_to_the_file(setting, file):
    assert value_of(setting, {}, {setting.variable: "no"}, file(setting, "yes")) is False


@pytest.mark.parametrize("setting", [each for each in OPTIONS if each.pairs], ids=name)
def test_pairs_of_all_sources_add_up_the_stronger_winning(setting, file):
    folder = file(setting, "a=1")
    config = load({setting.field: ["c=3", "b=4"]}, {setting.variable: "b=2, d=5"}, (folder,))
    assert {key: float(value) for key, value in getattr(config, setting.field).items()} == {
        "a": 1,
        "b": 4,
        "c": 3,
        "d": 5,
    }


@pytest.mark.parametrize("setting", SETTINGS, ids=name)
def test_an_empty_variable_is_an_unset_one(setting):
    assert load({}, {setting.variable: ""}, ()) == Config()


@pytest.mark.parametrize("setting", [each for each in SETTINGS if each.secret], ids=name)
def test_a_secret_comes_from_a_file_that_a_variable_names(setting, tmp_path):
    text, value, *_ = texts(setting, tmp_path)
    (tmp_path / "secret").write_text(f"{text}\n")
    assert value_of(setting, {}, {f"{setting.variable}_FILE": str(tmp_path / "secret")}) == value


def test_a_secrets_own_variable_is_stronger_than_its_file(tmp_path):
    env = {"CI_REPORTER_LOKI_TOKEN": "here", "CI_REPORTER_LOKI_TOKEN_FILE": "/nowhere", "CI_REPORTER_LOKI": "http://h"}
    assert load({}, env, ()).sinks["loki"].token == "here"


@pytest.mark.parametrize(
    ("written", "value"),
    [("on", "on"), ("1:30", "1:30"), ("08", "08"), ("1e3", "1e3"), ("2026-01-31", "2026-01-31"), ("0x1F", "0x1F")],
)
def test_a_value_in_the_file_stays_the_text_it_is(tmp_path, written, value):
    (tmp_path / ".ci-reporter.yml").write_text(f"name: {written}\ntags:\n  v: {written}\n")
    config = load({}, {}, (str(tmp_path),))
    assert (config.name, config.tags) == (value, {"v": value})


@pytest.mark.parametrize("written", ["main, release/*", "[main, release/*]", "|\n  main\n  release/*\n"])
def test_several_values_in_the_file_are_a_list_or_one_text_with_commas(tmp_path, written):
    (tmp_path / ".ci-reporter.yml").write_text(f"branches: {written}\n")
    assert load({}, {}, (str(tmp_path),)).branches == ("main", "release/*")


def test_the_nearer_file_is_the_one_that_counts(tmp_path):
    for folder in ("near", "far"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / ".ci-reporter.yml").write_text(f"name: {folder}\n")
    assert load({}, {}, (str(tmp_path / "near"), str(tmp_path / "far"))).name == "near"


def test_a_named_file_counts_and_no_other(tmp_path):
    (tmp_path / ".ci-reporter.yml").write_text("timeout: 5m\n")
    (tmp_path / "other.yml").write_text("name: other\n")
    config = load({}, {"CI_REPORTER_CONFIG": str(tmp_path / "other.yml")}, (str(tmp_path),))
    assert (config.name, config.timeout_s) == ("other", None)


def test_a_password_in_an_address_may_come_from_a_variable():
    url = "http://me:hunter2@h:9091"
    assert load({}, {"CI_REPORTER_PUSHGATEWAY": url}, ()).sinks["pushgateway"].url == url


def test_an_alias_stands_for_what_it_names(tmp_path):
    (tmp_path / ".ci-reporter.yml").write_text("name: &n unit\nenvironment: *n\n")
    assert load({}, {}, (str(tmp_path),)).environment == "unit"


def test_the_file_of_the_repositorys_root_counts_in_its_folders(run_program):
    (run_program.folder / ".git").mkdir()
    (run_program.folder / ".ci-reporter.yml").write_text("name: from the root\n")
    (run_program.folder / "sub").mkdir()
    with run_program.start("run", "--", "true", cwd=run_program.folder / "sub") as process:
        process.communicate()
    assert run_program.records()[0]["step"] == "from the root"
