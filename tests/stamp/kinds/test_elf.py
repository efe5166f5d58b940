"""Real programs: stamped, then run, and asked for their stamp themselves."""

import json
import os
import struct
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_reporter.errors import StampError
from ci_reporter.model import BuildInfo
from ci_reporter.stamp import inspect, kind_of, stamp
from ci_reporter.stamp.elf import headers
from ci_reporter.stamp.kinds.elf import ElfNote, note

INFO = BuildInfo(version="1.4.0", revision="c0ffee" + "0" * 34, branch='fix/it\'s-"late"-é', dirty=False)

# Finds the note in its own file as any program could, and prints its content.
PROGRAM = r"""
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
int main(void) {
  FILE *self = fopen("/proc/self/exe", "rb");
  Elf64_Ehdr head;
  if (!self || fread(&head, sizeof head, 1, self) != 1) return 1;
  Elf64_Shdr *table = calloc(head.e_shnum, sizeof *table);
  fseek(self, head.e_shoff, SEEK_SET);
  if (fread(table, sizeof *table, head.e_shnum, self) != head.e_shnum) return 2;
  char *names = malloc(table[head.e_shstrndx].sh_size);
  fseek(self, table[head.e_shstrndx].sh_offset, SEEK_SET);
  if (fread(names, table[head.e_shstrndx].sh_size, 1, self) != 1) return 3;
  for (int i = 0; i < head.e_shnum; i++) {
    if (strcmp(names + table[i].sh_name, ".note.ci-reporter")) continue;
    Elf64_Nhdr note;
    char owner[12], *content;
    fseek(self, table[i].sh_offset, SEEK_SET);
    if (fread(&note, sizeof note, 1, self) != 1 || fread(owner, sizeof owner, 1, self) != 1) return 4;
    content = malloc(note.n_descsz);
    if (fread(content, note.n_descsz, 1, self) != 1) return 5;
    fwrite(content, note.n_descsz, 1, stdout);
    return 0;
  }
  return 6;
}
"""
BUILDS = {
    "dynamic": (),
    "static": ("-static",),
    "fixed address": ("-no-pie",),
    "debug": ("-g",),
    "stripped": ("-s",),
}


def compiled(folder, *options, source=PROGRAM):
    (folder / "shop.c").write_text(source)
    subprocess.run(["gcc", "-w", *options, "-o", folder / "shop", folder / "shop.c"], check=True)
    return str(folder / "shop")


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The bytes of a program."""
    with open(compiled(tmp_path_factory.mktemp("built")), "rb") as file:
        return file.read()


@pytest.fixture
def program(built, tmp_path):
    path = tmp_path / "shop"
    path.write_bytes(built)
    path.chmod(0o751)
    return str(path)


@pytest.mark.parametrize("options", BUILDS.values(), ids=list(BUILDS))
def test_a_stamped_program_runs_and_reads_its_own_stamp(options, tmp_path):
    path = compiled(tmp_path, *options)
    assert subprocess.run([path]).returncode == 6
    assert stamp(path, INFO).changed
    done = subprocess.run([path], capture_output=True)
    assert done.returncode == 0
    assert json.loads(done.stdout) == {
        "version": "1.4.0",
        "revision": INFO.revision,
        "branch": INFO.branch,
        "dirty": False,
    }


@pytest.mark.parametrize("options", [("-c",), ("-shared", "-fPIC")], ids=["object file", "library"])
def test_what_is_no_program_is_read_back_too(options, tmp_path):
    path = compiled(tmp_path, *options)
    stamp(path, INFO)
    assert inspect(path) == ("elf", INFO)


def test_a_program_of_go_runs_and_is_read_back(tmp_path, go_env):
    (tmp_path / "go.mod").write_text("module example.com/shop\n")
    (tmp_path / "main.go").write_text("package main\nfunc main() { print(42) }\n")
    subprocess.run(["go", "build", "-o", "shop"], cwd=tmp_path, env=go_env, check=True)
    stamp(str(tmp_path / "shop"), INFO)
    assert subprocess.run([tmp_path / "shop"], capture_output=True).stderr == b"42"
    assert inspect(str(tmp_path / "shop")) == ("elf", INFO)


def test_readelf_shows_the_note(program):
    stamp(program, INFO)
    shown = subprocess.run(["readelf", "-nW", program], capture_output=True, text=True, check=True)
    assert "Displaying notes found in: .note.ci-reporter" in shown.stdout
    assert shown.stderr == ""


def test_mode_and_times_are_kept(program):
    os.utime(program, (1_700_000_000, 1_700_000_000))
    stamp(program, INFO)
    assert (os.stat(program).st_mode & 0o7777, os.stat(program).st_mtime) == (0o751, 1_700_000_000)


def test_stamping_twice_changes_nothing(program):
    stamp(program, INFO)
    before = os.stat(program)
    assert not stamp(program, INFO).changed
    assert (os.stat(program).st_ino, os.stat(program).st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_new_stamp_replaces_the_old_one_and_is_still_a_note(program):
    stamp(program, INFO)
    stamp(program, BuildInfo(version="2"))
    assert inspect(program) == ("elf", BuildInfo(version="2"))
    shown = subprocess.run(["readelf", "-SW", program], capture_output=True, text=True).stdout
    assert [line.split("]")[1].split()[1] for line in shown.splitlines() if ".note.ci-reporter" in line] == ["NOTE"]


def test_the_same_stamp_gives_the_same_bytes(built, tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(built)
        stamp(str(tmp_path / name), INFO)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_name_that_looks_like_an_option_is_a_name(program, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    os.rename(program, "--strip-all")
    assert stamp("--strip-all", INFO).changed


def test_nothing_of_binutils_is_needed(program, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert stamp(program, INFO).kind == "elf"


def test_a_stamp_beside_a_program_is_read_where_it_has_none(program):
    with open(f"{program}.build-info.json", "w") as file:
        file.write('{"version": "3"}')
    assert inspect(program) == ("sidecar", BuildInfo(version="3"))


def beside(path):
    """Stamp a file that cannot hold a stamp, and see that not a byte of it has changed."""
    with open(path, "rb") as file:
        before = file.read()
    assert stamp(path, INFO).where == f"{path}.build-info.json"
    assert inspect(path) == ("sidecar", INFO)
    with open(path, "rb") as file:
        return file.read() == before


def test_what_has_data_behind_its_end_has_its_stamp_beside_it(program):
    with open(program, "ab") as file:
        file.write(b"PK\x03\x04 what an AppImage or PyInstaller carries")
    assert beside(program)


def test_a_program_without_sections_has_its_stamp_beside_it(program):
    with open(program, "r+b") as file:
        file.seek(0x28)
        file.write(struct.pack("<Q", 0))  # e_shoff
        file.seek(0x3C)
        file.write(struct.pack("<HH", 0, 0))  # e_shnum, e_shstrndx
    assert beside(program)


def test_a_machine_that_nobody_knows_is_stamped_all_the_same(program):
    with open(program, "r+b") as file:
        file.seek(0x12)
        file.write(struct.pack("<H", 0xFFF0))  # e_machine
    stamp(program, INFO)
    assert inspect(program) == ("elf", INFO)


@pytest.fixture(scope="module")
def go_project(tmp_path_factory):
    folder = tmp_path_factory.mktemp("go")
    (folder / "go.mod").write_text("module example.com/shop\n")
    (folder / "main.go").write_text("package main\nfunc main() { print(42) }\n")
    return folder


# 64 and 32 bits, the other byte order; Go compiles its runtime for each, which takes seconds.
@pytest.mark.parametrize("machine", ["s390x", "mips"])
def test_a_program_for_another_machine_is_stamped(go_project, go_env, machine):
    path = str(go_project / machine)
    env = go_env | {"GOOS": "linux", "GOARCH": machine, "CGO_ENABLED": "0"}
    subprocess.run(["go", "build", "-ldflags=-s -w", "-o", path], cwd=go_project, env=env, check=True)
    before = segments(path)
    stamp(path, INFO)
    assert inspect(path) == ("elf", INFO)
    assert segments(path) == before
    shown = subprocess.run(["readelf", "-aW", path], capture_output=True, text=True, check=True)
    assert "Displaying notes found in: .note.ci-reporter" in shown.stdout
    assert shown.stderr == ""


def segments(path):
    """The program headers and what they load, but for the 64 bytes that say where the sections are."""
    shown = subprocess.run(["readelf", "-lW", path], capture_output=True, text=True, check=True).stdout
    with open(path, "rb") as file:
        elf = headers.parse(file)
        file.seek(64)
        return shown.partition("Section to Segment")[0], file.read(elf.segments_end - 64)


@pytest.mark.parametrize("options", [[], ["--strip-debug"], ["--strip-all"]], ids=" ".join)
def test_strip_leaves_the_stamp_and_the_program(program, options):
    stamp(program, INFO)
    subprocess.run(["strip", *options, program], check=True)
    assert inspect(program) == ("elf", INFO)
    assert subprocess.run([program], capture_output=True).returncode == 0
    stamp(program, BuildInfo(version="2"))
    assert inspect(program) == ("elf", BuildInfo(version="2"))
    assert subprocess.run([program], capture_output=True).stdout == b'{"version":"2"}'


def test_a_stamp_that_comes_back_leaves_no_trace_of_another(program):
    stamp(program, INFO)
    with open(program, "rb") as file:
        once = file.read()
    stamp(program, BuildInfo(version="2" * 900))
    stamp(program, INFO)
    with open(program, "rb") as file:
        assert file.read() == once


def test_an_object_file_is_linked_as_before(tmp_path):
    (tmp_path / "part.c").write_text("int answer(void) { return 42; }\n")
    (tmp_path / "main.c").write_text("int answer(void);\nint main(void) { return answer(); }\n")
    subprocess.run(["gcc", "-g", "-ffunction-sections", "-c", "part.c"], cwd=tmp_path, check=True)
    stamp(str(tmp_path / "part.o"), INFO)
    subprocess.run(["gcc", "main.c", "part.o", "-o", "main"], cwd=tmp_path, check=True)
    assert subprocess.run([tmp_path / "main"]).returncode == 42


def test_a_section_that_objcopy_added_is_replaced(program, tmp_path):
    (tmp_path / "note").write_bytes(note(BuildInfo(version="0"), "<"))
    change = ["--add-section", f".note.ci-reporter={tmp_path / 'note'}"]
    subprocess.run(
        ["objcopy", *change, "--set-section-flags", ".note.ci-reporter=noload,readonly", program], check=True
    )
    assert inspect(program) == ("elf", BuildInfo(version="0"))
    stamp(program, INFO)
    assert inspect(program) == ("elf", INFO)
    assert subprocess.run([program], capture_output=True).returncode == 0


def test_a_core_dump_is_no_program(tmp_path):
    (tmp_path / "core").write_bytes(b"\x7fELF\x02\x01\x01" + b"\0" * 9 + struct.pack("<H", 4) + b"\0" * 100)
    assert kind_of(str(tmp_path / "core")).name == "sidecar"


@pytest.mark.parametrize("size", [4, 20, 63, 64, 500, 5000, 12000])
def test_a_truncated_program_is_refused(program, built, size):
    with open(program, "wb") as file:
        file.write(built[:size])
    kind = ElfNote()
    with pytest.raises(StampError):
        kind.write(program, INFO)


@given(at=st.integers(0, 63), value=st.integers(0, 255), more=st.integers(0, 255))
def test_a_broken_header_never_ends_in_anything_but_a_stamp_error(built, tmp_path_factory, at, value, more):
    path = tmp_path_factory.getbasetemp() / "broken"
    path.write_bytes(built[:at] + bytes([value, more]) + built[at + 2 :])
    try:
        ElfNote().read(str(path))
    except StampError as exc:
        assert "broken: " in str(exc)
