"""JARs: made and run by the JDK, the stamp read by the program that runs."""

from __future__ import annotations

import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_reporter.errors import StampError
from ci_reporter.model import BuildInfo
from ci_reporter.stamp import inspect, stamp
from ci_reporter.stamp.java import manifest, properties

PROGRAM = """
package shop;
import java.io.*; import java.nio.charset.StandardCharsets; import java.util.*; import java.util.jar.*;
public class Main {
  public static void main(String[] args) throws Exception {
    PrintStream out = new PrintStream(System.out, true, "UTF-8");
    Properties found = new Properties();
    for (String name : new String[] {"/META-INF/build-info.properties", "/git.properties"})
      try (InputStream in = Main.class.getResourceAsStream(name)) { found.load(in); }
    for (String key : new TreeSet<>(found.stringPropertyNames())) out.println(key + "=" + found.getProperty(key));
    out.println("implementation=" + Main.class.getPackage().getImplementationVersion());
    String self = Main.class.getProtectionDomain().getCodeSource().getLocation().getPath();
    try (JarInputStream in = new JarInputStream(new FileInputStream(self))) {
      Attributes main = in.getManifest().getMainAttributes();
      for (String name : new String[] {"Main-Class", "Build-Revision", "Build-Branch", "CI-Run-Id"})
        out.println(name + "=" + main.getValue(name));
    }
  }
}
"""
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=200)


@pytest.fixture(scope="session")
def compiled(tmp_path_factory) -> Path:
    """A JAR as the JDK makes it, with a section of its own in the manifest."""
    folder = tmp_path_factory.mktemp("java")
    (folder / "Main.java").write_text(PROGRAM)
    (folder / "manifest").write_text(
        "Main-Class: shop.Main\nImplementation-Version: 0.1\n\nName: shop/\nSealed: true\n"
    )
    subprocess.run(["javac", "-d", folder / "out", folder / "Main.java"], check=True)
    subprocess.run(["jar", "cfm", folder / "app.jar", folder / "manifest", "-C", folder / "out", "."], check=True)
    return folder / "app.jar"


@pytest.fixture
def jar(compiled, tmp_path) -> Path:
    return Path(shutil.copy2(compiled, tmp_path))


def test_a_stamped_jar_is_read_back(jar, info):
    done = stamp(str(jar), info)
    assert (done.kind, done.changed, done.where) == ("jar", True, "META-INF/build-info.properties")
    assert inspect(str(jar)) == ("jar", info)


def test_the_running_program_tells_its_stamp(jar, info):
    stamp(str(jar), info)
    told = subprocess.run(["java", "-jar", jar], stdout=subprocess.PIPE, check=True, encoding="utf-8").stdout
    assert told.splitlines() == [
        f"build.branch={info.branch}",
        f"build.builder={info.builder}",
        f"build.ci.run.id={info.ci_run_id}",
        "build.dirty=false",
        f"build.repository.url={info.repository_url}",
        f"build.revision={info.revision}",
        f"build.run.url={info.run_url}",
        f"build.time={info.build_time}",
        "build.version=1.4.0",
        f"git.branch={info.branch}",
        f"git.commit.id={info.revision}",
        "git.dirty=false",
        "implementation=1.4.0",
        "Main-Class=shop.Main",
        f"Build-Revision={info.revision}",
        f"Build-Branch={info.branch}",
        f"CI-Run-Id={info.ci_run_id}",
    ]


def test_the_manifest_stays_first(jar, info):
    with zipfile.ZipFile(jar) as archive:
        before = archive.namelist()
    stamp(str(jar), info)
    with zipfile.ZipFile(jar) as archive:
        assert archive.namelist() == [*before, "META-INF/build-info.properties", "git.properties"]
        assert archive.testzip() is None


def test_sections_of_the_manifest_stay(jar, info):
    stamp(str(jar), info)
    with zipfile.ZipFile(jar) as archive:
        assert archive.read("META-INF/MANIFEST.MF").endswith(b"\r\n\r\nName: shop/\r\nSealed: true\r\n\r\n")


def test_stamping_twice_touches_nothing(jar, info):
    stamp(str(jar), info)
    before, status = jar.read_bytes(), jar.stat()
    assert not stamp(str(jar), info).changed
    assert (jar.read_bytes(), jar.stat().st_mtime_ns) == (before, status.st_mtime_ns)


def test_a_signed_jar_is_refused(jar, info, tmp_path):
    store = ["-keystore", tmp_path / "keys", "-storepass", "changeit"]
    made = ["keytool", "-genkeypair", "-alias", "me", "-keyalg", "EC", "-dname", "CN=me", *store]
    subprocess.run(made, check=True, capture_output=True)
    subprocess.run(["jarsigner", *store, jar, "me"], check=True, capture_output=True)
    before = jar.read_bytes()
    with pytest.raises(StampError, match=r"is signed \(META-INF/ME.SF\)"):
        stamp(str(jar), info)
    assert jar.read_bytes() == before


def test_a_stamped_jar_can_be_signed_and_stamped_alike_again(jar, info, tmp_path):
    stamp(str(jar), info)
    store = ["-keystore", tmp_path / "keys", "-storepass", "changeit"]
    made = ["keytool", "-genkeypair", "-alias", "me", "-keyalg", "EC", "-dname", "CN=me", *store]
    subprocess.run(made, check=True, capture_output=True)
    subprocess.run(["jarsigner", *store, jar, "me"], check=True, capture_output=True)
    assert b"jar verified" in subprocess.run(["jarsigner", "-verify", jar], stdout=subprocess.PIPE).stdout
    before = jar.read_bytes()
    assert not stamp(str(jar), info).changed
    with pytest.raises(StampError, match=r"is signed \(META-INF/ME.SF\)"):
        stamp(str(jar), BuildInfo(version="2"))
    assert jar.read_bytes() == before


def test_attributes_in_another_order_are_the_same_stamp(make_zip, info):
    attributes = manifest.merge(b"Manifest-Version: 1.0\n\n", info).rstrip(b"\n").split(b"\n")
    kept = [b"Manifest-Version: 1.0", b"Implementation-Version: 1.4.0"]
    others = re.split(rb"\n(?! )", b"\n".join(each for each in attributes if each not in kept))
    shuffled = b"\n".join([kept[0], *reversed(others), kept[1], b"Created-By: 17"]) + b"\n\n"
    assert manifest.holds(shuffled, info)
    assert not manifest.holds(shuffled, BuildInfo(version="1.4.0"))
    assert not manifest.holds(shuffled.replace(b"1.4.0", b"1.4.1"), info)


@pytest.mark.parametrize(
    ("there", "place"),
    [
        ("WEB-INF/classes/A.class", "WEB-INF/classes/META-INF/build-info.properties"),
        ("BOOT-INF/classes/A.class", "META-INF/build-info.properties"),
        ("BOOT-INF/classes/META-INF/build-info.properties", "BOOT-INF/classes/META-INF/build-info.properties"),
    ],
    ids=["war", "executable jar", "executable jar that has one"],
)
def test_the_stamp_is_on_the_class_path(make_zip, info, there, place):
    path = make_zip({"META-INF/MANIFEST.MF": b"Manifest-Version: 1.0\n", there: b""}, "a.war")
    assert stamp(str(path), info).where == place
    assert inspect(str(path)) == ("jar", info)


def test_what_the_build_wrote_into_the_properties_stays(make_zip, info):
    theirs = b"# Properties\nbuild.name=shop\nbuild.version=0\n"
    files = {"META-INF/MANIFEST.MF": b"Manifest-Version: 1.0\n", "META-INF/build-info.properties": theirs}
    path = make_zip(files, "a.jar")
    stamp(str(path), info)
    with zipfile.ZipFile(path) as archive:
        found = archive.read("META-INF/build-info.properties")
    assert found.startswith(b"# Properties\nbuild.name=shop\nbuild.version=1.4.0\n")


def test_git_properties_of_the_build_stay(make_zip, info):
    files = {"META-INF/MANIFEST.MF": b"Manifest-Version: 1.0\n", "git.properties": b"git.commit.id=abc\n"}
    path = make_zip(files, "a.jar")
    stamp(str(path), info)
    with zipfile.ZipFile(path) as archive:
        assert archive.read("git.properties") == b"git.commit.id=abc\n"


@given(version=TEXT, branch=TEXT, theirs=st.text(" \t\\=:#!abu.\n\r", max_size=60))
def test_properties_are_read_back_whatever_stands_in_them(version, branch, theirs):
    info = BuildInfo(version=version, branch=branch, dirty=True)
    merged = properties.merge(theirs.encode(), info)
    assert properties.build_info(merged) == info
    assert properties.merge(merged, info) == merged


@given(value=TEXT, end=st.sampled_from([b"\n", b"\r\n"]))
def test_no_value_adds_an_attribute_or_a_long_line(value, end):
    before = end.join([b"Manifest-Version: 1.0", b"A: " + b"x" * 60, b" yy", b"", b"Name: a", b"B: c", b"", b""])
    after = manifest.merge(before, BuildInfo(branch=value))
    main, _, rest = after.partition(end + end)
    assert rest == before.partition(end + end)[2]
    names = [line.partition(b":")[0] for line in main.split(end) if not line.startswith(b" ")]
    assert names == [b"Manifest-Version", b"A", b"Build-Branch"]
    assert all(len(line) + len(end) <= 72 for line in main.split(end))
    assert manifest.merge(after, BuildInfo(branch=value)) == after
