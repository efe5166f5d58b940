"""A wrong setting: exit 2 before the command starts, one line that says where, what, and the way out."""

import json
import os

import pytest

FILE = ".ci-reporter.yml"
CERTIFICATE = "-----BEGIN CERTIFICATE-----"


@pytest.fixture
def refused(run_program):
    """Give the program a wrong setting; the line it says. The command must not have been started."""

    def call(*options, content=None, env=None):
        if content is not None:
            (run_program.folder / FILE).write_bytes(content.encode("utf-8", "surrogatepass"))
        ended = run_program("run", *options, "--", "touch", "started", env=env)
        assert not (run_program.folder / "started").exists()
        assert not run_program.state.exists()
        assert (ended.returncode, ended.stdout) == (2, "")
        (line,) = ended.stderr.splitlines()
        return line.removeprefix("ci-reporter: ").replace(f"{run_program.folder}/", "")

    return call


VALUES = {
    "timeout": ("abc", "'abc' is not a duration (write 90s, 5m or 1h30m)"),
    "grace": ("0", "'0' is not above zero and below 30 years (leave the setting out for its default)"),
    "retries": ("-1", "'-1' is not a whole number from 0 to 999999999"),
    "tail": ("2M", "'2M' is more than the 1 MiB that can be kept (write 1M or less)"),
    "name": (" ", "' ' is empty (write a value, or leave the setting out)"),
    "environment": ("a\tb", r"'a\tb' has a control character or a line break in it (keep it to one line of text)"),
    "pushgateway": (
        "localhost:9091",
        "'localhost:9091' is not an http(s) address without '?' or '#' (write https://host/path)",
    ),
}


@pytest.mark.parametrize("key", VALUES)
def test_a_wrong_value_of_an_option(refused, key):
    value, message = VALUES[key]
    assert refused(f"--{key}={value}") == f"option --{key}: {message}"


@pytest.mark.parametrize("key", VALUES)
def test_a_wrong_value_of_a_variable(refused, key):
    value, message = VALUES[key]
    assert refused(env={f"CI_REPORTER_{key.upper()}": value}) == f"variable CI_REPORTER_{key.upper()}: {message}"


@pytest.mark.parametrize("key", VALUES)
def test_a_wrong_value_in_the_file(refused, key):
    value, message = VALUES[key]
    assert refused(content=f"# ours\n{key}: {json.dumps(value)}\n") == f"{FILE} line 2: {key}: {message}"


@pytest.mark.parametrize("key", ["shell", "json", "quiet", "strict", "record_command", "dry_run", "run_info"])
@pytest.mark.parametrize("where", ["variable", "file"])
def test_a_flag_that_is_neither_yes_nor_no(refused, key, where):
    content, env = (f"{key}: maybe", None) if where == "file" else (None, {f"CI_REPORTER_{key.upper()}": "maybe"})
    line = refused(content=content, env=env)
    assert line.endswith(": 'maybe' is neither yes nor no (write true or false)")


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("--tag=team", "option --tag: 'team' has no '=' (write name=value)"),
        ("--tag=team=", "option --tag: 'team=' has nothing after the '=' (write team=value)"),
        (
            "--tag=1st=x",
            "option --tag: '1st=x' does not begin with a name: "
            "a letter, then letters, digits, '_', '.' or '-' (write name=value)",
        ),
        ("--measure=size=big", "option --measure: 'size=big' has no number after the '=' (write size=42.5)"),
        ("--measure=size=nan", "option --measure: 'size=nan' has no number after the '=' (write size=42.5)"),
        ("--timeout=9e9", "option --timeout: '9e9' is not a duration (write 90s, 5m or 1h30m)"),
        ("--tail=lots", "option --tail: 'lots' is not a size (write 4096, 64K or 1MiB)"),
        ("--pushgateway=http://h:0", "option --pushgateway: 'http://h:0' has the port 0; ports go from 1 to 65535"),
        (
            "--pushgateway=http://h:99999",
            "option --pushgateway: 'http://h:99999' has the port 99999; ports go from 1 to 65535",
        ),
        ("--config=nope.yml", "option --config: 'nope.yml' cannot be read: No such file or directory"),
        ("--config=.", "option --config: '.' cannot be read: Is a directory"),
    ],
    ids=lambda value: value if value.startswith("--") else "",
)
def test_what_is_wrong_is_said(refused, option, message):
    assert refused(option) == message


@pytest.mark.parametrize(
    "address",
    [
        *("http://", "http:///x", "http://h:x", "http://h:", "http://h?x", "http://h#x", "ftp://h", "http://h h"),
        *("http://[::1", "http://[:::]", "http://[1.2]", "//h", "http://-", "http://\x7f", "http://h/\x7f", "h"),
    ],
)
def test_a_malformed_address(refused, address):
    assert "is not an http(s) address" in refused("--pushgateway", address)


def test_a_long_value_is_cut_in_the_message(refused):
    assert len(refused("--timeout", "x" * 10_000)) < 160


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("timout: 5m\n", "line 1: unknown key 'timout' (perhaps you meant 'timeout')"),
        (
            "name: a\nrecord-command: true\n",
            "line 2: unknown key 'record-command' (perhaps you meant 'record_command')",
        ),
        ("zzz: 1\n", "line 1: unknown key 'zzz' (known: actions, alertmanager, alerts, branches, "),
        ("config: other.yml\n", "line 1: unknown key 'config' (known: actions, alertmanager, alerts,"),
        ("name: a\n\nname: b\n", "line 3: 'name' is also on line 1; keep one of them"),
        ("tags: {a: x, a: y}\n", "line 1: 'a' is also on line 1; keep one of them"),
        ("name: [a, b]\n", "line 1: name: expected one value, got a list"),
        ("name: {a: b}\n", "line 1: name: expected one value, got a mapping"),
        ("tags:\n  team: [a]\n", "line 2: tags: expected one value for team, got a list"),
        ("tags: web\n", "line 1: tags: expected 'key: value' lines, got 'web'"),
        ("branches: [[main]]\n", "line 1: branches: expected one value, got a list"),
        ("measures:\n  size: big\n", "line 2: measures: 'size=big' has no number after the '=' (write size=42.5)"),
        ("just words\n", "line 1: expected 'key: value' lines, got 'just words'"),
        ("- name\n", "line 1: expected 'key: value' lines, got a list"),
        ("[a]: b\n", "line 1: a key must be a word"),
        ("name: 'a\n", "line 2: is not YAML: found unexpected end of stream"),
        ("name: a: b\n", "line 1: is not YAML: mapping values are not allowed here"),
        (
            "tags:\n\tteam: web\n",
            r"line 2: is not YAML: found character '\t' that cannot start any token (indent with sp",
        ),
        ("name: a\n---\nname: b\n", "line 2: is not YAML: but found another document"),
        ("name: *nobody\n", "line 1: is not YAML: found undefined alias 'nobody'"),
        ("name: a\nenvironment: \x01\n", "line 2: is not YAML: it has a character that YAML does not allow"),
        ("name: a\n\udcff: b\n", "line 2: is not UTF-8 text (save the file as UTF-8)"),
        ("name: " + "x" * 70_000, "is larger than 64 KiB, which no configuration is"),
        ("name: " + "[" * 60_000, "line 1: is nested more than 32 levels deep"),
        ('name: "\\uD800"\n', r"line 1: name: '\ud800' is not UTF-8 text"),
        ("a: &a [x]\nb: &b [*a, *a]\nc: &c [*b, *b]\n", "line 1: unknown key 'a' (known:"),
        ("name: &n [*n]\n", "line 1: refers to itself by an alias (write the value out)"),
        ("prometheus: http://me:hunter2@h\n", "line 1: prometheus: the address holds a user or password, and others"),
        ("pushgateway_ca: nope.pem\n", "line 1: pushgateway_ca: 'nope.pem' cannot be read: No such file or directory"),
        (
            "pushgateway_ca: .ci-reporter.yml\n",
            "line 1: pushgateway_ca: '.ci-reporter.yml' contains no PEM certificate",
        ),
        ('pushgateway_ca: "a\\0b"\n', r"line 1: pushgateway_ca: 'a\x00b' has a control character"),
    ],
    ids=lambda value: value[:24],
)
def test_a_wrong_file(refused, content, message):
    line = refused(content=content)
    assert line.startswith((f"{FILE} {message}", f"{FILE}: {message}"))


def test_a_folder_in_place_of_the_file(refused, run_program):
    (run_program.folder / FILE).mkdir()
    assert refused() == f"{FILE}: cannot be read: Is a directory"


def test_a_link_to_nowhere_in_place_of_the_file(refused, run_program):
    (run_program.folder / FILE).symlink_to("gone.yml")
    assert refused() == f"{FILE}: cannot be read: No such file or directory"


def test_a_variable_that_names_no_file(refused):
    line = refused(env={"CI_REPORTER_CONFIG": "nope.yml"})
    assert line == "variable CI_REPORTER_CONFIG: 'nope.yml' cannot be read: No such file or directory"


@pytest.mark.parametrize("secret", ["pushgateway_password", "pushgateway_token"])
def test_a_secret_in_the_file_is_refused_and_not_echoed(refused, secret):
    variable = f"CI_REPORTER_{secret.upper()}"
    line = refused(content=f"{secret}: hunter2\n")
    assert line == f"{FILE} line 1: '{secret}' is a secret and not for a file in git; set {variable} or {variable}_FILE"


@pytest.mark.parametrize("option", ["--pushgateway-token=hunter2", "--pushgateway-password=hunter2"])
def test_a_secret_is_no_option_and_not_echoed(run_program, option):
    ended = run_program("run", option, "--", "touch", "started")
    assert ended.returncode == 2
    assert "hunter2" not in ended.stderr
    assert not (run_program.folder / "started").exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "{path}: No such file or directory"),
        (b"\n", "{path} is empty (put the secret there, or unset the variable)"),
        (b"\xff", "{path} is not UTF-8 text"),
        (b"hunter2\nhunter3", "its value has a control character or a line break in it (keep it to one line of text)"),
    ],
    ids=["missing", "empty", "binary", "two lines"],
)
def test_a_secret_that_cannot_be_had_from_its_file(refused, tmp_path, content, message):
    path = tmp_path / "token"
    if content is not None:
        path.write_bytes(content)
    line = refused(env={"CI_REPORTER_PUSHGATEWAY_TOKEN_FILE": str(path)})
    assert line.startswith("variable CI_REPORTER_PUSHGATEWAY_TOKEN_FILE: ")
    assert line.endswith(message.format(path=path))
    assert "hunter" not in line


def test_a_wrong_secret_is_not_echoed(refused):
    line = refused(env={"CI_REPORTER_PUSHGATEWAY_TOKEN": "hun\nter2"})
    assert line.startswith("variable CI_REPORTER_PUSHGATEWAY_TOKEN: its value has a control character")


@pytest.mark.parametrize("address", ["http://me:hunter2@h:x", "http://me:hun/ter2@h", "http://me:hun@ter2@h"])
def test_the_password_in_a_malformed_address_is_not_echoed(refused, address):
    assert "ter2" not in refused(env={"CI_REPORTER_PUSHGATEWAY": address})


def test_a_password_in_an_address_is_refused_as_an_option(refused):
    line = refused("--pushgateway", "http://me:hunter2@h:9091")
    assert line == (
        "option --pushgateway: the address holds a user or password, and others can read it here; "
        "give the whole address in the variable CI_REPORTER_PUSHGATEWAY"
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "contains no PEM certificate (expected -----BEGIN CERTIFICATE-----)"),
        (f"{CERTIFICATE}\nMIIB", "contains a PEM certificate without its end (expected -----END CERTIFICATE-----)"),
    ],
    ids=["empty", "torn"],
)
def test_a_ca_without_a_certificate(refused, run_program, content, message):
    (run_program.folder / "ca.pem").write_text(content)
    line = refused(env={"CI_REPORTER_PUSHGATEWAY_CA": "ca.pem"})
    assert line == f"variable CI_REPORTER_PUSHGATEWAY_CA: 'ca.pem' {message}"


@pytest.mark.parametrize("options", [["--tiemout", "5m"], ["--timeout"], [], ["--json=yes"]], ids=str)
def test_what_no_option_can_be_is_clicks_to_say(run_program, options):
    command = [] if options in ([], ["--timeout"]) else ["--", "touch", "started"]
    ended = run_program("run", *options, *command)
    assert ended.returncode == 2
    assert "Traceback" not in ended.stderr
    assert not (run_program.folder / "started").exists()


def test_a_file_of_the_largest_size_is_read_in_a_second(run_program):
    without = run_program("run", "--", "true")
    (run_program.folder / FILE).write_text("# " + "x" * 60_000 + "\nname: unit\n")
    ended = run_program("run", "--", "true")
    assert (ended.returncode, ended.seconds < 3 + 4 * without.seconds) == (0, True)


@pytest.mark.parametrize(
    "content", ["", "# nothing\n", "---\n", "tags:\n  # team: web\n", "\ufeffname: unit\n"], ids=repr
)
def test_a_file_with_nothing_wrong(run_program, content):
    (run_program.folder / FILE).write_text(content)
    assert run_program("run", "--", "true").returncode == 0


def test_an_empty_variable_is_an_unset_one(run_program):
    names = ("CONFIG", "NAME", "TIMEOUT", "TAGS", "QUIET", "PUSHGATEWAY", "PUSHGATEWAY_TOKEN", "PUSHGATEWAY_TOKEN_FILE")
    ended = run_program("run", "--", "true", env={f"CI_REPORTER_{name}": "" for name in names})
    assert ended.returncode == 0
    assert os.listdir(run_program.state)


@pytest.mark.parametrize("command", ["summary", "flush", "context", "doctor", "gc --older-than 30d"])
def test_every_command_refuses_a_wrong_file_in_one_line(run_program, command):
    (run_program.folder / FILE).write_text("timout: 5m\n")
    ended = run_program(*command.split())
    assert ended.returncode == 2
    assert len(ended.stderr.splitlines()) == 1
