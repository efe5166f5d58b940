"""Charts as a picture: a PNG that any program reads, with all curves in it, whatever the values are."""

import struct
import zlib
from math import inf, nan

import pytest

from ci_reporter.frozen import replace
from ci_reporter.notify.alert import Chart, Curve
from ci_reporter.notify.picture import description, picture
from tests.notify.makers import CHARTS

BLUE, ORANGE, RED, WHITE = (10, 91, 196), (240, 136, 62), (209, 36, 47), (255, 255, 255)


class Image:
    """What a reader of PNG makes of a file: it checks every checksum."""

    def __init__(self, content):
        assert content[:8] == b"\x89PNG\r\n\x1a\n"
        at, chunks = 8, {}
        while at < len(content):
            length, kind = struct.unpack(">I4s", content[at : at + 8])
            data = content[at + 8 : at + 8 + length]
            assert struct.unpack(">I", content[at + 8 + length : at + 12 + length])[0] == zlib.crc32(kind + data)
            chunks[kind] = data
            at += 12 + length
        assert list(chunks) == [b"IHDR", b"IDAT", b"IEND"]
        self.width, self.height, *how = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
        assert how == [8, 2, 0, 0, 0]
        raw, row = zlib.decompress(chunks[b"IDAT"]), 3 * self.width + 1
        assert len(raw) == row * self.height
        self.rows = [raw[at + 1 : at + row] for at in range(0, len(raw), row)]

    def colours(self):
        return {tuple(row[at : at + 3]) for row in self.rows for at in range(0, len(row), 3)}

    def places(self, colour):
        """The pixels of a colour as (x, y)."""
        found = ((at // 3, y) for y, row in enumerate(self.rows) for at in range(0, len(row), 3)
                 if tuple(row[at : at + 3]) == colour)  # fmt: skip
        return list(found)


def test_every_curve_and_every_gap_is_in_it():
    assert Image(picture(CHARTS)).colours() >= {WHITE, BLUE, ORANGE, RED}


def test_it_has_its_own_ground_for_dark_chats():
    image = Image(picture(CHARTS))
    assert {tuple(image.rows[y][3 * x : 3 * x + 3]) for x in (0, image.width - 1) for y in (0, image.height - 1)} == {
        WHITE
    }


def test_a_higher_value_stands_higher_and_a_later_one_further_right():
    rising = Chart(title="x", curves=(Curve(name="c", values=(0.0, 100.0)),))
    curve = [place for place in Image(picture([rising])).places(BLUE) if place[1] > 60]  # below the legend
    (left, low), (right, high) = min(curve), max(curve)
    assert (left < right, low > high) == (True, True)


def test_one_chart_stands_below_the_other():
    assert Image(picture(CHARTS * 2)).height == 2 * Image(picture(CHARTS)).height


def test_it_is_small_enough_for_every_channel():
    assert len(picture(CHARTS * 9)) < 100_000


@pytest.mark.parametrize("values", [(), (None, None), (nan, inf, -1.0)], ids=["none", "gaps", "nothing to draw"])
def test_nothing_to_see_is_no_picture(values):
    assert picture([Chart(title="x", curves=(Curve(name="c", values=values),))]) == b""


@pytest.mark.parametrize(
    "values",
    [(0.0,), (0.0, 0.0), (1e-9, 1e300), tuple(map(float, range(3000))), (nan, 1.0, inf, -5.0, None)],
    ids=["one", "zeros", "far apart", "many", "odd"],
)
@pytest.mark.parametrize("split", [-1, 0, 1, 99999])
def test_any_values_are_a_picture(values, split):
    assert Image(picture([Chart(title="延迟 <b>", curves=(Curve(name="c" * 300, values=values),) * 5, split=split)]))


def test_who_cannot_see_it_is_told_what_it_shows():
    assert description([*CHARTS, replace(CHARTS[0], title="errors, %")]) == "latency, ms: p95, p50; errors, %: p95, p50"
