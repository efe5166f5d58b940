"""Bytes put first: within the one stream there is, whatever it looks like, and nothing else of it changes."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import random
import subprocess
import tracemalloc
import zlib
from contextlib import suppress
from functools import lru_cache

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ci_reporter.errors import StampError
from ci_reporter.stamp.tar.streams import STREAMS

NEW, OTHER = b"new" * 500, b"other" * 700
NOISE = random.Random(1).randbytes(250_000)
TEXT = b"".join(b"%d bottles of beer\n" % number for number in range(15_000))


def by(*command):
    """How a program packs or unpacks."""
    return lambda content: subprocess.run(command, input=content, stdout=subprocess.PIPE, check=True).stdout


# How a file is packed, by the packing and what is special about the file.
WAYS = {
    "gz": gzip.compress,
    "gz, fastest": lambda content: gzip.compress(content, 1),
    "gz, several members": lambda content: gzip.compress(content[:1000]) + gzip.compress(content[1000:]),
    "bz2": bz2.compress,
    "bz2, small blocks": lambda content: bz2.compress(content, 1),
    "bz2, several streams": lambda content: bz2.compress(content[:1000]) + bz2.compress(content[1000:]),
    "xz": lzma.compress,
    "xz, no checksum": lambda content: lzma.compress(content, check=lzma.CHECK_NONE),
    "xz, CRC32": lambda content: lzma.compress(content, check=lzma.CHECK_CRC32),
    "xz, SHA-256": lambda content: lzma.compress(content, check=lzma.CHECK_SHA256),
    "xz, several blocks": by("xz", "-cz", "--block-size=100000"),
    "xz, several streams": lambda content: lzma.compress(content[:1000]) + bytes(8) + lzma.compress(content[1000:]),
    "xz, padding": lambda content: lzma.compress(content) + bytes(12),
    "zst": by("zstd", "-qc"),
    "zst, no checksum": by("zstd", "-qc", "--no-check"),
    "zst, of a known size": lambda content: by("zstd", "-qc", f"--stream-size={len(content)}")(content),
    "zst, a small window": by("zstd", "-qc", "--zstd=wlog=10"),
    "zst, densest": by("zstd", "-qc", "-19"),
    "zst, several frames": lambda content: by("zstd", "-qc")(content[:1000]) + by("zstd", "-qc")(content[1000:]),
}
UNPACK = {"gz": gzip.decompress, "bz2": bz2.decompress, "xz": by("xz", "-dqc"), "zst": by("zstd", "-dqc")}
CONTENTS = {"nothing": b"", "one byte": b"1", "text": TEXT, "zeros": bytes(500_000), "noise": NOISE}


@lru_cache(100)
def packed(way, content):
    return WAYS[way](content)


def put_first(way, source, old, new, folder):
    """The packed file with `new` in front instead of `old`."""
    (folder / "source").write_bytes(source)
    with (folder / "source").open("rb") as file, (folder / "target").open("wb") as target:
        STREAMS[way.partition(",")[0]].put_first(file, old, new, target)
    return (folder / "target").read_bytes()


def begins_with(way, source, block, folder):
    (folder / "source").write_bytes(source)
    with (folder / "source").open("rb") as file:
        return STREAMS[way.partition(",")[0]].begins_with(file, block)


@pytest.mark.parametrize("content", CONTENTS.values(), ids=list(CONTENTS))
@pytest.mark.parametrize("way", WAYS)
def test_the_new_bytes_come_first_and_the_content_follows(way, content, tmp_path):
    done = put_first(way, packed(way, content), b"", NEW, tmp_path)
    assert UNPACK[way.partition(",")[0]](done) == NEW + content
    assert begins_with(way, done, NEW, tmp_path)
    assert not begins_with(way, done, OTHER, tmp_path)


@pytest.mark.parametrize("way", WAYS)
def test_the_bytes_are_exchanged_as_if_the_first_had_never_been_there(way, tmp_path):
    source = packed(way, TEXT)
    once = put_first(way, source, b"", NEW, tmp_path)
    other = put_first(way, once, NEW, OTHER, tmp_path)
    assert other == put_first(way, source, b"", OTHER, tmp_path)
    assert put_first(way, other, OTHER, NEW, tmp_path) == once


SINGLE = {
    "gz": lambda: zlib.decompressobj(31),
    "bz2": bz2.BZ2Decompressor,
    "xz": lzma.LZMADecompressor,
}


@pytest.mark.parametrize("way", ["gz", "bz2", "bz2, small blocks", "xz", "xz, several blocks"])
def test_one_stream_stays_one_stream(way, tmp_path):
    """As Java's commons-compress, Rust's xz2::XzDecoder and bzip2::BzDecoder read: to the end of the first."""
    decoder = SINGLE[way.partition(",")[0]]()
    found = decoder.decompress(put_first(way, packed(way, TEXT), b"", NEW, tmp_path))
    assert (found, decoder.eof, decoder.unused_data) == (NEW + TEXT, True, b"")


@pytest.mark.parametrize("way", ["zst", "zst, no checksum", "zst, of a known size", "zst, a small window"])
def test_one_frame_stays_one_frame(way, tmp_path):
    """python-zstandard, among others, reads one frame."""
    (tmp_path / "done").write_bytes(put_first(way, packed(way, TEXT), b"", NEW, tmp_path))
    listed = subprocess.run(["zstd", "-lv", tmp_path / "done"], capture_output=True, text=True, check=True).stdout
    assert "# Zstandard Frames: 1\n" in listed


@pytest.mark.parametrize("way", ["xz", "xz, no checksum", "xz, SHA-256", "xz, several blocks", "xz, several streams"])
def test_xz_finds_its_index_right(way, tmp_path):
    (tmp_path / "done.xz").write_bytes(put_first(way, packed(way, TEXT), b"", NEW, tmp_path))
    done = subprocess.run(["xz", "-lvv", tmp_path / "done.xz"], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("way", ["bz2", "xz", "zst"])
@given(size=st.integers(0, 4000), new=st.binary(min_size=1, max_size=70_000), seed=st.integers(0, 2**32))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
def test_whatever_bytes_come_before_whatever_content(way, tmp_path, size, new, seed):
    content = random.Random(seed).randbytes(size)
    done = put_first(way, packed(way, content), b"", new, tmp_path)
    assert UNPACK[way](done) == new + content
    assert put_first(way, done, new, NEW, tmp_path) == put_first(way, packed(way, content), b"", NEW, tmp_path)


def test_marks_of_bzip2_that_stand_in_the_content_are_not_taken_for_blocks(tmp_path):
    """What is packed may itself be a bzip2 file; and a stored mark is packed to other bits."""
    content = bz2.compress(NOISE) + bytes.fromhex("314159265359 177245385090") * 100
    assert bz2.decompress(put_first("bz2", bz2.compress(content), b"", NEW, tmp_path)) == NEW + content


def test_a_seek_table_is_not_made_wrong(tmp_path):
    source = packed("zst", TEXT) + b"\x5e\x2a\x4d\x18" + (9).to_bytes(4, "little") + bytes(5) + b"\xb1\xea\x92\x8f"
    with pytest.raises(ValueError, match="seek table"):
        put_first("zst", source, b"", NEW, tmp_path)


@pytest.mark.parametrize("way", ["bz2", "xz", "zst"])
@given(at=st.floats(0, 1), value=st.integers(1, 255))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
def test_damage_is_an_error_that_can_be_told_or_harmless(way, tmp_path, at, value):
    source = bytearray(packed(way, TEXT[:30_000]))
    source[int(at * (len(source) - 1))] ^= value
    with suppress(ValueError, EOFError, OSError, StampError):
        put_first(way, bytes(source), b"", NEW, tmp_path)


@pytest.mark.parametrize("packing", ["xz", "bz2", "zst"])
def test_a_large_file_takes_little_memory(packing, tmp_path):
    program = {"xz": "xz", "bz2": "bzip2", "zst": "zstd"}[packing]
    (tmp_path / "big").write_bytes(os.urandom(6_000_000))
    subprocess.run([program, "-0q" if packing == "xz" else "-1q", tmp_path / "big"], check=True)
    source = next(tmp_path.glob("big.*"))
    tracemalloc.start()
    try:
        with source.open("rb") as file, (tmp_path / "target").open("wb") as target:
            STREAMS[packing].put_first(file, b"", NEW, target)
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()
