"""Images in layouts and tars, read and checked by skopeo after stamping."""

import gzip
import hashlib
import io
import json
import os
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_reporter.errors import StampError
from ci_reporter.model import BuildInfo
from ci_reporter.stamp import inspect, kind_of, stamp
from ci_reporter.stamp.digest import subjects
from ci_reporter.stamp.kinds.imagetar import ImageTar
from ci_reporter.stamp.oci.keys import KEYS, from_labels, merge

INFO = BuildInfo(
    version="1.4.0",
    revision="c0ffee" + "0" * 34,
    branch='fix/it\'s "late" é',
    dirty=False,
    build_time="2026-01-31T12:00:00Z",
    ci_run_id="gitlab-4711-1",
    run_url="https://gitlab.example/acme/shop/-/pipelines/4711",
    repository_url="https://gitlab.example/acme/shop",
)
INDEX_TYPE = "application/vnd.oci.image.index.v1+json"
MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar+gzip"
BASE_LABELS = {"org.opencontainers.image.version": "22.04", "maintainer": "Ada <ada@example.com>"}


def digest_of(content):
    return "sha256:" + hashlib.sha256(content).hexdigest()


class Layout:
    """An OCI image layout made by hand."""

    def __init__(self, root):
        self.root = Path(root)
        (self.root / "blobs/sha256").mkdir(parents=True)
        (self.root / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')

    def blob(self, content, media_type, **more):
        content = content if isinstance(content, bytes) else json.dumps(content, indent=3).encode()
        self.path(digest_of(content)).write_bytes(content)
        return {"mediaType": media_type, "digest": digest_of(content), "size": len(content)} | more

    def path(self, digest):
        return self.root / "blobs" / digest.replace(":", "/")

    def image(self, architecture="amd64", text=b"hello\n", manifest=(), **more):
        layer = tar_of({"hello.txt": text})
        packed = gzip.compress(layer, mtime=0)
        config = {
            "architecture": architecture,
            "os": "linux",
            "config": {"Cmd": ["/hello"], "Labels": BASE_LABELS},
            "rootfs": {"type": "layers", "diff_ids": [digest_of(layer)]},
        }
        tree = {
            "schemaVersion": 2,
            "mediaType": MANIFEST_TYPE,
            "config": self.blob(config, CONFIG_TYPE),
            "layers": [self.blob(packed, LAYER_TYPE)],
        }
        return self.blob(tree | dict(manifest), MANIFEST_TYPE, **more)

    def index(self, *manifests, **more):
        tree = {"schemaVersion": 2, "manifests": list(manifests)} | more
        (self.root / "index.json").write_text(json.dumps(tree))
        return str(self.root)

    def files(self):
        return {str(each.relative_to(self.root)): each.read_bytes() for each in self.root.rglob("*") if each.is_file()}


def tar_of(files):
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return held.getvalue()


def entries(path):
    """Name, mode, time and content of each file of a tar."""
    with tarfile.open(path) as tar:
        return {each.name: (each.mode, each.mtime, tar.extractfile(each).read()) for each in tar if each.isreg()}


def skopeo(*arguments):
    done = subprocess.run(["skopeo", "--insecure-policy", *arguments], capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def labels_of(source, *options):
    return json.loads(skopeo("inspect", "--config", *options, source))["config"]["Labels"]


def named(tag="1"):
    return {"annotations": {"org.opencontainers.image.ref.name": tag}}


@pytest.fixture
def layout(tmp_path):
    made = Layout(tmp_path / "image")
    made.index(made.image(**named()))
    return made


@pytest.fixture(params=["docker-archive", "oci-archive", "docker save of today"])
def archive(request, layout, tmp_path):
    """A tar of an image, and how skopeo calls it."""
    path = tmp_path / "image.tar"
    if request.param != "docker save of today":
        skopeo("copy", f"oci:{layout.root}:1", f"{request.param}:{path}:shop:1")
        return str(path), f"{request.param}:{path}"
    descriptor = json.loads((layout.root / "index.json").read_text())["manifests"][0]
    manifest = json.loads(layout.path(descriptor["digest"]).read_text())
    names = {
        key: "blobs/" + value.replace(":", "/")
        for key, value in (("Config", manifest["config"]["digest"]), ("Layer", manifest["layers"][0]["digest"]))
    }
    saved = [{"Config": names["Config"], "RepoTags": ["shop:1"], "Layers": [names["Layer"]]}]
    path.write_bytes(tar_of(layout.files() | {"manifest.json": json.dumps(saved).encode()}))
    return str(path), f"docker-archive:{path}"


def test_skopeo_shows_the_labels_of_a_stamped_layout(layout):
    assert stamp(str(layout.root), INFO).changed
    assert labels_of(f"oci:{layout.root}:1") == {
        "maintainer": "Ada <ada@example.com>",
        "org.opencontainers.image.version": "1.4.0",
        "org.opencontainers.image.revision": INFO.revision,
        "org.opencontainers.image.created": "2026-01-31T12:00:00Z",
        "org.opencontainers.image.source": "https://gitlab.example/acme/shop",
        "org.opencontainers.image.url": INFO.run_url,
        "io.github.ci-reporter.branch": INFO.branch,
        "io.github.ci-reporter.dirty": "false",
        "io.github.ci-reporter.ci-run-id": "gitlab-4711-1",
        "io.github.ci-reporter.stamp": "version revision branch dirty build_time ci_run_id run_url repository_url",
    }


def test_the_manifest_is_annotated(layout):
    stamp(str(layout.root), INFO)
    manifest = json.loads(skopeo("inspect", "--raw", f"oci:{layout.root}:1"))
    assert manifest["annotations"]["org.opencontainers.image.revision"] == INFO.revision


def test_skopeo_copies_a_stamped_layout_and_finds_every_digest_right(layout, tmp_path):
    stamp(str(layout.root), INFO)
    skopeo("copy", f"oci:{layout.root}:1", f"oci:{tmp_path}/copy:1")
    assert inspect(str(tmp_path / "copy")) == ("oci", INFO)


def test_no_old_document_stays_and_every_layer_does(layout):
    before = layout.files()
    stamp(str(layout.root), INFO)
    after = layout.files()
    assert [name for name in after if name.startswith("blobs/") and digest_of(after[name])[7:] not in name] == []
    assert len(after) == len(before)
    kept = [name for name in before if name in after and name != "index.json"]
    assert {name: before[name] for name in kept} == {name: after[name] for name in kept}
    assert len(kept) == 2  # oci-layout and the layer


def test_skopeo_shows_the_labels_of_a_stamped_tar(archive):
    path, source = archive
    assert kind_of(path).name == "image-tar"
    assert stamp(path, INFO).changed
    assert labels_of(source)["org.opencontainers.image.version"] == "1.4.0"
    assert inspect(path) == ("image-tar", INFO)


def test_skopeo_unpacks_a_stamped_tar_and_finds_every_digest_right(archive, tmp_path):
    path, source = archive
    stamp(path, INFO)
    skopeo("copy", source, f"oci:{tmp_path}/copy:1")
    assert inspect(str(tmp_path / "copy")) == ("oci", INFO)


def test_a_tar_keeps_its_tags_and_its_other_entries(archive):
    path, _ = archive
    before = entries(path)
    stamp(path, INFO)
    after = entries(path)
    assert len(after) == len(before)
    changed = {name for name in before if before[name] != after.get(name)}
    assert all(len(before[name][2]) < 4096 for name in changed)
    tags = [json.loads(each["manifest.json"][2])[0]["RepoTags"] for each in (before, after) if "manifest.json" in each]
    assert tags[:1] == tags[1:]


def test_every_platform_is_stamped(tmp_path):
    layout = Layout(tmp_path / "image")
    platforms = [
        layout.image(each, text=each.encode(), platform={"os": "linux", "architecture": each})
        for each in ("amd64", "arm64")
    ]
    nested = layout.blob({"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": platforms}, INDEX_TYPE, **named())
    stamp(layout.index(nested), INFO)
    for each in ("amd64", "arm64"):
        found = json.loads(skopeo("--override-arch", each, "inspect", "--config", f"oci:{layout.root}:1"))
        assert (found["architecture"], found["config"]["Labels"]["org.opencontainers.image.version"]) == (each, "1.4.0")
    skopeo("copy", "--all", f"oci:{layout.root}:1", f"oci:{tmp_path}/copy:1")


def test_two_tags_of_one_image_stay_one_image(layout):
    image = layout.image()
    stamp(layout.index(image | named("1"), image | named("2")), INFO)
    assert labels_of(f"oci:{layout.root}:2") == labels_of(f"oci:{layout.root}:1")


def test_stamping_a_layout_twice_changes_nothing(layout):
    stamp(str(layout.root), INFO)
    before = {each: each.stat().st_mtime_ns for each in layout.root.rglob("*")}
    assert not stamp(str(layout.root), INFO).changed
    assert {each: each.stat().st_mtime_ns for each in layout.root.rglob("*")} == before


def test_stamping_a_tar_twice_changes_nothing(archive):
    path, _ = archive
    os.chmod(path, 0o640)
    os.utime(path, (1_700_000_000, 1_700_000_000))
    assert stamp(path, INFO).changed
    before, content = os.stat(path), Path(path).read_bytes()
    assert not stamp(path, INFO).changed
    after = os.stat(path)
    assert (after.st_ino, after.st_mtime, after.st_mode & 0o777) == (before.st_ino, 1_700_000_000, 0o640)
    assert Path(path).read_bytes() == content


def test_the_same_stamp_gives_the_same_bytes(archive, tmp_path):
    path, _ = archive
    other = shutil.copy(path, tmp_path / "other.tar")
    stamp(path, INFO)
    stamp(str(other), INFO)
    assert Path(path).read_bytes() == Path(other).read_bytes()


def test_a_new_stamp_replaces_the_old_one(archive):
    path, source = archive
    stamp(path, INFO)
    stamp(path, BuildInfo(version="2.0.0"))
    assert inspect(path) == ("image-tar", BuildInfo(version="2.0.0"))
    assert "io.github.ci-reporter.branch" not in labels_of(source)


def test_what_is_no_image_has_its_stamp_in_the_annotations(tmp_path):
    layout = Layout(tmp_path / "chart")
    config = layout.blob({"name": "shop", "version": "1.4.0"}, "application/vnd.cncf.helm.config.v1+json")
    chart = layout.blob(b"chart", "application/vnd.cncf.helm.chart.content.v1.tar+gzip")
    tree = {"schemaVersion": 2, "mediaType": MANIFEST_TYPE, "config": config, "layers": [chart]}
    path = layout.index(layout.blob(tree, MANIFEST_TYPE))
    stamp(path, INFO)
    assert inspect(path) == ("oci", INFO)
    assert layout.path(config["digest"]).exists()


infos = st.builds(
    BuildInfo,
    dirty=st.none() | st.booleans(),
    **dict.fromkeys(
        (name for name in KEYS if name != "dirty"),
        st.none() | st.text(st.characters(codec="utf-8", exclude_characters="\0")),
    ),
)


@given(infos, infos)
def test_what_goes_into_labels_comes_back(before, after):
    assert from_labels(merge(BASE_LABELS, before)) == before
    assert from_labels(merge(merge(BASE_LABELS, before), after)) == after


def test_a_statement_names_an_image_as_a_registry_does(layout, tmp_path):
    stamp(str(layout.root), INFO)
    raw = skopeo("inspect", "--raw", f"oci:{layout.root}:1")
    assert subjects([str(layout.root)]) == {"image:1": digest_of(raw).removeprefix("sha256:")}


def test_labels_inherited_from_a_base_image_are_no_stamp(layout):
    assert inspect(str(layout.root)) is None


def test_a_config_that_docker_wrote_takes_no_annotations(layout, tmp_path):
    skopeo("copy", "--format", "v2s2", f"oci:{layout.root}:1", f"dir:{tmp_path}/docker")
    manifest = json.loads((tmp_path / "docker/manifest.json").read_text())
    made = Layout(tmp_path / "other")
    for each in (tmp_path / "docker").iterdir():
        made.blob(each.read_bytes(), "")
    content = (tmp_path / "docker/manifest.json").read_bytes()
    path = made.index(made.blob(content, manifest["mediaType"], **named()))
    stamp(path, INFO)
    after = json.loads(
        made.path(json.loads((made.root / "index.json").read_text())["manifests"][0]["digest"]).read_text()
    )
    assert "annotations" not in after
    assert inspect(path) == ("oci", INFO)


def attestation(layout, image):
    about = {"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": image["digest"]}
    return layout.image("unknown", annotations=about)


def signature(layout, image):
    return layout.image(manifest={"subject": {key: image[key] for key in ("mediaType", "digest", "size")}})


@pytest.mark.parametrize("attached", [attestation, signature])
def test_an_image_with_a_signature_is_refused(layout, attached):
    image = layout.image(**named())
    path = layout.index(image, attached(layout, image))
    before = layout.files()
    with pytest.raises(StampError, match="stamp before signing"):
        stamp(path, INFO)
    assert layout.files() == before


def test_an_image_that_was_signed_after_it_was_stamped_is_left_alone(layout):
    stamp(str(layout.root), INFO)
    image = json.loads((layout.root / "index.json").read_text())["manifests"][0]
    assert not stamp(layout.index(image, signature(layout, image)), INFO).changed


def wrong_digest(layout):
    image = layout.image()
    layout.path(image["digest"]).write_bytes(layout.path(image["digest"]).read_bytes() + b" ")
    return image


def traversing_digest(layout):
    return layout.image() | {"digest": "sha256:../../../../etc/passwd"}


def huge_manifest(layout):
    return layout.blob(b'{"layers": "' + b"x" * 5 * 1024**2 + b'"}', MANIFEST_TYPE)


def deep_manifest(layout):
    return layout.blob(b'{"a":' * 100_000, MANIFEST_TYPE)


def repeated_key(layout):
    return layout.blob(b'{"config": {}, "config": {}, "layers": []}', MANIFEST_TYPE)


def missing_blob(layout):
    return layout.image() | {"digest": "sha256:" + "0" * 64}


def deep_indexes(layout):
    inner = layout.image()
    for _ in range(6):
        inner = layout.blob({"schemaVersion": 2, "manifests": [inner]}, INDEX_TYPE)
    return inner


def no_list(layout):
    return layout.blob({"schemaVersion": 2, "manifests": {"a": 1}}, INDEX_TYPE)


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (wrong_digest, "is not what its digest says"),
        (traversing_digest, "not a sha256 digest"),
        (huge_manifest, "larger than 4 MiB"),
        (deep_manifest, "is not JSON"),
        (repeated_key, "a key stands in it twice"),
        (missing_blob, "cannot be read: No such file"),
        (deep_indexes, "more than 4 deep"),
        (no_list, "not a list of JSON objects"),
    ],
    ids=lambda each: getattr(each, "__name__", ""),
)
def test_a_hostile_layout_is_refused_and_left_as_it_was(tmp_path, made, reason):
    layout = Layout(tmp_path / "image")
    path = layout.index(made(layout))
    before = layout.files()
    with pytest.raises(StampError, match=reason):
        stamp(path, INFO)
    assert layout.files() == before


@pytest.mark.parametrize("linked", ["blobs", "index.json"])
def test_a_layout_reached_by_a_link_is_refused(layout, tmp_path, linked):
    (layout.root / linked).rename(tmp_path / "elsewhere")
    (layout.root / linked).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StampError, match="is reached by a link"):
        stamp(str(layout.root), INFO)


def extended(path, *more):
    """Add entries to a tar: (name, content) or a TarInfo."""
    with tarfile.open(path, "a") as tar:
        for each in more:
            if isinstance(each, tarfile.TarInfo):
                tar.addfile(each)
            else:
                entry = tarfile.TarInfo(each[0])
                entry.size = len(each[1])
                tar.addfile(entry, io.BytesIO(each[1]))


def link(name, target, kind=tarfile.SYMTYPE):
    made = tarfile.TarInfo(name)
    made.type, made.linkname = kind, target
    return made


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        (("../../etc/cron.d/x", b"x"), "leads out of it"),
        (("/etc/cron.d/x", b"x"), "leads out of it"),
        (link("a/b", "../../etc"), "link that leads out"),
        (link("a", "/etc/passwd"), "link that leads out"),
        (link("a", "../x", tarfile.LNKTYPE), "link that leads out"),
        (("index.json", b"{}"), "two entries called 'index.json'"),
    ],
    ids=["traversal", "absolute", "relative link", "absolute link", "hard link", "twice"],
)
def test_a_hostile_tar_is_refused_and_left_as_it_was(layout, tmp_path, more, reason):
    path = tmp_path / "image.tar"
    path.write_bytes(tar_of(layout.files()))
    extended(path, more)
    before = path.read_bytes()
    with pytest.raises(StampError, match=reason):
        stamp(str(path), INFO)
    assert path.read_bytes() == before


@pytest.mark.parametrize("left", [0.3, 0.6, 0.9])
def test_a_truncated_tar_is_never_an_image(archive, left):
    path, _ = archive
    content = Path(path).read_bytes().rstrip(b"\0")
    Path(path).write_bytes(content[: int(len(content) * left)])
    assert not ImageTar().takes(path)
    with pytest.raises(StampError):
        ImageTar().write(path, INFO)


def test_a_file_called_manifest_json_makes_no_image(tmp_path):
    path = tmp_path / "extension.tar"
    path.write_bytes(tar_of({"manifest.json": b'{"manifest_version": 3}', "a.js": b""}))
    assert kind_of(str(path)).name != "image-tar"


def test_names_with_a_dot_before_them_are_found(layout, tmp_path):
    path = tmp_path / "image.tar"
    subprocess.run(["tar", "-C", layout.root, "-cf", path, "."], check=True)
    stamp(str(path), INFO)
    assert inspect(str(path)) == ("image-tar", INFO)
    assert all(name.startswith("./") for name in entries(path))
    assert labels_of(f"oci-archive:{path}:1")["org.opencontainers.image.version"] == "1.4.0"


def test_long_names_and_links_inside_are_copied_as_they_are(layout, tmp_path):
    path = tmp_path / "image.tar"
    path.write_bytes(tar_of({"a" * 300: b"before"} | layout.files()))
    extended(path, link("b", "oci-layout"), ("é" * 200, b"after"))
    stamp(str(path), INFO)
    with tarfile.open(path) as tar:
        assert tar.extractfile("a" * 300).read() == b"before"
        assert tar.extractfile("é" * 200).read() == b"after"
        assert tar.getmember("b").linkname == "oci-layout"
