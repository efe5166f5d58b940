"""`docker save | gzip` and its like: the image gets its labels, not the tar file a `build-info.json`."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
import tarfile

import pytest

from ci_reporter.errors import StampError
from ci_reporter.model import BuildInfo
from ci_reporter.stamp import inspect, kind_of, stamp

INFO = BuildInfo(version="1.4.0", branch="main")
PACKERS = {"gz": "gzip", "bz2": "bzip2", "xz": "xz", "zst": "zstd"}


def tar_of(files):
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return held.getvalue()


def saved(**more):
    """What `docker save` writes of an image with one file in it."""
    layer = tar_of({"etc/hello": b"hello"})
    rootfs = {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(layer).hexdigest()]}
    config = {"architecture": "amd64", "os": "linux", "config": {"Labels": {"team": "web"}}, "rootfs": rootfs}
    content = json.dumps(config).encode()
    name = hashlib.sha256(content).hexdigest() + ".json"
    manifest = [{"Config": name, "RepoTags": ["shop:1"], "Layers": ["layer.tar"]}]
    return tar_of({name: content, "layer.tar": layer, "manifest.json": json.dumps(manifest).encode()} | more)


def packed(folder, packing, content):
    path = folder / f"image.tar.{packing}"
    path.write_bytes(subprocess.run([PACKERS[packing], "-c"], input=content, capture_output=True, check=True).stdout)
    return str(path)


@pytest.fixture(params=PACKERS)
def image(request, tmp_path):
    return packed(tmp_path, request.param, saved())


def test_the_image_gets_its_labels(image, tmp_path):
    done = stamp(image, INFO)
    assert (done.kind, done.changed, done.where) == ("image-tar", True, "labels and annotations")
    assert inspect(image) == ("image-tar", INFO)
    plain = tmp_path / "plain.tar"  # of the packings skopeo reads some
    plain.write_bytes(subprocess.run([PACKERS[image.rpartition(".")[2]], "-dc", image], capture_output=True).stdout)
    shown = subprocess.run(
        ["skopeo", "--insecure-policy", "inspect", "--config", f"docker-archive:{plain}"], capture_output=True
    )
    assert shown.returncode == 0, shown.stderr
    labels = json.loads(shown.stdout)["config"]["Labels"]
    assert (labels["org.opencontainers.image.version"], labels["team"]) == ("1.4.0", "web")


def test_its_file_stays_packed_as_it_was(image):
    with open(image, "rb") as file:
        before = file.read(3)
    stamp(image, INFO)
    with open(image, "rb") as file:
        assert file.read(3) == before


def test_stamping_twice_changes_nothing(image):
    stamp(image, INFO)
    with open(image, "rb") as file:
        before = file.read()
    assert not stamp(image, INFO).changed
    with open(image, "rb") as file:
        assert file.read() == before


def test_any_other_manifest_json_makes_no_image(tmp_path):
    path = packed(tmp_path, "gz", tar_of({"manifest.json": b'{"manifest_version": 3}', "a.js": b"1"}))
    assert kind_of(path).name == "tar"


def test_a_layout_in_a_packed_tar_is_an_image(tmp_path):
    index = {"schemaVersion": 2, "manifests": []}
    layout = {"oci-layout": b'{"imageLayoutVersion": "1.0.0"}', "index.json": json.dumps(index).encode()}
    assert kind_of(packed(tmp_path, "gz", tar_of(layout))).name == "image-tar"


def test_a_hostile_name_in_a_packed_image_is_refused(tmp_path):
    path = packed(tmp_path, "gz", saved(**{"../out": b"1"}))
    with pytest.raises(StampError, match="leads out of it"):
        stamp(path, INFO)


def test_without_room_to_unpack_it_the_way_out_is_said(tmp_path):
    path = packed(tmp_path, "gz", saved(big=bytes(100_000)))
    limited = (
        "import resource, signal, sys; from ci_reporter.stamp import inspect;"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000));"
        "inspect(sys.argv[1])"
    )
    done = subprocess.run([sys.executable, "-c", limited, path], capture_output=True, text=True)
    assert "image.tar.gz: cannot be unpacked in /tmp: File too large; TMPDIR names another folder" in done.stderr
