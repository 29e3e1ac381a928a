"""Draw a small icon font, where Windows would have its own and Qt's `windows11` style wants one.

Without it check marks and arrows are empty boxes in every picture of a window. Icons are strokes
and filled polygons on a grid of 16 by 16 with the origin at the top left; what each code stands for
is told by https://learn.microsoft.com/windows/apps/design/style/segoe-fluent-icons-font.
"""

from __future__ import annotations

import math
import struct
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from .truetype import assemble, name_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Point = tuple[float, float]
Outline = tuple[Point, ...]

_UNITS: Final = 2048
_CELL: Final = _UNITS // 16
_STROKE: Final = 1.1
_MADE_AT: Final = 3_000_000_000


def _strokes(*lines: Outline) -> tuple[Outline, ...]:
    """Give a bar for each part of each line, a bit longer so that corners close."""
    bars: list[Outline] = []
    for line in lines:
        for (x1, y1), (x2, y2) in pairwise(line):
            length = math.hypot(x2 - x1, y2 - y1)
            ahead_x, ahead_y = (x2 - x1) / length * _STROKE / 2, (y2 - y1) / length * _STROKE / 2
            bars.append(
                (
                    (x1 - ahead_x - ahead_y, y1 - ahead_y + ahead_x),
                    (x1 - ahead_x + ahead_y, y1 - ahead_y - ahead_x),
                    (x2 + ahead_x + ahead_y, y2 + ahead_y - ahead_x),
                    (x2 + ahead_x - ahead_y, y2 + ahead_y + ahead_x),
                )
            )
    return tuple(bars)


_CHECK: Final = _strokes(((2.5, 8.5), (6.2, 12.2), (13.5, 4.5)))
_CROSS: Final = _strokes(((3, 3), (13, 13)), ((13, 3), (3, 13)))
_DASH: Final = _strokes(((3, 8), (13, 8)))
_DOWN: Final = _strokes(((3, 5.5), (8, 10.5), (13, 5.5)))
_UP: Final = _strokes(((3, 10.5), (8, 5.5), (13, 10.5)))
_LEFT: Final = _strokes(((10.5, 3), (5.5, 8), (10.5, 13)))
_RIGHT: Final = _strokes(((5.5, 3), (10.5, 8), (5.5, 13)))
_SQUARE: Final = _strokes(((3, 3), (13, 3), (13, 13), (3, 13), (3, 3)))
_DOTS: Final = _strokes(*(((x - 0.1, 8), (x + 0.1, 8)) for x in (3, 8, 13)))
_HELP: Final = _strokes(((5, 5), (6, 3), (10, 3), (11, 5), (8, 8), (8, 10)), ((8, 12.9), (8, 13.1)))

ICONS: Final[Mapping[int, tuple[Outline, ...]]] = {
    0xE629: _DASH,
    0xE70D: _DOWN,
    0xE70E: _UP,
    0xE712: _DOTS,
    0xE73E: _CHECK,
    0xE76B: _LEFT,
    0xE76C: _RIGHT,
    0xE894: _CROSS,
    0xE897: _HELP,
    0xE8BB: _CROSS,
    0xE921: _DASH,
    0xE922: _SQUARE,
    0xE923: _SQUARE,
    0xE96D: _UP,
    0xE96E: _DOWN,
    0xE971: _UP,
    0xE972: _DOWN,
    0xE973: _LEFT,
    0xE974: _RIGHT,
    0xEDD9: (((5, 8), (10, 4), (10, 12)),),
    0xEDDA: (((11, 8), (6, 12), (6, 4)),),
    0xEDDB: (((8, 5), (12, 10), (4, 10)),),
    0xEDDC: (((8, 11), (4, 6), (12, 6)),),
    0xF78C: _CHECK,
}


def to_truetype(family: str, icons: Mapping[int, Sequence[Outline]] = ICONS) -> bytes:
    """Write a TrueType font whose only glyphs, beside an empty one, are the icons."""
    codes = sorted(icons)
    glyphs = [b"", *(_glyph(icons[code]) for code in codes)]
    offsets = [sum(map(len, glyphs[:number])) for number in range(len(glyphs) + 1)]
    most_outlines = max(map(len, icons.values()))
    most_points = max(sum(map(len, outlines)) for outlines in icons.values())
    tables = {
        b"OS/2": _os2(codes),
        b"cmap": _cmap(codes),
        b"glyf": b"".join(glyphs),
        b"head": struct.pack(
            ">IIIIHHqqhhhhHHhhh",
            *(0x10000, 0x10000, 0, 0x5F0F3CF5, 0x0003, _UNITS, _MADE_AT, _MADE_AT),
            *(0, 0, _UNITS, _UNITS, 0, 8, 2, 1, 0),
        ),
        b"hhea": struct.pack(
            ">IhhhHhhhhhhhhhhhH",
            *(0x10000, _UNITS, 0, 0, _UNITS, 0, 0, _UNITS, 1, *(0,) * 7, len(glyphs)),
        ),
        b"hmtx": struct.pack(">Hh", _UNITS, 0) * len(glyphs),
        b"loca": struct.pack(f">{len(offsets)}I", *offsets),
        b"maxp": struct.pack(
            ">I14H", 0x10000, len(glyphs), most_points, most_outlines, 0, 0, 2, *(0,) * 8
        ),
        b"name": name_table(family),
        b"post": struct.pack(">IIhhIIIII", 0x30000, 0, 0, 0, 1, 0, 0, 0, 0),
    }
    return assemble(tables)


def _glyph(outlines: Iterable[Outline]) -> bytes:
    contours = [
        [(round(x * _CELL), _UNITS - round(y * _CELL)) for x, y in outline] for outline in outlines
    ]
    points = [point for contour in contours for point in contour]
    ends, total = [], 0
    for contour in contours:
        total += len(contour)
        ends.append(total - 1)
    xs, ys = [x for x, _ in points], [y for _, y in points]
    data = struct.pack(">hhhhh", len(contours), min(xs), min(ys), max(xs), max(ys))
    data += struct.pack(f">{len(ends)}HH", *ends, 0) + b"\x01" * len(points)
    for values in (xs, ys):
        steps = [value - before for before, value in pairwise([0, *values])]
        data += struct.pack(f">{len(steps)}h", *steps)
    return data + b"\0" * (-len(data) % 4)


def _cmap(codes: Sequence[int]) -> bytes:
    # One segment for each code, and the one at the end that the format asks for.
    count = len(codes) + 1
    power = 2 ** int(math.log2(count))
    ends = [*codes, 0xFFFF]
    shifts = [*((number + 1 - code) % 65536 for number, code in enumerate(codes)), 1]
    body = struct.pack(
        f">HHHH{count}HH{count}H{count}H{count}H",
        *(2 * count, 2 * power, int(math.log2(power)), 2 * (count - power)),
        *(*ends, 0, *ends, *shifts, *(0,) * count),
    )
    table = struct.pack(">HHH", 4, len(body) + 6, 0) + body
    return struct.pack(">HHHHI", 0, 1, 3, 1, 12) + table


def _os2(codes: Sequence[int]) -> bytes:
    return struct.pack(
        ">HhHHH10hh10s4I4sHHHhhhHHII",
        *(3, _UNITS, 400, 5, 0, *(_UNITS // 4,) * 10, 0, bytes(10), 0, 1 << 28, 0, 0, b"PVBI"),
        *(0x40, codes[0], codes[-1], _UNITS, 0, 0, _UNITS, 0, 1, 0),
    ) + struct.pack(">hhHHH", _UNITS // 2, _UNITS, 0, 32, 0)
