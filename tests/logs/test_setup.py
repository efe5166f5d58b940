"""Whatever a service logs, each line is one JSON object that names service, revision, run and trace."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys

import pytest

SETUP = "import logging, structlog\nfrom ci_reporter import logs\nlogs.configure('shop')\n"
SECRET = "correct-horse-battery"
SOURCES = {
    "structlog": "structlog.get_logger('a.b').warning('%s gone', 'it', order=7)",
    "logging": "logging.getLogger('a.b').warning('%s gone', 'it', extra={'order': 7})",
    "a warning": "import warnings; warnings.warn('it gone')",
    "an exception": "raise KeyError('it gone')",
    "an exception in a thread": """
        import threading
        def work(): raise KeyError('it gone')
        threading.Thread(target=work).start()
    """,
    "an exception in a task": """
        import asyncio
        async def work(): raise KeyError('it gone')
        async def main(): asyncio.create_task(work()); await asyncio.sleep(0.01)
        asyncio.run(main())
    """,
}


@pytest.mark.parametrize("code", SOURCES.values(), ids=list(SOURCES))
def test_every_line_says_when_what_and_whose(logged, trace, code):
    (line,) = logged(code, CI_RUN_ID="r-1", CI_REPORTER_REVISION="c0ffee", TRACEPARENT=trace[1])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", line["timestamp"])
    assert line["level"] in ("warning", "error", "critical")
    assert "it gone" in line["message"] + line.get("exception", "")
    whose = {key: line[key] for key in ("service", "revision", "ci_run_id", "trace_id")}
    assert whose == {"service": "shop", "revision": "c0ffee", "ci_run_id": "r-1", "trace_id": trace[0]}


@pytest.mark.parametrize("source", ["structlog", "logging"])
def test_fields_stay_fields(logged, source):
    (line,) = logged(SOURCES[source])
    assert (line["message"], line["order"], line["level"], line["logger"]) == ("it gone", 7, "warning", "a.b")


def test_what_is_unknown_is_absent(logged):
    (line,) = logged("logging.warning('x')")
    assert line.keys() == {"timestamp", "level", "logger", "message", "service", "trace_id"}


def test_one_process_is_one_trace(logged):
    first, second = logged("logging.warning('x'); logging.warning('y')")
    assert first["trace_id"] == second["trace_id"]


@pytest.mark.parametrize("given", ["path", "object"])
def test_the_stamp_says_revision_service_and_the_run_that_built_it(script, tmp_path, given):
    stamp = {"revision": "c0ffee", "ci_run_id": "r-0", "repository_url": "https://git.example/acme/cart.git"}
    (tmp_path / "build-info.json").write_text(json.dumps(stamp))
    build = "'build-info.json'" if given == "path" else "buildinfo.read('build-info.json')"
    code = f"""
        import logging
        from ci_reporter import buildinfo, logs
        logs.configure(build={build})
        logging.warning('x')
    """
    line = json.loads(script(code).stderr)
    assert (line["service"], line["revision"], line["ci_run_id"]) == ("cart", "c0ffee", "r-0")
    assert json.loads(script(code, CI_RUN_ID="r-1", CI_REPORTER_REVISION="beef").stderr)["ci_run_id"] == "r-1"


def test_a_stamp_that_is_not_there_is_said(script):
    ended = script("from ci_reporter import logs; logs.configure(build='nope.json')")
    assert "ReportFileError: nope.json: cannot be read" in ended.stderr


def test_a_level_is_heeded(logged):
    code = "logs.configure('shop', level='error'); logging.warning('x'); structlog.get_logger().info('y')"
    assert logged(code) == []


def test_set_up_twice_a_line_is_said_once(logged):
    assert len(logged("logs.configure('shop'); logging.warning('x')")) == 1


def test_handlers_of_others_stay(logged, tmp_path):
    assert logged(
        "logging.getLogger().addHandler(logging.FileHandler('app.log')); logs.configure('x'); logging.warning('y')"
    )
    assert "y" in (tmp_path / "app.log").read_text()


HIDDEN = {
    "by key": "log.info('x', password='{0}', Authorization='Basic {0}', api_key='{0}', setCookie='{0}')",
    "by key within": "log.info('x', headers={{'X-Api-Key': '{0}'}}, all=[{{'token': '{0}'}}])",
    "in the message": "log.info('it is {0}')",
    "in a value": "log.info('x', url='postgres://me:{0}@host/db', raw=b'{0}')",
    "in a key": "log.info('x', **{{'{0}': 1}})",
    "in an object": "log.info('x', thing=type('T', (), {{'__str__': lambda _: '{0}'}})())",
    "of the standard library": "logging.getLogger('y').warning('%s', '{0}', extra={{'a': ['{0}']}})",
    "in an exception": "1 / int('{0}'.find('c'))",
    "of a local variable": "password = '{0}'; 1 / 0",
    "in a warning": "import warnings; warnings.warn('{0}')",
}


@pytest.mark.parametrize("code", HIDDEN.values(), ids=list(HIDDEN))
def test_a_secret_of_the_environment_is_on_no_line(logged, code):
    lines = logged("log = structlog.get_logger()\n" + code.format(SECRET), DB_PASSWORD=SECRET)
    assert lines
    assert SECRET not in json.dumps(lines)


def test_what_has_a_secrets_name_is_hidden_whatever_it_is(logged):
    (line,) = logged("structlog.get_logger().info('x', password=1234, token=None, secret={'a': 1}, passed=True)")
    assert {key: line[key] for key in ("password", "token", "secret", "passed")} == {
        "password": "***",
        "token": None,
        "secret": "***",
        "passed": True,
    }


def test_the_password_of_an_address_in_parts_is_hidden(logged):
    code = (
        "from urllib.parse import urlsplit; structlog.get_logger().info('x', url=urlsplit('https://u:hunter2pw@h/x'))"
    )
    assert logged(code)[0]["url"] == "https://***@h/x"


def test_a_secret_learned_later_is_hidden_from_then_on(logged):
    (line,) = logged(f"logs.hide('{SECRET}'); logging.warning('is {SECRET}')")
    assert line["message"] == "is ***"


ODD = {
    "not finite": "log.info('x', n=float('nan'), m=float('-inf'))",
    "surrogate": "log.info('\\ud800', **{'\\udfff': '\\udc80'})",
    "cannot be shown": "log.info('x', a=type('T', (), {'__str__': lambda _: 1 / 0})())",
    "holds itself": "a = []; a.append(a); log.info('x', a=a)",
    "deep": "a = []\nfor _ in range(5000): a = [a]\nlog.info('x', a=a)",
    "huge": "log.info('x' * 10_000_000, a=list(range(10**6)), b={str(n): n for n in range(10**5)})",
    "much of everything": "log.info('x', a=['y' * 30_000] * 200, b='z' * 30_000)",
    "keys that are no text": "log.info('x', a={1: 2, None: 3, (1, 2): {4}})",
    "line breaks and controls": "log.info('a\\nb\\r\\x1b[2J\\x00')",
    "names of ours": "log.info('x', message='mine', timestamp=1, level=2)",
    "no message": "log.info(None)",
}


@pytest.mark.parametrize("code", ODD.values(), ids=list(ODD))
def test_whatever_is_logged_is_one_line_of_json_within_lokis_limit(script, code):
    start = "import structlog\nfrom ci_reporter import logs\nlogs.configure('shop')\nlog = structlog.get_logger()\n"
    ended = script(start + code)
    (line,) = ended.stderr.splitlines()
    assert (ended.returncode, len(line) < 256 * 1024) == (0, True)
    assert json.loads(line, parse_constant=pytest.fail)["service"] == "shop"


def test_a_field_called_message_is_kept_beside_the_message(logged):
    (line,) = logged("structlog.get_logger().info('what', message='mine')")
    assert (line["message"], line["message_"]) == ("what", "mine")


@pytest.mark.parametrize(("encoding", "raw"), [("utf-8", "ü"), ("ascii", "\\u00fc"), ("latin-1", "\\u00fc")])
def test_beyond_ascii_is_raw_only_in_utf_8(script, encoding, raw):
    ended = script(SETUP + "logging.warning('ü')", PYTHONIOENCODING=encoding)
    assert f'"message": "{raw}"' in ended.stderr


def test_lines_go_where_they_are_told(script):
    ended = script(SETUP + "import sys; logs.configure('x', stream=sys.stdout); logging.warning('y')")
    assert (json.loads(ended.stdout)["message"], ended.stderr) == ("y", "")


def on_terminal(tmp_path, code, **env):
    """What the code shows on a terminal."""
    (tmp_path / "program.py").write_text(SETUP + code)
    ours, theirs = pty.openpty()
    known = {"PATH": os.environ["PATH"], "TERM": "xterm", "LANG": "C.UTF-8"}
    subprocess.run([sys.executable, tmp_path / "program.py"], stderr=theirs, env=known | env, timeout=60)
    os.close(theirs)
    with open(ours, "rb", closefd=True) as terminal:
        shown = b""
        try:
            while chunk := terminal.read1(65536):
                shown += chunk
        except OSError:  # how Linux says that nobody writes there any more
            pass
    return shown.decode()


@pytest.mark.parametrize(("variable", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_on_a_terminal_lines_are_for_people(tmp_path, variable, value):
    shown = on_terminal(tmp_path, "logging.warning('it is %s', 'so')", **{variable: value})
    assert re.match(r"\d{4}-.*Z \[warning  \] it is so", shown)
    assert "\x1b" not in shown


def test_on_a_terminal_no_cursor_is_moved(tmp_path):
    code = f"structlog.get_logger().warning('a\\x1b[2Jb {SECRET}', x='\\x1b]0;t\\x07', password='p4ssw0rd')"
    shown = on_terminal(tmp_path, code, NO_COLOR="1", DB_PASSWORD=SECRET)
    assert "a\\x1b[2Jb ***" in shown
    assert not {"\x1b", "\x07"} & set(shown)
    assert "p4ssw0rd" not in shown


def test_an_interrupt_is_no_exception_to_log(script):
    ended = script(SETUP + "raise KeyboardInterrupt")
    assert ended.stderr.endswith("KeyboardInterrupt\n")
    assert "uncaught" not in ended.stderr
