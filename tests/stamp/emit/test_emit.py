"""Every format is read by what it is for, and a hostile value is still that value there."""

import json
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ci_reporter import buildinfo
from ci_reporter.errors import UsageError
from ci_reporter.model import BuildInfo
from ci_reporter.stamp.emit import FORMATS, render
from ci_reporter.stamp.oci import keys

HOSTILE = {
    "plain": "feature/login",
    "command": "$(touch owned)`touch owned`",
    "single quote": "it's; touch owned #",
    "double quote": 'a" ; touch owned ; "',
    "both quotes": "'\";touch owned;'\"",
    "backslashes": "\\n\\\\ \\' \\",
    "trigraph": '??/" ??( %s %n',
    "spaces": "  -o owned  --flag ",
    "markup": "</script><script>*/ --> #{x} {{ y }} ${z} !!python/object",
    "letters": "Überprüfung-日本-😀",
    "number": "1.10",
    "word": "no",
    "break": "a\nBUILD_VERSION=9\r\nendless\n\tend",
}


def info(branch):
    return BuildInfo(version="1.2.3", revision="c0ffee", branch=branch, dirty=False, build_time="2026-01-31T12:00:00Z")


def one_line(text):
    return re.sub(r"[\r\n\t]", "_", text)


@pytest.fixture(params=HOSTILE.values(), ids=list(HOSTILE))
def branch(request):
    return request.param


def run(*command, folder, env=None):
    """What a command prints; nothing may have been `touch`ed by it."""
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, timeout=280)
    assert done.returncode == 0, done.stderr.decode()
    assert not (folder / "owned").exists()
    return done.stdout


def test_json_is_the_content_of_the_file(branch):
    assert buildinfo.from_json(json.loads(render(info(branch), "json"))) == info(branch)


def test_shell_lines_give_the_value(branch, tmp_path):
    (tmp_path / "build.sh").write_bytes(render(info(branch), "shell").encode())
    shown = run("sh", "-c", ". ./build.sh; exec printenv -0 BUILD_BRANCH", folder=tmp_path)
    assert shown.decode() == branch + "\0"


def test_shell_lines_may_be_evaluated(branch, tmp_path):
    (tmp_path / "build.sh").write_bytes(render(info(branch), "shell").encode())
    shown = run("sh", "-c", 'eval "$(cat build.sh)"; printf "%s." "$BUILD_BRANCH$BUILD_VERSION"', folder=tmp_path)
    assert shown.decode() == branch + "1.2.3."


def test_a_dotenv_file_is_harmless_to_a_shell_that_reads_it(branch, tmp_path):
    (tmp_path / "build.env").write_text(render(info(branch), "dotenv"))
    shown = run("sh", "-c", '. ./build.env; printf %s "$BUILD_BRANCH"', folder=tmp_path).decode()
    assert re.fullmatch("[A-Za-z0-9_./:@%+,=-]*", shown)
    assert len(shown) == len(branch)


@given(st.lists(st.text(max_size=1000), min_size=8, max_size=8))
def test_dotenv_stays_within_the_limits_of_gitlab(values):
    names = [name for name in keys.KEYS if name != "dirty"]
    text = render(BuildInfo(dirty=True, **dict(zip(names, values, strict=True))), "dotenv")
    lines = text.splitlines()
    assert len(text.encode()) <= 5 * 1024
    assert len(lines) <= 20
    assert all(re.fullmatch(r"[A-Za-z0-9_]+=[^\s'\"$`\\]*", line) for line in lines)


def test_dotenv_leaves_out_what_it_would_have_to_cut():
    text = render(BuildInfo(version="1", run_url="https://ci.example/" + "x" * 900), "dotenv")
    assert text == "BUILD_VERSION=1\n"


@pytest.fixture(scope="module")
def loaded_by_java(tmp_path_factory):
    """What one Java program loads of each branch: how many properties, and the branch."""
    folder = tmp_path_factory.mktemp("java")
    names = [f"{number}.properties" for number in range(len(HOSTILE))]
    for name, branch in zip(names, HOSTILE.values(), strict=True):
        (folder / name).write_text(render(info(branch), "properties"), encoding="ascii")
    (folder / "Show.java").write_text(
        textwrap.dedent("""\
            import java.io.*; import java.util.*;
            class Show { public static void main(String[] names) throws IOException {
              for (String name : names) {
                Properties p = new Properties(); p.load(new FileInputStream(name));
                System.out.write((p.size() + p.getProperty("build.branch") + "\\0").getBytes("UTF-8")); }
              System.out.flush(); } }
        """)
    )
    shown = run("java", "-Xshare:auto", "-XX:TieredStopAtLevel=1", "Show.java", *names, folder=folder).decode()
    return dict(zip(HOSTILE.values(), shown.split("\0")[:-1], strict=True))


def test_java_loads_the_properties(branch, loaded_by_java):
    assert loaded_by_java[branch] == "5" + branch


def outputs(text):
    """Read a file of step outputs as GitHub's runner does."""
    lines, found = iter(text.split("\n")), {}
    for line in lines:
        if re.match("[^=]*<<", line):
            name, _, delimiter = line.partition("<<")
            value = []
            while (each := next(lines)) != delimiter:
                value.append(each)
            found[name] = "\n".join(value)
        elif line:
            name, _, found[name] = line.partition("=")
    return found


def test_github_reads_every_output_and_no_other(branch):
    assert outputs(render(info(branch), "github-output")) == {
        "version": "1.2.3",
        "revision": "c0ffee",
        "branch": branch,
        "dirty": "false",
        "build_time": "2026-01-31T12:00:00Z",
    }


@given(st.text())
def test_no_value_ends_its_own_fence(text):
    assert outputs(render(BuildInfo(branch=text), "github-output"))["branch"] == text.replace("\0", "_")


def test_go_links_the_values(tmp_path, go_env):
    (tmp_path / "go.mod").write_text("module example.com/shop\n")
    (tmp_path / "main.go").write_text(
        'package main\nimport "os"\nvar Version, Branch = "?", "?"\n'
        "func main() { os.Stdout.WriteString(Version + Branch) }\n"
    )
    for number, branch in enumerate(HOSTILE.values()):
        (tmp_path / "flags").write_text(render(info(branch), "go-ldflags"))
        run("sh", "-c", f'go build -ldflags "$(cat flags)" -o shop{number}', folder=tmp_path, env=go_env)
        held = one_line(branch).replace('"', "_") if "'" in branch else one_line(branch)
        assert run(f"./shop{number}", folder=tmp_path).decode() == "1.2.3" + held


def test_go_package_may_be_another():
    assert render(BuildInfo(version="1"), "go-ldflags", package="example.com/shop/v2") == (
        "-X 'example.com/shop/v2.Version=1'"
    )


def test_go_package_that_is_none_is_a_usage_error():
    with pytest.raises(UsageError, match="is not a Go package"):
        render(BuildInfo(version="1"), "go-ldflags", package="main' -extld=sh '")


def test_cargo_gets_one_instruction_a_value(branch):
    lines = render(info(branch), "cargo").removesuffix("\n").split("\n")
    assert lines[2] == f"cargo:rustc-env=BUILD_BRANCH={one_line(branch)}"
    assert [line.split("=")[0] for line in lines] == ["cargo:rustc-env"] * 5


def test_cargo_gets_no_instruction_from_a_branch():
    text = render(BuildInfo(branch="x\ncargo:rustc-link-arg=-fuse-ld=./owned\u2028\x85"), "cargo")
    assert text == "cargo:rustc-env=BUILD_BRANCH=x_cargo:rustc-link-arg=-fuse-ld=./owned__\n"


@pytest.mark.parametrize("format", ["docker-args", "buildx-args"])
def test_a_shell_takes_docker_arguments_for_words(branch, format, tmp_path):  # noqa: A002
    (tmp_path / "arguments").write_bytes(render(info(branch), format).encode())
    shown = run("sh", "-c", """eval "printf '%s\\\\0' $(cat arguments)" """, folder=tmp_path).decode().split("\0")[:-1]
    assert shown[:2] == ["--label", "org.opencontainers.image.version=1.2.3"]
    assert set(shown[::2]) <= {"--label", "--annotation"}
    assert f"io.github.ci-reporter.branch={one_line(branch)}" in shown


def test_labels_that_docker_was_given_are_read_back_as_a_stamp(tmp_path):
    words = run("sh", "-c", f"printf '%s\\n' {render(info('main'), 'docker-args').strip()}", folder=tmp_path)
    labels = dict(word.split("=", 1) for word in words.decode().splitlines() if word != "--label")
    assert keys.from_labels(labels) == info("main")


def test_python_imports_the_module(branch, tmp_path):
    (tmp_path / "build_info.py").write_text(render(info(branch), "python"), encoding="ascii")
    shown = run(
        sys.executable,
        "-c",
        "import json, build_info as b; print(json.dumps([b.BRANCH, b.DIRTY, b.RUN_URL]))",
        folder=tmp_path,
    )
    assert json.loads(shown) == [branch, False, None]


@pytest.fixture(scope="module")
def imported_by_node(tmp_path_factory):
    """What one Node.js program imports of each branch: branch, dirty and runUrl."""
    folder = tmp_path_factory.mktemp("node")
    for number, branch in enumerate(HOSTILE.values()):
        (folder / f"{number}.mjs").write_text(render(info(branch), "js"), encoding="ascii")
    (folder / "show.mjs").write_text(
        f"for (let n = 0; n < {len(HOSTILE)}; n++) {{ const b = await import(`./${{n}}.mjs`); "
        "console.log(JSON.stringify([b.branch, b.dirty, b.runUrl])) }"
    )
    lines = run("node", "show.mjs", folder=folder).splitlines()
    return dict(zip(HOSTILE.values(), map(json.loads, lines), strict=True))


def test_node_imports_the_module(branch, imported_by_node):
    assert imported_by_node[branch] == [branch, False, None]


def test_a_script_in_a_page_is_not_ended_by_a_value():
    assert "</script" not in render(info("</script>"), "js")


def test_typescript_is_the_javascript_with_types(branch):
    typed = render(info(branch), "ts")
    assert re.sub(r"^(export const \w+): \w+ \| null", r"\1", typed, flags=re.MULTILINE) == render(info(branch), "js")


@pytest.mark.parametrize("standard", ["c89", "c17", "gnu17"])
def test_c_programs_print_the_value(standard, tmp_path):
    everything = "".join(HOSTILE.values())
    (tmp_path / "build_info.h").write_text(render(info(everything), "c"), encoding="ascii")
    (tmp_path / "show.c").write_text(
        '#include <stdio.h>\n#include "build_info.h"\n#include "build_info.h"\n'
        "int main(void) { fputs(BUILD_BRANCH BUILD_RUN_URL, stdout); return BUILD_DIRTY; }\n"
    )
    run("gcc", f"-std={standard}", "-Wall", "-Werror", "-o", "show", "show.c", folder=tmp_path)
    assert run("./show", folder=tmp_path).decode() == everything


@pytest.mark.parametrize(
    ("format", "path"), [("kubernetes", ["metadata", "annotations"]), ("helm", ["podAnnotations"])]
)
def test_yaml_holds_texts(branch, format, path):  # noqa: A002
    tree = yaml.safe_load(render(info(branch), format))
    for key in path:
        tree = tree[key]
    assert tree["io.github.ci-reporter.branch"] == branch
    assert tree["io.github.ci-reporter.dirty"] == "false"


@pytest.mark.parametrize("format", FORMATS)
def test_what_is_unknown_breaks_no_format(format):  # noqa: A002
    assert "None" not in render(BuildInfo(), format) or format == "python"


@pytest.mark.parametrize("format", FORMATS)
@given(text=st.text(st.characters(codec=None), max_size=30))
def test_every_format_takes_every_text(format, text):  # noqa: A002
    render(BuildInfo(branch=text), format).encode()


def test_unknown_format_says_which_there_are():
    with pytest.raises(UsageError, match="no format named 'toml' \\(known: json, dotenv"):
        render(BuildInfo(), "toml")


PAGE = Path(__file__).parents[3] / "docs/reference/emit.md"
SHOWN = BuildInfo(
    version="1.4.0",
    revision="c0ffee0123456789c0ffee0123456789c0ffee01",
    branch="fix/it's-late",
    dirty=False,
    build_time="2026-01-31T12:00:00Z",
    ci_run_id="gitlab-4711-1",
)


@pytest.mark.parametrize("format", FORMATS)
def test_the_reference_shows_what_is_printed(format):  # noqa: A002
    section = PAGE.read_text().partition(f"\n## {format}\n")[2].partition("\n## ")[0]
    assert f"\n{render(SHOWN, format).rstrip()}\n```" in section
