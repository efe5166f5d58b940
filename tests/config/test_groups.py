"""The settings of a sink or a server: grouped or flat, by either variable, and what does not go together."""

import pytest

from ci_reporter.config.load import load
from ci_reporter.errors import UsageError

URL = "http://h:9091"


@pytest.fixture
def settings(tmp_path):
    """Load what a file says, and variables."""

    def read(content="", **env):
        (tmp_path / ".ci-reporter.yml").write_text(content)
        return load({}, {f"CI_REPORTER_{name}": value for name, value in env.items()}, (str(tmp_path),))

    return read


@pytest.fixture
def told(settings):
    """What is said of wrong settings, without the file's folder."""

    def message(content="", **env):
        with pytest.raises(UsageError) as error:
            settings(content, **env)
        return str(error.value).rpartition(".ci-reporter.yml ")[2]

    return message


@pytest.mark.parametrize(
    "content",
    [
        f"pushgateway: {URL}\npushgateway_username: ci\n",
        f"pushgateway_url: {URL}\npushgateway_username: ci\n",
        f"pushgateway: {{url: {URL}, username: ci}}\n",
        f"pushgateway: {{username: ci}}\npushgateway_url: {URL}\n",
    ],
    ids=["flat", "url", "grouped", "mixed"],
)
def test_a_group_is_what_its_flat_keys_are(settings, content):
    found = settings(content, PUSHGATEWAY_PASSWORD="x").sinks["pushgateway"]
    assert (found.url, found.username) == (URL, "ci")


@pytest.mark.parametrize("variable", ["PUSHGATEWAY", "PUSHGATEWAY_URL"])
def test_a_sinks_address_has_two_variables(settings, variable):
    assert settings(**{variable: URL}).sinks["pushgateway"].url == URL


def test_two_variables_that_say_different_things_are_an_error(told):
    line = told(PUSHGATEWAY=URL, PUSHGATEWAY_URL="http://other")
    assert line == (
        "variables CI_REPORTER_PUSHGATEWAY and CI_REPORTER_PUSHGATEWAY_URL say different things; keep one of them"
    )


def test_a_sink_without_an_address_is_not_switched_on(settings):
    assert not settings("pushgateway: {username: ci}\n").sinks


def test_the_other_settings_of_a_sink_have_their_short_names_too(settings):
    grouped = settings(f"pushgateway: {{url: {URL}, label_budget: 3, run_info: yes}}\n").sinks["pushgateway"]
    flat = settings(f"pushgateway: {URL}\nlabel_budget: 3\n", RUN_INFO="yes").sinks["pushgateway"]
    assert (grouped.label_budget, grouped.run_info) == (flat.label_budget, flat.run_info) == (3, True)


def test_a_short_name_alone_is_known(settings):
    assert not settings("label_budget: 3\n", RUN_INFO="yes").unrecognised


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (
            "pushgateway: {usernam: ci}\n",
            "line 1: unknown key 'usernam' in 'pushgateway' (perhaps you meant 'username')",
        ),
        ("pushgatway: {url: x}\n", "line 1: unknown key 'pushgatway' (perhaps you meant 'pushgateway')"),
        ("loki_tenat: x\n", "line 1: unknown key 'loki_tenat' (perhaps you meant 'loki_tenant')"),
        (
            "pushgateway:\n  username: a\npushgateway_username: b\n",
            "line 2: 'pushgateway.username' is also on line 3, as 'pushgateway_username'; keep one",
        ),
        (
            "pushgateway:\n  token: hunter2\n",
            "line 2: 'pushgateway.token' is a secret and not for a file in git;"
            " set CI_REPORTER_PUSHGATEWAY_TOKEN or CI_REPORTER_PUSHGATEWAY_TOKEN_FILE",
        ),
        ("pushgateway: {url: [a, b]}\n", "line 1: pushgateway.url: expected one value, got a list"),
        ("pushgateway: [a]\n", "line 1: pushgateway: expected one value, got a list"),
        ("pushgateway: {label_budget: many}\n", "line 1: pushgateway.label_budget: 'many' is not a whole number from"),
        ("timeout: {a: b}\n", "line 1: timeout: expected one value, got a mapping"),
        ("loki: {url: 'http://me:hunter2@h'}\n", "line 1: loki.url: the address holds a user or password, and others"),
    ],
    ids=lambda value: value[:30],
)
def test_a_mistake_in_a_group_names_line_key_and_the_way_out(told, content, line):
    assert told(content).startswith(line)


@pytest.mark.parametrize(
    ("env", "line"),
    [
        ({"TOKEN": "t", "USERNAME": "ci"}, "both a token and a user or password are set"),
        ({"TOKEN": "t", "PASSWORD": "p", "USERNAME": "ci"}, "both a token and a user or password are set"),
        ({"PASSWORD": "p"}, "there is a password and no user (set CI_REPORTER_LOKI_USERNAME)"),
    ],
    ids=["token and user", "all", "no user"],
)
def test_half_a_sign_in_or_two_are_an_error(told, env, line):
    assert told(LOKI="http://h", **{f"LOKI_{name}": value for name, value in env.items()}).startswith(f"loki: {line}")


def test_a_user_without_a_password_is_a_warning_as_forks_have_no_secrets(settings):
    found = settings(LOKI="http://h", LOKI_USERNAME="ci")
    said = "loki: there is a user and no password (set CI_REPORTER_LOKI_PASSWORD or CI_REPORTER_LOKI_PASSWORD_FILE)"
    assert found.doubts == (said,)


def test_a_token_beside_a_user_in_the_address_is_an_error(told):
    assert told(LOKI="http://me:pw@h", LOKI_TOKEN="t").startswith("loki: both a token")


def test_an_empty_password_is_one_that_this_job_may_not_have(settings):
    found = settings(LOKI="http://h", LOKI_USERNAME="ci", LOKI_PASSWORD="").sinks["loki"]
    assert (found.access().username, found.access().password) == ("ci", None)


def test_a_user_without_a_password_in_the_address_is_a_sign_in(settings):
    assert settings(LOKI="http://key@h").sinks["loki"].access().header() == "Basic a2V5Og=="


def test_an_at_sign_in_the_path_is_no_user(settings):
    assert settings(LOKI="http://h/a@b").sinks["loki"].access().header() is None


def test_the_address_is_shown_without_its_password(settings):
    found = settings(LOKI="http://me:hun%40ter2@h:1/x").sinks["loki"]
    assert (found.address(), found.access().password) == ("http://h:1/x", "hun@ter2")


def test_the_password_in_an_address_is_not_in_the_text_of_the_settings(settings):
    assert "hunter2" not in repr(settings(LOKI="http://me:hunter2@h"))


def test_a_secret_is_not_in_the_text_of_the_settings(settings):
    found = settings(LOKI="http://h", LOKI_TOKEN="hunter2")
    assert "hunter2" not in repr(found.sinks["loki"])
    assert found.secrets() == {"hunter2"}
