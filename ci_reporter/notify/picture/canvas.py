"""A picture made of pixels: rectangles, curves, letters; and its file, a PNG.

Source: "Portable Network Graphics (PNG) Specification", sections 5 (chunks) and 9 (filters): eight bits for red, green
and blue each, no filter, one zlib stream.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from itertools import pairwise
from math import ceil, floor, hypot

from ci_reporter.notify.picture.font import WIDTH, dots

TYPE_CHECKING = False
if TYPE_CHECKING:
    Colour = tuple[int, int, int]
    Pixel = tuple[int, int]
    Point = tuple[float, float]


_MOST_DOTS = 60  # of more, one would cover the next


class Canvas:
    """Pixels by column and row; (0, 0) is the upper left one. What lies outside is not drawn."""

    def __init__(self, width: int, height: int, background: Colour) -> None:
        self.width, self.height = width, height
        self._pixels = bytearray(bytes(background) * (width * height))

    def blend(self, x: int, y: int, colour: Colour, share: float = 1.0) -> None:
        """Cover this share of a pixel."""
        if not (0 <= x < self.width and 0 <= y < self.height) or share <= 0:
            return
        at = 3 * (y * self.width + x)
        for part in range(3):
            before = self._pixels[at + part]
            self._pixels[at + part] = round(before + (colour[part] - before) * min(1.0, share))

    def rectangle(self, corner: Pixel, opposite: Pixel, colour: Colour) -> None:
        """Fill it, from a corner's pixel to before the opposite one's."""
        left, right = max(0, corner[0]), min(self.width, opposite[0])
        for y in range(max(0, corner[1]), min(self.height, opposite[1])):
            at = 3 * (y * self.width + left)
            self._pixels[at : at + 3 * max(0, right - left)] = bytes(colour) * max(0, right - left)

    def column(self, x: int, top: float, bottom: float, colour: Colour) -> None:
        """A part of a column of pixels, of which the first and the last are covered in part."""
        for y in range(floor(top), ceil(bottom)):
            self.blend(x, y, colour, min(y + 1, bottom) - max(y, top))

    def curve(self, points: Sequence[Point], colour: Colour, thickness: float) -> None:
        """Lines from one point to the next, from left to right, with a dot at each point unless they are many."""
        for (x0, y0), (x1, y1) in pairwise(points):
            if x1 <= x0:
                continue
            slope = (y1 - y0) / (x1 - x0)
            half = thickness / 2 * hypot(1, slope)  # what a column shows of a steep line is longer than it is thick
            for x in range(ceil(x0), floor(x1) + 1):
                middle = y0 + slope * (x - x0)
                low = max(min(y0, y1) - thickness / 2, middle - half)
                high = min(max(y0, y1) + thickness / 2, middle + half)
                self.column(x, low, high, colour)
        for point in points if len(points) <= _MOST_DOTS else ():
            self.disc(point, thickness, colour)

    def disc(self, centre: Point, radius: float, colour: Colour) -> None:
        """A filled circle."""
        x0, y0 = centre
        for x in range(floor(x0 - radius), ceil(x0 + radius) + 1):
            for y in range(floor(y0 - radius), ceil(y0 + radius) + 1):
                self.blend(x, y, colour, radius + 0.5 - hypot(x - x0, y - y0))

    def text(self, corner: Pixel, text: str, colour: Colour, size: int) -> None:
        """Letters from their upper left corner on; a dot of the font is `size` pixels wide."""
        for at, letter in enumerate(text):
            left = corner[0] + at * (WIDTH + 1) * size
            for column, row in dots(letter):
                x, y = left + column * size, corner[1] + row * size
                self.rectangle((x, y), (x + size + 1, y + size), colour)  # touching the next dot

    def png(self) -> bytes:
        """The picture as a file."""
        row = 3 * self.width
        raw = b"".join(b"\0" + self._pixels[at : at + row] for at in range(0, len(self._pixels), row))
        head = struct.pack(">IIBBBBB", self.width, self.height, 8, 2, 0, 0, 0)
        chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(raw, 9)), (b"IEND", b""))
        return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, content) for kind, content in chunks)


def text_width(text: str, size: int) -> int:
    """How many pixels a text takes."""
    return max(0, len(text) * (WIDTH + 1) - 1) * size


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
