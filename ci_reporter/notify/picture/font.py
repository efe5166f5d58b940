"""A font of 5 × 7 dots: each letter is five columns, the lowest bit of a column is its uppermost dot.

The shapes are those that character displays have shown since the 1970s; lower case and figures are all a chart needs.
"""

from __future__ import annotations

WIDTH, HEIGHT = 5, 8  # the eighth row is for what hangs below the line: g, p
_COLUMNS = {
    " ": "0000000000",
    "%": "2313086462",
    "(": "001c224100",
    ")": "0041221c00",
    "+": "08083e0808",
    ",": "0080703000",
    "-": "0808080808",
    ".": "0000606000",
    "/": "2010080402",
    "0": "3e5149453e",
    "1": "00427f4000",
    "2": "7249494946",
    "3": "2141494d33",
    "4": "1814127f10",
    "5": "2745454539",
    "6": "3c4a494931",
    "7": "4121110907",
    "8": "3649494936",
    "9": "464949291e",
    ":": "0000140000",
    "a": "2054547840",
    "b": "7f28444438",
    "c": "3844444428",
    "d": "384444287f",
    "e": "3854545418",
    "f": "00087e0902",
    "g": "18a4a49c78",
    "h": "7f08040478",
    "i": "00447d4000",
    "j": "2040403d00",
    "k": "7f10284400",
    "l": "00417f4000",
    "m": "7c04780478",
    "n": "7c08040478",
    "o": "3844444438",
    "p": "fc18242418",
    "q": "18242418fc",
    "r": "7c08040408",
    "s": "4854545424",
    "t": "04043f4424",
    "u": "3c4040207c",
    "v": "1c2040201c",
    "w": "3c4030403c",
    "x": "4428102844",
    "y": "4c9090907c",
    "z": "4464544c44",
    "×": "4428102844",
}


def dots(letter: str) -> list[tuple[int, int]]:
    """The dots of a letter as (column, row); of one that the font has not, a box."""
    columns = bytes.fromhex(_COLUMNS.get(letter.lower(), "7f4141417f"))
    return [(x, y) for x, column in enumerate(columns) for y in range(HEIGHT) if column >> y & 1]
