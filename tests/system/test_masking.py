"""Secrets out of what is kept: which values are secret, and that nothing of them stays."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_reporter.system.masking import Masking, masks_in, names_a_secret, secrets_of, worth_hiding
from ci_reporter.system.userinfo import HIDDEN

SECRET = "s3cr3t-value"


@pytest.mark.parametrize(
    "name",
    [
        *("GITHUB_TOKEN", "CI_JOB_TOKEN", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "DB_PASSWORD", "MYSQL_PASS"),
        *("DEPLOY_KEY", "API_KEY", "apikey", "GH_PAT", "PGPASSWORD", "SSHPASS", "SLACK_WEBHOOK_URL", "SENTRY_DSN"),
        *(
            "SSH_PRIVATE_KEY",
            "NPM_CONFIG__AUTH",
            "DOCKER_AUTH_CONFIG",
            "CI_JOB_JWT",
            "GPG_PASSPHRASE",
            "MY_CREDENTIALS",
        ),
        *(
            "AZURE_STORAGE_CONNECTION_STRING",
            "SESSION_COOKIE",
            "OTEL_EXPORTER_OTLP_TRACES_HEADERS",
            "CI_REPORTER_PUSHGATEWAY_PASSWORD",
        ),
    ],
)
def test_the_value_of_a_variable_with_such_a_name_is_secret(name):
    assert secrets_of({name: SECRET}) == {SECRET}


@pytest.mark.parametrize(
    "name",
    [
        *("PWD", "OLDPWD", "PATH", "HOME", "XAUTHORITY", "SSH_AUTH_SOCK", "GIT_AUTHOR_NAME", "KEYBOARD", "MONKEY"),
        *("DEPLOY_KEY_FILE", "CI_REPORTER_PUSHGATEWAY_TOKEN_FILE", "PASSWORD_STORE_DIR", "COMPOSER_HOME"),
    ],
)
def test_the_value_of_any_other_variable_is_none(name):
    assert secrets_of({name: SECRET}) == frozenset()


@pytest.mark.parametrize("value", ["true", "False", "1", "", "  ", "abc", "main", "auto", "\n\n"])
def test_a_word_of_every_text_is_no_secret(value):
    assert secrets_of({"TOKENIZERS_PARALLELISM": value, "API_KEY": value}) == frozenset()


def test_each_line_of_a_secret_is_one():
    assert secrets_of({"PRIVATE_KEY": "first line\r\n  second line \n}\n"}) >= {"first line", "second line"}


def test_a_password_in_an_address_is_secret_whatever_the_variable():
    env = {"DATABASE_URL": "postgres://shop:hunter22@db:5432/x", "CI_REPOSITORY_URL": "https://bot:glpat-1@h/x.git"}
    assert secrets_of(env) == {"hunter22", "glpat-1"}


@pytest.mark.parametrize("name", ["http_proxy", "HTTPS_PROXY", "all_proxy"])
def test_a_password_in_a_proxy_without_a_scheme_is_secret(name):
    assert secrets_of({name: "ann:hunter22@proxy:3128"}) == {"hunter22"}


@pytest.mark.parametrize(
    ("output", "masks"),
    [
        (b"::add-mask::hidden\n", {"hidden"}),
        (b"noise\r\n::add-mask::hidden\r\nnoise", {"hidden"}),
        (b"::add-mask::one two%0Athree 100%25", {"one two", "three 100%", "one two\nthree 100%"}),
        (b"::add-mask::1\n::add-mask::true\n", set()),
        (b"\xff\x00::add-mask::h\xc3\xa4sslich", {"hässlich"}),
        (b"add-mask::hidden", set()),
    ],
    ids=["plain", "crlf", "escaped", "too short", "binary", "not the command"],
)
def test_masks_are_read_from_the_output(output, masks):
    assert masks_in(output) == masks


def test_a_longer_secret_goes_before_one_within_it():
    assert Masking(["1234", "abcd1234"]).mask("abcd1234!") == f"{HIDDEN}!"


@given(st.text(), st.sets(st.text(min_size=4)))
def test_no_secret_survives(text, values):
    secrets = [each for each in worth_hiding(values) if "*" not in each]
    assert not any(secret in Masking(secrets).mask(text + "".join(secrets)) for secret in secrets)


@pytest.mark.parametrize("cut", range(len(SECRET) - 3))
def test_the_end_of_a_secret_at_the_cut_is_masked(cut):
    assert Masking([SECRET]).mask_tail(f"{SECRET[cut:]} and more") == f"{HIDDEN} and more"


def test_the_rest_of_an_address_at_the_cut_is_masked():
    assert Masking().mask_tail("nter2pw@db:5432/x and more") == f"{HIDDEN}@db:5432/x and more"


def test_a_secret_is_masked_as_it_stands_in_json():
    masking = Masking(['quo"ted\nsecret'])
    masking.add(["another"])
    assert masking.mask(json.dumps({"a": 'x quo"ted\nsecret y', "b": "another"})) == '{"a": "x *** y", "b": "***"}'


def test_values_and_addresses_are_masked_together():
    assert (
        Masking(["tok-1234"]).mask("tok-1234 https://u:tok-1234@h https://a:b@h") == "*** https://***@h https://***@h"
    )


@pytest.mark.parametrize("name", ["password", "X-Api-Key", "authorization", "sessionId", "dbPassword", "csrf_token"])
def test_a_key_names_a_secret(name):
    assert names_a_secret(name)


@pytest.mark.parametrize("name", ["user", "path", "key_count", "author", "passenger", "tokenizer_path"])
def test_another_key_does_not(name):
    assert not names_a_secret(name)


def test_a_tail_without_secrets_is_left_alone():
    assert Masking([SECRET, "never-here"]).mask_tail("lue of things") == "lue of things"


# What the installed program keeps.

LEAK = """
import os
print('::add-mask::masked-early', flush=True)
print('x' * 100_000)
print('masked-early', os.environ['DEPLOY_TOKEN'], flush=True)
"""


def kept(program):
    """All that the program has written down."""
    return "".join(path.read_text() for path in program.state.rglob("*") if path.is_file())


def test_a_mask_from_before_the_tail_is_honoured(run_program):
    run_program("run", "--tail", "1K", "--", "python3", "-c", LEAK, env={"DEPLOY_TOKEN": SECRET})
    (record,) = run_program.records()
    assert record["output_tail"].endswith(f"x\n{HIDDEN} {HIDDEN}\n")


def test_a_mask_reaches_the_recorded_command(run_program):
    run_program("run", "--record-command", "--tail", "64", "--", "sh", "-c", "echo ::add-mask::$1", "sh", "in-argv")
    assert run_program.records()[0]["command"] == "sh -c 'echo ::add-mask::$1' sh '***'"


def test_a_mask_split_between_two_writes_is_honoured(run_program):
    script = "printf ::add-mask::split; sleep 0.2; echo -value; echo split-value"
    run_program("run", "--tail", "4K", "--", "sh", "-c", script)
    assert "split-value" not in kept(run_program)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--record-command", "--", "echo", f"--token={SECRET}"],
        ["--record-command", "--shell", "--", f"echo {SECRET}"],
        ["--shell", "--", f"TOKEN={SECRET} true"],
        ["--tag", f"note=with {SECRET}", "--", "true"],
        ["--tail", "4K", "--", "sh", "-c", "echo $DEPLOY_TOKEN"],
        ["--", f"/nowhere/{SECRET}"],
        ["--record-command", "--", "true", f"https://u:{SECRET}@h/"],
        ["--tail", "4K", "--", "sh", "-c", f"echo https://u:{SECRET}@h/"],
        ["--tag", f"u=https://u:{SECRET}@h/", "--", "true"],
    ],
    ids=[
        *("command", "recorded shell line", "shell line", "tag", "tail", "not found"),
        *("address in the command", "address in the tail", "address in a tag"),
    ],
)
def test_no_secret_is_written_down_or_printed(run_program, free_port, arguments):
    env = {"CI_REPORTER_PUSHGATEWAY": f"http://127.0.0.1:{free_port()}"}
    known_by_value = not any("@h/" in each for each in arguments)
    env |= {"DEPLOY_TOKEN": SECRET} if known_by_value else {}
    ended = run_program("run", "--name", "unit", "--json", *arguments, env=env)
    assert SECRET not in kept(run_program)
    assert SECRET not in ended.stdout.splitlines()[-1]  # the record; above it is what the command itself printed
    assert run_program.spooled()


def test_our_own_secret_is_masked_also_from_its_file(run_program, tmp_path, free_port):
    (tmp_path / "token").write_text("from-a-file\n")
    env = {"CI_REPORTER_PUSHGATEWAY": f"http://127.0.0.1:{free_port()}"}
    env |= {"CI_REPORTER_PUSHGATEWAY_TOKEN_FILE": str(tmp_path / "token")}
    run_program("run", "--record-command", "--", "echo", "from-a-file", env=env)
    assert run_program.records()[0]["command"] == "echo '***'"


def test_everyday_values_do_not_shred_the_record(run_program):
    env = {"TOKENIZERS_PARALLELISM": "true", "PRIVATE": "1", "CACHE_KEY": "main"}
    ended = run_program("run", "--json", "--record-command", "--", "echo", "true", "1", "main", env=env)
    assert json.loads(ended.stdout.splitlines()[-1])["command"] == "echo true 1 main"


def test_a_tag_is_masked_while_the_step_still_runs(run_program):
    look = "cat .ci-reporter/running/*.json"
    ended = run_program("run", "--tag", "u=https://u:hunter2pw@h/", "--", "sh", "-c", look)
    assert '"u":"https://***@h/"' in ended.stdout


def test_collect_masks_its_tags(run_program):
    (run_program.folder / "junit.xml").write_text('<testsuite tests="1"><testcase name="pays"/></testsuite>')
    run_program("collect", "--tests", "junit.xml", "--tag", "u=https://u:hunter2pw@h/")
    assert run_program.records()[0]["tags"] == {"u": "https://***@h/"}


def test_an_everyday_name_at_an_everyday_place_stays(run_program):
    run_program("run", "--record-command", "--", "echo", "git@github.com:org/x", "http://host/@user", "me@example.org")
    assert run_program.records()[0]["command"] == "echo git@github.com:org/x http://host/@user me@example.org"
